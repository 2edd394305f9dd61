//! What readers ask for, each beside a bare route that returns as many bytes.

use std::time::Duration;

use crate::client::{Request, get};
use crate::load::Load;
use crate::report::{Report, amount, kilobytes};
use crate::site::Site;
use crate::{Bench, CONNECTIONS, Result, bare};

/// Bytes of the page that is measured.
const PAGE: usize = 20 * 1024;

/// One kind of request.
struct Read {
    name: &'static str,
    content_type: &'static str,
    /// What is asked for, in turn.
    paths: Vec<String>,
    /// CPU time per request that must not be exceeded.
    bar: Option<Duration>,
}

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let server = site.open().await?;
    let pages = server.publish_pages(PAGE).await?;
    let short = server.publish_short_posts().await?;
    for read in reads(&pages, &short) {
        let body = server.read(&read.paths[0]).await?;
        let name = format!("{} ({})", read.name, kilobytes(body.len()));
        let bare = bare::start(bench, &site.path(), read.content_type, &body).await?;
        let load = Load::reading(bare.address, CONNECTIONS, vec![get("/")]);
        let compared = load.measure(bench.time, &bare).await?;
        bare.stop().await?;
        let requests: Vec<Request> = read.paths.iter().map(|path| get(path)).collect();
        let load = Load::reading(server.process.address, CONNECTIONS, requests);
        let measured = load.measure(bench.time, &server.process).await?;
        if let Some(bar) = read.bar {
            let met = measured.cpu <= bar;
            report.bar(
                read.name,
                format!("{} CPU", amount(measured.cpu)),
                format!("<= {}", amount(bar)),
                met,
            );
        }
        report.load(&format!("{name}: bare route"), &compared, None);
        report.load(&name, &measured, Some(&compared));
    }
    server.process.stop().await
}

fn reads(pages: &[String], short: &[String]) -> Vec<Read> {
    const HTML: &str = "text/html; charset=utf-8";
    const JSON: &str = "application/json";
    let each = |slugs: &[String], before: &str| slugs.iter().map(|slug| format!("{before}{slug}")).collect();
    vec![
        Read {
            name: "post page",
            content_type: HTML,
            paths: each(pages, "/"),
            bar: Some(Duration::from_millis(1)),
        },
        Read { name: "home page", content_type: HTML, paths: vec!["/".to_owned()], bar: None },
        Read {
            name: "JSON, 10 posts with content",
            content_type: JSON,
            paths: vec!["/api/v1/posts?limit=10".to_owned()],
            bar: Some(Duration::from_micros(400)),
        },
        Read {
            name: "JSON, one post by slug",
            content_type: JSON,
            paths: each(short, "/api/v1/posts/"),
            bar: Some(Duration::from_micros(200)),
        },
    ]
}
