//! A fresh site for a scenario: its folder, its administrator, its server, and what is in it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Connection, Request, get, post};
use crate::content::{SHORT, markdown, new_post};
use crate::process::{self, FLEURON, Process};
use crate::{Bench, Result};

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a long enough password for a benchmark";

/// A site's folder. It goes with the value.
pub(crate) struct Site {
    folder: TempDir,
    workers: usize,
}

impl Site {
    /// Makes a site with an administrator and nothing else.
    pub(crate) fn create(bench: &Bench) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("http-bench-").tempdir_in(&bench.folder)?;
        fs::create_dir_all(folder.path().join("extensions/plugins"))?;
        let words = ["user", "create", "--email", EMAIL, "--username", "bench", "--role", "administrator"];
        process::fleuron(folder.path(), &words, PASSWORD)?;
        Ok(Self { folder, workers: bench.workers })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Starts its server, which need not answer yet.
    pub(crate) fn start(&self) -> Result<Process> {
        Process::start(FLEURON, self.folder.path(), |address| {
            let workers = self.workers.to_string();
            ["--listen".to_owned(), address.to_string(), "--workers".to_owned(), workers].to_vec()
        })
    }

    /// Starts its server, waits for it and signs in.
    pub(crate) async fn open(&self) -> Result<Server> {
        let mut process = self.start()?;
        process.ready("/").await?;
        let login = post("/api/v1/auth/login", None, &json!({ "email": EMAIL, "password": PASSWORD }));
        let answer = ask(process.address, &login, 200).await?;
        let token = text(&answer, "access_token")?;
        Ok(Server { process, token })
    }
}

/// A running site with its administrator signed in.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// The administrator's access token, good for ten minutes.
    pub(crate) token: String,
}

impl Server {
    /// The body of a page or an answer.
    pub(crate) async fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut connection = Connection::open(self.process.address).await?;
        let answer = connection.exchange(&get(path)).await?;
        match answer.status {
            200 => Ok(answer.body.to_vec()),
            status => Err(format!("GET {path}: status {status}").into()),
        }
    }

    /// An answer of the API.
    pub(crate) async fn read_json(&self, path: &str) -> Result<Value> {
        ask(self.process.address, &get(path), 200).await
    }

    /// Publishes a post and answers it as the API does.
    pub(crate) async fn publish(&self, title: &str, content: &str) -> Result<Value> {
        let request = post("/api/v1/posts", Some(&self.token), &new_post(title, content));
        ask(self.process.address, &request, 201).await
    }

    /// Publishes a post and answers its slug.
    pub(crate) async fn publish_slug(&self, title: &str, content: &str) -> Result<String> {
        text(&self.publish(title, content).await?, "slug")
    }

    /// Publishes ten posts whose pages have about this many bytes and answers their slugs.
    pub(crate) async fn publish_pages(&self, bytes: usize) -> Result<Vec<String>> {
        // What the theme adds shows on a first page; the rest grows with the text.
        let probe = bytes / 2;
        let slug = self.publish_slug("A page to measure", &markdown(probe)).await?;
        let page = self.read(&format!("/{slug}")).await?.len();
        let content = markdown(probe.saturating_add(bytes).saturating_sub(page).max(SHORT));
        let mut slugs = Vec::new();
        for number in 1..=10 {
            slugs.push(self.publish_slug(&format!("A long page, number {number}"), &content).await?);
        }
        Ok(slugs)
    }

    /// Publishes thirty short posts, which are the newest then, and answers their slugs.
    pub(crate) async fn publish_short_posts(&self) -> Result<Vec<String>> {
        let content = markdown(SHORT);
        let mut slugs = Vec::new();
        for number in 1..=30 {
            slugs.push(self.publish_slug(&format!("A short post, number {number}"), &content).await?);
        }
        Ok(slugs)
    }
}

/// Asks on a connection of its own: one that idled through a measurement would be closed by now.
async fn ask(address: SocketAddr, request: &Request, status: u16) -> Result<Value> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(request).await?;
    if answer.status != status {
        let body = String::from_utf8_lossy(answer.body);
        return Err(format!("expected status {status}, got {}: {body}", answer.status).into());
    }
    Ok(serde_json::from_slice(answer.body)?)
}

/// A text of an answer.
pub(crate) fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer[field].as_str().ok_or_else(|| format!("the answer has no {field}: {answer}"))?;
    Ok(text.to_owned())
}
