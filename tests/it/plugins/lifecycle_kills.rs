//! A kill in the middle of every step of a plugin's life: after the next start the step was done or was not, can be taken
//! again, and nothing is half done.

use std::path::Path;
use std::time::Duration;

use fleuron_tests::packages::{STAMPER_ID, stamper};
use fleuron_tests::{Actor, Program, Serving, post, text};
use serde_json::Value;

use crate::PROGRAM;

const PATH: &str = "/api/v1/admin/plugins/com.example.stamper";

/// Kills the server so many milliseconds after a step was asked for.
const DELAYS: [u64; 6] = [0, 2, 5, 12, 30, 80];

async fn start(folder: &Path) -> (Serving, Actor) {
    let serving = Program::new(PROGRAM, folder).serve().await;
    let ada = serving.sign_in("ada", "a quite long password").await;
    (serving, ada)
}

/// Takes a step, and kills the server while it does.
async fn killed_in<F>(folder: &Path, delay: u64, step: impl FnOnce(Actor) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut serving, ada) = start(folder).await;
    let step = tokio::spawn(step(ada));
    tokio::time::sleep(Duration::from_millis(delay)).await;
    serving.running.kill();
    // It failed with the server, or had been done by then.
    let _ = step.await;
}

async fn plugin(ada: &Actor) -> Option<Value> {
    let answer = ada.get(PATH).await;
    (answer.status == 200).then(|| answer.json())
}

/// The plugin is in one piece: what it says that it runs is what stamps new posts.
async fn assert_consistent(ada: &Actor) -> Option<Value> {
    let found = plugin(ada).await;
    let content = text(&post("A post").create(ada).await, "content").to_owned();
    let stamp = content.rsplit_once("stamp:").map(|(_, stamp)| stamp.to_owned());
    let runs = found.as_ref().filter(|plugin| plugin["state"] == "active");
    let version = runs.map(|plugin| text(&plugin["packages"]["active"], "version").to_owned());
    let expected =
        version.map(|version| format!("v{:03}", version.split('.').nth(1).unwrap().parse::<u16>().unwrap()));
    assert_eq!(stamp, expected, "{found:#?}");
    found
}

#[tokio::test]
async fn every_step_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words =
        ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
    Program::new(PROGRAM, folder).run(&words, "a quite long password\n").await.succeeded();
    for (round, delay) in DELAYS.into_iter().enumerate() {
        let round = u16::try_from(round).unwrap();
        let (first, second) =
            (stamper(1 + 2 * round, ""), stamper(2 + 2 * round, "http = [\"api.example.com\"]"));

        let package = first.clone();
        killed_in(folder, delay, async move |ada| drop(ada.try_upload(package).await)).await;
        let (serving, ada) = start(folder).await;
        let found = assert_consistent(&ada).await;
        assert!(found.is_none_or(|plugin| plugin["state"] == "awaiting_consent"));
        ada.upload(first, "").await;
        drop(serving);

        killed_in(folder, delay, async move |ada| drop(ada.try_consent(STAMPER_ID).await)).await;
        let (serving, ada) = start(folder).await;
        if assert_consistent(&ada).await.unwrap()["state"] != "active" {
            ada.consent(STAMPER_ID).await.expect(200);
        }
        ada.upload(second, "").await.expect(201);
        drop(serving);

        killed_in(folder, delay, async move |ada| drop(ada.try_consent(STAMPER_ID).await)).await;
        let (serving, ada) = start(folder).await;
        let found = assert_consistent(&ada).await.unwrap();
        if found["packages"]["pending"] != Value::Null {
            assert_eq!(found["packages"]["active"]["version"], format!("0.{}.0", 1 + 2 * round));
            ada.consent(STAMPER_ID).await.expect(200);
        }
        drop(serving);

        killed_in(folder, delay, async move |ada| drop(ada.try_step(STAMPER_ID, "rollback").await)).await;
        let (serving, ada) = start(folder).await;
        assert_consistent(&ada).await.unwrap();
        drop(serving);

        killed_in(folder, delay, async move |ada| drop(ada.try_step(STAMPER_ID, "disable").await)).await;
        let (serving, ada) = start(folder).await;
        assert_consistent(&ada).await.unwrap();
        drop(serving);

        killed_in(folder, delay, async move |ada| drop(ada.try_uninstall(STAMPER_ID).await)).await;
        let (serving, ada) = start(folder).await;
        if assert_consistent(&ada).await.is_some() {
            ada.delete(&format!("{PATH}?data=delete")).await.expect(204);
        }
        assert!(!folder.join("data/plugins").join(STAMPER_ID).exists());
        drop(serving);
    }
}
