//! Events on their way to plugins that fail, rest or are away: what waits, what is tried again, what is given up, and
//! what an administrator does about it.

mod steering;

use std::time::Duration;

use fleuron::clock::Timestamp;
use fleuron::entities::{event_queue, leases};
use fleuron_tests::packages::package;
use fleuron_tests::storm::Storm;
use fleuron_tests::{
    Actor, TestApp, TestAppBuilder, both, eventually, eventually_within, guests, id, manifest, post, text,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::PROGRAM;

const DELIVERIES: &str = "/api/v1/admin/deliveries";
const EVENTS: &str = "/api/v1/admin/events";
/// The plugin that fails as titles ask for, and how it is named as a listener.
const PICKY: &str = "com.example.picky";
const PICKY_LISTENER: &str = "plugin:com.example.picky";
const RECORDER: &str = "com.example.recorder";
const HOOKS: [&str; 2] = ["on-post-created", "on-post-updated"];

/// Lets nobody deliver events for a quarter of a minute: another server, which does nothing, has the lease. To be called
/// before there is anything to deliver.
pub(crate) async fn hold_deliveries(app: &TestApp) {
    let expires_at = Timestamp::now().plus_seconds(17).millis();
    let lease = leases::Model { name: "outbox".to_owned(), holder: Uuid::new_v4(), token: 1, expires_at };
    app.within(move |services| async move {
        let write = services.database.write(lease, |transaction, lease| {
            Box::pin(async move {
                leases::Entity::delete_by_id(lease.name.clone()).exec(transaction).await?;
                leases::ActiveModel::from(lease.clone()).insert(transaction).await?;
                Ok(())
            })
        });
        write.await.unwrap();
    })
    .await;
}

/// Ends what [`hold_deliveries`] began.
pub(crate) async fn let_deliveries_go_on(app: &TestApp) {
    app.within(|services| async move {
        let write = services.database.write((), |transaction, ()| {
            Box::pin(async move {
                leases::Entity::delete_by_id("outbox".to_owned()).exec(transaction).await?;
                Ok(())
            })
        });
        write.await.unwrap();
    })
    .await;
}

/// A site whose plugins are told so often and after such pauses, and no breaker that opens. The picky plugin comes once it
/// runs: what a first start makes is not to be told of.
fn site(attempts: u32, first_pause: Duration) -> TestAppBuilder {
    let builder = TestApp::builder().events(move |config| {
        (config.attempts, config.first_pause) = (attempts, first_pause);
    });
    builder.limits(|limits| limits.host.breaker_failures = 1000)
}

/// Puts the picky plugin into a site that runs.
async fn install_picky(app: &TestApp) {
    app.install("picky", &manifest(PICKY, &HOOKS), &std::fs::read(guests::PICKY).unwrap()).await;
}

/// A site whose plugins are told three times in short order.
fn hasty_site() -> TestAppBuilder {
    site(3, Duration::from_millis(10))
}

/// A site that waits for an hour before the second attempt, unless something happens.
fn patient_site() -> TestAppBuilder {
    site(3, Duration::from_secs(3600))
}

fn log(app: &TestApp, plugin: &str) -> Vec<String> {
    let lines = app.services().plugin_logs.of(&plugin.parse().unwrap());
    lines.into_iter().map(|line| line.text).collect()
}

/// What a plugin has taken, as hook and title with the attempt.
fn took(app: &TestApp, plugin: &str) -> Vec<String> {
    let lines = log(app, plugin).into_iter();
    let taken = lines.filter_map(|line| Some(line.strip_prefix("took ")?.split(" of ").next()?.to_owned()));
    taken.collect()
}

/// Waits until a plugin has taken something, and answers all that it has.
async fn eventually_took(app: &TestApp, plugin: &str, what: &str) -> Vec<String> {
    eventually(&format!("{plugin} takes {what}"), async || {
        let taken = took(app, plugin);
        taken.iter().any(|taken| taken.contains(what)).then_some(taken)
    })
    .await
}

async fn retitle(author: &Actor, post: &Value, title: &str) {
    author.patch(&format!("/api/v1/posts/{}", id(post)), &json!({ "title": title })).await.expect(200);
}

/// The items of a list with this query.
async fn list(administrator: &Actor, path: &str, query: &str) -> Vec<Value> {
    administrator.get(&format!("{path}?{query}")).await.expect(200).items()
}

/// The deliveries to the picky plugin in this state, oldest first, once there are so many.
async fn deliveries(administrator: &Actor, state: &str, count: usize) -> Vec<Value> {
    let query = format!("limit=100&listener={PICKY_LISTENER}&state={state}");
    eventually(&format!("{count} deliveries are {state}"), async || {
        let mut found = list(administrator, DELIVERIES, &query).await;
        found.reverse();
        (found.len() == count).then_some(found)
    })
    .await
}

/// Puts another build under the picky plugin's id.
async fn upgrade(app: &TestApp, module: &str) {
    let manifest = manifest(PICKY, &HOOKS).replace("0.1.0", "0.2.0");
    app.install("picky", &manifest, &std::fs::read(module).unwrap()).await;
}

both! {
    async fn who_fails_is_held_up_with_that_entity_alone(
        app: TestApp = patient_site().plugin("recorder", &manifest(RECORDER, &HOOKS), guests::RECORDER)
    ) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        let held = post("First, refuse 1 time").create(&author).await;
        retitle(&author, &held, "Second").await;
        retitle(&author, &held, "Third").await;
        post("Another").create(&author).await;
        let pending = deliveries(&administrator, "pending", 3).await;
        let first = &pending[0];
        assert_eq!((text(first, "event_type"), &first["attempts"]), ("post.created", &json!(1)));
        assert!(first["next_at"].is_string() && first["last_error"].is_string(), "{first:#}");
        for waits in &pending[1..] {
            assert_eq!((text(waits, "event_type"), &waits["attempts"]), ("post.updated", &json!(0)));
            assert!(waits["next_at"].is_null() && waits["last_error"].is_null(), "{waits:#}");
        }
        assert!(pending.iter().all(|waits| text(waits, "entity_id") == id(&held)));
        let taken = eventually_took(&app, PICKY, "Another").await;
        assert_eq!(taken, ["on-post-created Another at attempt 1"]);
        eventually("the other listener hears everything", async || {
            (log(&app, RECORDER).iter().filter(|line| line.contains(id(&held))).count() == 3).then_some(())
        })
        .await;
        // A version that may do better is asked at once.
        upgrade(&app, guests::PICKY).await;
        let taken = eventually_took(&app, PICKY, "Third").await;
        let expected = [
            "on-post-created Another at attempt 1",
            "on-post-created First, refuse 1 time at attempt 2",
            "on-post-updated Second at attempt 1",
            "on-post-updated Third at attempt 1",
        ];
        assert_eq!(taken, expected);
        deliveries(&administrator, "delivered", 3).await;
    }

    async fn a_repetition_has_the_id_of_the_first(app: TestApp = hasty_site()) {
        install_picky(&app).await;
        let created = post("refuse 2 times").create(&app.author().await).await;
        eventually_took(&app, PICKY, "at attempt 3").await;
        let query = format!("entity_id={}", id(&created));
        let events = list(&app.administrator().await, EVENTS, &query).await;
        assert_eq!(events.len(), 1);
        let end = format!(" of {}", id(&events[0]));
        assert!(log(&app, PICKY).iter().any(|line| line.starts_with("took ") && line.ends_with(&end)));
    }

    async fn a_plugin_that_is_off_is_waited_for(app: TestApp = hasty_site()) {
        install_picky(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        hold_deliveries(&app).await;
        post("Recorded").create(&author).await;
        administrator.plugin_step(PICKY, "disable").await.expect(200);
        post("Nobody listens").create(&author).await;
        let_deliveries_go_on(&app).await;
        let waits = deliveries(&administrator, "pending", 1).await;
        assert_eq!(waits[0]["attempts"], 0);
        assert!(text(&waits[0], "last_error").contains("not loaded"), "{waits:#?}");
        administrator.plugin_step(PICKY, "enable").await.expect(200);
        let taken = eventually_took(&app, PICKY, "Recorded").await;
        assert_eq!(taken, ["on-post-created Recorded at attempt 1"]);
    }

    async fn what_waits_for_a_plugin_that_is_gone_is_discarded(app: TestApp) {
        const GONE: &str = "com.example.gone";
        let (author, administrator) = (app.author().await, app.administrator().await);
        let module = std::fs::read(guests::PICKY).unwrap();
        administrator.install(package(&manifest(GONE, &HOOKS), &module, &[])).await;
        hold_deliveries(&app).await;
        post("Recorded").create(&author).await;
        administrator.plugin_step(GONE, "disable").await.expect(200);
        let_deliveries_go_on(&app).await;
        let query = format!("listener=plugin:{GONE}");
        let in_state = async |state: &str| {
            eventually(&format!("the delivery is {state}"), async || {
                let found = list(&administrator, DELIVERIES, &query).await;
                found.into_iter().find(|delivery| delivery["state"] == state)
            })
            .await
        };
        in_state("pending").await;
        administrator.delete(&format!("/api/v1/admin/plugins/{GONE}?data=delete")).await.expect(204);
        let discarded = in_state("discarded").await;
        assert!(text(&discarded, "last_error").contains("uninstalled"), "{discarded:#}");
        let event = administrator.get(&format!("{EVENTS}/{}", text(&discarded, "event_id"))).await.expect(200);
        assert_eq!(text(&event.json(), "state"), "delivered", "nobody is to be told of it any more");
    }

    async fn what_is_emitted_and_finds_no_room_is_emitted_later(app: TestApp) {
        install_echo(&app).await;
        let (author, administrator) = (app.author().await, app.administrator().await);
        crowd(&app, ECHO).await;
        let created = post("Echoed").create(&author).await;
        let query = format!("state=pending&listener=plugin:{ECHO}");
        let waits = eventually("the action waits", async || {
            list(&administrator, DELIVERIES, &query).await.pop()
        })
        .await;
        assert!(text(&waits, "last_error").contains("at most 1000 may"), "{waits:#}");
        assert_eq!(waits["attempts"], 1, "{waits:#}");
        assert!(took(&app, PICKY).is_empty());
        disperse(&app, ECHO).await;
        let what = "the echo is heard";
        eventually_within(Duration::from_secs(30), what, async || took(&app, PICKY).pop()).await;
        eventually("the action is done", async || {
            list(&administrator, DELIVERIES, &query).await.is_empty().then_some(())
        })
        .await;
        let taken = took(&app, PICKY);
        assert!(taken.len() == 1 && taken[0].contains(id(&created)), "{taken:?}");
    }

    async fn what_gets_stuck_is_told(
        app: TestApp = hasty_site().events(|config| config.stuck_after = Duration::ZERO)
    ) {
        install_picky(&app).await;
        let guest = app.guest();
        assert_eq!(guest.get("/readyz").await.expect(200).text(), "ready\n");
        hold_deliveries(&app).await;
        let created = post("Stuck").create(&app.author().await).await;
        let words = eventually("the server says so", async || {
            let words = guest.get("/readyz").await.expect(200).text();
            words.starts_with("degraded").then_some(words)
        })
        .await;
        assert!(words.contains("1 events wait"), "{words}");
        guest.get("/readyz?strict=true").await.expect(503);
        let metrics = guest.get("/metrics").await.expect(200).text();
        assert!(metrics.lines().any(|line| line == "fleuron_outbox_waiting 1"), "{metrics}");
        let waiting = list(&app.administrator().await, EVENTS, "state=waiting").await;
        assert_eq!(waiting.len(), 1);
        let facts = ["event_type", "entity_id", "state"].map(|field| text(&waiting[0], field));
        assert_eq!(facts, ["post.created", id(&created), "waiting"]);
        assert_eq!(waiting[0]["listeners"], json!([PICKY_LISTENER]));
        let_deliveries_go_on(&app).await;
        eventually_took(&app, PICKY, "Stuck").await;
        eventually("the server is well", async || {
            (guest.get("/readyz?strict=true").await.status == 200).then_some(())
        })
        .await;
    }
}

const ECHO: &str = "com.example.echo";

/// Puts a plugin that emits about each new post into a site, and the picky one, which hears that.
async fn install_echo(app: &TestApp) {
    let echo = format!(
        "{}\n[permissions]\nevents = [\"emit\"]\n\n[settings.emits]\ntype = \"boolean\"\ndefault = true\n",
        manifest(ECHO, &["on-post-created"])
    );
    let hears = format!("{}\n[events.\"plugin.{ECHO}.seen\"]\n", manifest(PICKY, &[]));
    app.install("echo", &echo, &std::fs::read(guests::LEDGER).unwrap()).await;
    app.install("picky", &hears, &std::fs::read(guests::PICKY).unwrap()).await;
}

/// Fills a plugin's queue with places whose events there are not, so that nobody takes them out.
async fn crowd(app: &TestApp, plugin: &'static str) {
    app.within(move |services| async move {
        let place = |number: i64| {
            let (queue, entity_id) = (plugin.to_owned(), plugin.to_owned());
            event_queue::Model { event_seq: 1_000_000 + number, queue, entity_id }
        };
        let places: Vec<event_queue::Model> = (0..1000).map(place).collect();
        let write = services.database.write(places, |transaction, places| {
            Box::pin(async move {
                let places = places.iter().cloned().map(IntoActiveModel::into_active_model);
                event_queue::Entity::insert_many(places).exec_without_returning(transaction).await?;
                Ok(())
            })
        });
        write.await.unwrap();
    })
    .await;
}

async fn disperse(app: &TestApp, plugin: &'static str) {
    app.within(move |services| async move {
        let write = services.database.write(plugin, |transaction, plugin| {
            Box::pin(async move {
                event_queue::Entity::delete_many()
                    .filter(event_queue::Column::Queue.eq(*plugin))
                    .filter(event_queue::Column::EventSeq.gte(1_000_000))
                    .exec(transaction)
                    .await?;
                Ok(())
            })
        });
        write.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_in_a_storm_of_kills() {
    let folder = tempfile::tempdir().unwrap();
    let storm = Storm {
        program: PROGRAM.to_owned(),
        folder: folder.path().to_owned(),
        kills: 4,
        writers: 4,
        between: 200..=700,
    };
    let aftermath = Box::pin(storm.rage(|line: &str| println!("{line}"))).await;
    assert!(aftermath.violations.is_empty(), "{aftermath:#?}");
    assert!(
        aftermath.acknowledged > 0 && aftermath.deliveries >= 2 * aftermath.acknowledged,
        "{aftermath:?}"
    );
}
