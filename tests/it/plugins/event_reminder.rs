//! The bundled plugin that writes down which events are near: off until it is turned on, and content without events.

use std::fs;

use fleuron::clock::Timestamp;
use fleuron_tests::{Actor, TestApp, both, eventually, id, text};
use serde_json::{Value, json};

use super::{assert_no_faults, log_of, status_of};

const ID: &str = "org.fleuron.event-reminder";
const HOUR: i64 = 60 * 60;
/// Events that begin on a day, not at a moment.
const DAYS: &str = r#"
singular = "Event"
plural = "Events"
drafts = false

[[fields]]
name = "title"
kind = "text"

[[fields]]
name = "starts_at"
kind = "date"
sortable = true
"#;

/// The type that comes with the server is off until an administrator turns it on, like the plugin.
async fn enable(app: &TestApp) -> Actor {
    let administrator = app.administrator().await;
    administrator.plugin_step(ID, "enable").await.expect(200);
    eventually("it runs", async || status_of(app, ID).map(drop)).await;
    administrator
}

/// Has the job run now, and waits for its end.
async fn run(administrator: &Actor) -> Value {
    let job = format!("/api/v1/admin/cron/jobs/{ID}/remind/run");
    let started = administrator.post(&job, &json!({})).await.expect(202).json();
    let run = format!("/api/v1/admin/cron/runs/{}", id(&started));
    eventually("the job ends", async || {
        let run = administrator.get(&run).await.expect(200).json();
        run["ended_at"].is_string().then_some(run)
    })
    .await
}

fn digest(app: &TestApp, name: &str) -> Option<String> {
    fs::read_to_string(app.data().join("plugin-files").join(ID).join("digest").join(name)).ok()
}

async fn event(author: &Actor, title: &str, status: &str, seconds: i64) {
    let starts_at = Timestamp::now().plus_seconds(seconds).to_rfc3339();
    let fields = json!({ "title": title, "starts_at": starts_at, "venue": "Old Mill", "city": "Ghent" });
    author.post("/api/v1/content/event", &json!({ "status": status, "fields": fields })).await.expect(201);
}

both! {
    async fn the_digest_lists_the_events_to_come(app: TestApp) {
        assert!(status_of(&app, ID).is_none());
        let administrator = enable(&app).await;
        administrator.post("/api/v1/admin/content-types/event/enable", &json!({})).await.expect(200);
        let author = app.author().await;
        event(&author, "In three days", "published", 72 * HOUR).await;
        event(&author, "Tomorrow", "published", 24 * HOUR).await;
        event(&author, "Yesterday", "published", -24 * HOUR).await;
        event(&author, "Next month", "published", 30 * 24 * HOUR).await;
        event(&author, "Not yet told", "draft", 24 * HOUR).await;
        let ended = run(&administrator).await;
        assert_eq!(text(&ended, "outcome"), "succeeded", "{ended:#}");
        let written = digest(&app, "latest.md").expect("a digest");
        let places = ["Tomorrow", "In three days"]
            .map(|title| written.find(&format!("**{title}**, Old Mill, Ghent")).unwrap_or_else(|| panic!("{written}")));
        assert!(places.is_sorted(), "{written}");
        for other in ["Yesterday", "Next month", "Not yet told"] {
            assert!(!written.contains(other), "{written}");
        }
        let log = log_of(&app, ID);
        assert!(log.iter().any(|line| line.starts_with("2 events in the next 7 days: digest/")), "{log:#?}");
        administrator.set_plugin(ID, &json!({ "days_ahead": 60, "limit": 1 })).await.expect(200);
        run(&administrator).await;
        let written = digest(&app, "latest.md").expect("a digest");
        assert!(written.contains("Tomorrow") && !written.contains("In three days"), "{written}");
        assert!(written.contains("there are more"), "{written}");
        assert_no_faults(&app);
    }

    async fn a_site_without_events_is_no_failure(app: TestApp) {
        let administrator = enable(&app).await;
        let ended = run(&administrator).await;
        assert_eq!(text(&ended, "outcome"), "succeeded", "{ended:#}");
        assert_eq!(digest(&app, "latest.md"), None);
        let log = log_of(&app, ID);
        assert!(log.iter().any(|line| line.contains("no content type `event`")), "{log:#?}");
        // The digest comes with the type.
        administrator.post("/api/v1/admin/content-types/event/enable", &json!({})).await.expect(200);
        run(&administrator).await;
        assert!(digest(&app, "latest.md").expect("a digest").contains("None."));
    }

    async fn events_of_a_day_are_near_all_day(app: TestApp = TestApp::builder().content_type_file("event.toml", DAYS)) {
        let administrator = enable(&app).await;
        let today = Timestamp::now().to_rfc3339()[..10].to_owned();
        let fields = json!({ "title": "Today", "starts_at": today });
        administrator.post("/api/v1/content/event", &json!({ "fields": fields })).await.expect(201);
        let ended = run(&administrator).await;
        assert_eq!(text(&ended, "outcome"), "succeeded", "{ended:#}");
        assert!(digest(&app, "latest.md").expect("a digest").contains("**Today**"));
    }
}
