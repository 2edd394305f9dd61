//! Many at the same moment: no value twice, no relation into nothing, no change lost, no failure of the server.

use std::collections::HashSet;

use fleuron_tests::{Actor, Answer, TestApp, both, id, post, text};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{at, create, define};

const CLIENTS: usize = 16;
/// How many entries each of them writes while a type changes.
const ENTRIES: usize = 6;
/// How often somebody tries again, whom others get in the way of.
const TRIES: usize = 500;

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

/// Sends it again for as long as somebody else changes the same thing at the same moment.
async fn insist(send: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..TRIES {
        let answer = send().await;
        if answer.status != 409 || answer.json()["code"] != "edit_conflict" {
            return answer;
        }
    }
    panic!("there is no end of conflicts");
}

fn of(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn part(administrator: &Actor) -> String {
    id(&create(administrator, "part", json!({ "name": "P" })).await).to_owned()
}

fn entry(id: &str) -> String {
    format!("{}/{id}", at("thing"))
}

/// An entry for each client, with nothing in it but what it needs.
async fn one_each(administrator: &Actor, part: &str) -> Vec<String> {
    let mut paths = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let made = create(administrator, "thing", json!({ "needs": part })).await;
        paths.push(entry(id(&made)));
    }
    paths
}

/// Relations that let go of what is removed.
fn loose_ties() -> Value {
    json!([
        { "name": "one", "kind": "relation", "to": "part", "filterable": true },
        { "name": "several", "kind": "relation", "to": "part", "many": true, "filterable": true },
        { "name": "about", "kind": "relation", "to": "post", "filterable": true },
        { "name": "sources", "kind": "relation", "to": "post", "many": true, "filterable": true },
    ])
}

/// Removes something while entries come to refer to it by this field: new ones, and one that is there.
async fn remove_among_writers(administrator: &Actor, field: &str) {
    let (is_post, is_many) = (matches!(field, "about" | "sources"), matches!(field, "several" | "sources"));
    let target = async || match is_post {
        true => id(&post("P").create(administrator).await).to_owned(),
        false => part(administrator).await,
    };
    let (gone, stays) = (target().await, target().await);
    let place = match is_post {
        true => format!("/api/v1/posts/{gone}?permanent=true"),
        false => format!("{}/{gone}", at("part")),
    };
    let value = if is_many { json!([gone, stays]) } else { json!(gone) };
    let body = json!({ "fields": { field: value } });
    let standing = entry(id(&create(administrator, "thing", json!({})).await));
    let answers = at_once(CLIENTS, async |number| {
        insist(async || match number % 4 {
            0 => administrator.delete(&place).await,
            1 => administrator.patch(&standing, &body).await,
            _ => administrator.post(&at("thing"), &body).await,
        })
        .await
    })
    .await;
    for (number, answer) in answers.iter().enumerate() {
        let expected = match number % 4 {
            0 => [204, 404],
            1 => [200, 422],
            _ => [201, 422],
        };
        assert!(expected.contains(&answer.status), "{field}: {answer:?}");
    }
    assert_eq!(of(&answers, 204), 1, "{field}: {answers:?}");
    let left = if is_many { json!([stays]) } else { Value::Null };
    for written in answers.iter().filter(|answer| matches!(answer.status, 200 | 201)) {
        let stands = administrator.get(&entry(id(&written.json()))).await.expect(200).json();
        assert_eq!(stands["fields"][field], left, "{field}: {stands:#}");
    }
    let path = format!("{}?filter[{field}]={gone}", at("thing"));
    let found = administrator.get(&path).await.expect(200).items();
    assert!(found.is_empty(), "{field}: {found:#?}");
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

    async fn of_sixteen_who_change_to_one_value_one_gets_it(app: TestApp) {
        let administrator = workshop(&app).await;
        let part = part(&administrator).await;
        let paths = one_each(&administrator, &part).await;
        for round in 0..5 {
            // Half of them change what is there, half of them begin something new.
            let answers = at_once(CLIENTS, async |number| {
                let body = json!({ "fields": { "sku": format!("C{round}"), "needs": part } });
                insist(async || match number % 2 {
                    0 => administrator.patch(&paths[number], &body).await,
                    _ => administrator.post(&at("thing"), &body).await,
                })
                .await
            })
            .await;
            let done = of(&answers, 200) + of(&answers, 201);
            assert_eq!((done, of(&answers, 422)), (1, CLIENTS - 1), "{answers:?}");
            for refused in answers.iter().filter(|answer| answer.status == 422) {
                assert_eq!(refused.faulty_fields(), ["fields.sku"]);
            }
        }
    }

    async fn sixteen_who_change_to_one_slug_do_not_share_it(app: TestApp) {
        let administrator = workshop(&app).await;
        let part = part(&administrator).await;
        let paths = one_each(&administrator, &part).await;
        // Asked for by name, one gets it.
        let chosen = at_once(CLIENTS, async |number| {
            let body = json!({ "fields": { "slug": "wanted", "needs": part } });
            insist(async || match number % 2 {
                0 => administrator.patch(&paths[number], &body).await,
                _ => administrator.post(&at("thing"), &body).await,
            })
            .await
        })
        .await;
        let done = of(&chosen, 200) + of(&chosen, 201);
        assert_eq!((done, of(&chosen, 409)), (1, CLIENTS - 1), "{chosen:?}");
        for refused in chosen.iter().filter(|answer| answer.status == 409) {
            refused.problem(409, "slug_taken");
        }
        // Made of the title, each gets one.
        let answers = at_once(CLIENTS, async |number| {
            let body = json!({ "fields": { "title": "Moved here", "slug": null } });
            insist(async || administrator.patch(&paths[number], &body).await).await
        })
        .await;
        assert_eq!(of(&answers, 200), CLIENTS, "{answers:?}");
        let slugs: HashSet<String> =
            answers.iter().map(|answer| answer.json()["fields"]["slug"].as_str().unwrap().to_owned()).collect();
        assert_eq!(slugs.len(), CLIENTS, "{slugs:?}");
        assert!(slugs.iter().all(|slug| slug.starts_with("moved-here")), "{slugs:?}");
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

    async fn what_is_removed_leaves_nobody_who_refers_to_it(app: TestApp) {
        let administrator = define(&app, "part", json!([{ "name": "name", "kind": "text" }])).await;
        define(&app, "thing", loose_ties()).await;
        for field in ["one", "several", "about", "sources"] {
            for _ in 0..3 {
                remove_among_writers(&administrator, field).await;
            }
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
        let more = json!({ "name": "colour", "kind": "text", "required": true, "default": "red", "filterable": true });
        let change = with(more);
        let answers = at_once(CLIENTS, async |number| {
            if number == 7 {
                return administrator.post(&format!("{types}/apply"), &change).await;
            }
            for entry in 1..ENTRIES {
                let body = json!({ "fields": { "title": format!("T {number} {entry}"), "needs": part } });
                insist(async || administrator.post(&at("thing"), &body).await).await.expect(201);
            }
            let body = json!({ "fields": { "title": format!("T {number} 0"), "needs": part } });
            insist(async || administrator.post(&at("thing"), &body).await).await
        })
        .await;
        answers[7].clone().expect(200);
        assert_eq!(of(&answers, 201), CLIENTS - 1, "{answers:?}");
        let red = administrator.get(&format!("{}?filter[colour]=red&limit=100", at("thing"))).await.expect(200).items();
        let titles: HashSet<&str> = red.iter().map(|entry| text(&entry["fields"], "title")).collect();
        assert_eq!((red.len(), titles.len()), ((CLIENTS - 1) * ENTRIES, (CLIENTS - 1) * ENTRIES));
        for entry in &red {
            assert_eq!(text(&entry["fields"], "colour"), "red", "every entry has what the type now asks for");
        }
    }
}
