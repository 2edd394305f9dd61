//! Resident memory of a site with both bundled plugins: at rest, and after everything was asked of it.

use std::time::Duration;

use crate::client::get;
use crate::content::new_posts;
use crate::load::Load;
use crate::report::{Report, mebibytes};
use crate::site::Site;
use crate::{Bench, CONNECTIONS, Result};

/// How long a server sits still before it counts as idle.
const SETTLE: Duration = Duration::from_secs(2);
const MEBIBYTE: u64 = 1024 * 1024;

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let server = site.open().await?;
    let pages = server.publish_pages(20 * 1024).await?;
    let short = server.publish_short_posts().await?;
    server.process.stop().await?;

    let mut resting = site.start()?;
    resting.ready("/").await?;
    tokio::time::sleep(SETTLE).await;
    let idle = resting.resident()?;
    resting.stop().await?;

    let server = site.open().await?;
    let address = server.process.address;
    let mut reads = vec![get("/"), get("/api/v1/posts?limit=10"), get("/feed.xml")];
    reads.extend(pages.iter().map(|slug| get(&format!("/{slug}"))));
    reads.extend(short.iter().map(|slug| get(&format!("/api/v1/posts/{slug}"))));
    let reading = Load::reading(address, CONNECTIONS, reads).during(bench.time).await?;
    let writing = Load::new(address, CONNECTIONS, 201, new_posts(&server.token)).during(bench.time).await?;
    let loaded = server.process.resident()?;
    for outcome in [reading, writing] {
        if let Some(failure) = outcome.first_failure {
            report.failure("memory under load", outcome.failures, &failure);
        }
    }
    report.bar("resident memory, idle", mebibytes(idle), "<= 45 MiB", idle <= 45 * MEBIBYTE);
    report.bar("resident memory, after load", mebibytes(loaded), "<= 100 MiB", loaded <= 100 * MEBIBYTE);
    server.process.stop().await
}
