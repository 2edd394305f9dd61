//! Hooks of entries: what filters make of an entry is taken like its writer's own input, and actions get it whole.

use fleuron_plugin_host::HookPoint;
use fleuron_tests::{Actor, Answer, TestApp, TestAppBuilder, both, eventually, guests, id, manifest, text};
use serde_json::{Value, json};

use super::{log_of, status_of};

const ID: &str = "com.example.curator";
const GIGS: &str = "/api/v1/content/gig";
const TYPES: &str = "/api/v1/admin/content-types";

fn site_with(hooks: &[&str]) -> TestAppBuilder {
    TestApp::builder().plugin("curator", &manifest(ID, hooks), guests::CURATOR)
}

/// The curator works on gigs alone.
fn site() -> TestAppBuilder {
    let of_gigs = ["creating", "updating", "created", "updated", "deleted"]
        .map(|hook| format!("on-content-{hook}: content_types = [\"gig\"]"));
    site_with(&of_gigs.each_ref().map(String::as_str))
}

fn numbers() -> Vec<Value> {
    let field = |name: &str, kind: &str| json!({ "name": name, "kind": kind });
    vec![field("price", "number"), field("seats", "integer"), field("total", "number"), field("note", "text")]
}

/// Describes venues, gigs at them, and dishes.
async fn describe(app: &TestApp) {
    let administrator = app.administrator().await;
    let title = json!({ "name": "title", "kind": "text", "required": true });
    let mut of_gigs = vec![title.clone()];
    of_gigs.extend(numbers());
    of_gigs.push(json!({ "name": "venue", "kind": "relation", "to": "venue" }));
    of_gigs.push(json!({ "name": "contact", "kind": "email", "private": true }));
    let mut of_dishes = vec![title.clone()];
    of_dishes.extend(numbers());
    for (name, fields) in [("venue", vec![title]), ("gig", of_gigs), ("dish", of_dishes)] {
        let definition = json!({
            "name": name, "singular": name, "plural": format!("{name}s"), "access": { "write": "contributor" },
            "fields": fields,
        });
        administrator.post(TYPES, &definition).await.expect(201);
    }
}

async fn create(actor: &Actor, status: &str, fields: Value) -> Answer {
    actor.post(GIGS, &json!({ "status": status, "fields": fields })).await
}

fn path(entry: &Value) -> String {
    format!("{GIGS}/{}", id(entry))
}

fn number(entry: &Value, field: &str) -> Option<f64> {
    entry["fields"][field].as_f64()
}

/// How often a hook of the curator was called, and how often it failed.
fn counts(app: &TestApp, point: HookPoint) -> (u64, u64) {
    let status = status_of(app, ID).expect("it is loaded");
    let hook = status.hooks.into_iter().find(|hook| hook.point == point).expect("it listens");
    (hook.counts.calls, hook.counts.errors)
}

/// What an action was told of an entry, once it was: everything behind its name.
async fn told(app: &TestApp, hook: &str, entry: &str) -> String {
    let start = format!("{hook} gig {entry}");
    let line = || log_of(app, ID).into_iter().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    eventually(&format!("{hook} is told"), async || line()).await
}

both! {
    async fn a_computed_field_is_stored_and_seen(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let fields = json!({ "title": "Songs", "price": 12.5, "seats": 4, "total": 1 });
        let created = create(&author, "published", fields).await.expect(201).json();
        assert_eq!(number(&created, "total"), Some(50.0), "{created:#}");
        let seen = app.guest().get(&path(&created)).await.expect(200).json();
        assert_eq!((number(&seen, "total"), number(&seen, "seats")), (Some(50.0), Some(4.0)), "{seen:#}");
        let fewer = json!({ "fields": { "seats": 2 } });
        let edited = author.patch(&path(&created), &fewer).await.expect(200).json();
        assert_eq!((number(&edited, "total"), text(&edited["fields"], "title")), (Some(25.0), "Songs"));
        let seen = app.guest().get(&path(&created)).await.expect(200).json();
        assert_eq!(number(&seen, "total"), Some(25.0), "{seen:#}");
        assert_eq!(counts(&app, HookPoint::OnContentCreating), (1, 0));
        assert_eq!(counts(&app, HookPoint::OnContentUpdating), (1, 0));
    }

    async fn who_refuses_is_heard_with_its_words(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let refused = |answer: Answer| {
            let problem = answer.problem(422, "refused_by_plugin");
            assert_eq!((text(&problem, "plugin"), text(&problem, "plugin_code")), (ID, "too-dear"));
            assert_eq!(text(&problem, "detail"), "Nobody pays that much.");
        };
        refused(create(&author, "published", json!({ "title": "please-refuse" })).await);
        assert!(app.guest().get(GIGS).await.expect(200).items().is_empty());
        let created = create(&author, "published", json!({ "title": "Calm" })).await.expect(201).json();
        refused(author.patch(&path(&created), &json!({ "fields": { "title": "please-refuse" } })).await);
        let seen = app.guest().get(&path(&created)).await.expect(200).json();
        assert_eq!((text(&seen["fields"], "title"), &seen["version"]), ("Calm", &json!(1)));
        assert_eq!(counts(&app, HookPoint::OnContentCreating).1, 0, "an answer is no failure");
    }

    async fn what_no_site_may_accept_is_dropped_and_the_entry_kept(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let calm = json!({ "title": "Calm", "price": 2, "seats": 2 });
        let calm = create(&author, "published", calm).await.expect(201).json();
        assert_eq!(number(&calm, "total"), Some(4.0));
        let wrong = ["please-break", "please-invent", "please-mistype", "please-turn"];
        for title in wrong {
            let fields = json!({ "title": title, "price": 3, "seats": 2, "note": "Kept." });
            let created = create(&author, "published", fields).await.expect(201).json();
            let stored = &created["fields"];
            assert_eq!((text(stored, "title"), text(stored, "note")), (title, "Kept."));
            assert_eq!((number(&created, "price"), number(&created, "total")), (Some(3.0), None), "{created:#}");
            assert_eq!(text(&created, "type"), "gig");
        }
        assert_eq!(counts(&app, HookPoint::OnContentCreating), (5, 4), "{:#?}", log_of(&app, ID));
        for title in ["please-blank", "please-trap"] {
            let change = json!({ "fields": { "title": title, "seats": 9 } });
            let edited = author.patch(&path(&calm), &change).await.expect(200).json();
            assert_eq!(text(&edited["fields"], "title"), title);
            assert_eq!((number(&edited, "seats"), number(&edited, "total")), (Some(9.0), Some(4.0)));
        }
        assert_eq!(counts(&app, HookPoint::OnContentUpdating), (2, 2), "{:#?}", log_of(&app, ID));
    }

    async fn a_relation_to_nothing_is_refused_like_its_writers_own(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let answer = create(&author, "published", json!({ "title": "please-dangle" })).await;
        let faulty = answer.faulty_fields();
        assert!(faulty.len() == 1 && faulty[0].starts_with("fields.venue"), "{faulty:?}");
        assert!(app.guest().get(GIGS).await.expect(200).items().is_empty());
    }

    async fn it_cannot_publish_what_its_user_may_not(app: TestApp = site()) {
        describe(&app).await;
        let contributor = app.contributor().await;
        let fields = json!({ "title": "please-publish" });
        let draft = contributor.post(GIGS, &json!({ "fields": fields })).await.expect(201).json();
        assert_eq!(text(&draft, "status"), "draft");
        app.guest().get(&path(&draft)).await.expect(404);
        let edited = contributor.patch(&path(&draft), &json!({ "fields": { "note": "More." } })).await;
        let edited = edited.expect(200).json();
        assert_eq!((text(&edited, "status"), text(&edited["fields"], "note")), ("draft", "More."));
        assert!(log_of(&app, ID).iter().any(|line| line.contains("publish posts")), "the log says what was missing");
        // With a user who may, the same answer counts.
        let author = app.author().await;
        let published = author.post(GIGS, &json!({ "fields": fields })).await.expect(201).json();
        assert_eq!(text(&published, "status"), "published");
        app.guest().get(&path(&published)).await.expect(200);
    }

    async fn what_it_cannot_decide_it_does_not_and_what_it_leaves_out_is_gone(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let created = create(&author, "draft", json!({ "title": "please-pretend" })).await.expect(201).json();
        assert_ne!(id(&created), "019a0000-0000-7000-8000-00000000beef");
        assert!(!text(&created, "created_at").starts_with("1999"), "{created:#}");
        assert_eq!(created["version"], 1);
        let forgetful = json!({ "title": "please-forget", "note": "Lost.", "price": 1, "seats": 1 });
        let forgotten = create(&author, "draft", forgetful).await.expect(201).json();
        assert!(forgotten["fields"]["note"].is_null(), "{forgotten:#}");
        assert_eq!(number(&forgotten, "total"), Some(1.0));
        let held = create(&author, "published", json!({ "title": "please-hold" })).await.expect(201).json();
        assert_eq!(text(&held, "status"), "draft");
        app.guest().get(&path(&held)).await.expect(404);
    }

    async fn other_types_are_none_of_its_business(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let fields = json!({ "title": "please-refuse", "price": 2, "seats": 3 });
        let dish = json!({ "status": "published", "fields": fields });
        let dish = author.post("/api/v1/content/dish", &dish).await.expect(201).json();
        assert!(dish["fields"]["total"].is_null(), "{dish:#}");
        let change = json!({ "fields": { "price": 9 } });
        author.patch(&format!("/api/v1/content/dish/{}", id(&dish)), &change).await.expect(200);
        let event = create(&author, "published", json!({ "title": "Songs" })).await.expect(201).json();
        told(&app, "on-content-created", id(&event)).await;
        assert!(!log_of(&app, ID).iter().any(|line| line.contains("dish")), "{:#?}", log_of(&app, ID));
        assert_eq!(counts(&app, HookPoint::OnContentCreating).0, 1);
        assert_eq!(counts(&app, HookPoint::OnContentUpdating).0, 0, "nobody listens, nobody is called");
        assert_eq!(counts(&app, HookPoint::OnContentCreated).0, 1);
    }

    async fn actions_get_the_whole_entry(app: TestApp = site()) {
        describe(&app).await;
        let author = app.author().await;
        let fields = json!({ "title": "Whole", "price": 5, "seats": 2, "contact": "ada@example.com" });
        let created = create(&author, "published", fields).await.expect(201).json();
        let whole: Value = serde_json::from_str(&told(&app, "on-content-created", id(&created)).await).unwrap();
        for (member, expected) in [
            ("id", id(&created)),
            ("type", "gig"),
            ("status", "published"),
            ("created_by", &author.id()),
            ("created_at", text(&created, "created_at")),
        ] {
            assert_eq!(text(&whole, member), expected, "{member} in {whole:#}");
        }
        assert_eq!((text(&whole["fields"], "title"), number(&whole, "total")), ("Whole", Some(10.0)));
        assert_eq!(text(&whole["fields"], "contact"), "ada@example.com", "private fields, too");
        assert_eq!(whole["version"], 1);
        author.patch(&path(&created), &json!({ "fields": { "note": "Changed." } })).await.expect(200);
        let whole: Value = serde_json::from_str(&told(&app, "on-content-updated", id(&created)).await).unwrap();
        assert_eq!((text(&whole["fields"], "note"), text(&whole["fields"], "title")), ("Changed.", "Whole"));
        assert_eq!(whole["version"], 2);
        author.delete(&path(&created)).await.expect(204);
        assert_eq!(told(&app, "on-content-deleted", id(&created)).await, "");
    }
}

#[tokio::test]
async fn what_must_agree_and_fails_refuses() {
    let app = site_with(&["on-content-creating: on_error = \"abort\""]).spawn().await;
    describe(&app).await;
    let author = app.author().await;
    for title in ["please-trap", "please-break", "please-invent"] {
        let problem = create(&author, "published", json!({ "title": title })).await;
        assert_eq!(text(&problem.problem(422, "refused_by_plugin"), "plugin"), ID, "{title}");
    }
    assert!(app.guest().get(GIGS).await.expect(200).items().is_empty(), "nothing got through");
    create(&author, "published", json!({ "title": "Calm" })).await.expect(201);
    // Without a list of types it is about all of them.
    let trap = json!({ "fields": { "title": "please-trap" } });
    author.post("/api/v1/content/dish", &trap).await.problem(422, "refused_by_plugin");
}
