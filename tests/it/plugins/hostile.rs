//! Plugins that loop, trap, overflow the stack and eat memory: the site answers throughout.

use std::time::{Duration, Instant};

use fleuron::auth::Actor as Acting;
use fleuron::ids::PostId;
use fleuron_plugin_host::PluginStatus;
use fleuron_tests::{TestApp, guests, id, manifest, post};

use super::{log_of, status_of};

const ID: &str = "com.example.hostile";
/// How long a call may take, in milliseconds.
const TIMEOUT: u64 = 400;

fn hostile_manifest(timeout: u64) -> String {
    let hooks = manifest(ID, &["filter-html"]);
    format!("{hooks}\n[permissions]\ntimeout_ms = {timeout}\nmax_memory_mb = 32\n")
}

async fn hostile_site() -> TestApp {
    // One instance, so that whoever follows gets what the one before has left behind.
    TestApp::builder()
        .pool_size(1)
        .plugin("hostile", &hostile_manifest(TIMEOUT), guests::HOSTILE)
        .spawn()
        .await
}

fn status(app: &TestApp) -> PluginStatus {
    status_of(app, ID).expect("the plugin is loaded")
}

fn errors(app: &TestApp) -> u64 {
    status(app).hooks[0].counts.errors
}

#[tokio::test]
async fn each_misdeed_costs_the_plugin_its_say_and_nothing_else() {
    let app = hostile_site().await;
    let author = app.author().await;
    for number in 0..5 {
        post(&format!("Calm {number}")).content("Calm words.").published().create(&author).await;
    }
    for deed in ["please-loop", "please-trap", "please-overflow", "please-eat-memory"] {
        post(deed).content(&format!("Now, {deed}.")).published().create(&author).await;
    }
    let guest = app.guest();
    assert!(guest.get("/calm-0").await.expect(200).text().contains("hostile ok 1"));
    for (number, deed) in (1..).zip(["please-loop", "please-trap", "please-overflow", "please-eat-memory"]) {
        let page = guest.get(&format!("/{deed}")).await.expect(200).text();
        assert!(
            page.contains(&format!("Now, {deed}.")) && !page.contains("hostile ok"),
            "{deed}: the previous value"
        );
        assert_eq!(errors(&app), number, "{deed}");
        let log = log_of(&app, ID);
        assert!(log.last().is_some_and(|line| line.starts_with("filter-html: ")), "{deed}: {log:?}");
        let next = guest.get(&format!("/calm-{number}")).await.expect(200).text();
        assert!(next.contains("hostile ok 1"), "{deed}: the next call runs on a fresh instance: {next}");
    }
    assert!(!status(&app).hooks[0].breaker_open);
}

#[tokio::test]
async fn a_loop_holds_nobody_else_up() {
    let app = TestApp::builder()
        .pool_size(1)
        .plugin("hostile", &hostile_manifest(2000), guests::HOSTILE)
        .spawn()
        .await;
    let author = app.author().await;
    post("Slow").content("please-loop").published().create(&author).await;
    post("Quick").content("Calm words.").published().create(&author).await;
    let guest = app.guest();
    let (slow, others) = tokio::join!(guest.get("/slow"), async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            for path in ["/quick", "/", "/api/v1/posts", "/healthz"] {
                let started = Instant::now();
                guest.get(path).await.expect(200);
                longest = longest.max(started.elapsed());
            }
            post("Meanwhile").create(&author).await;
        }
        longest
    });
    slow.expect(200);
    assert!(others < Duration::from_millis(1000), "somebody waited {others:?}");
    assert!(guest.get("/quick").await.expect(200).text().contains("hostile ok"));
}

#[tokio::test]
async fn one_trap_then_a_thousand_good_calls() {
    let app = hostile_site().await;
    let author = app.author().await;
    post("Trap").content("please-trap").published().create(&author).await;
    app.guest().get("/trap").await.expect(200);
    assert_eq!(errors(&app), 1);
    let calm = post("Calm").content("Calm words.").published().create(&author).await;
    let calm: PostId = id(&calm).parse().unwrap();
    let good = app
        .within(move |services| async move {
            let post = services.posts.find(&Acting::System, calm).await.unwrap().unwrap();
            let mut good = 0;
            for version in 0..1000 {
                let mut post = post.clone();
                // A version that nobody has rendered yet.
                post.version += 1 + version;
                let html = services.renderer.post(&post).await.unwrap();
                good += usize::from(html.as_str().contains("hostile ok"));
            }
            good
        })
        .await;
    assert_eq!((good, errors(&app)), (1000, 1));
}

#[tokio::test]
async fn who_fails_too_often_is_left_alone() {
    let app = hostile_site().await;
    let author = app.author().await;
    for number in 0..7 {
        post(&format!("Trap {number}")).content("please-trap").published().create(&author).await;
    }
    let guest = app.guest();
    for number in 0..7 {
        guest.get(&format!("/trap-{number}")).await.expect(200);
    }
    assert!(status(&app).hooks[0].breaker_open);
    assert_eq!(errors(&app), 5, "it was not asked any more");
    post("Calm").content("Calm words.").published().create(&author).await;
    let page = guest.get("/calm").await.expect(200).text();
    assert!(page.contains("Calm words.") && !page.contains("hostile ok"));
    // Its author mends it, and it starts afresh.
    let mended = hostile_manifest(TIMEOUT + 1);
    app.install("hostile", &mended, &super::module(guests::HOSTILE)).await;
    post("Mended").content("Calm words.").published().create(&author).await;
    assert!(guest.get("/mended").await.expect(200).text().contains("hostile ok"));
}

#[tokio::test]
async fn a_failed_render_is_not_kept_for_long() {
    let app = hostile_site().await;
    let author = app.author().await;
    post("Trap").content("please-trap").published().create(&author).await;
    let guest = app.guest();
    guest.get("/trap").await.expect(200);
    // While it is kept, nobody asks again.
    guest.get("/trap").await.expect(200);
    assert_eq!(errors(&app), 1);
}
