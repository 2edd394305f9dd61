//! Packages uploaded to a running site: how long a small one takes until it is live, what a large one does to readers
//! while it compiles, and how soon it is there again after a restart.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use fleuron_tests::{guests, packages};
use serde_json::Value;

use crate::client::{Connection, Request, get};
use crate::load::Load;
use crate::report::{Report, amount, kilobytes, mebibytes};
use crate::site::{Server, Site, text};
use crate::{Bench, CONNECTIONS, Result};

/// Connections of the open loop: enough that a request that is due finds one free.
const READERS: usize = 64;
/// Versions of the small plugin.
const SMALL: u16 = 10;
/// Functions of the large plugin, where none is named: several seconds of work for the compiler.
const FUNCTIONS: usize = 40_000;

const LIVE: Duration = Duration::from_secs(2);
const CACHED: Duration = Duration::from_millis(100);

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let server = site.open().await?;
    small(&server, report).await?;
    let pages = server.publish_pages(20 * 1024).await?;
    let requests: Vec<Request> = pages.iter().map(|slug| get(&format!("/{slug}"))).collect();
    let closed = Load::reading(server.process.address, CONNECTIONS, requests.clone());
    let capacity = closed.measure(bench.time, &server.process).await?.outcome.rate();
    let open = Load::reading(server.process.address, READERS, requests).paced(capacity / 5.0);
    let quiet = open.during(bench.time).await?;

    let package = large(bench.package.as_deref())?;
    let size = u64::try_from(package.len())?;
    let uploader = Uploader::of(&server);
    let (noisy, taken) = open.until(uploader.install(package)).await?;
    let (id, took) = taken?;
    let (before, during) = (quiet.percentile(99), noisy.percentile(99));
    let bar = (before * 3).max(before + Duration::from_millis(10));
    let failures = quiet.failures + noisy.failures;
    if let Some(failure) = quiet.first_failure.or(noisy.first_failure) {
        report.failure("readers beside a large upload", failures, &failure);
    }
    report.bar(
        "readers beside a large upload",
        format!(
            "p99 {} (quiet {}), {} live after {}, {failures} failures",
            amount(during),
            amount(before),
            mebibytes(size),
            amount(took)
        ),
        format!("<= {}, none", amount(bar)),
        during <= bar && failures == 0,
    );
    server.process.stop().await?;
    again(&site, &id, report).await
}

/// From the first byte of the upload to the answer that says that it runs, consent included.
async fn small(server: &Server, report: &mut Report) -> Result<()> {
    let uploader = Uploader::of(server);
    let mut times = Vec::new();
    let mut size = 0;
    for version in 1..=SMALL {
        let package = packages::package(
            &packages::stamper_manifest(version, &format!("http = [\"v{version}.example.com\"]")),
            &packages::stamper_module(version),
            &[],
        );
        size = usize::try_from(fs::metadata(guests::STAMPER)?.len())?;
        times.push(uploader.install(package).await?.1);
    }
    times.sort();
    let slowest = *times.last().ok_or("nothing was uploaded")?;
    let median = times[times.len() / 2];
    let measured =
        format!("{} of code: median {}, slowest {}", kilobytes(size), amount(median), amount(slowest));
    report.bar("a Rust plugin, upload to live", measured, format!("<= {}", amount(LIVE)), slowest <= LIVE);
    Ok(())
}

/// Starts the site anew and sees when the plugin runs.
async fn again(site: &Site, id: &str, report: &mut Report) -> Result<()> {
    let server = site.open().await?;
    let path = format!("/api/v1/admin/plugins/{id}");
    let uploader = Uploader::of(&server);
    let begun = Instant::now();
    while uploader.read(&path).await?["state"] != "active" {
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(format!("{id} does not run after a restart").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = Instant::now();
    let reloaded = uploader.send("POST", &format!("{path}/reload"), &[], "application/json").await?;
    let took = asked.elapsed();
    if reloaded["state"] != "active" {
        return Err(format!("{id} does not run after a reload").into());
    }
    let measured = format!("{} from request to answer", amount(took));
    report.bar(
        "the large plugin, loaded from the cache",
        measured,
        format!("<= {}", amount(CACHED)),
        took <= CACHED,
    );
    server.process.stop().await
}

/// What an administrator does.
struct Uploader {
    address: SocketAddr,
    token: String,
}

impl Uploader {
    fn of(server: &Server) -> Self {
        Self { address: server.process.address, token: server.token.clone() }
    }

    /// Uploads a package, agrees to what it asks for, and answers its id and how long that took.
    async fn install(&self, package: Vec<u8>) -> Result<(String, Duration)> {
        let begun = Instant::now();
        let mut plugin = self.send("POST", "/api/v1/admin/plugins", &package, "application/zip").await?;
        let id = text(&plugin, "id")?;
        if let Some(hash) = plugin["consent"]["hash"].as_str() {
            let path = format!("/api/v1/admin/plugins/{id}/consent");
            let body = serde_json::json!({ "hash": hash }).to_string();
            plugin = self.send("POST", &path, body.as_bytes(), "application/json").await?;
        }
        match plugin["state"].as_str() {
            Some("active") => Ok((id, begun.elapsed())),
            state => Err(format!("{id} is {state:?}").into()),
        }
    }

    async fn read(&self, path: &str) -> Result<Value> {
        self.send("GET", path, &[], "application/json").await
    }

    async fn send(&self, method: &str, path: &str, body: &[u8], kind: &str) -> Result<Value> {
        let (token, length) = (&self.token, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        let said = String::from_utf8_lossy(answer.body).into_owned();
        if answer.status >= 300 {
            return Err(format!("{method} {path}: status {}: {said}", answer.status).into());
        }
        Ok(serde_json::from_str(&said)?)
    }
}

/// The package that was named, or else one made of many functions.
fn large(package: Option<&Path>) -> Result<Vec<u8>> {
    if let Some(package) = package {
        return fs::read(package).map_err(|error| format!("{}: {error}", package.display()).into());
    }
    let function = |number: usize| {
        format!(
            "(func (param i32 i32) (result i32) (local i32) (local.set 2 (i32.mul (local.get 0) (i32.const {number}))) \
             (i32.xor (i32.add (local.get 2) (local.get 1)) (i32.rotl (local.get 0) (i32.const {}))))",
            number % 31
        )
    };
    let functions: String = (0..FUNCTIONS).map(function).collect();
    let module = wat::parse_str(format!("(component (core module {functions}))"))?;
    let manifest = "[plugin]\nid = \"com.example.large\"\nname = \"Large\"\nversion = \"1.0.0\"\n";
    Ok(packages::package(manifest, &module, &[]))
}
