//! Dead letters, and what administrators do with deliveries.

use std::time::Duration;

use fleuron_tests::{Actor, Answer, TestApp, both, eventually, guests, id, post, text};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    DELIVERIES, EVENTS, PICKY, PICKY_LISTENER, deliveries, eventually_took, hasty_site, install_picky, list,
    log, retitle, site, upgrade,
};

async fn steer(administrator: &Actor, delivery: &Value, step: &str) -> Answer {
    administrator.post(&format!("{DELIVERIES}/{}/{step}", id(delivery)), &json!({})).await
}

async fn event_of(administrator: &Actor, delivery: &Value) -> Value {
    let path = format!("{EVENTS}/{}", text(delivery, "event_id"));
    administrator.get(&path).await.expect(200).json()
}

/// Of what was done, newest first, the action and what it was done to.
async fn audit(administrator: &Actor) -> Vec<(String, String)> {
    let entries = list(administrator, "/api/v1/admin/audit", "limit=100").await;
    let done =
        entries.iter().map(|entry| (text(entry, "action").to_owned(), text(entry, "subject").to_owned()));
    done.filter(|(action, _)| action.starts_with("deliveries.")).collect()
}

both! {
    async fn what_is_given_up_is_a_dead_letter(app: TestApp = hasty_site()) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        let created = post("refuse always").create(&author).await;
        retitle(&author, &created, "Mended").await;
        let dead = deliveries(&administrator, "dead", 1).await.remove(0);
        let facts = ["event_type", "entity_id", "listener"].map(|field| text(&dead, field));
        assert_eq!(facts, ["post.created", id(&created), PICKY_LISTENER]);
        assert_eq!((&dead["attempts"], &dead["next_at"]), (&json!(3), &Value::Null));
        assert!(text(&dead, "last_error").contains("trap"), "{dead:#}");
        let attempts = dead["log"].as_array().unwrap();
        assert!(attempts.len() == 3 && attempts.iter().all(|attempt| attempt["ok"] == false), "{dead:#}");
        assert_eq!(administrator.get(&format!("{DELIVERIES}/{}", id(&dead))).await.expect(200).json(), dead);

        // What waited behind it goes on.
        let taken = eventually_took(&app, PICKY, "Mended").await;
        assert_eq!(taken, ["on-post-updated Mended at attempt 1"]);

        let event = event_of(&administrator, &dead).await;
        assert_eq!((text(&event, "state"), &event["listeners"]), ("dead", &json!([PICKY_LISTENER])));
        assert_eq!(text(&event["data"]["post"], "title"), "refuse always");
        assert_eq!(event["deliveries"], json!([dead]));
        let listed = list(&administrator, EVENTS, "state=dead").await;
        assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), [id(&event)]);

        let metrics = app.guest().get("/metrics").await.expect(200).text();
        for line in [
            "fleuron_event_delivery_attempts_total{listener=\"plugin\",outcome=\"failed\"} 3",
            "fleuron_event_deliveries_given_up_total{listener=\"plugin\"} 1",
            "fleuron_outbox_dead_letters 1",
        ] {
            assert!(metrics.lines().any(|found| found == line), "no {line} in {metrics}");
        }
    }

    async fn dead_letters_are_replayed_after_an_upgrade(app: TestApp = hasty_site()) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        for number in 0..3 {
            post(&format!("refuse always, {number}")).create(&author).await;
        }
        let dead = deliveries(&administrator, "dead", 3).await;

        // It fails as before.
        let replayed = steer(&administrator, &dead[0], "replay").await.expect(200).json();
        assert_eq!((text(&replayed, "state"), &replayed["attempts"]), ("pending", &json!(0)));
        let again = eventually("it is given up again", async || {
            let found = deliveries(&administrator, "dead", 3).await;
            found.into_iter().find(|found| found["log"].as_array().unwrap().len() == 6)
        })
        .await;
        assert_eq!((id(&again), &again["attempts"]), (id(&dead[0]), &json!(3)));

        upgrade(&app, guests::RECORDER).await;
        let all = json!({ "listener": PICKY_LISTENER });
        let answer = administrator.post(&format!("{DELIVERIES}/replay"), &all).await.expect(200).json();
        assert_eq!(answer, json!({ "deliveries": 3 }));
        let delivered = deliveries(&administrator, "delivered", 3).await;
        for (delivery, number) in delivered.iter().zip(0..) {
            let title = format!("\"refuse always, {number}\"");
            assert!(log(&app, PICKY).iter().any(|line| line.contains(&title)), "{title}");
            assert_eq!(delivery["attempts"], 1);
            assert!(delivery["last_error"].is_null(), "{delivery:#}");
            assert_eq!(text(&event_of(&administrator, delivery).await, "state"), "delivered");
        }
        let done = [("deliveries.replayed", PICKY_LISTENER), ("deliveries.replayed", "deliveries")];
        let done = done.map(|(action, subject)| (action.to_owned(), subject.to_owned()));
        assert_eq!(audit(&administrator).await, done);
    }

    async fn what_is_discarded_is_over(app: TestApp = hasty_site()) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        for number in 0..3 {
            post(&format!("refuse always, {number}")).create(&author).await;
        }
        let dead = deliveries(&administrator, "dead", 3).await;
        let discarded = steer(&administrator, &dead[0], "discard").await.expect(200).json();
        assert_eq!(text(&discarded, "state"), "discarded");
        assert_eq!(text(&event_of(&administrator, &discarded).await, "state"), "delivered");
        steer(&administrator, &discarded, "discard").await.problem(409, "not_possible");
        let some = json!({ "ids": [id(&dead[1])] });
        let answer = administrator.post(&format!("{DELIVERIES}/discard"), &some).await.expect(200).json();
        assert_eq!(answer, json!({ "deliveries": 1 }));
        let left = deliveries(&administrator, "dead", 1).await;
        assert_eq!(id(&left[0]), id(&dead[2]));
        upgrade(&app, guests::RECORDER).await;
        steer(&administrator, &left[0], "replay").await.expect(200);
        let delivered = deliveries(&administrator, "delivered", 1).await.remove(0);
        steer(&administrator, &delivered, "discard").await.problem(409, "not_possible");
    }

    async fn what_cannot_be_meant_is_refused(app: TestApp) {
        let administrator = app.administrator().await;
        let unknown = json!({ "id": Uuid::now_v7() });
        for path in [DELIVERIES, EVENTS] {
            administrator.get(&format!("{path}/{}", id(&unknown))).await.problem(404, "not_found");
            for query in ["limit=0", "limit=101"] {
                assert_eq!(administrator.get(&format!("{path}?{query}")).await.faulty_fields(), ["limit"]);
            }
            administrator.get(&format!("{path}?cursor=nonsense")).await.problem(400, "invalid_cursor");
            administrator.get(&format!("{path}?state=lost")).await.problem(400, "malformed_request");
        }
        for step in ["replay", "discard"] {
            steer(&administrator, &unknown, step).await.problem(404, "not_found");
            let path = format!("{DELIVERIES}/{step}");
            for (body, field) in [
                (json!({ "listener": "nobody" }), "listener"),
                (json!({ "listener": "plugin:NO" }), "listener"),
                (json!({ "ids": [] }), "ids"),
            ] {
                assert_eq!(administrator.post(&path, &body).await.faulty_fields(), [field], "{body}");
            }
        }
        let settled = json!({ "state": "delivered", "ids": [] });
        let path = format!("{DELIVERIES}/discard");
        assert_eq!(administrator.post(&path, &settled).await.faulty_fields(), ["ids", "state"]);
        let listed = administrator.get(&format!("{DELIVERIES}?listener=nobody")).await;
        assert_eq!(listed.faulty_fields(), ["listener"]);
        assert!(audit(&administrator).await.is_empty());
    }

    async fn lists_are_filtered_and_paged(app: TestApp = site(1, Duration::from_secs(1))) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        let refused = post("refuse always").create(&author).await;
        let mut posts = vec![refused.clone()];
        for number in 0..4 {
            posts.push(post(&format!("Post {number}")).create(&author).await);
        }
        retitle(&author, &posts[4], "Retitled").await;
        eventually_took(&app, PICKY, "Retitled").await;
        let dead = deliveries(&administrator, "dead", 1).await.remove(0);
        let about = async |query: &str| -> Vec<String> {
            let events = list(&administrator, EVENTS, query).await;
            events.iter().map(|event| text(event, "entity_id").to_owned()).collect()
        };
        eventually("nothing waits", async || about("state=waiting").await.is_empty().then_some(())).await;
        let ids = |posts: &[&Value]| -> Vec<String> { posts.iter().map(|post| id(post).to_owned()).collect() };
        let created = ids(&[&posts[4], &posts[3], &posts[2], &posts[1], &posts[0]]);
        assert_eq!(about("event_type=post.created").await, created);
        assert_eq!(about("event_type=post.*").await.len(), 6);
        assert_eq!(about("event_type=plugin.*").await, ids(&[]));
        let of_last = format!("entity_id={}", id(&posts[4]));
        assert_eq!(about(&of_last).await, ids(&[&posts[4], &posts[4]]));
        assert_eq!(about(&format!("{of_last}&event_type=post.updated")).await.len(), 1);
        assert_eq!(about("state=delivered").await.len(), 5);
        assert_eq!(about("state=dead").await, ids(&[&refused]));

        let mut paged = Vec::new();
        let mut path = format!("{EVENTS}?limit=2&event_type=post.created");
        loop {
            let page = administrator.get(&path).await.expect(200);
            paged.extend(page.items().iter().map(|event| text(event, "entity_id").to_owned()));
            let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
            path = format!("{EVENTS}?limit=2&event_type=post.created&cursor={cursor}");
        }
        assert_eq!(paged, created);

        let of_event = format!("event_id={}", text(&dead, "event_id"));
        assert_eq!(list(&administrator, DELIVERIES, &of_event).await, std::slice::from_ref(&dead));
        let of_nothing = format!("event_id={}", Uuid::now_v7());
        assert!(list(&administrator, DELIVERIES, &of_nothing).await.is_empty());
        for number in 0..2 {
            post(&format!("refuse always, {number}")).create(&author).await;
        }
        let all = deliveries(&administrator, "dead", 3).await;
        let first = administrator.get(&format!("{DELIVERIES}?limit=2")).await.expect(200);
        let cursor = text(&first.json(), "next_cursor").to_owned();
        let second = list(&administrator, DELIVERIES, &format!("limit=2&cursor={cursor}")).await;
        let seen: Vec<Value> = first.items().into_iter().chain(second).rev().collect();
        assert_eq!(seen, all);
    }
}
