//! What administrators do with webhooks.

use fleuron_tests::{TestApp, both, id, post, text};
use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::{BROKEN, WEBHOOKS, actions, hook, site, types};

/// In base64: `the key that both sides know`.
const OWN_SECRET: &str = "whsec_dGhlIGtleSB0aGF0IGJvdGggc2lkZXMga25vdw==";

both! {
    async fn a_secret_is_shown_once_and_changed_without_a_gap(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        let hook = hook(&app, &receiver, &["post.created"]).await;
        let author = app.author().await;
        let path = format!("{}/secret", hook.path());
        let rotated = hook.administrator.post(&path, &json!({})).await.expect(200);
        assert_eq!(rotated.must_have("cache-control"), "no-store");
        let made = text(&rotated.json(), "secret").to_owned();
        assert!(made.starts_with("whsec_") && made != hook.secret);
        post("One").create(&author).await;
        receiver.eventually(1).await[0].assert_signed(&[&made, &hook.secret]);

        let own = json!({ "secret": OWN_SECRET });
        let answer = hook.administrator.post(&path, &own).await.expect(200).json();
        assert_eq!(text(&answer, "secret"), OWN_SECRET);
        assert!(answer["previous_secret_until"].is_string());
        post("Two").create(&author).await;
        receiver.eventually(2).await[1].assert_signed(&[OWN_SECRET, &made]);
        assert_eq!(hook.administrator.post(&path, &own).await.faulty_fields(), ["secret"], "it is in use");
        let short = json!({ "secret": "whsec_c2hvcnQ=" });
        assert_eq!(hook.administrator.post(&path, &short).await.faulty_fields(), ["secret"]);

        hook.eventually(2, "delivered").await;
        assert_eq!(text(&hook.read().await, "secret_hint"), &OWN_SECRET[OWN_SECRET.len() - 4..]);
        for path in [hook.path().as_str(), WEBHOOKS, "/api/v1/admin/audit", "/api/v1/admin/deliveries"] {
            let shown = hook.administrator.get(path).await.expect(200).text();
            for secret in [OWN_SECRET, &made, &hook.secret] {
                let key = secret.trim_start_matches("whsec_");
                assert!(!shown.contains(key), "{path} shows a secret");
            }
        }
        let done = ["webhook.secret_rotated", "webhook.secret_rotated", "webhook.created"];
        assert_eq!(actions(&hook.audit().await), done);
    }

    async fn a_test_tells_what_the_receiver_makes_of_it(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        let hook = hook(&app, &receiver, &["post.created"]).await;
        receiver.behave(|_| Reply::Answer("200 OK".to_owned(), "thanks"));
        let answer = hook.step("test").await;
        assert_eq!((&answer["ok"], &answer["status"]), (&json!(true), &json!(200)));
        assert_eq!(text(&answer, "response"), "thanks");
        assert!(answer["error"].is_null() && answer["duration_ms"].is_u64(), "{answer:#}");
        let received = receiver.received();
        received[0].assert_signed(&[&hook.secret]);
        assert_eq!(types(&received), ["webhook.test"]);

        hook.change(json!({ "enabled": false })).await;
        receiver.answer(&[BROKEN]);
        let answer = hook.step("test").await;
        assert_eq!((&answer["ok"], &answer["status"]), (&json!(false), &json!(500)));
        receiver.answer(&["410 Gone"]);
        hook.step("test").await;
        let read = hook.read().await;
        assert!(read["paused_reason"].is_null(), "a test has no consequences");
        assert!(read["failing_since"].is_null(), "a test has no consequences");
        hook.change(json!({ "url": "http://127.0.0.1:9/" })).await;
        let answer = hook.step("test").await;
        assert!(answer["status"].is_null(), "{answer:#}");
        assert!(text(&answer, "error").contains("cannot be reached"), "{answer:#}");
        assert!(hook.deliveries().await.is_empty());
    }

    async fn everything_about_a_webhook_is_kept_and_changed(app: TestApp = site()) {
        let administrator = app.administrator().await;
        let body = json!({
            "name": " Mine ", "url": "https://Example.com/hook?token=abc#part", "enabled": false,
            "events": ["*", "post.*", "*", "plugin.com.example.shop.order-paid"], "secret": OWN_SECRET,
        });
        let created = administrator.post(WEBHOOKS, &body).await.expect(201);
        let webhook = created.json();
        let path = format!("{WEBHOOKS}/{}", id(&webhook));
        assert_eq!(created.must_have("location"), path);
        assert_eq!(text(&webhook, "name"), "Mine");
        assert_eq!(text(&webhook, "url"), "https://example.com/hook?token=abc");
        assert_eq!(webhook["events"], json!(["*", "post.*", "plugin.com.example.shop.order-paid"]));
        assert_eq!((&webhook["enabled"], text(&webhook, "secret")), (&json!(false), OWN_SECRET));
        assert_eq!(text(&webhook, "created_by"), administrator.id());

        let read = administrator.get(&path).await.expect(200);
        assert!(read.json()["secret"].is_null());
        let tag = read.must_have("etag").to_owned();
        let change = json!({ "name": null, "events": ["post.deleted"] });
        let changed = administrator.patch_if(&path, &tag, &change).await.expect(200).json();
        assert_eq!((text(&changed, "name"), &changed["events"]), ("", &json!(["post.deleted"])));
        assert_eq!(changed["url"], webhook["url"], "what is left out stays");
        assert_eq!(changed["enabled"], false);
        administrator.patch_if(&path, &tag, &change).await.problem(412, "version_mismatch");

        let another = json!({ "url": "https://example.com", "events": ["*"] });
        let second = administrator.post(WEBHOOKS, &another).await.expect(201).json();
        let page = administrator.get(&format!("{WEBHOOKS}?limit=1")).await.expect(200);
        assert_eq!(id(&page.items()[0]), id(&webhook), "oldest first");
        let cursor = text(&page.json(), "next_cursor").to_owned();
        let rest = administrator.get(&format!("{WEBHOOKS}?cursor={cursor}")).await.expect(200);
        assert_eq!((rest.items().len(), id(&rest.items()[0])), (1, id(&second)));
        let audit = administrator.get("/api/v1/admin/audit").await.expect(200).text();
        assert!(audit.contains("webhook.updated"));
        assert!(!audit.contains("token=abc"), "addresses may hold tokens");
    }

    async fn all_faults_come_at_once(app: TestApp = site()) {
        let administrator = app.administrator().await;
        let body = json!({
            "name": "two\nlines", "url": "http://user:secret@example.com/", "secret": "whsec_",
            "events": ["post.*", "post.craeted", "media.*"],
        });
        let answer = administrator.post(WEBHOOKS, &body).await;
        assert_eq!(answer.faulty_fields(), ["name", "url", "events[1]", "events[2]", "secret"]);
        let long = format!("https://example.com/{}", "a".repeat(2000));
        let inward = ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http://2130706434/"];
        for url in inward.into_iter().chain(["", "ftp://example.com/", "nonsense", &long]) {
            let answer = administrator.post(WEBHOOKS, &json!({ "url": url, "events": ["*"] })).await;
            assert_eq!(answer.faulty_fields(), ["url"], "{url}");
        }
        for events in [json!([]), json!(vec!["*"; 51])] {
            let body = json!({ "url": "https://example.com/", "events": events });
            assert_eq!(administrator.post(WEBHOOKS, &body).await.faulty_fields(), ["events"]);
        }
        assert!(administrator.get(WEBHOOKS).await.expect(200).items().is_empty());
    }
}

#[tokio::test]
async fn there_may_be_so_many_and_no_more() {
    let app = site().spawn().await;
    let administrator = app.administrator().await;
    let body = json!({ "url": "https://example.com/", "events": ["post.created"], "enabled": false });
    for _ in 0..100 {
        administrator.post(WEBHOOKS, &body).await.expect(201);
    }
    administrator.post(WEBHOOKS, &body).await.problem(409, "not_possible");
}
