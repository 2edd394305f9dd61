//! Entries of a content type: lists of a small and of a large site side by side, and how fast entries are made beside
//! posts. The sites are made as anybody would make them, by an import.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleuron_tests::content::{self, CATEGORIES, RARE, TAGS, event, write_events};

use crate::client::{get, post};
use crate::content::new_posts;
use crate::load::{Load, Measured, Source};
use crate::process::fleuron;
use crate::report::{Report, amount};
use crate::site::{Server, Site};
use crate::{Bench, CONNECTIONS, Result};

const SMALL: u64 = 1_000;
const LARGE: u64 = 100_000;
/// Entries of a list.
const PAGE: u64 = 20;
/// The most entries of a list, by which deep pages are gone to.
const STRIDE: u64 = 100;
/// CPU time per list that must not be exceeded.
const LIST_BAR: Duration = Duration::from_micros(500);
/// How much longer a list may take at the large site.
const GROWTH_BAR: f64 = 1.5;
/// How much of the rate of posts must be reached.
const RATE_BAR: f64 = 0.8;
/// The numbers of made entries begin here, so that they are none of the imported ones.
const MADE: u64 = 10_000_000;

const ENTRIES: &str = "/api/v1/content/event";
const ARTICLES: &str = "/api/v1/content/article";
/// A type that asks for what posts have: a title, an address, a text and a category to filter by.
const ARTICLE: &str = r#"
singular = "Article"
plural = "Articles"

[[fields]]
name = "title"
kind = "text"
required = true

[[fields]]
name = "slug"
kind = "slug"
from = "title"

[[fields]]
name = "content"
kind = "markdown"

[[fields]]
name = "category"
kind = "text"
filterable = true
"#;
/// Some of the eight cities of events.
const CITIES: [&str; 3] = ["Mainz", "Kyoto", "Oxford"];

/// A kind of request.
struct Kind {
    name: &'static str,
    /// Whether it must not take longer the more entries there are. Words are in as many more entries.
    is_level: bool,
    /// Whether it is a list of twenty.
    is_list: bool,
    /// What is asked for, in turn.
    paths: Vec<String>,
}

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (small, small_import) = filled(bench, SMALL).await?;
    let (large, large_import) = filled(bench, LARGE).await?;
    let before = reading(bench, &small, SMALL).await?;
    let after = reading(bench, &large, LARGE).await?;
    for (count, time) in [(SMALL, small_import), (LARGE, large_import)] {
        let rate = count as f64 / time.as_secs_f64().max(f64::EPSILON);
        report.bar(&format!("import {count} entries"), format!("{} ({rate:.0}/s)", amount(time)), "-", true);
    }
    for ((kind, before), (_, after)) in before.iter().zip(&after) {
        compare(report, kind, before, after);
    }
    creation(bench, report).await
}

fn compare(report: &mut Report, kind: &Kind, before: &Measured, after: &Measured) {
    let name = format!("{}, {LARGE} entries", kind.name);
    report.load(&format!("{}, {SMALL} entries", kind.name), before, None);
    report.load(&name, after, None);
    if kind.is_level {
        let growth = before.outcome.rate() / after.outcome.rate().max(f64::EPSILON);
        let measured = format!("{growth:.2} x the time of {SMALL}");
        report.bar(&name, measured, format!("<= {GROWTH_BAR} x"), growth <= GROWTH_BAR);
    }
    if kind.is_list {
        let (cpu, bar) = (after.cpu, format!("<= {}", amount(LIST_BAR)));
        report.bar(&name, format!("{} CPU", amount(cpu)), bar, cpu <= LIST_BAR);
    }
}

/// A site with so many events, and how long they took to import.
async fn filled(bench: &Bench, count: u64) -> Result<(Site, Duration)> {
    let site = Site::create(bench)?;
    let mut file = BufWriter::new(File::create(site.path().join("events.jsonl"))?);
    write_events(count, &mut file)?;
    fleuron(&site.path(), &["content-type", "enable", "event"], "")?;
    let started = Instant::now();
    fleuron(&site.path(), &["content", "import", "event", "events.jsonl"], "")?;
    Ok((site, started.elapsed()))
}

async fn reading(bench: &Bench, site: &Site, count: u64) -> Result<Vec<(Kind, Measured)>> {
    let server = site.open().await?;
    let mut figures = Vec::new();
    for kind in kinds(&server, count).await? {
        for path in &kind.paths {
            server.read(path).await?;
        }
        let requests = kind.paths.iter().map(|path| get(path)).collect();
        let load = Load::reading(server.process.address, CONNECTIONS, requests);
        figures.push((kind, load.measure(bench.time, &server.process).await?));
    }
    server.process.stop().await?;
    Ok(figures)
}

/// What is asked for, each in several forms.
async fn kinds(server: &Server, count: u64) -> Result<Vec<Kind>> {
    let list = |name, paths: &[String]| {
        let paths = paths.iter().map(|path| format!("{path}&limit={PAGE}")).collect();
        Kind { name, is_level: true, is_list: true, paths }
    };
    let by_category =
        CATEGORIES.map(|category| format!("{ENTRIES}?filter%5Bcategory%5D={category}&sort=-starts_at"));
    let by_tag = TAGS.map(|tag| format!("{ENTRIES}?filter%5Btags%5D%5Bcontains%5D={tag}&sort=-starts_at"));
    let from = ["2025-01-01", "2025-06-01", "2026-03-01"]
        .map(|day| format!("{ENTRIES}?filter%5Bstarts_at%5D%5Bgte%5D={day}T00:00:00Z&sort=starts_at"));
    // The type declares an index of this pair, and none of the next.
    let by_price = CATEGORIES.map(|category| format!("{ENTRIES}?filter%5Bcategory%5D={category}&sort=price"));
    let in_city = CITIES.map(|city| format!("{ENTRIES}?filter%5Bcity%5D={city}&sort=price"));
    let deep = |name, paths| Kind { name, is_level: true, is_list: true, paths };
    let slugs = (0..20).map(|step| format!("{ENTRIES}/{}", content::slug(1 + step * (count / 20)))).collect();
    let search = ["", "an+"].map(|words| format!("{ENTRIES}?q={words}{RARE}&limit={PAGE}"));
    let sorted = search.each_ref().map(|path| format!("{path}&sort=price"));
    Ok(vec![
        list("entries by category, newest first", &by_category),
        deep("the same, behind nine tenths", deep_pages(server, &by_category, count).await?),
        list("entries by category, cheapest first", &by_price),
        deep("the cheapest, behind nine tenths", deep_pages(server, &by_price, count).await?),
        list("entries of a city, cheapest first", &in_city),
        list("entries from a day on", &from),
        list("entries with a tag, newest first", &by_tag),
        Kind { name: "an entry by slug", is_level: true, is_list: false, paths: slugs },
        Kind { name: "entries by a word", is_level: false, is_list: false, paths: search.to_vec() },
        Kind { name: "the same, cheapest first", is_level: false, is_list: false, paths: sorted.to_vec() },
    ])
}

/// The pages behind nine tenths of what is in each category.
async fn deep_pages(server: &Server, paths: &[String], count: u64) -> Result<Vec<String>> {
    // Every fiftieth is a draft, which readers do not see.
    let entries = count * 49 / 50 / CATEGORIES.len() as u64;
    let mut deep = Vec::with_capacity(paths.len());
    for path in paths {
        deep.push(deep_page(server, path, entries * 9 / 10).await?);
    }
    Ok(deep)
}

/// The page behind this many entries, found as a reader would: from page to page.
async fn deep_page(server: &Server, path: &str, depth: u64) -> Result<String> {
    let (mut cursor, mut passed) = (String::new(), 0);
    while passed < depth {
        let step = STRIDE.min(depth - passed);
        let page = server.read_json(&format!("{path}&limit={step}{cursor}")).await?;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        passed += step;
    }
    Ok(format!("{path}&limit={PAGE}{cursor}"))
}

/// Posts, entries that are like posts, and events, whose words are searched for and whose tags are looked up, on one site
/// and in turn, since disks have moods.
async fn creation(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    std::fs::write(site.path().join("article.toml"), ARTICLE)?;
    fleuron(&site.path(), &["content-type", "enable", "event"], "")?;
    fleuron(&site.path(), &["content-type", "apply", "article", "--file", "article.toml", "--yes"], "")?;
    let server = site.open().await?;
    let (address, process) = (server.process.address, &server.process);
    let load = |source| Load::new(address, CONNECTIONS, 201, source);
    let kinds = [
        ("create a post beside entries, 16 clients", load(new_posts(&server.token))),
        ("create an entry like a post, 16 clients", load(new_articles(&server.token))),
        ("create an event, 16 clients", load(new_entries(&server.token))),
    ];
    let (mut rates, mut last) = ([0.0; 3], Vec::new());
    for _ in 0..2 {
        last.clear();
        for ((_, load), rate) in kinds.iter().zip(&mut rates) {
            let measured = load.measure(bench.time / 2, process).await?;
            *rate += measured.outcome.rate();
            last.push(measured);
        }
    }
    for ((name, _), measured) in kinds.iter().zip(&last) {
        report.load(name, measured, None);
    }
    let ratio = |rate: f64| rate / rates[0].max(f64::EPSILON);
    let words = |ratio: f64| format!("{ratio:.2} x the rate of posts");
    let like_posts = ratio(rates[1]);
    report.bar(kinds[1].0, words(like_posts), format!(">= {RATE_BAR} x"), like_posts >= RATE_BAR);
    report.bar(kinds[2].0, words(ratio(rates[2])), "-", true);
    server.process.stop().await
}

/// Requests that create published articles, each of its own, with the text of an event.
fn new_articles(token: &str) -> Source {
    let (token, next) = (token.to_owned(), AtomicU64::new(MADE));
    Arc::new(move || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let event = event(number)["fields"].take();
        let fields = serde_json::json!({
            "title": event["title"], "slug": content::slug(number), "content": event["body"],
            "category": event["category"],
        });
        post(ARTICLES, Some(&token), &serde_json::json!({ "status": "published", "fields": fields }))
    })
}

/// Requests that create published events, each of its own.
fn new_entries(token: &str) -> Source {
    let (token, next) = (token.to_owned(), AtomicU64::new(MADE));
    Arc::new(move || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let fields = event(number)["fields"].take();
        let body = serde_json::json!({ "status": "published", "fields": fields });
        post(ENTRIES, Some(&token), &body)
    })
}
