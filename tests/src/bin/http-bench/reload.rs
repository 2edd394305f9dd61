//! Fifty builds of one plugin, swapped in one after the other under sixteen writers. Each build stamps its version into
//! the posts that it sees; every post must bear exactly one stamp, and no writer may notice.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use fleuron_tests::guests::{self, stamped};
use serde_json::Value;

use crate::content::new_posts;
use crate::load::{Inspect, Load};
use crate::plugins::{Plugin, replace};
use crate::report::{Report, amount};
use crate::site::{Server, Site};
use crate::{Bench, CONNECTIONS, Result};

const BUILDS: u16 = 50;
/// How much slower than in quiet a request may be while a plugin is swapped.
const STALL: Duration = Duration::from_millis(150);
/// How long a build may take to show up in posts.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let module = std::fs::read(guests::STAMPER)?;
    let folder = Plugin { name: "stamper", hook: "on-post-creating", wasm: &stamped(&module, 0) }
        .install(&site.path())?;
    let server = site.open().await?;
    let before = count_posts(&server, |_| Ok(())).await?;

    let newest = Arc::new(AtomicU16::new(0));
    let writers = Load::new(server.process.address, CONNECTIONS, 201, new_posts(&server.token));
    let writers = writers.inspected(inspect(Arc::clone(&newest)));
    let quiet = writers.during(bench.time).await?;
    let (swapping, swapped) = writers.until(swap_all(&module, folder, Arc::clone(&newest))).await?;
    let swapped = swapped?;

    let created = quiet.latencies.len() + swapping.latencies.len();
    let found = count_posts(&server, one_stamp).await? - before;
    let failures = quiet.failures + swapping.failures;
    if let Some(failure) = quiet.first_failure.as_ref().or(swapping.first_failure.as_ref()) {
        report.failure("writers beside plugin swaps", failures, failure);
    }
    let (calm, slowest) = (quiet.percentile(99), swapping.percentile(100));
    report.bar(
        &format!("{BUILDS} builds of a plugin under 16 writers: latency"),
        format!(
            "slowest {}, p99 {} (quiet p99 {})",
            amount(slowest),
            amount(swapping.percentile(99)),
            amount(calm)
        ),
        format!("<= {}", amount(calm + STALL)),
        slowest <= calm + STALL,
    );
    report.bar(
        &format!("{BUILDS} builds of a plugin under 16 writers: posts"),
        format!(
            "{failures} failures, {found} of {created} posts stored, each with one stamp, {} s a swap",
            per_swap(swapped)
        ),
        "none, all",
        failures == 0 && found == created,
    );
    server.process.stop().await
}

/// Looks at each created post and keeps the newest version seen.
fn inspect(newest: Arc<AtomicU16>) -> Inspect {
    Arc::new(move |body| {
        let post: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        newest.fetch_max(stamp(&post)?, Ordering::Relaxed);
        Ok(())
    })
}

fn one_stamp(post: &Value) -> std::result::Result<(), String> {
    stamp(post).map(|_version| ())
}

/// The version that a post bears, which must be one.
fn stamp(post: &Value) -> std::result::Result<u16, String> {
    let content = post["content"].as_str().unwrap_or_default();
    let mut stamps = content.split("stamp:v").skip(1);
    match (stamps.next(), stamps.next()) {
        (Some(version), None) => version
            .trim()
            .parse()
            .map_err(|_not_a_number| format!("a post bears the stamp `{}`", version.trim())),
        (None, _) => Err("a post bears no stamp".to_owned()),
        (Some(_), Some(_)) => Err("a post bears more than one stamp".to_owned()),
    }
}

/// Puts each build in place and waits until a post bears its version. Answers how long all took.
async fn swap_all(module: &[u8], folder: PathBuf, newest: Arc<AtomicU16>) -> Result<Duration> {
    let started = Instant::now();
    for version in 1..=BUILDS {
        swap(module, &folder, version, &newest).await?;
    }
    Ok(started.elapsed())
}

async fn swap(module: &[u8], folder: &Path, version: u16, newest: &AtomicU16) -> Result<()> {
    replace(folder, &stamped(module, version))?;
    let placed = Instant::now();
    while newest.load(Ordering::Relaxed) < version {
        if placed.elapsed() > PATIENCE {
            return Err(format!("build {version} did not show up in any post within {PATIENCE:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// How many posts are listed. Each is looked at; the welcome post and its like are passed over by their number.
async fn count_posts(
    server: &Server,
    check: impl Fn(&Value) -> std::result::Result<(), String>,
) -> Result<usize> {
    let mut count = 0;
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = server.read_json(&format!("/api/v1/posts?limit=100{cursor}")).await?;
        let items = page["items"].as_array().ok_or("the list has no items")?;
        for post in items.iter().filter(|post| is_ours(post)) {
            check(post)?;
        }
        count += items.len();
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    Ok(count)
}

/// Whether the writers made it.
fn is_ours(post: &Value) -> bool {
    post["title"].as_str().is_some_and(|title| title.starts_with("Notes from the press room"))
}

fn per_swap(all: Duration) -> String {
    format!("{:.2}", all.as_secs_f64() / f64::from(BUILDS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::stamp;

    #[test]
    fn exactly_one_stamp_counts() {
        assert_eq!(stamp(&json!({ "content": "text\n\nstamp:v042" })), Ok(42));
        assert!(stamp(&json!({ "content": "text" })).is_err());
        assert!(stamp(&json!({ "content": "stamp:v001\n\nstamp:v002" })).is_err());
        assert!(stamp(&json!({ "content": "stamp:vx" })).is_err());
    }
}
