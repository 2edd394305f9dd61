//! The API against what schemathesis makes up from the OpenAPI document, fitting and unfitting: the server never fails,
//! and every answer is one that the document describes.
//!
//! How it is done stands in `tests/fuzz`, with what is left out and why. Where schemathesis is missing, the tests say so
//! and pass; with `FLEURON_TEST_FUZZ=required` they fail. Nothing is sent to other machines.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use fleuron_tests::packages::{STAMPER_ID, package, stamper, stamper_manifest, stamper_module};
use fleuron_tests::{Actor, PASSWORD, PostgresDatabase, Program, Serving, page, post, text};
use serde_json::{Value, json};

use crate::PROGRAM;

const CONFIGURATION: &str = include_str!("../fuzz/schemathesis.toml");
const HOOKS: &str = include_str!("../fuzz/hooks.py");
/// Things of each kind on the site, several because removing them is tried, too.
const OF_EACH: usize = 8;
/// Content types whose change and removal are tried, as `schemathesis.toml` names them.
const SPARE_TYPES: usize = 4;
/// Everything that the fuzzer does; the coverage of every rule of every schema takes longest.
const ALL: &str = "examples,coverage,fuzzing,stateful";
/// Where all webhooks are sent. Whoever might listen there is on this machine.
const RECEIVER: &str = "127.0.0.1:9";
/// A plugin that is not among those whose removal is tried, so that it can be rolled back.
const KEPT_ID: &str = "com.example.kept";

/// Where the program is.
fn schemathesis() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("schemathesis")).find(|file| file.is_file());
    if found.is_none() {
        let skipped = "SKIPPED: the API is not fuzzed. `pip install schemathesis`, and have it on the PATH";
        assert_ne!(env::var("FLEURON_TEST_FUZZ").as_deref(), Ok("required"), "{skipped}");
        // Past the capture of the test's output, which is shown only where tests fail.
        writeln!(stderr(), "{skipped}").unwrap();
    }
    found
}

/// A running site with something of each kind, and the folder from which it is fuzzed.
struct Target {
    site: Serving,
    administrator: Actor,
    fuzzer: Program,
    _folder: tempfile::TempDir,
}

impl Target {
    /// Starts it, on SQLite or where `DATABASE_URL` says.
    async fn start(schemathesis: &Path, database: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [of_site, of_fuzzer] = ["site", "fuzzer"].map(|name| folder.path().join(name));
        fs::create_dir(&of_site).unwrap();
        fs::create_dir(&of_fuzzer).unwrap();
        // Plugins may be switched on by what is made up, so none of them may send anything.
        let mut program = Program::new(PROGRAM, &of_site)
            .with("PLUGIN_HTTP_REQUESTS", "0")
            .with("FLEURON_EGRESS_ALLOW", RECEIVER);
        if let Some(database) = database {
            program = program.with("DATABASE_URL", database);
        }
        let words = "user create --email ada@example.com --username ada --role administrator";
        let words: Vec<&str> = words.split(' ').collect();
        program.run(&words, &format!("{PASSWORD}\n")).await.succeeded();
        let site = program.serve().await;
        let administrator = site.sign_in("ada", PASSWORD).await;
        let users = Box::pin(fill(&site, &administrator, &of_fuzzer)).await;
        fs::write(of_fuzzer.join("schemathesis.toml"), CONFIGURATION).unwrap();
        fs::write(of_fuzzer.join("hooks.py"), HOOKS).unwrap();
        let fuzzer = Program::new(schemathesis.to_str().unwrap(), &of_fuzzer)
            .with("PYTHONPATH", of_fuzzer.to_str().unwrap())
            .with("NO_PROXY", "127.0.0.1")
            .with("no_proxy", "127.0.0.1")
            .with("FUZZ_WEBHOOK", &format!("http://{RECEIVER}/hook"))
            .with("FUZZ_OWN_ID", &administrator.id())
            .with("FUZZ_OTHER_ID", &users[0]);
        Self { site, administrator, fuzzer, _folder: folder }
    }

    /// Makes requests up in these phases, about as many for each operation as are given, as the administrator or as
    /// nobody.
    async fn fuzz(&self, as_administrator: bool, phases: &str, examples: u16) {
        let document = format!("{}/api/openapi.json", self.site.url);
        let examples = examples.to_string();
        let bearer = format!("Authorization: Bearer {}", self.administrator.account().access_token);
        let mut words = vec!["run", &document, "--no-color", "--phases", phases, "--max-examples", &examples];
        if as_administrator {
            words.extend(["--header", &bearer]);
        }
        self.fuzzer.run(&words, "").await.succeeded();
    }

    /// That the fuzz was one until its end: it could not sign itself out, kept what it asks for, and sent nothing
    /// elsewhere.
    async fn check(&self) {
        self.administrator.get("/api/v1/auth/me").await.expect(200);
        for name in ["gig", "venue"] {
            let path = format!("/api/v1/content/{name}");
            let entries = self.site.guest().get(&path).await.expect(200).items();
            assert!(!entries.is_empty(), "there are no entries of `{name}` left");
        }
        let webhooks = self.administrator.get("/api/v1/admin/webhooks?limit=100").await.expect(200).items();
        for webhook in webhooks {
            assert!(text(&webhook, "url").starts_with(&format!("http://{RECEIVER}/")), "{webhook:#}");
        }
        let said = self.site.running.said();
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// Makes something of each kind and writes the ids into lists, for requests that shall find what they ask for. Answers
/// the users.
async fn fill(site: &Serving, administrator: &Actor, folder: &Path) -> Vec<String> {
    let users = make(administrator, "/api/v1/admin/users", |number| {
        let name = format!("user-{number}");
        let role = ["author", "editor", "administrator"][number % 3];
        json!({ "email": format!("{name}@example.com"), "username": name, "display_name": name, "role": role,
            "password": PASSWORD })
    })
    .await;
    // Before what they are told of.
    let webhooks = make(
        administrator,
        "/api/v1/admin/webhooks",
        |_| json!({ "url": format!("http://{RECEIVER}/hook"), "events": ["*"] }),
    )
    .await;
    let named = |number: usize| json!({ "name": format!("Name {number}") });
    let categories = make(administrator, "/api/v1/categories", named).await;
    let tags = make(administrator, "/api/v1/tags", named).await;
    let posts = make(administrator, "/api/v1/posts", |number| {
        let written = post(&format!("Post {number}")).published();
        written.category(&categories[number]).tags(&[tags[number].as_str()]).body()
    })
    .await;
    let pages =
        make(administrator, "/api/v1/pages", |number| page(&format!("Page {number}")).published().body())
            .await;
    let comments = make(
        administrator,
        &format!("/api/v1/posts/{}/comments", posts[0]),
        |number| json!({ "content": format!("Comment {number}") }),
    )
    .await;
    let (entries, venues) = describe(administrator, &posts[0], &users[0]).await;
    for (name, ids) in [
        ("entries", &entries),
        ("venues", &venues),
        ("users", &users),
        ("webhooks", &webhooks),
        ("categories", &categories),
        ("tags", &tags),
        ("posts", &posts),
        ("pages", &pages),
        ("comments", &comments),
    ] {
        write_list(folder, name, ids);
    }
    fill_operations(site, administrator, folder).await;
    users
}

/// Describes two content types, one with every kind of field, and makes entries of both, whose ids it answers. More
/// types are there to be changed and removed.
async fn describe(administrator: &Actor, post: &str, user: &str) -> (Vec<String>, Vec<String>) {
    let types = "/api/v1/admin/content-types";
    let mut venue = json!({ "name": "venue", "singular": "Venue", "plural": "Venues",
        "fields": [{ "name": "name", "kind": "text", "required": true }] });
    administrator.post(types, &venue).await.expect(201);
    for number in 1..=SPARE_TYPES {
        venue["name"] = json!(format!("spare_{number}"));
        administrator.post(types, &venue).await.expect(201);
    }
    let gig = json!({ "name": "gig", "singular": "Gig", "plural": "Gigs", "drafts": false, "permalink": "/gigs/{slug}",
        "default_sort": "-day", "indexes": [["colour", "price"]], "fields": [
        { "name": "title", "kind": "text", "required": true, "max": 80, "filterable": true, "sortable": true, "searchable": true },
        { "name": "slug", "kind": "slug", "from": "title", "filterable": true },
        { "name": "body", "kind": "markdown", "searchable": true },
        { "name": "price", "kind": "number", "min": 0, "filterable": true, "sortable": true },
        { "name": "seats", "kind": "integer", "max": 1000, "default": 10, "filterable": true, "sortable": true },
        { "name": "open", "kind": "boolean", "filterable": true, "sortable": true },
        { "name": "day", "kind": "date", "filterable": true, "sortable": true },
        { "name": "starts_at", "kind": "datetime", "filterable": true, "sortable": true },
        { "name": "colour", "kind": "select", "options": ["red", "green"], "filterable": true, "sortable": true },
        { "name": "sizes", "kind": "select", "options": ["s", "m"], "many": true, "filterable": true },
        { "name": "email", "kind": "email", "private": true, "filterable": true },
        { "name": "website", "kind": "url", "filterable": true },
        { "name": "code", "kind": "text", "pattern": "[A-Z]{2}[0-9]{2}", "unique": true },
        { "name": "extra", "kind": "json" },
        { "name": "venue", "kind": "relation", "to": "venue", "filterable": true },
        { "name": "posts", "kind": "relation", "to": "post", "many": true, "filterable": true },
        { "name": "host", "kind": "relation", "to": "user", "on_delete": "restrict" },
        { "name": "steps", "kind": "group", "max": 5, "fields": [{ "name": "name", "kind": "text", "required": true }] },
    ] });
    administrator.post(types, &gig).await.expect(201);
    let name =
        |number: usize| json!({ "status": "published", "fields": { "name": format!("Venue {number}") } });
    let venues = make(administrator, "/api/v1/content/venue", name).await;
    let gig = |number: usize| {
        json!({ "fields": {
            "title": format!("Gig {number}"), "price": 1.5, "open": true, "day": "2026-02-03", "colour": "red",
            "sizes": ["s"], "venue": venues[number], "posts": [post], "host": user, "steps": [{ "name": "Begin" }],
        } })
    };
    let gigs = make(administrator, "/api/v1/content/gig", gig).await;
    // In no list: the removal of each of the others is tried.
    administrator.post("/api/v1/content/venue", &name(OF_EACH)).await.expect(201);
    administrator.post("/api/v1/content/gig", &gig(0)).await.expect(201);
    (gigs, venues)
}

/// What an operator sees: plugins, jobs and their runs, sessions, events and their deliveries.
async fn fill_operations(site: &Serving, administrator: &Actor, folder: &Path) {
    write_list(folder, "consents", &[install_plugins(administrator, folder).await]);
    let plugins = administrator.get("/api/v1/admin/plugins").await.expect(200).items();
    write_list(folder, "plugins", &all(&plugins, "id"));
    let jobs = administrator.get("/api/v1/admin/cron/jobs").await.expect(200).items();
    write_list(folder, "owners", &all(&jobs, "owner"));
    write_list(folder, "jobs", &all(&jobs, "job_type"));
    for job in &jobs {
        let path = format!("/api/v1/admin/cron/jobs/{}/{}/run", text(job, "owner"), text(job, "job_type"));
        let answer = administrator.post(&path, &json!({})).await;
        assert!(matches!(answer.status, 202 | 409), "it runs, or did so already: {}", answer.text());
    }
    for (name, path) in [("runs", "cron/runs"), ("events", "events"), ("deliveries", "deliveries")] {
        let items = administrator.get(&format!("/api/v1/admin/{path}")).await.expect(200).items();
        write_list(folder, name, &all(&items, "id"));
    }
    let mut sessions = Vec::new();
    for _ in 0..OF_EACH / 2 {
        let session = site.guest().login("user-0", PASSWORD).await.expect(200).json();
        sessions.push(text(&session, "refresh_token").to_owned());
    }
    write_list(folder, "refresh_tokens", &sessions);
}

/// Installs two plugins and upgrades each of them, and puts a package beside that asks for more. Answers what stands for
/// consent to that.
async fn install_plugins(administrator: &Actor, folder: &Path) -> String {
    for id in [STAMPER_ID, KEPT_ID] {
        for version in [1, 2] {
            let manifest = stamper_manifest(version, "").replace(STAMPER_ID, id);
            let package = package(&manifest, &stamper_module(version), &[]);
            let plugin = administrator.upload(package, "").await.expect(201).json();
            if plugin["waits_for_consent"] == true {
                administrator.consent(id).await.expect(200);
            }
        }
    }
    let package = stamper(3, "events = [\"emit\"]");
    fs::write(folder.join("package.zip"), &package).unwrap();
    let inspection = administrator.upload(package, "?dry_run=true").await.expect(200).json();
    text(&inspection["consent"], "hash").to_owned()
}

/// Makes some of a kind and answers their ids.
async fn make(administrator: &Actor, path: &str, body: impl Fn(usize) -> Value) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..OF_EACH {
        made.push(administrator.post(path, &body(number)).await.expect(201).json());
    }
    all(&made, "id")
}

/// All different texts of a field.
fn all(items: &[Value], field: &str) -> Vec<String> {
    let texts: BTreeSet<&str> = items.iter().filter_map(|item| item[field].as_str()).collect();
    texts.into_iter().map(str::to_owned).collect()
}

/// As `schemathesis.toml` reads it: a text in quotes on each line.
fn write_list(folder: &Path, name: &str, values: &[String]) {
    assert!(!values.is_empty(), "there are no {name}");
    let lines: String = values.iter().map(|value| format!("\"{value}\"\n")).collect();
    fs::write(folder.join(format!("{name}.dict")), lines).unwrap();
}

#[tokio::test]
async fn the_api_answers_as_it_is_described() {
    let Some(schemathesis) = schemathesis() else { return };
    let target = Box::pin(Target::start(&schemathesis, None)).await;
    // First who may least, since the administrator removes things.
    target.fuzz(false, "fuzzing", 3).await;
    target.fuzz(true, ALL, 8).await;
    target.check().await;
}

#[tokio::test]
async fn the_api_answers_as_it_is_described_on_postgres() {
    let Some(schemathesis) = schemathesis() else { return };
    if let Some(database) = PostgresDatabase::create().await {
        let target = Box::pin(Target::start(&schemathesis, Some(&database.url()))).await;
        target.fuzz(true, "examples,fuzzing", 5).await;
        target.check().await;
    }
}
