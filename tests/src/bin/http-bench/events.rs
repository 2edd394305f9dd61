//! Events: how soon a plugin hears of a change, how fast a backlog drains beside readers, and what a write pays for an
//! outbox that nobody listens to.

use std::path::Path;
use std::time::{Duration, Instant};

use fleuron::auth::Actor;
use fleuron::clock::Timestamp;
use fleuron::config::Config;
use fleuron::entities::posts;
use fleuron::events::{DomainEvent, Origin};
use fleuron::ids::{EventId, PostId};
use fleuron::posts::{NewPost, PostKind};
use fleuron::services::Services;
use fleuron_plugin_host::ports::LogLevel;
use fleuron_plugin_host::{PluginId, PostOutput};
use fleuron_tests::{TestApp, guests, manifest};
use sea_orm::{EntityTrait, IntoActiveModel};

use crate::client::{Request, get};
use crate::content::{SHORT, markdown};
use crate::load::{Load, percentile};
use crate::report::{Report, amount};
use crate::site::{Server, Site};
use crate::{Bench, CONNECTIONS, Failure, Result};

/// Changes whose way to a plugin is timed, and the quiet between two of them.
const CHANGES: usize = 200;
const QUIET: Duration = Duration::from_millis(25);
const LATENCY_BAR: Duration = Duration::from_millis(5);
/// The backlog.
const BACKLOG: usize = 60_000;
const DRAIN_BAR: f64 = 2_000.0;
/// Events recorded in one transaction while the backlog is made.
const AT_ONCE: usize = 500;
/// Posts that the changes are about.
const POSTS: usize = 1_000;
const READERS: usize = 64;
/// How long a backlog may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Writes of each kind, in blocks by turns.
const WRITES: usize = 2_000;
const BLOCK: usize = 100;
/// What noise may add.
const FREE_BAR: f64 = 1.05;

const LISTENER: &str = "com.example.listener";
const SOURCE: &str = "com.example.source";

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    latency(report).await?;
    Box::pin(free(bench, report)).await?;
    Box::pin(backlog(bench, report, "events of a plugin", emitted)).await?;
    Box::pin(backlog(bench, report, "changes of posts", changed)).await
}

/// From the answer of a write, which is its commit, to the line that an action logs.
async fn latency(report: &mut Report) -> Result<()> {
    let hook = manifest(LISTENER, &["on-post-created"]);
    let app = TestApp::builder().plugin("listener", &hook, guests::RECORDER).spawn().await;
    let times = app.within(|services| async move { told_after(&services).await }).await?;
    let (median, late) = (percentile(&times, 50), percentile(&times, 99));
    report.bar(
        "commit to action hook, quiet site",
        format!("median {}, p99 {}", amount(median), amount(late)),
        format!("<= {}", amount(LATENCY_BAR)),
        median <= LATENCY_BAR,
    );
    Ok(())
}

async fn told_after(services: &Services) -> Result<Vec<Duration>> {
    let plugin: PluginId = LISTENER.parse()?;
    let mut times = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        tokio::time::sleep(QUIET).await;
        let seen = services.plugin_logs.written(&plugin);
        let new = NewPost::draft(PostKind::Post, format!("Post {number}"), "Text.");
        services.posts.create(&Actor::System, new).await.map_err(|error| error.to_string())?;
        let committed = Instant::now();
        services.plugin_logs.after(&plugin, seen, LogLevel::Debug).await.ok_or("the log ended")?;
        times.push(committed.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

/// The same insert with and without the question who listens, in one run.
async fn free(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let services = open(&site.path()).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..WRITES / BLOCK {
        for _ in 0..BLOCK {
            without.push(insert(&services, false).await?);
        }
        for _ in 0..BLOCK {
            with.push(insert(&services, true).await?);
        }
    }
    services.close().await;
    without.sort_unstable();
    with.sort_unstable();
    let (bare, asked) = (percentile(&without, 50), percentile(&with, 50));
    let ratio = asked.as_secs_f64() / bare.as_secs_f64().max(f64::EPSILON);
    report.bar(
        "a write that nobody listens to",
        format!("{} = {ratio:.3} x the same without the outbox", amount(asked)),
        format!("<= {FREE_BAR} x"),
        ratio <= FREE_BAR,
    );
    Ok(())
}

async fn insert(services: &Services, asked: bool) -> Result<Duration> {
    let row = row();
    let events = services.events.clone();
    let started = Instant::now();
    let facts = services
        .database
        .write(row, move |transaction, row| {
            let events = events.clone();
            Box::pin(async move {
                posts::Entity::insert(row.clone().into_active_model())
                    .exec_without_returning(transaction)
                    .await?;
                let mut facts = Vec::new();
                if asked {
                    let event = DomainEvent::PostCreated {
                        post: output(&row.id.to_string(), &row.content),
                        kind: Some(PostKind::Post),
                        origin: Origin::default(),
                    };
                    facts.push(events.record(transaction, event).await?);
                }
                Ok(facts)
            })
        })
        .await
        .map_err(|error| error.to_string())?;
    services.events.committed(facts);
    Ok(started.elapsed())
}

fn row() -> posts::Model {
    let (id, now) = (PostId::generate(), Timestamp::now().millis());
    posts::Model {
        id: id.0,
        kind: "post".to_owned(),
        status: "draft".to_owned(),
        title: "A post".to_owned(),
        slug: id.to_string(),
        excerpt: None,
        content: markdown(SHORT),
        cover_image: None,
        category_id: None,
        permalink: None,
        comments_open: true,
        created_by: None,
        updated_by: None,
        created_at: now,
        updated_at: now,
        published_at: None,
        view_count: 0,
        version: 1,
    }
}

fn output(id: &str, content: &str) -> PostOutput {
    PostOutput {
        id: id.to_owned(),
        title: "A post".to_owned(),
        slug: id.to_owned(),
        content: content.to_owned(),
        excerpt: None,
        status: "draft".to_owned(),
        created_by: String::new(),
        updated_by: None,
        category_id: None,
        view_count: 0,
        created_at: Timestamp::now().to_rfc3339(),
        updated_at: Timestamp::now().to_rfc3339(),
        published_at: None,
    }
}

/// An event of another plugin: all of them are one entity's, so they are told of one after the other.
fn emitted(number: usize) -> Result<DomainEvent> {
    let id = EventId::generate();
    let (event_type, data) = (format!("plugin.{SOURCE}.counted"), format!("{{\"n\":{number}}}"));
    Ok(DomainEvent::PluginEmitted { id, event_type, data, chain: vec![SOURCE.parse()?] })
}

/// A change of one of many posts, 2 KB each.
fn changed(number: usize) -> Result<DomainEvent> {
    let id = format!("00000000-0000-7000-8000-{:012}", number % POSTS);
    let version = Some(i64::try_from(number / POSTS + 1)?);
    let (kind, origin) = (Some(PostKind::Post), Origin { version, user: None });
    Ok(DomainEvent::PostUpdated { post: output(&id, &markdown(SHORT)), kind, origin })
}

/// Drains a backlog through one plugin's action while readers go on.
async fn backlog(
    bench: &Bench,
    report: &mut Report,
    name: &str,
    event: fn(usize) -> Result<DomainEvent>,
) -> Result<()> {
    let site = Site::create(bench)?;
    install(&site.path())?;
    let server = site.open().await?;
    let pages = server.publish_pages(20 * 1024).await?;
    let requests: Vec<Request> = pages.iter().map(|slug| get(&format!("/{slug}"))).collect();
    let closed = Load::reading(server.process.address, CONNECTIONS, requests.clone());
    let capacity = closed.measure(bench.time, &server.process).await?.outcome.rate();
    let open = Load::reading(server.process.address, READERS, requests.clone()).paced(capacity / 5.0);
    let quiet = open.during(bench.time).await?;
    server.process.stop().await?;

    Box::pin(fill(&site.path(), event)).await?;
    let started = Instant::now();
    let server = site.open().await?;
    let open = Load::reading(server.process.address, READERS, requests).paced(capacity / 5.0);
    let (noisy, drained) = open.until(drained(&server)).await?;
    drained?;
    let time = started.elapsed();
    all_were_delivered(&server).await?;
    server.process.stop().await?;

    let rate = BACKLOG as f64 / time.as_secs_f64();
    report.bar(
        &format!("backlog of {BACKLOG} {name} through one action"),
        format!("{rate:.0}/s, start of the server included"),
        format!(">= {DRAIN_BAR:.0}/s"),
        rate >= DRAIN_BAR,
    );
    let (before, during) = (quiet.percentile(99), noisy.percentile(99));
    let bar = (before * 3).max(before + Duration::from_millis(10));
    let failures = quiet.failures + noisy.failures;
    report.bar(
        &format!("readers beside the {name}"),
        format!("p99 {} (quiet {}), {failures} failures", amount(during), amount(before)),
        format!("<= {}, none", amount(bar)),
        during <= bar && failures == 0,
    );
    Ok(())
}

/// A plugin that hears both kinds.
fn install(site: &Path) -> Result<()> {
    let folder = site.join("extensions/plugins/listener");
    std::fs::create_dir_all(&folder)?;
    let text = manifest(LISTENER, &["on-post-updated"]) + &format!("\n[events.\"plugin.{SOURCE}.*\"]\n");
    std::fs::write(folder.join("manifest.toml"), text)?;
    std::fs::copy(guests::COUNTER, folder.join("plugin.wasm"))?;
    Ok(())
}

/// Records a backlog while no server runs.
async fn fill(site: &Path, event: fn(usize) -> Result<DomainEvent>) -> Result<()> {
    let services = open(site).await?;
    for start in (0..BACKLOG).step_by(AT_ONCE) {
        let events: Vec<DomainEvent> = (start..start + AT_ONCE).map(event).collect::<Result<_>>()?;
        let recorder = services.events.clone();
        services
            .database
            .write(events, move |transaction, events| {
                let recorder = recorder.clone();
                Box::pin(async move {
                    for event in events {
                        recorder.record(transaction, event.clone()).await?;
                    }
                    Ok(())
                })
            })
            .await
            .map_err(|error| error.to_string())?;
    }
    services.close().await;
    Ok(())
}

async fn open(site: &Path) -> Result<Services> {
    let mut config = Config::in_folder(&site.join("data"));
    config.plugins.extensions = site.join("extensions");
    let url = "http://localhost/".parse().map_err(|_error| Failure::from("an address"))?;
    Ok(Services::open(&config, url).await?)
}

async fn drained(server: &Server) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if value(&metrics(server).await?, "fleuron_outbox_waiting")? == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("the backlog did not drain in {PATIENCE:?}").into())
}

/// The action took each event of the backlog once and at once: a rate of events that were put off would be none.
async fn all_were_delivered(server: &Server) -> Result<()> {
    const DELIVERED: &str =
        "fleuron_event_delivery_attempts_total{listener=\"plugin\",outcome=\"delivered\"}";
    let metrics = metrics(server).await?;
    // The counter is as old as the server, which has told of nothing else.
    let delivered = value(&metrics, DELIVERED)?;
    let retrying = value(&metrics, "fleuron_outbox_retrying")?;
    let dead = value(&metrics, "fleuron_outbox_dead_letters")?;
    if (delivered, retrying, dead) == (BACKLOG as u64, 0, 0) {
        return Ok(());
    }
    let words = format!(
        "the backlog of {BACKLOG} is gone, but {delivered} were delivered, {retrying} are to be tried again and \
         {dead} are dead letters"
    );
    Err(words.into())
}

async fn metrics(server: &Server) -> Result<String> {
    Ok(String::from_utf8_lossy(&server.read("/metrics").await?).into_owned())
}

/// What the metrics say of this; of a counter that has never counted they say nothing.
fn value(metrics: &str, name: &str) -> Result<u64> {
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.unwrap_or("0").parse()?)
}
