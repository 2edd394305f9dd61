//! `fleuron content-type` and `fleuron content`, beside a running server.

use std::collections::BTreeMap;
use std::fs;

use fleuron_tests::{Finished, Program, TestApp, content, eventually, id, text};
use serde_json::{Value, json};

use crate::PROGRAM;

/// As many shows are there.
const SHOWS: usize = 500;

/// A type as it is made.
const FIRST: &str = r#"
singular = "Show"
plural = "Shows"
default_sort = "-day"

[[fields]]
name = "title"
kind = "text"
required = true
sortable = true

[[fields]]
name = "slug"
kind = "slug"
from = "title"

[[fields]]
name = "price"
kind = "text"

[[fields]]
name = "venue"
kind = "text"
searchable = true

[[fields]]
name = "day"
kind = "date"
filterable = true
sortable = true
"#;

/// The same with another name for a field, a new one that is required, one that holds something else, one gone.
const SECOND: &str = r#"
singular = "Show"
plural = "Shows"
default_sort = "-day"

[[fields]]
name = "headline"
was = "title"
kind = "text"
required = true
sortable = true

[[fields]]
name = "slug"
kind = "slug"
from = "headline"

[[fields]]
name = "price"
kind = "number"
filterable = true
sortable = true

[[fields]]
name = "day"
kind = "date"
filterable = true
sortable = true

[[fields]]
name = "language"
kind = "text"
required = true
default = "en"
"#;

/// What is gone comes back.
const THIRD: &str = r#"
[[fields]]
name = "venue"
kind = "text"
searchable = true
"#;

fn program(app: &TestApp) -> Program {
    Program::new(PROGRAM, &app.scratch())
        .with("FLEURON_DATA", app.data().to_str().unwrap())
        .with("FLEURON_EXTENSIONS", app.extensions().to_str().unwrap())
        .with("FLEURON_BASE_URL", &app.url())
}

async fn run(app: &TestApp, command: &str) -> Finished {
    let words: Vec<&str> = command.split(' ').collect();
    program(app).run(&words, "").await
}

fn write(app: &TestApp, name: &str, text: &str) {
    fs::write(app.scratch().join(name), text).unwrap();
}

/// One show in ten has a price that is no number, one in fifty is a draft.
fn shows() -> String {
    let show = |number: usize| {
        let price = if number.is_multiple_of(10) { "free".to_owned() } else { format!("{}.5", number % 30) };
        let status = if number.is_multiple_of(50) { "draft" } else { "published" };
        let fields = json!({
            "title": format!("Show {number}"), "slug": format!("show-{number}"), "price": price,
            "venue": format!("Hall {}", number % 7),
            "day": format!("2026-{:02}-{:02}", 1 + number % 12, 1 + number % 28),
        });
        let id = uuid::Uuid::from_u128(number as u128);
        format!("{}\n", json!({ "id": id, "type": "show", "status": status, "fields": fields }))
    };
    (1..=SHOWS).map(show).collect()
}

/// What an export says of each entry, but for what an import cannot keep.
fn entries(lines: &str) -> BTreeMap<String, Value> {
    let bare = |line: &str| {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        for member in ["version", "updated_by"] {
            entry.as_object_mut().unwrap().remove(member);
        }
        (id(&entry).to_owned(), entry)
    };
    lines.lines().map(bare).collect()
}

#[track_caller]
fn says(finished: &Finished, parts: &[&str]) {
    for part in parts {
        assert!(finished.stdout.contains(part), "`{part}` in\n{}\n{}", finished.stdout, finished.stderr);
    }
}

#[tokio::test]
async fn files_are_checked_without_a_site() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    fs::write(folder.path().join("show.toml"), FIRST).unwrap();
    fs::write(folder.path().join("wrong.toml"), "singular = 5\n[[fields]]\nname = \"a\"\nkind = \"txt\"\n")
        .unwrap();
    fs::write(folder.path().join("broken.toml"), "singular = \"S\"\n= 5\n").unwrap();
    let fine = program.run(&["content-type", "check", "show.toml"], "").await.succeeded();
    says(&fine, &["show.toml is fine."]);
    let wrong =
        program.run(&["content-type", "check", "show.toml", "wrong.toml", "broken.toml"], "").await.failed();
    says(&wrong, &["show.toml is fine.", "singular", "plural", "fields[0]", "broken.toml", "Line 2"]);
    let here: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(here.len(), 3, "checking makes nothing: {here:?}");
}

#[tokio::test]
async fn types_are_listed_shown_and_switched() {
    let app = TestApp::spawn().await;
    let guest = app.guest();
    says(&run(&app, "content-type list").await.succeeded(), &["event", "recipe", "available"]);
    guest.get("/api/v1/content/event").await.problem(404, "not_found");
    says(&run(&app, "content-type enable event").await.succeeded(), &["/api/v1/content/event"]);
    eventually("the running server serves it", async || {
        (guest.get("/api/v1/content/event").await.status == 200).then_some(())
    })
    .await;
    let shown = run(&app, "content-type show event").await.succeeded();
    says(
        &shown,
        &["event is served (comes with the server)", "starts_at", "datetime", "sortable", "0 entries"],
    );
    let definition: Value =
        serde_json::from_str(&run(&app, "content-type show event --json").await.succeeded().stdout).unwrap();
    let printed = run(&app, "content-type show event --json").await.succeeded();
    assert!(!printed.stderr.contains("plugin loaded"), "{}", printed.stderr);
    write(&app, "printed.json", &printed.stdout);
    says(&run(&app, "content-type check printed.json").await.succeeded(), &["printed.json is fine."]);
    let slip = run(&app, "content-type enable evnt").await.failed();
    assert!(slip.stderr.contains("there are: event, recipe"), "{}", slip.stderr);
    assert_eq!(text(&definition, "name"), "event");
    run(&app, "content-type disable event").await.succeeded();
    eventually("the running server serves it no longer", async || {
        (guest.get("/api/v1/content/event").await.status == 404).then_some(())
    })
    .await;
    says(&run(&app, "content-type list").await.succeeded(), &["disabled"]);
    let unknown = run(&app, "content-type show nothing").await.failed();
    assert!(unknown.stderr.contains("no such content type"), "{}", unknown.stderr);
    let unknown = run(&app, "content export nothing").await.failed();
    assert!(unknown.stderr.contains("there are: event"), "{}", unknown.stderr);
}

#[tokio::test]
async fn a_type_changes_with_its_entries() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let read = async |slug: &str| {
        let answer = administrator.get(&format!("/api/v1/content/show/{slug}")).await;
        answer.expect(200).json()["fields"].clone()
    };
    write(&app, "first.toml", FIRST);
    write(&app, "second.toml", SECOND);
    write(&app, "third.toml", &format!("{SECOND}{THIRD}"));
    write(&app, "shows.jsonl", &shows());
    assert!(run(&app, "content-type diff show").await.failed().stderr.contains("content-type enable"));
    says(
        &run(&app, "content-type apply show --file first.toml").await.succeeded(),
        &["Made the content type `show`"],
    );
    let imported = run(&app, "content import show shows.jsonl").await.succeeded();
    says(&imported, &["Read 500 lines: 500 created, 0 updated, 0 unchanged, 0 failed."]);
    says(&run(&app, "content-type diff show --file first.toml").await.succeeded(), &["nothing changes"]);
    write(&app, "show.json", &run(&app, "content-type show show --json").await.succeeded().stdout);
    says(&run(&app, "content-type diff show --file show.json").await.succeeded(), &["nothing changes"]);
    says(
        &run(&app, "content-type apply show --file show.json --yes").await.succeeded(),
        &["nothing changes"],
    );

    let command = "fleuron content-type apply show --file second.toml --fill price=null";
    let diff = run(&app, "content-type diff show --file second.toml").await.failed();
    says(
        &diff,
        &["500 entries", "headline", "language", "50 entries would have no valid value of `price`", "free"],
    );
    says(&diff, &["`venue` of 500 entries", command]);
    let refused = run(&app, "content-type apply show --file second.toml --yes").await.failed();
    says(&refused, &[command]);
    let unasked = run(&app, "content-type apply show --file second.toml --fill price=null").await.failed();
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(read("show-10").await["title"], "Show 10", "nothing was changed");

    let applied =
        run(&app, "content-type apply show --file second.toml --fill price=null --yes").await.succeeded();
    says(&applied, &["Applied: `show` is at version 2 now."]);
    eventually("the running server has it", async || {
        (read("show-11").await["headline"] == "Show 11").then_some(())
    })
    .await;
    let day = json!("2026-12-12");
    assert_eq!(
        read("show-11").await,
        json!({ "headline": "Show 11", "slug": "show-11", "price": 11.5, "day": day, "language": "en" })
    );
    assert_eq!(
        read("show-10").await,
        json!({ "headline": "Show 10", "slug": "show-10", "price": null, "day": "2026-11-11", "language": "en" })
    );
    let costly =
        administrator.get("/api/v1/content/show?filter%5Bprice%5D%5Bgte%5D=29&sort=-price&limit=100").await;
    assert!(costly.expect(200).items().iter().all(|show| show["fields"]["price"] == 29.5));
    says(&run(&app, "content-type show show").await.succeeded(), &["whose values are kept", "venue"]);

    let back = run(&app, "content-type apply show --file third.toml --yes").await.succeeded();
    says(&back, &["venue", "version 3"]);
    eventually("the field is there again", async || {
        (read("show-11").await["venue"] == "Hall 4").then_some(())
    })
    .await;
    let found = administrator.get("/api/v1/content/show?q=hall&limit=100").await.expect(200).items();
    assert_eq!(found.len(), 100, "what comes back is found by its words");

    run(&app, "content export show --output before.jsonl").await.succeeded();
    let before = fs::read_to_string(app.scratch().join("before.jsonl")).unwrap();
    assert_eq!(before.lines().count(), SHOWS);
    assert!(run(&app, "content-type remove show --yes").await.failed().stderr.contains("--delete-entries"));
    run(&app, "content-type remove show --delete-entries --yes").await.succeeded();
    run(&app, "content-type apply show --file third.toml").await.succeeded();
    says(&run(&app, "content import show before.jsonl").await.succeeded(), &["500 created"]);
    let after = run(&app, "content export show").await.succeeded().stdout;
    assert_eq!(entries(&after), entries(&before));
    says(&run(&app, "content import show before.jsonl").await.succeeded(), &["500 unchanged"]);
}

#[tokio::test]
async fn what_is_kept_is_purged() {
    let app = TestApp::spawn().await;
    write(&app, "first.toml", FIRST);
    let without = FIRST.replace("[[fields]]\nname = \"venue\"\nkind = \"text\"\nsearchable = true\n", "");
    write(&app, "without.toml", &without);
    run(&app, "content-type apply show --file first.toml").await.succeeded();
    let lines: Vec<String> = shows().lines().take(20).map(|line| format!("{line}\n")).collect();
    says(
        &program(&app).run(&["content", "import", "show", "-"], &lines.concat()).await.succeeded(),
        &["20 created"],
    );
    says(&run(&app, "content-type purge show --yes").await.succeeded(), &["No values of removed fields"]);
    run(&app, "content-type apply show --file without.toml --yes").await.succeeded();
    let unknown = run(&app, "content-type purge show title --yes").await.failed();
    assert!(unknown.stderr.contains("title"), "{}", unknown.stderr);
    says(&run(&app, "content-type purge show venue --yes").await.succeeded(), &["20 entries"]);
    run(&app, "content-type apply show --file first.toml --yes").await.succeeded();
    let export = run(&app, "content export show").await.succeeded().stdout;
    assert!(!export.contains("Hall"), "what was purged does not come back: {export}");
}

#[tokio::test]
async fn lines_that_are_wrong_end_the_import_with_status_1() {
    let app = TestApp::spawn().await;
    write(&app, "first.toml", FIRST);
    run(&app, "content-type apply show --file first.toml").await.succeeded();
    let lines = "{\"fields\":{\"title\":\"Fine\"}}\n{\"fields\":{\"title\":5,\"day\":\"soon\"}}\nnonsense\n";
    let tried = program(&app).run(&["content", "import", "show", "-", "--dry-run"], lines).await.failed();
    says(&tried, &["1 right, 2 wrong", "Nothing was written", "line 2: fields.title", "line 2: fields.day"]);
    let imported = program(&app).run(&["content", "import", "show", "-"], lines).await.failed();
    says(
        &imported,
        &["Read 3 lines: 1 created, 0 updated, 0 unchanged, 2 failed.", "line 3: Not JSON from column"],
    );
    assert!(imported.stderr.contains("2 lines could not be imported"), "{}", imported.stderr);
    assert!(run(&app, "content import show missing.jsonl").await.failed().stderr.contains("missing.jsonl"));
}

#[tokio::test]
async fn made_events_fit_the_example_type() {
    let app = TestApp::spawn().await;
    let mut lines = Vec::new();
    content::write_events(300, &mut lines).unwrap();
    write(&app, "events.jsonl", &String::from_utf8(lines).unwrap());
    run(&app, "content-type enable event").await.succeeded();
    says(&run(&app, "content import event events.jsonl").await.succeeded(), &["300 created"]);
    let before = run(&app, "content export event").await.succeeded().stdout;
    run(&app, "content-type remove event --delete-entries --yes").await.succeeded();
    run(&app, "content-type enable event").await.succeeded();
    write(&app, "before.jsonl", &before);
    says(&run(&app, "content import event before.jsonl").await.succeeded(), &["300 created"]);
    assert_eq!(entries(&run(&app, "content export event").await.succeeded().stdout), entries(&before));
}
