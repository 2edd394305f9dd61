//! Types in files: read at the start, again when they change, and never at the cost of entries.

use fleuron_tests::{TestApp, eventually, text};
use serde_json::json;

use super::{at, create, listed};

const TYPES: &str = "/api/v1/admin/content-types";

const EVENT: &str = r#"
singular = "Gathering"
plural = "Gatherings"
drafts = false

[[fields]]
name = "title"
kind = "text"
"#;

fn write(app: &TestApp, name: &str, text: &str) {
    let folder = app.extensions().join("content-types");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

fn with_file(name: &'static str, text: &'static str) -> fleuron_tests::TestAppBuilder {
    TestApp::builder().content_type_file(name, text)
}

#[tokio::test]
async fn a_file_makes_a_type_and_the_api_does_not_change_it() {
    let app = with_file("gathering.toml", EVENT).spawn().await;
    let administrator = app.administrator().await;
    create(&administrator, "gathering", json!({ "title": "T" })).await;
    let described = administrator.get(&format!("{TYPES}/gathering")).await.expect(200).json();
    assert_eq!((text(&described, "owner"), text(&described, "state")), ("file", "served"));
    let definition = json!({ "name": "gathering", "singular": "G", "plural": "G", "fields": [] });
    let refused =
        administrator.post(&format!("{TYPES}/gathering/apply"), &json!({ "definition": definition })).await;
    refused.any_problem();
    administrator.delete(&format!("{TYPES}/gathering?entries=delete")).await.problem(409, "not_possible");
}

#[tokio::test]
async fn an_edited_file_is_applied_where_nothing_is_lost() {
    let app = with_file("gathering.toml", EVENT).spawn().await;
    let administrator = app.administrator().await;
    create(&administrator, "gathering", json!({ "title": "T" })).await;
    write(&app, "gathering.toml", &format!("{EVENT}\n[[fields]]\nname = \"place\"\nkind = \"text\"\n"));
    eventually("the new field is there", async || {
        let body = json!({ "fields": { "title": "U", "place": "Hall" } });
        (administrator.post(&at("gathering"), &body).await.status == 201).then_some(())
    })
    .await;
    // Now one that cannot be: what is there has no place.
    write(
        &app,
        "gathering.toml",
        &format!("{EVENT}\n[[fields]]\nname = \"place\"\nkind = \"text\"\nrequired = true\n"),
    );
    eventually("the change waits", async || {
        let described = administrator.get(&format!("{TYPES}/gathering")).await.json();
        (described["is_pending"] == true).then_some(())
    })
    .await;
    create(&administrator, "gathering", json!({ "title": "V" })).await;
    let plan = administrator.post(&format!("{TYPES}/gathering/diff"), &json!({})).await.expect(200).json();
    assert_eq!(plan["is_applicable"], false, "{plan:#}");
    let fill = json!({ "fill": { "place": "Somewhere" } });
    administrator.post(&format!("{TYPES}/gathering/apply"), &fill).await.expect(200);
    let mut places = listed(&administrator, &at("gathering"), "place").await;
    places.sort_by_key(|place| place.to_string());
    assert_eq!(places, ["Hall", "Somewhere", "Somewhere"]);
}

#[tokio::test]
async fn a_broken_file_says_everything_and_harms_nobody() {
    let app = with_file("gathering.toml", EVENT).spawn().await;
    let administrator = app.administrator().await;
    write(&app, "broken.toml", "singular = 5\n[[fields]]\nname = \"x\"\nkind = \"txt\"\ncolour = 1\n");
    eventually("the file is seen", async || {
        (administrator.get(&format!("{TYPES}/broken")).await.status == 200).then_some(())
    })
    .await;
    let described = administrator.get(&format!("{TYPES}/broken")).await.expect(200).json();
    assert_eq!(text(&described, "state"), "broken");
    assert!(described["file"]["faults"].as_array().unwrap().len() >= 4, "{described:#}");
    write(&app, "gathering.toml", "singular = [");
    eventually("the fault is seen", async || {
        let described = administrator.get(&format!("{TYPES}/gathering")).await.json();
        described["file"]["faults"].as_array().filter(|faults| !faults.is_empty()).map(|_| ())
    })
    .await;
    create(&administrator, "gathering", json!({ "title": "It goes on" })).await;
}

#[tokio::test]
async fn the_examples_come_along_and_are_off() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    for (name, title) in [("event", "Launch"), ("recipe", "Bread")] {
        app.guest().get(&at(name)).await.problem(404, "not_found");
        let described = administrator.get(&format!("{TYPES}/{name}")).await.expect(200).json();
        assert_eq!(text(&described, "state"), "available");
        administrator.post(&format!("{TYPES}/{name}/enable"), &json!({})).await.expect(200);
        let draft = administrator.post(&at(name), &json!({ "fields": { "title": title } })).await;
        draft.expect(201);
    }
}

#[tokio::test]
async fn types_that_refer_to_each_other_are_made() {
    let related = |name: &str, to: &str| {
        format!(
            "singular = \"{name}\"\nplural = \"{name}s\"\ndrafts = false\n[[fields]]\nname = \"title\"\nkind = \"text\"\n\
             [[fields]]\nname = \"other\"\nkind = \"relation\"\nto = \"{to}\"\n"
        )
    };
    let (ying, yang) = (related("ying", "yang"), related("yang", "ying"));
    let app = TestApp::builder().content_type_file("ying.toml", &ying).content_type_file("yang.toml", &yang);
    let app = app.spawn().await;
    let administrator = app.administrator().await;
    let first = create(&administrator, "yang", json!({ "title": "1" })).await;
    let second = eventually("both relations are there", async || {
        let body = json!({ "fields": { "title": "2", "other": first["id"] } });
        let answer = administrator.post(&at("ying"), &body).await;
        (answer.status == 201).then(|| answer.json())
    })
    .await;
    let path = format!("{}/{}", at("yang"), text(&first, "id"));
    eventually("the way back, too", async || {
        let change = json!({ "fields": { "other": second["id"] } });
        (administrator.patch(&path, &change).await.status == 200).then_some(())
    })
    .await;
    for name in ["ying", "yang"] {
        let described = administrator.get(&format!("{TYPES}/{name}")).await.expect(200).json();
        assert_eq!(described["file"]["faults"], json!([]), "{described:#}");
    }
}

#[tokio::test]
async fn a_folder_that_is_made_later_is_read() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    write(&app, "gathering.toml", EVENT);
    eventually("the type is made", async || {
        let answer = administrator.post(&at("gathering"), &json!({ "fields": { "title": "T" } })).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_an_administrator_switched_off_stays_off() {
    let app = with_file("gathering.toml", EVENT).spawn().await;
    let administrator = app.administrator().await;
    administrator.post(&format!("{TYPES}/gathering/disable"), &json!({})).await.expect(200);
    write(&app, "gathering.toml", "singular = [");
    let faults = async || {
        let described = administrator.get(&format!("{TYPES}/gathering")).await.json();
        described["file"]["faults"].as_array().map_or(0, Vec::len)
    };
    eventually("the fault is seen", async || (faults().await > 0).then_some(())).await;
    write(&app, "gathering.toml", EVENT);
    eventually("it is repaired", async || (faults().await == 0).then_some(())).await;
    app.guest().get(&at("gathering")).await.problem(404, "not_found");
}
