//! Many at the same moment: no value twice, no relation into nothing, no change lost, no failure of the server.

use std::collections::HashSet;

use fleuron_tests::{Actor, Answer, TestApp, both, id};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{at, create, define};

const CLIENTS: usize = 16;

fn fields() -> Value {
    json!([
        { "name": "title", "kind": "text" },
        { "name": "sku", "kind": "text", "unique": true },
        { "name": "slug", "kind": "slug", "from": "title" },
        { "name": "count", "kind": "integer" },
        { "name": "needs", "kind": "relation", "to": "part", "required": true },
    ])
}

async fn at_once(clients: usize, send: impl AsyncFn(usize) -> Answer) -> Vec<Answer> {
    let answers = join_all((0..clients).map(|number| send(number))).await;
    for answer in &answers {
        assert!(answer.status < 500, "{answer:?}");
    }
    answers
}

fn of(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn part(administrator: &Actor) -> String {
    id(&create(administrator, "part", json!({ "name": "P" })).await).to_owned()
}

async fn workshop(app: &TestApp) -> Actor {
    define(app, "part", json!([{ "name": "name", "kind": "text" }])).await;
    define(app, "thing", fields()).await
}

both! {
    async fn of_sixteen_who_want_one_value_one_gets_it(app: TestApp) {
        let administrator = workshop(&app).await;
        let part = part(&administrator).await;
        for round in 0..5 {
            let answers = at_once(CLIENTS, async |_| {
                let body = json!({ "fields": { "sku": format!("S{round}"), "needs": part } });
                administrator.post(&at("thing"), &body).await
            })
            .await;
            assert_eq!((of(&answers, 201), of(&answers, 422)), (1, CLIENTS - 1), "{answers:?}");
            for refused in answers.iter().filter(|answer| answer.status == 422) {
                assert_eq!(refused.faulty_fields(), ["fields.sku"]);
            }
        }
    }

    async fn sixteen_namesakes_get_sixteen_slugs(app: TestApp) {
        let administrator = workshop(&app).await;
        let part = part(&administrator).await;
        let answers = at_once(CLIENTS, async |_| {
            administrator.post(&at("thing"), &json!({ "fields": { "title": "The same", "needs": part } })).await
        })
        .await;
        let slugs: HashSet<String> =
            answers.iter().map(|answer| answer.json()["fields"]["slug"].as_str().unwrap().to_owned()).collect();
        let expected: HashSet<String> =
            (1..=CLIENTS).map(|number| if number == 1 { "the-same".to_owned() } else { format!("the-same-{number}") }).collect();
        assert_eq!(slugs, expected);
        let chosen = at_once(CLIENTS, async |_| {
            administrator.post(&at("thing"), &json!({ "fields": { "slug": "chosen", "needs": part } })).await
        })
        .await;
        assert_eq!((of(&chosen, 201), of(&chosen, 409)), (1, CLIENTS - 1), "{chosen:?}");
    }

    async fn nothing_refers_to_what_is_being_removed(app: TestApp) {
        let administrator = workshop(&app).await;
        for _ in 0..8 {
            let part = part(&administrator).await;
            let answers = at_once(CLIENTS, async |number| {
                if number % 4 == 0 {
                    administrator.delete(&format!("{}/{part}", at("part"))).await
                } else {
                    administrator.post(&at("thing"), &json!({ "fields": { "needs": part } })).await
                }
            })
            .await;
            for answer in &answers {
                assert!(matches!(answer.status, 201 | 204 | 404 | 409 | 422), "{answer:?}");
            }
            let is_there = administrator.get(&format!("{}/{part}", at("part"))).await.status == 200;
            let made = of(&answers, 201);
            assert!(is_there || made == 0, "{made} entries refer to a part that is gone");
            assert_eq!(of(&answers, 204), usize::from(!is_there));
        }
    }

    async fn no_acknowledged_change_of_one_entry_is_lost(app: TestApp) {
        let administrator = workshop(&app).await;
        let made = create(&administrator, "thing", json!({ "count": 0, "needs": part(&administrator).await })).await;
        let path = format!("{}/{}", at("thing"), id(&made));
        // Each adds one to what it has read, again and again until it is taken.
        let added = join_all((0..CLIENTS).map(|_| async {
            let mut tries = 0;
            loop {
                let read = administrator.get(&path).await.expect(200);
                let count = read.json()["fields"]["count"].as_i64().unwrap();
                let change = json!({ "fields": { "count": count + 1 } });
                let answer = administrator.patch_if(&path, read.must_have("etag"), &change).await;
                tries += 1;
                match answer.status {
                    200 => return tries,
                    409 | 412 => assert!(tries < 500, "no end: {answer:?}"),
                    _ => panic!("{answer:?}"),
                }
            }
        }))
        .await;
        let stands = administrator.get(&path).await.expect(200).json();
        assert_eq!(stands["fields"]["count"], CLIENTS, "{added:?}");
        assert_eq!(stands["version"], CLIENTS + 1);
    }

    async fn entries_are_written_while_their_type_changes(app: TestApp) {
        let administrator = workshop(&app).await;
        let part = part(&administrator).await;
        let types = "/api/v1/admin/content-types/thing";
        let with = |more: Value| {
            let mut all = fields().as_array().unwrap().clone();
            all.push(more);
            json!({ "definition": { "name": "thing", "singular": "T", "plural": "T", "drafts": false, "fields": all } })
        };
        let answers = at_once(CLIENTS, async |number| {
            if number == 7 {
                let more = json!({ "name": "colour", "kind": "text", "required": true, "default": "red", "filterable": true });
                administrator.post(&format!("{types}/apply"), &with(more)).await
            } else {
                administrator.post(&at("thing"), &json!({ "fields": { "title": "T", "needs": part } })).await
            }
        })
        .await;
        answers[7].clone().expect(200);
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 201 | 409), "{answer:?}");
        }
        let made = of(&answers, 201);
        let red = administrator.get(&format!("{}?filter[colour]=red&limit=100", at("thing"))).await.items();
        assert_eq!(red.len(), made, "every entry has what the type now asks for");
    }
}
