//! Readers at a steady fifth of what the server can take, while somebody keeps a plugin looping forever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fleuron_tests::guests;

use crate::client::{Connection, Request, get, post};
use crate::content::new_post;
use crate::load::Load;
use crate::plugins::Plugin;
use crate::report::{Report, amount};
use crate::site::{Server, Site};
use crate::{Bench, CONNECTIONS, Failure, Result};

/// Connections of the open loop: enough that a request that is due finds one free.
const READERS: usize = 64;
/// How long one plugin loops before its breaker opens: five calls of half a second.
const LOOPS: Duration = Duration::from_millis(2500);
/// A trigger that was answered sooner than this set nothing looping.
const LOOPED: Duration = Duration::from_millis(400);

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let hostile = std::fs::read(guests::HOSTILE)?;
    // Breakers would silence one such plugin for the rest of the measurement, so there are as many as it takes.
    let plugins = bench.time.as_millis().div_ceil(LOOPS.as_millis());
    for number in 1..=plugins {
        let name = format!("hostile-{number}");
        Plugin { name: &name, hook: "filter-html", wasm: &hostile }.install(&site.path())?;
    }
    let server = site.open().await?;
    let pages = server.publish_pages(20 * 1024).await?;
    let requests: Vec<Request> = pages.iter().map(|slug| get(&format!("/{slug}"))).collect();

    let closed = Load::reading(server.process.address, CONNECTIONS, requests.clone());
    let capacity = closed.measure(bench.time, &server.process).await?.outcome.rate();
    let open = Load::reading(server.process.address, READERS, requests).paced(capacity / 5.0);
    let quiet = open.during(bench.time).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let trigger = tokio::spawn(trigger(Trigger::of(&server), Arc::clone(&stop)));
    let noisy = open.during(bench.time).await?;
    stop.store(true, Ordering::Relaxed);
    let looped = trigger.await??;
    if looped < bench.time / 2 {
        return Err(format!("the plugin looped for {looped:?} only, which measures nothing").into());
    }

    let (before, during) = (quiet.percentile(99), noisy.percentile(99));
    let bar = (before * 3).max(before + Duration::from_millis(10));
    let failures = quiet.failures + noisy.failures;
    if let Some(failure) = quiet.first_failure.or(noisy.first_failure) {
        report.failure("readers beside a looping plugin", failures, &failure);
    }
    report.bar(
        "readers beside a looping plugin",
        format!(
            "p99 {} (quiet {}, looping {:.1} s), {failures} failures",
            amount(during),
            amount(before),
            looped.as_secs_f64()
        ),
        format!("<= {}, none", amount(bar)),
        during <= bar && failures == 0,
    );
    server.process.stop().await
}

/// What it takes to set a plugin looping.
struct Trigger {
    address: std::net::SocketAddr,
    token: String,
}

impl Trigger {
    fn of(server: &Server) -> Self {
        Self { address: server.process.address, token: server.token.clone() }
    }
}

/// Publishes one poisonous post after the other and reads its page, and answers how long it was kept waiting for them.
async fn trigger(at: Trigger, stop: Arc<AtomicBool>) -> Result<Duration> {
    let mut connection = Connection::open(at.address).await?;
    let mut looped = Duration::ZERO;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let body = new_post(&format!("Poison {number}"), "please-loop");
        let answer = connection.exchange(&post("/api/v1/posts", Some(&at.token), &body)).await?;
        let created: serde_json::Value = serde_json::from_slice(answer.body)?;
        let slug = crate::site::text(&created, "slug")?;
        let asked = Instant::now();
        let status = connection.exchange(&get(&format!("/{slug}"))).await?.status;
        if status != 200 {
            return Err(Failure::from(format!("the page with the looping plugin answered {status}")));
        }
        match asked.elapsed() {
            waited if waited >= LOOPED => looped += waited,
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Ok(looped)
}
