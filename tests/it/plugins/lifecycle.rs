//! The life of a plugin that comes in a package, from upload to removal, through the admin API.

use std::fs;

use fleuron_tests::packages::{STAMPER_ID, package, stamper, stamper_manifest, stamper_module};
use fleuron_tests::{
    Actor, Program, TestApp, both, caller, eventually, guests, manifest, post, text, write_plugin,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{module, status_of};
use crate::PROGRAM;

const PATH: &str = "/api/v1/admin/plugins/com.example.stamper";

/// What the stamper, as it runs, made of a new post.
async fn stamp(author: &Actor) -> Option<String> {
    let content = text(&post("A post").create(author).await, "content").to_owned();
    content.rsplit_once("stamp:").map(|(_, stamp)| stamp.to_owned())
}

async fn details(administrator: &Actor) -> Value {
    administrator.get(PATH).await.expect(200).json()
}

/// What was done to the stamper, oldest first.
async fn trail(administrator: &Actor) -> Vec<String> {
    let path = format!("/api/v1/admin/audit?subject={STAMPER_ID}&limit=100");
    let mut entries = administrator.get(&path).await.expect(200).items();
    entries.reverse();
    entries.iter().map(|entry| text(entry, "action").trim_start_matches("plugin.").to_owned()).collect()
}

both! {
    async fn a_life(app: TestApp) {
        let administrator = app.administrator().await;
        let author = app.author().await;
        // Looked through and agreed to before it runs.
        let uploaded = administrator.upload(stamper(1, ""), "").await.expect(201);
        assert_eq!(uploaded.must_have("location"), PATH);
        let uploaded = uploaded.json();
        assert_eq!((text(&uploaded, "state"), text(&uploaded, "origin")), ("awaiting_consent", "uploaded"));
        assert_eq!(uploaded["waits_for_consent"], true);
        let consent = &uploaded["consent"];
        assert_eq!(consent["added"], consent["asks"], "all of it is new");
        assert!(text(&consent["asks"][0], "sentence").ends_with('.'), "{consent:#}");
        assert_eq!(stamp(&author).await, None);
        administrator.plugin_step(STAMPER_ID, "enable").await.problem(409, "consent_required");
        let wrong = json!({ "hash": "0".repeat(64) });
        administrator.post(&format!("{PATH}/consent"), &wrong).await.problem(409, "consent_mismatch");
        assert_eq!(stamp(&author).await, None);
        let running = administrator.consent(STAMPER_ID).await.expect(200).json();
        assert_eq!((text(&running, "state"), &running["consent"]), ("active", &Value::Null));
        assert_eq!(stamp(&author).await.as_deref(), Some("v001"));
        administrator.consent(STAMPER_ID).await.problem(409, "not_possible");

        // The same once more is nothing new; one that asks for nothing new is in force at once.
        administrator.upload(stamper(1, ""), "").await.expect(200);
        administrator.upload(stamper(2, ""), "").await.expect(201);
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"));

        // One that asks for more waits, and the one before runs on.
        let waits = administrator.upload(stamper(3, "http = [\"api.example.com\"]"), "").await.expect(201).json();
        assert_eq!((text(&waits, "state"), &waits["waits_for_consent"]), ("active", &json!(true)));
        let added = waits["consent"]["added"].as_array().unwrap();
        assert!(added.len() == 1 && text(&added[0], "sentence").contains("api.example.com"), "{added:#?}");
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"));
        administrator.consent(STAMPER_ID).await.expect(200);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));
        let now = details(&administrator).await;
        assert_eq!(now["packages"]["active"]["version"], "0.3.0");
        assert_eq!(now["packages"]["previous"]["version"], "0.2.0");

        // Back, and forth.
        administrator.plugin_step(STAMPER_ID, "rollback").await.expect(200);
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"));
        administrator.plugin_step(STAMPER_ID, "rollback").await.expect(200);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));

        // Off and on, also over a restart.
        administrator.plugin_step(STAMPER_ID, "disable").await.expect(200);
        assert_eq!(stamp(&author).await, None);
        let app = app.restart().await;
        let (administrator, author) = (app.administrator().await, app.author().await);
        assert_eq!(text(&details(&administrator).await, "state"), "disabled");
        administrator.plugin_step(STAMPER_ID, "enable").await.expect(200);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));
        let app = app.restart().await;
        let (administrator, author) = (app.administrator().await, app.author().await);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));

        // Gone.
        administrator.delete(&format!("{PATH}?data=delete")).await.expect(204);
        assert_eq!(stamp(&author).await, None);
        administrator.get(PATH).await.problem(404, "not_found");
        let trail = trail(&administrator).await;
        let expected = [
            "uploaded", "consented", "activated", "uploaded", "activated", "uploaded", "consented", "activated",
            "rolled_back", "activated", "rolled_back", "activated", "disabled", "enabled", "uninstalling",
            "uninstalled",
        ];
        assert_eq!(trail, expected);
        let packages = fs::read_dir(app.data().join("packages")).unwrap().count();
        assert_eq!(packages, 0, "nothing is left in the store");
    }

    async fn consent_is_for_these_bytes_and_these_asks_alone(app: TestApp) {
        let administrator = app.administrator().await;
        let author = app.author().await;
        let first = administrator.upload(stamper(1, ""), "").await.expect(201).json();
        let stale = json!({ "hash": first["consent"]["hash"] });
        // Other bytes take its place before anybody agreed.
        administrator.upload(stamper(2, "http = [\"*\"]"), "").await.expect(201);
        administrator.post(&format!("{PATH}/consent"), &stale).await.problem(409, "consent_mismatch");
        assert_eq!(stamp(&author).await, None);
        administrator.consent(STAMPER_ID).await.expect(200);
        administrator.post(&format!("{PATH}/consent"), &stale).await.problem(409, "not_possible");
        // Less needs no consent, and more again does: what was given up is not kept in hand.
        administrator.upload(stamper(3, ""), "").await.expect(201);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));
        let more = administrator.upload(stamper(4, "http = [\"*\"]"), "").await.expect(201).json();
        assert_eq!(more["waits_for_consent"], true);
        assert_eq!(stamp(&author).await.as_deref(), Some("v003"));
        // A package that was changed in the store does not run, whatever was agreed to.
        let active = text(&details(&administrator).await["packages"]["active"], "sha256").to_owned();
        fs::write(app.data().join("packages").join(active), stamper(9, "database = [\"read:drafts\"]")).unwrap();
        let app = app.restart().await;
        assert_eq!(stamp(&app.author().await).await, None);
        let faulty = details(&app.administrator().await).await;
        assert_eq!(text(&faulty, "state"), "faulty");
        assert!(faulty["problems"][0].as_str().unwrap().contains("not what was uploaded"), "{faulty:#}");
    }

    async fn a_version_that_does_not_start_changes_nothing(app: TestApp) {
        let administrator = app.administrator().await;
        let author = app.author().await;
        administrator.install(stamper(1, "database = [\"own\"]")).await;
        let manifest = stamper_manifest(2, "database = [\"own\"]");
        // Its migrations run on an empty database, and fail where the first version's tables are.
        let tables = [("0001_a.sql", "CREATE TABLE a (b TEXT)")];
        administrator.upload(package(&manifest, &stamper_module(2), &tables), "").await.expect(201);
        let manifest = stamper_manifest(3, "database = [\"own\"]");
        let others = [("0001_a.sql", "CREATE TABLE a (c TEXT)")];
        let stuck = administrator.upload(package(&manifest, &stamper_module(3), &others), "").await.expect(201).json();
        assert_eq!(stuck["packages"]["pending"]["version"], "0.3.0");
        assert!(stuck["problems"][0].as_str().unwrap().contains("0001_a.sql"), "{:#}", stuck["problems"]);
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"));
        let app = app.restart().await;
        let (administrator, author) = (app.administrator().await, app.author().await);
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"), "the version before runs after a restart, too");
        // Off and on, it is not put in force unseen.
        let off = administrator.plugin_step(STAMPER_ID, "disable").await.expect(200).json();
        assert_eq!(off["packages"]["active"]["version"], "0.2.0");
        administrator.plugin_step(STAMPER_ID, "enable").await.problem(422, "validation_failed");
        assert_eq!(details(&administrator).await["packages"]["active"]["version"], "0.2.0");
        assert_eq!(stamp(&author).await.as_deref(), Some("v002"));
        // What comes next takes its place.
        let manifest = stamper_manifest(4, "database = [\"own\"]");
        administrator.upload(package(&manifest, &stamper_module(4), &tables), "").await.expect(201);
        assert_eq!(stamp(&author).await.as_deref(), Some("v004"));
        assert_eq!(details(&administrator).await["problems"], json!([]));
    }
}

#[tokio::test]
async fn what_a_plugin_kept_stays_or_goes() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let manifest = manifest("com.example.caller", &["on-post-created"]);
    let manifest =
        format!("{manifest}\n[permissions]\ndatabase = [\"own\"]\n[settings.key]\ntype = \"secret\"\n");
    let tables = [("0001_notes.sql", "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')")];
    let package = package(&manifest, &module(guests::RECORDER), &tables);
    let path = "/api/v1/admin/plugins/com.example.caller";
    let (database, files) = (
        app.data().join("plugins/com.example.caller/plugin.sqlite"),
        app.data().join("plugin-files/com.example.caller"),
    );
    let is_set = async || {
        let plugin = administrator.get(path).await.expect(200).json();
        plugin["settings"][0]["is_set"].as_bool().unwrap()
    };
    for (round, data) in ["keep", "delete", "delete"].into_iter().enumerate() {
        administrator.install(package.clone()).await;
        assert!(database.is_file());
        if round == 0 {
            assert!(!is_set().await);
            let secret = json!({ "values": { "key": "s3cret" } });
            let request =
                administrator.request(reqwest::Method::PUT, &format!("{path}/settings")).json(&secret);
            administrator.send(request).await.expect(200);
            post("A post").create(&administrator).await;
            eventually("its file is written", async || files.is_dir().then_some(())).await;
        } else if round == 1 {
            assert!(is_set().await && files.is_dir(), "kept for the next time");
        } else {
            assert!(!is_set().await && !files.exists(), "gone with the last time");
        }
        administrator.delete(&format!("{path}?data={data}")).await.expect(204);
        administrator.get(path).await.problem(404, "not_found");
        assert_eq!(database.exists(), data != "delete");
    }
}

#[tokio::test]
async fn ids_belong_to_who_had_them_first() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let bundled = manifest("org.fleuron.reading-time", &["on-post-creating"]);
    let taken = administrator.upload(package(&bundled, &stamper_module(1), &[]), "").await;
    assert!(text(&taken.problem(409, "plugin_id_taken"), "detail").contains("comes with the server"));
    app.install("mine", &stamper_manifest(7, ""), &stamper_module(7)).await;
    administrator.upload(stamper(1, ""), "").await.problem(409, "plugin_id_taken");
    administrator.delete(PATH).await.problem(409, "not_possible");
    fs::remove_dir_all(app.extensions().join("plugins/mine")).unwrap();
    app.services().plugins.rescan().await;
    administrator.install(stamper(1, "")).await;
    // And the other way round.
    app.install("mine", &stamper_manifest(7, ""), &stamper_module(7)).await;
    assert_eq!(status_of(&app, STAMPER_ID).unwrap().version.to_string(), "0.1.0");
    let problems = details(&administrator).await["problems"].to_string();
    assert!(problems.contains("mine") && problems.contains("uninstall"), "{problems}");
    // It can be managed all the same.
    administrator.plugin_step(STAMPER_ID, "disable").await.expect(200);
    assert_eq!(text(&details(&administrator).await, "origin"), "uploaded");
    administrator.upload(stamper(2, ""), "").await.expect(201);
    administrator.plugin_step(STAMPER_ID, "enable").await.expect(200);
    assert_eq!(stamp(&administrator).await.as_deref(), Some("v002"));
    administrator.delete(PATH).await.expect(204);
    eventually("the folder has the id now", async || {
        let found = status_of(&app, STAMPER_ID)?;
        (found.version.to_string() == "0.7.0").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_version_stands_for_the_same_bytes_for_ever() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    administrator.install(stamper(2, "")).await;
    let other = package(&stamper_manifest(2, ""), &stamper_module(9), &[]);
    administrator.upload(other.clone(), "").await.problem(409, "version_reused");
    let older = administrator.upload(stamper(1, ""), "").await.problem(422, "validation_failed");
    assert!(older["errors"][0]["message"].as_str().unwrap().contains("older than 0.2.0"), "{older:#}");
    administrator.delete(&format!("{PATH}?data=delete")).await.expect(204);
    administrator.upload(other, "").await.problem(409, "version_reused");
    administrator.install(stamper(2, "")).await;
    assert_eq!(stamp(&administrator).await.as_deref(), Some("v002"));
}

#[tokio::test]
async fn a_dry_run_takes_nothing() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let seen = administrator.upload(stamper(1, "http = [\"*\"]"), "?dry_run=true").await.expect(200).json();
    assert_eq!((text(&seen, "id"), text(&seen["consent"], "version")), (STAMPER_ID, "0.1.0"));
    assert!(!seen["consent"]["added"].as_array().unwrap().is_empty());
    administrator.get(PATH).await.problem(404, "not_found");
    assert_eq!(fs::read_dir(app.data().join("packages")).unwrap().count(), 0);
    administrator.upload(b"PK nonsense".to_vec(), "?dry_run=true").await.problem(422, "validation_failed");
}

both! {
    async fn of_two_administrators_one_is_told(app: TestApp) {
        let administrators = join_all((0..8).map(|_| app.administrator())).await;
        let uploads = administrators.iter().map(|one| one.upload(stamper(1, ""), ""));
        let statuses: Vec<u16> = join_all(uploads).await.into_iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
        let consents = administrators.iter().map(|one| one.consent(STAMPER_ID));
        let statuses: Vec<u16> = join_all(consents).await.into_iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(stamp(&administrators[0]).await.as_deref(), Some("v001"));
        // Everybody wants something else at once; whatever wins, it is one of them and the site says so.
        for round in 0..4_u16 {
            let steps = administrators.iter().enumerate().map(|(number, one)| async move {
                let version = 2 + round * 8 + u16::try_from(number).unwrap();
                match number % 4 {
                    0 => one.upload(stamper(version, ""), "").await,
                    1 => one.plugin_step(STAMPER_ID, "rollback").await,
                    2 => one.plugin_step(STAMPER_ID, "disable").await,
                    _ => one.plugin_step(STAMPER_ID, "enable").await,
                }
            });
            for answer in join_all(steps).await {
                assert!(answer.status < 500, "{}: {}", answer.request, answer.text());
            }
            administrators[0].plugin_step(STAMPER_ID, "enable").await.expect(200);
            let now = details(&administrators[0]).await;
            let minor: u16 = text(&now["packages"]["active"], "version").split('.').nth(1).unwrap().parse().unwrap();
            assert_eq!(stamp(&administrators[0]).await, Some(format!("v{minor:03}")));
        }
    }
}

#[tokio::test]
async fn plugins_of_all_origins_are_switched() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let id = "org.fleuron.reading-time";
    let off = administrator.plugin_step(id, "disable").await.expect(200).json();
    assert_eq!(text(&off, "state"), "disabled");
    assert!(status_of(&app, id).is_none());
    let app = app.restart().await;
    assert!(status_of(&app, id).is_none());
    let administrator = app.administrator().await;
    assert_eq!(text(&administrator.plugin_step(id, "enable").await.expect(200).json(), "state"), "active");
    // One that its own manifest leaves off.
    let manifest = stamper_manifest(1, "").replacen("name = ", "enabled = false\nname = ", 1);
    write_plugin(app.extensions(), "off", &manifest, &stamper_module(1));
    app.services().plugins.rescan().await;
    assert_eq!(stamp(&administrator).await, None);
    administrator.plugin_step(STAMPER_ID, "enable").await.expect(200);
    assert_eq!(stamp(&administrator).await.as_deref(), Some("v001"));
    administrator.plugin_step("com.example.nobody", "enable").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_log_can_be_followed() {
    let app = TestApp::spawn().await;
    let id = "com.example.follower";
    let caller = caller(id).install(&app).await;
    let administrator = app.administrator().await;
    let path = format!("/api/v1/admin/plugins/{id}/logs");
    let request = administrator.request(reqwest::Method::GET, &path).header("accept", "text/event-stream");
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    caller.call(json!(["log", "info", "the first line"])).await;
    let mut seen = String::new();
    while !seen.contains("the first line") {
        seen.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let number: u64 = seen.rsplit_once("id: ").unwrap().1.split('\n').next().unwrap().parse().unwrap();
    drop(response);
    caller.call(json!(["log", "info", "the second line"])).await;
    let later = administrator.get(&format!("{path}?after={number}")).await.expect(200).items();
    assert!(later.iter().all(|line| line["number"].as_u64() > Some(number)), "{later:#?}");
    assert_eq!(text(later.last().unwrap(), "text"), "the second line");
}

#[tokio::test]
async fn the_command_line_manages_a_site_in_its_folder_and_from_afar() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let words =
        ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
    program.run(&words, "a quite long password\n").await.succeeded();
    let write = |name: &str, package: Vec<u8>| fs::write(folder.path().join(name), package).unwrap();
    write("one.zip", stamper(1, ""));
    write("two.zip", stamper(2, "http = [\"api.example.com\"]"));
    let said = program.run(&["plugin", "inspect", "two.zip"], "").await.succeeded().stdout;
    assert!(said.contains("0.2.0") && said.contains("api.example.com"), "{said}");

    // In the folder, beside a server that notices.
    let serving = program.serve().await;
    let ada = serving.sign_in("ada", "a quite long password").await;
    let waits = program.run(&["plugin", "install", "one.zip"], "").await.failed();
    assert!(waits.stderr.contains("--yes") && waits.stderr.contains("plugin consent"), "{}", waits.stderr);
    assert_eq!(stamp(&ada).await, None);
    program.run(&["plugin", "consent", STAMPER_ID, "--yes"], "").await.succeeded();
    eventually("the server notices", async || (stamp(&ada).await.as_deref() == Some("v001")).then_some(()))
        .await;

    // From afar.
    let token = ada.account().access_token.clone();
    let afar = program.clone().with("FLEURON_SERVER", &serving.url).with("FLEURON_TOKEN", &token);
    afar.run(&["plugin", "upgrade", "two.zip"], "").await.failed();
    assert_eq!(stamp(&ada).await.as_deref(), Some("v001"));
    let upgraded = afar.run(&["plugin", "upgrade", "two.zip", "--yes"], "").await.succeeded().stdout;
    assert!(upgraded.contains("0.2.0") && upgraded.contains("active"), "{upgraded}");
    assert_eq!(stamp(&ada).await.as_deref(), Some("v002"));
    let shown = afar.run(&["plugin", "show", STAMPER_ID], "").await.succeeded().stdout;
    assert!(shown.contains("before") && shown.contains("0.1.0"), "{shown}");
    afar.run(&["plugin", "rollback", STAMPER_ID], "").await.succeeded();
    assert_eq!(stamp(&ada).await.as_deref(), Some("v001"));
    afar.run(&["plugin", "disable", STAMPER_ID], "").await.succeeded();
    assert_eq!(stamp(&ada).await, None);
    afar.run(&["plugin", "enable", STAMPER_ID], "").await.succeeded();
    let set = ["plugin", "settings", "org.fleuron.reading-time", "label={minutes} minutes to read"];
    let settings = afar.run(&set, "").await.succeeded().stdout;
    assert!(settings.contains("minutes to read"), "{settings}");
    let listed = afar.run(&["plugin", "list"], "").await.succeeded().stdout;
    assert!(listed.contains(STAMPER_ID) && listed.contains("uploaded"), "{listed}");
    afar.run(&["plugin", "logs", STAMPER_ID], "").await.succeeded();
    let refused = afar.run(&["plugin", "uninstall", STAMPER_ID, "--delete-data"], "").await.failed();
    assert!(refused.stderr.contains("nothing was removed"), "{}", refused.stderr);
    afar.run(&["plugin", "uninstall", STAMPER_ID, "--delete-data", "--yes"], "").await.succeeded();
    assert_eq!(stamp(&ada).await, None);
    let nobody =
        program.clone().with("FLEURON_SERVER", &serving.url).run(&["plugin", "list"], "").await.failed();
    assert!(nobody.stderr.contains("--token"), "{}", nobody.stderr);
}

#[tokio::test]
async fn what_another_process_removes_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let words =
        ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
    program.run(&words, "a quite long password\n").await.succeeded();
    let manifest = manifest("com.example.recorder", &["on-post-created"]);
    let manifest = format!("{manifest}\n[permissions]\ndatabase = [\"own\"]\n");
    fs::write(folder.path().join("it.zip"), package(&manifest, &module(guests::RECORDER), &[])).unwrap();
    let serving = program.serve().await;
    let ada = serving.sign_in("ada", "a quite long password").await;
    let files = folder.path().join("data/plugin-files/com.example.recorder");
    for _ in 0..3 {
        program.run(&["plugin", "install", "it.zip", "--yes"], "").await.succeeded();
        post("A post").create(&ada).await;
        eventually("the server has it run", async || {
            post("Another").create(&ada).await;
            files.is_dir().then_some(())
        })
        .await;
        let uninstall = ["plugin", "uninstall", "com.example.recorder", "--delete-data", "--yes"];
        let (removed, _) = tokio::join!(program.run(&uninstall, ""), async {
            for _ in 0..40 {
                post("Busy").create(&ada).await;
            }
        });
        removed.succeeded();
        eventually("the server has noticed", async || {
            let path = "/api/v1/admin/plugins/com.example.recorder";
            (ada.get(path).await.status == 404 && !files.exists()).then_some(())
        })
        .await;
        assert!(!folder.path().join("data/plugins/com.example.recorder").exists());
    }
}

#[tokio::test]
async fn what_a_folder_keeps_under_an_id_that_was_removed_stays() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let id = "com.example.recorder";
    let text = format!("{}\n[permissions]\ndatabase = [\"own\"]\n", manifest(id, &["on-post-created"]));
    administrator.install(package(&text, &module(guests::RECORDER), &[])).await;
    administrator.delete(&format!("/api/v1/admin/plugins/{id}?data=delete")).await.expect(204);
    app.install("mine", &text, &module(guests::RECORDER)).await;
    post("A post").create(&administrator).await;
    let file = app.data().join("plugin-files").join(id).join("record/on-post-created.log");
    eventually("its file is written", async || file.is_file().then_some(())).await;
    // Off while the server starts, it runs nowhere, and what it kept is its own all the same.
    administrator.plugin_step(id, "disable").await.expect(200);
    let app = app.restart().await;
    let administrator = app.administrator().await;
    // Whatever follows what was installed has looked by the time that another step was taken.
    administrator.install(stamper(1, "")).await;
    administrator.plugin_step(STAMPER_ID, "disable").await.expect(200);
    app.within(|services| async move { services.plugins.rescan().await }).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(file.is_file());
}
