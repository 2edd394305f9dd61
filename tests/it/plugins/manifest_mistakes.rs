//! Every mistake that a manifest can hold: told with its key, the plugin not loaded, the site unharmed.

use std::fs;

use fleuron_tests::{TestApp, guests};

use super::{assert_no_faults, module, status_of};

const ID: &str = "com.example.mistaken";
const PLUGIN: &str = "id = \"com.example.mistaken\"\nname = \"Mistaken\"\nversion = \"1.0.0\"\n";

/// What follows a good `[plugin]` and is wrong, and the key that must be named.
const MISTAKES: &[(&str, &str)] = &[
    // The section itself.
    ("surprise = 1", "plugin.surprise"),
    ("runtime = \"python\"", "plugin.runtime"),
    ("runtime = 1", "plugin.runtime"),
    ("entry = \"../outside.wasm\"", "plugin.entry"),
    ("entry = \"/etc/passwd\"", "plugin.entry"),
    ("entry = \"\"", "plugin.entry"),
    ("entry = \"a\\u0000b\"", "plugin.entry"),
    ("entry = 5", "plugin.entry"),
    ("enabled = \"yes\"", "plugin.enabled"),
    ("isolation = \"thread\"", "plugin.isolation"),
    ("isolation = true", "plugin.isolation"),
    ("description = 1", "plugin.description"),
    ("author = []", "plugin.author"),
    ("homepage = {}", "plugin.homepage"),
    ("license = 2026-01-01", "plugin.license"),
    // Whole sections.
    ("[surprise]", "surprise"),
    ("[[permissions]]", "permissions"),
    ("[[hooks]]", "hooks"),
    ("[[settings]]", "settings"),
    ("[[events]]", "events"),
    ("[cron]\nlabel = \"x\"", "cron"),
    // Permissions.
    ("[permissions]\nfiles = true", "permissions.files"),
    ("[permissions]\ndatabase = \"own\"", "permissions.database"),
    ("[permissions]\ndatabase = [\"all\"]", "permissions.database[0]"),
    ("[permissions]\ndatabase = [\"own\", \"write:posts\"]", "permissions.database[1]"),
    ("[permissions]\ndatabase = [\"read:passwords\"]", "permissions.database[0]"),
    ("[permissions]\ndatabase = [\"read:\"]", "permissions.database[0]"),
    ("[permissions]\ndatabase = [\"OWN\"]", "permissions.database[0]"),
    ("[permissions]\ndatabase = [1]", "permissions.database[0]"),
    ("[permissions]\nhttp = \"*\"", "permissions.http"),
    ("[permissions]\nhttp = [\"*:443\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"setting:\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"setting:target\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"*\", \"setting:a\"]\n[settings.a]\ntype = \"secret\"", "permissions.http[1]"),
    ("[permissions]\nhttp = [\"\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"https://example.com\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"example.com/path\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"user@example.com\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"example.com:0\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"example.com:99999\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"example..com\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"a.*.com\"]", "permissions.http[0]"),
    ("[permissions]\nhttp = [\"example.com\", \"exa mple.com\"]", "permissions.http[1]"),
    ("[permissions]\nevents = true", "permissions.events"),
    ("[permissions]\nevents = [\"listen\"]", "permissions.events[0]"),
    ("[permissions]\nconfig = [\"a key\"]", "permissions.config[0]"),
    ("[permissions]\nmax_memory_mb = 0", "permissions.max_memory_mb"),
    ("[permissions]\nmax_memory_mb = -1", "permissions.max_memory_mb"),
    ("[permissions]\nmax_memory_mb = 100000", "permissions.max_memory_mb"),
    ("[permissions]\nmax_memory_mb = 1.5", "permissions.max_memory_mb"),
    ("[permissions]\nmax_memory_mb = \"64\"", "permissions.max_memory_mb"),
    ("[permissions]\ntimeout_ms = 0", "permissions.timeout_ms"),
    ("[permissions]\ntimeout_ms = 9000000000000000000", "permissions.timeout_ms"),
    ("[permissions]\ntimeout_ms = \"fast\"", "permissions.timeout_ms"),
    // Hooks.
    ("[hooks.on-post-exploding]", "hooks.on-post-exploding"),
    ("[hooks.on_post_creating]", "hooks.on_post_creating"),
    ("[hooks.\"\"]", "hooks."),
    ("[hooks]\non-login = true", "hooks.on-login"),
    ("[hooks.on-post-creating]\npriority = \"high\"", "hooks.on-post-creating.priority"),
    ("[hooks.on-post-creating]\npriority = 1.5", "hooks.on-post-creating.priority"),
    ("[hooks.on-post-creating]\npriority = 100000000", "hooks.on-post-creating.priority"),
    ("[hooks.on-post-creating]\nprio = 1", "hooks.on-post-creating.prio"),
    ("[hooks.on-post-creating]\non_error = \"explode\"", "hooks.on-post-creating.on_error"),
    ("[hooks.on-post-created]\non_error = \"abort\"", "hooks.on-post-created.on_error"),
    ("[hooks.on-content-creating]\ncontent_types = \"event\"", "hooks.on-content-creating.content_types"),
    (
        "[hooks.on-content-creating]\ncontent_types = [\"an event\"]",
        "hooks.on-content-creating.content_types[0]",
    ),
    ("[hooks.on-event]", "hooks.on-event"),
    // Subscriptions.
    ("[events.\"order-paid\"]", "events.\"order-paid\""),
    ("[events.\"*\"]", "events.\"*\""),
    ("[events.\"plugin.\"]", "events.\"plugin.\""),
    ("[events.\"plugin.com.Example.shop.paid\"]", "events.\"plugin.com.Example.shop.paid\""),
    ("[events.\"plugin.*.paid\"]", "events.\"plugin.*.paid\""),
    ("[events.\"plugin.com.example.shop.paid\"]\nwhy = 1", "events.plugin.com.example.shop.paid.why"),
    ("[events]\n\"plugin.com.example.shop.paid\" = true", "events.plugin.com.example.shop.paid"),
    // Jobs.
    ("[[cron]]\njob_type = \"a\"\ncron_expr = \"* * * * *\"", "cron[0].label"),
    ("[[cron]]\nlabel = \"a\"\ncron_expr = \"* * * * *\"", "cron[0].job_type"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"", "cron[0].cron_expr"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \" \"\ncron_expr = \"* * * * *\"", "cron[0].job_type"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"every day\"", "cron[0].cron_expr"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"60 * * * *\"", "cron[0].cron_expr"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"* * * *\"", "cron[0].cron_expr"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"* * * * *\"\npayload = {}", "cron[0].payload"),
    ("[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"* * * * *\"\nzone = \"UTC\"", "cron[0].zone"),
    (
        "[[cron]]\nlabel = \"a\"\njob_type = \"a\"\ncron_expr = \"* * * * *\"\n\
         [[cron]]\nlabel = \"b\"\njob_type = \"a\"\ncron_expr = \"* * * * *\"",
        "cron[1].job_type",
    ),
    // Settings.
    ("[settings.key]", "settings.key.type"),
    ("[settings.key]\ntype = \"colour\"", "settings.key.type"),
    ("[settings.\"a key\"]\ntype = \"string\"", "settings.a key"),
    ("[settings]\nkey = \"string\"", "settings.key"),
    ("[settings.key]\ntype = \"string\"\ndefault = 1", "settings.key.default"),
    ("[settings.key]\ntype = \"string\"\nhelp = \"x\"", "settings.key.help"),
    ("[settings.key]\ntype = \"secret\"\ndefault = \"hunter2\"", "settings.key.default"),
    ("[settings.key]\ntype = \"boolean\"\ndefault = \"yes\"", "settings.key.default"),
    ("[settings.key]\ntype = \"boolean\"\nrequired = \"yes\"", "settings.key.required"),
    ("[settings.key]\ntype = \"number\"\nmin = 2\nmax = 1", "settings.key.min"),
    ("[settings.key]\ntype = \"number\"\nmax = \"many\"", "settings.key.max"),
    ("[settings.key]\ntype = \"number\"\nmax = 1\ndefault = 2", "settings.key.default"),
    ("[settings.key]\ntype = \"select\"", "settings.key.options"),
    ("[settings.key]\ntype = \"select\"\noptions = []", "settings.key.options"),
    ("[settings.key]\ntype = \"select\"\noptions = [\"a\"]\ndefault = \"b\"", "settings.key.default"),
];

/// What is wrong with `[plugin]` itself: the three lines that every plugin needs, and the key.
const INTRODUCTIONS: [(&str, &str); 14] = [
    ("name = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = 5\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"plain\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"com.Example.x\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"com/../x\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"com..x\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"com.example.x\\u0000\"\nname = \"A\"\nversion = \"1.0.0\"", "plugin.id"),
    ("id = \"com.example.x\"\nversion = \"1.0.0\"", "plugin.name"),
    ("id = \"com.example.x\"\nname = \"  \"\nversion = \"1.0.0\"", "plugin.name"),
    ("id = \"com.example.x\"\nname = \"A\"", "plugin.version"),
    ("id = \"com.example.x\"\nname = \"A\"\nversion = \"one\"", "plugin.version"),
    ("id = \"com.example.x\"\nname = \"A\"\nversion = \"1.0\"", "plugin.version"),
    ("id = \"com.example.x\"\nname = \"A\"\nversion = 1", "plugin.version"),
];

/// Texts that are no manifest at all.
const NONSENSE: [&str; 10] = [
    "",
    "[plugin",
    "[plugin]\nid = ",
    "[plugin]\nid = \"a.b\"\nid = \"a.b\"",
    "[plugin]\n[plugin]",
    "{ \"plugin\": ",
    "{\"plugin\": {\"id\": 1}}",
    "{}",
    "plugin = 3",
    "\u{feff}\0",
];

/// What is wrong with the folder, in the words of the host; nothing when it has loaded.
async fn problems(app: &TestApp, manifest: &str) -> Vec<String> {
    app.install("mistaken", manifest, &module(guests::CALLER)).await;
    let faults = app.services().hooks.faults();
    let fault = faults.into_iter().find(|fault| fault.folder.ends_with("mistaken"));
    fault.map(|fault| fault.problems).unwrap_or_default()
}

#[tokio::test]
async fn each_is_told_with_its_key() {
    let app = TestApp::builder().neighbour().spawn().await;
    let manifests = MISTAKES.iter().map(|(lines, key)| (format!("[plugin]\n{PLUGIN}{lines}\n"), *key));
    let introductions = INTRODUCTIONS.iter().map(|(lines, key)| (format!("[plugin]\n{lines}\n"), *key));
    for (manifest, key) in manifests.chain(introductions) {
        let problems = problems(&app, &manifest).await;
        assert_eq!(problems.len(), 1, "{manifest}\n{problems:#?}");
        assert!(
            problems[0].contains(&format!("`{key}` ")),
            "{manifest}\n`{key}` is not named: {problems:#?}"
        );
        assert!(problems[0].contains("manifest.toml"), "{problems:#?}");
        assert!(status_of(&app, ID).is_none(), "{manifest}");
        app.guest().get("/healthz").await.expect(200);
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn nonsense_is_told_and_survived() {
    let app = TestApp::builder().neighbour().spawn().await;
    for manifest in NONSENSE {
        let problems = problems(&app, manifest).await;
        assert!(!problems.is_empty(), "{manifest:?}");
        assert!(problems.iter().all(|problem| problem.contains("manifest.toml")), "{problems:#?}");
    }
    let deep = format!("[plugin]\n{PLUGIN}description = {}1{}\n", "[".repeat(20_000), "]".repeat(20_000));
    assert!(!problems(&app, &deep).await.is_empty());
    let json = format!("{}1{}", "{\"plugin\":".repeat(20_000), "}".repeat(20_000));
    assert!(!problems(&app, &json).await.is_empty());
    let many: String = (0..5000).map(|number| format!("key-{number} = 1\n")).collect();
    assert_eq!(problems(&app, &format!("[plugin]\n{PLUGIN}{many}")).await.len(), 5000);
    let file = app.extensions().join("plugins/mistaken/manifest.toml");
    fs::write(&file, b"[plugin]\nid = \"\xff\xfe\"\n").unwrap();
    app.services().plugins.rescan().await;
    assert!(!app.services().hooks.faults().is_empty(), "not UTF-8");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    app.services().plugins.rescan().await;
    assert!(!app.services().hooks.faults().is_empty(), "a folder");
    fs::remove_dir(&file).unwrap();
    app.assert_unharmed().await;
    assert!(problems(&app, &format!("[plugin]\n{PLUGIN}")).await.is_empty(), "the mended one loads");
    assert_no_faults(&app);
    assert!(status_of(&app, ID).is_some());
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_mistake_leaves_the_running_version() {
    let app = TestApp::builder().neighbour().spawn().await;
    let good = format!("[plugin]\n{PLUGIN}[hooks.on-post-creating]\n");
    assert!(problems(&app, &good).await.is_empty());
    for (lines, _) in MISTAKES.iter().step_by(10) {
        assert!(!problems(&app, &format!("{good}{lines}\n")).await.is_empty(), "{lines}");
        assert_eq!(status_of(&app, ID).map(|plugin| plugin.hooks.len()), Some(1), "{lines}");
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn faults_of_migrations_are_told_with_their_file() {
    let app = TestApp::builder().neighbour().spawn().await;
    let folder = app.extensions().join("plugins/mistaken/migrations");
    fs::create_dir_all(&folder).unwrap();
    let good = format!("[plugin]\n{PLUGIN}[permissions]\ndatabase = [\"own\"]\n");
    let first = ("0001_good.sql", &b"CREATE TABLE good (id INTEGER);"[..]);
    fs::write(folder.join(first.0), first.1).unwrap();
    let faulty: [(&str, &[u8]); 10] = [
        ("0002_faulty.sql", b"CREATE TABEL x (id);"),
        ("0002_faulty.sql", b"CREATE TABLE x (id); CREATE TABLE x (id);"),
        ("0002_faulty.sql", b"PRAGMA user_version = 3;"),
        ("0002_faulty.sql", b"ATTACH ':memory:' AS x;"),
        ("0002_faulty.sql", b"CREATE TABLE fleuron_x (id);"),
        ("0002_faulty.sql", b"COMMIT; CREATE TABLE x (id);"),
        ("0002_faulty.sql", b"DROP TABLE fleuron_migrations;"),
        ("0002_faulty.sql", b"CREATE TABLE x (id)\xff"),
        ("0002 faulty.sql", b"CREATE TABLE x (id);"),
        ("0002_faulty.txt", b"CREATE TABLE x (id);"),
    ];
    for (number, (name, sql)) in faulty.into_iter().enumerate() {
        fs::write(folder.join(name), sql).unwrap();
        // A manifest that differs has the folder looked at anew.
        let problems = problems(&app, &format!("{good}timeout_ms = {}\n", 1000 + number)).await;
        assert!(problems.iter().any(|problem| problem.contains(name)), "{name}: {problems:#?}");
        assert!(status_of(&app, ID).is_none(), "{name}");
        fs::remove_file(folder.join(name)).unwrap();
    }
    assert!(problems(&app, &good).await.is_empty(), "{:#?}", app.services().hooks.faults());
    // What was applied is not to be changed.
    fs::write(folder.join(first.0), b"CREATE TABLE better (id INTEGER);").unwrap();
    let changed = problems(&app, &format!("{good}timeout_ms = 900\n")).await;
    assert!(changed.iter().any(|problem| problem.contains(first.0)), "{changed:#?}");
    assert!(status_of(&app, ID).is_some(), "the running version goes on");
    app.assert_unharmed().await;
}
