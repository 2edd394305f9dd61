//! The real program: its first start, its stops, and what other processes do beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use fleuron_tests::{Actor, Program, Running, eventually, guests, id, manifest, post, text, write_plugin};
use serde_json::json;

use crate::PROGRAM;

const PASSWORD: &str = "a quite long password";
/// Longer than any request takes that nothing holds up.
const A_WHILE: Duration = Duration::from_millis(400);

/// Creates an administrator by the command line.
async fn create_user(program: &Program, username: &str) {
    let email = format!("{username}@example.com");
    let words = ["user", "create", "--email", &email, "--username", username, "--role", "administrator"];
    let finished = program.run(&words, &format!("{PASSWORD}\n")).await.succeeded();
    assert!(finished.stdout.contains(username), "{}", finished.stdout);
    assert!(!finished.stdout.contains(PASSWORD) && !finished.stderr.contains(PASSWORD));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_first_start_makes_a_site() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let mut serving = program.serve().await;
    let link = serving.setup_link().await;
    let guest = serving.guest();
    let path = link.strip_prefix(&serving.url).unwrap();
    guest.get(path).await.expect(200);
    for path in ["/", "/welcome-to-fleuron", "/about", "/healthz"] {
        guest.get(path).await.expect(200);
    }
    let data = folder.path().join("data");
    assert!(data.join("fleuron.sqlite").is_file());
    let keys: Vec<_> = fs::read_dir(data.join("keys")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!(mode(&key), 0o600, "{}", key.display());
        let secret = fs::read_to_string(&key).unwrap();
        assert!(!serving.running.said().contains(secret.trim()), "the key is not logged");
    }
    assert_eq!(mode(&data.join("keys")), 0o700);
    create_user(&program, "ada").await;
    guest.get(path).await.expect(404);
    serving.running.terminate();
    assert!(serving.running.ended().await.success());
    let again = program.serve().await;
    again.sign_in("ada", PASSWORD).await;
    again.guest().get("/welcome-to-fleuron").await.expect(200);
    assert!(
        !again.running.said().contains("/setup?token="),
        "there is an administrator: {}",
        again.running.said()
    );
}

#[tokio::test]
async fn wrong_settings_stop_the_start_and_are_all_named() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        ("FLEURON_LISTEN", "nowhere"),
        ("FLEURON_BASE_URL", "ftp://example.com"),
        ("FLEURON_TRUSTED_PROXIES", "localhost"),
        ("FLEURON_WORKERS", "none"),
        ("DATABASE_URL", "mysql://localhost/site"),
        ("PLUGIN_WASM_POOL_SIZE", "0"),
    ];
    let program = wrong
        .iter()
        .fold(Program::new(PROGRAM, folder.path()), |program, (name, value)| program.with(name, value));
    let failed = program.run(&[], "").await.failed();
    for (name, _) in wrong {
        assert_eq!(failed.stderr.matches(name).count(), 1, "{name} in {}", failed.stderr);
    }
    let program = Program::new(PROGRAM, folder.path());
    fs::write(folder.path().join("fleuron.toml"), "listen = 1\nsurprise = true\n").unwrap();
    let failed = program.run(&[], "").await.failed();
    assert!(failed.stderr.contains("fleuron.toml"), "{}", failed.stderr);
    fs::remove_file(folder.path().join("fleuron.toml")).unwrap();
    let failed = program.clone().with("FLEURON_CONFIG", "missing.toml").run(&[], "").await.failed();
    assert!(failed.stderr.contains("missing.toml"), "{}", failed.stderr);
    let failed = program.clone().with("FLEURON_THEME", "nowhere").run(&[], "").await.failed();
    assert!(failed.stderr.contains("nowhere"), "{}", failed.stderr);
    assert!(!folder.path().join("data").exists(), "nothing was begun");
    let serving = program.serve().await;
    let taken = serving.url.strip_prefix("http://").unwrap();
    let failed = program.clone().with("FLEURON_LISTEN", taken).run(&[], "").await.failed();
    assert!(failed.stderr.contains("FLEURON_LISTEN") && failed.stderr.contains(taken), "{}", failed.stderr);
}

#[tokio::test]
async fn settings_come_from_flags_before_environment_before_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("fleuron.toml"),
        "data = \"from-file\"\nbase_url = \"https://file.example\"\n",
    )
    .unwrap();
    let program = Program::new(PROGRAM, folder.path());
    program.run(&["migrate"], "").await.succeeded();
    assert!(folder.path().join("from-file/fleuron.sqlite").is_file());
    let environment = program.with("FLEURON_DATA", "from-environment");
    environment.run(&["migrate"], "").await.succeeded();
    assert!(folder.path().join("from-environment/fleuron.sqlite").is_file());
    environment.run(&["migrate", "--data", "from-flag"], "").await.succeeded();
    assert!(folder.path().join("from-flag/fleuron.sqlite").is_file());
    let serving = environment.serve().await;
    assert!(serving.setup_link().await.starts_with("https://file.example/setup?token="));
}

#[tokio::test]
async fn a_stop_lets_requests_finish() {
    lets_requests_finish(Running::terminate).await;
}

#[tokio::test]
async fn an_interrupt_lets_requests_finish() {
    lets_requests_finish(Running::interrupt).await;
}

async fn lets_requests_finish(stop: fn(&Running)) {
    let folder = tempfile::tempdir().unwrap();
    let slow =
        format!("{}\n[permissions]\ntimeout_ms = 2500\n", manifest("com.example.hostile", &["filter-html"]));
    write_plugin(&folder.path().join("extensions"), "hostile", &slow, &fs::read(guests::HOSTILE).unwrap());
    let program = Program::new(PROGRAM, folder.path());
    create_user(&program, "ada").await;
    let mut serving = program.serve().await;
    let author = serving.sign_in("ada", PASSWORD).await;
    post("Slow").content("please-loop").published().create(&author).await;
    let guest = serving.guest();
    let mut slow = std::pin::pin!(guest.get("/slow"));
    let early = tokio::time::timeout(A_WHILE, &mut slow).await;
    assert!(early.is_err(), "the plugin holds the page up: {early:?}");
    stop(&serving.running);
    let page = slow.await.expect(200);
    assert!(page.text().contains("please-loop"));
    assert!(serving.running.ended().await.success());
    let late = serving.guest();
    assert!(late.try_send(late.request(reqwest::Method::GET, "/")).await.is_err());
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    create_user(&program, "ada").await;
    let mut serving = program.serve().await;
    let author = serving.sign_in("ada", PASSWORD).await;
    let acknowledged = std::sync::Mutex::new(Vec::new());
    let clients = futures_util::future::join_all((0..8).map(|client| {
        let (author, acknowledged) = (&author, &acknowledged);
        async move {
            for number in 0.. {
                let request = author.request(reqwest::Method::POST, "/api/v1/posts");
                let body = post(&format!("Client {client}, post {number}")).published().body();
                match author.try_send(request.json(&body)).await {
                    Ok(answer) if answer.status == 201 => {
                        acknowledged.lock().unwrap().push(id(&answer.json()).to_owned());
                    }
                    _ => return,
                }
            }
        }
    }));
    let enough =
        eventually("posts come in", async || (acknowledged.lock().unwrap().len() >= 60).then_some(()));
    tokio::select! {
        () = enough => {}
        _ = clients => panic!("the clients gave up: {}", serving.running.said()),
    }
    serving.running.kill();
    let serving = program.serve().await;
    let acknowledged = acknowledged.into_inner().unwrap();
    for id in &acknowledged {
        serving.guest().get(&format!("/api/v1/posts/{id}")).await.expect(200);
    }
    let author = serving.sign_in("ada", PASSWORD).await;
    post("And on it goes").published().create(&author).await;
}

/// The title of the site as its front page shows it.
async fn front_page(guest: &Actor) -> String {
    guest.get("/").await.expect(200).text()
}

#[tokio::test]
async fn the_server_notices_what_other_processes_change() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(PROGRAM, folder.path());
    let serving = program.serve().await;
    let other = program.serve().await;
    create_user(&program, "ada").await;
    let here = serving.sign_in("ada", PASSWORD).await;
    let there = other.sign_in("ada", PASSWORD).await;
    let category = here.post("/api/v1/categories", &json!({ "name": "News" })).await.expect(201).json();
    front_page(&other.guest()).await;
    eventually("the other process knows the category", async || {
        let items = there.get("/api/v1/categories").await.expect(200).items();
        items.iter().any(|item| item["id"] == category["id"]).then_some(())
    })
    .await;
    let created = post("Written here").category(id(&category)).published().create(&here).await;
    eventually("the other process shows the post", async || {
        front_page(&other.guest()).await.contains("href=\"/written-here\"").then_some(())
    })
    .await;
    there
        .patch(&format!("/api/v1/posts/{}", id(&created)), &json!({ "title": "Changed there" }))
        .await
        .expect(200);
    eventually("the first process shows the change", async || {
        front_page(&serving.guest()).await.contains("Changed there").then_some(())
    })
    .await;
    let page = serving.guest().get("/written-here").await.expect(200).text();
    assert!(page.contains("Changed there"), "{page}");
    let path =
        format!("/api/v1/admin/users/{}", text(&here.get("/api/v1/auth/me").await.expect(200).json(), "id"));
    there.patch(&path, &json!({ "password": "quite another password" })).await.expect(200);
    here.get("/api/v1/auth/me").await.problem(401, "invalid_token");
}
