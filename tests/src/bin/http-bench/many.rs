//! A hundred plugins with one hook each, none of which fires: what they cost a site that does other things.

use std::time::Duration;

use fleuron_tests::guests;

use crate::content::new_posts;
use crate::load::{Load, Measured, percentile};
use crate::plugins::{Plugin, distinct};
use crate::report::{Report, amount, mebibytes};
use crate::site::Site;
use crate::{Bench, CONNECTIONS, Result};

const PLUGINS: u32 = 100;
/// Nothing is deleted here.
const HOOK: &str = "on-post-deleted";
const STARTS: usize = 5;
const START_BAR: Duration = Duration::from_secs(1);
/// How long a server sits still before it counts as idle.
const SETTLE: Duration = Duration::from_secs(2);
const MEBIBYTE: u64 = 1024 * 1024;
/// How much of the creation rate must be left.
const RATE_BAR: f64 = 0.9;

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let empty = Site::create(bench)?;
    let full = Site::create(bench)?;
    let module = std::fs::read(guests::STAMPER)?;
    for number in 1..=PLUGINS {
        let name = format!("stamper-{number}");
        let wasm = distinct(&module, &name);
        Plugin { name: &name, hook: HOOK, wasm: &wasm }.install(&full.path())?;
    }
    starts(&full, report).await?;
    memory(&empty, &full, report).await?;
    creation(bench, &empty, &full, report).await
}

async fn starts(full: &Site, report: &mut Report) -> Result<()> {
    let cold = start(full).await?;
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        warm.push(start(full).await?);
    }
    warm.sort_unstable();
    let median = percentile(&warm, 50);
    report.bar(
        &format!("start to first page, {PLUGINS} plugins beside the bundled ones"),
        format!("{} (compiling them first: {})", amount(median), amount(cold)),
        format!("<= {}", amount(START_BAR)),
        median <= START_BAR,
    );
    Ok(())
}

async fn start(site: &Site) -> Result<Duration> {
    let mut server = site.start()?;
    let time = server.ready("/").await?;
    server.stop().await?;
    Ok(time)
}

async fn memory(empty: &Site, full: &Site, report: &mut Report) -> Result<()> {
    // The first start of either has more to do than the later ones.
    start(empty).await?;
    let without = idle(empty).await?;
    let with = idle(full).await?;
    let each = with.saturating_sub(without) / u64::from(PLUGINS);
    report.bar(
        &format!("resident memory of each of {PLUGINS} idle plugins"),
        format!(
            "{} (the server: {} without, {} with them)",
            mebibytes(each),
            mebibytes(without),
            mebibytes(with)
        ),
        "<= 4 MiB",
        each <= 4 * MEBIBYTE,
    );
    Ok(())
}

async fn idle(site: &Site) -> Result<u64> {
    let mut server = site.start()?;
    server.ready("/").await?;
    tokio::time::sleep(SETTLE).await;
    let resident = server.resident()?;
    server.stop().await?;
    Ok(resident)
}

async fn creation(bench: &Bench, empty: &Site, full: &Site, report: &mut Report) -> Result<()> {
    let without = create(bench, empty).await?;
    let with = create(bench, full).await?;
    let ratio = with.outcome.rate() / without.outcome.rate().max(f64::EPSILON);
    report.load("create a post, no other plugin", &without, None);
    report.load(&format!("create a post beside {PLUGINS} plugins that do not listen"), &with, None);
    report.bar(
        &format!("create a post beside {PLUGINS} plugins that do not listen"),
        format!("{ratio:.2} x the rate without them"),
        format!(">= {RATE_BAR} x"),
        ratio >= RATE_BAR,
    );
    Ok(())
}

async fn create(bench: &Bench, site: &Site) -> Result<Measured> {
    let server = site.open().await?;
    let load = Load::new(server.process.address, CONNECTIONS, 201, new_posts(&server.token));
    let measured = load.measure(bench.time, &server.process).await?;
    server.process.stop().await?;
    Ok(measured)
}
