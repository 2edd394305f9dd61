//! Secrets: the plugin reads them, and nobody else does.

use fleuron_tests::{TestApp, both, caller, guests};
use serde_json::{Value, json};

use super::{PLUGINS, about, item, module, put};

const ID: &str = "com.example.keeper";
const SECRET: &str = "hunter2-and-more";

both! {
    async fn a_secret_reaches_its_plugin_and_no_answer(app: TestApp) {
        let keeper = caller(ID).lines("[settings.key]\ntype = \"secret\"\nlabel = \"Key\"").install(&app).await;
        let administrator = app.administrator().await;
        let path = about(ID, "/settings");
        let mut answers = vec![
            put(&administrator, &path, &json!({ "values": { "key": SECRET } })).await.expect(200),
            administrator.get(&path).await.expect(200),
        ];
        let key = item(&answers[1].items(), "key", "key");
        assert_eq!((&key["is_set"], &key["value"], &key["default"]), (&json!(true), &Value::Null, &Value::Null));
        assert_eq!(keeper.call(json!(["get-config", "key"])).await, SECRET);

        for wrong in [json!(format!("{SECRET}\n")), json!([SECRET]), json!({ "key": SECRET })] {
            answers.push(put(&administrator, &path, &json!({ "values": { "key": wrong } })).await);
        }
        answers.push(put(&administrator, &path, &json!({ "values": { "key": SECRET, "other": SECRET } })).await);
        for path in [PLUGINS, &about(ID, ""), &about(ID, "/logs"), "/api/v1/admin/hooks", "/metrics"] {
            answers.push(administrator.get(path).await.expect(200));
        }
        for answer in &answers {
            assert!(!answer.text().contains(SECRET), "{}: {}", answer.request, answer.text());
        }

        let values = json!({ "values": { "key": null } });
        let settings = put(&administrator, &path, &values).await.expect(200).items();
        assert_eq!(item(&settings, "key", "key")["is_set"], false);
        assert_eq!(keeper.call(json!(["get-config", "key"])).await, Value::Null);
    }

    async fn a_secret_is_shown_under_no_other_kind(app: TestApp) {
        let declared = |kind: &str| caller(ID).lines(&format!("[settings.key]\ntype = \"{kind}\""));
        let administrator = app.administrator().await;
        let path = about(ID, "/settings");
        declared("secret").install(&app).await;
        put(&administrator, &path, &json!({ "values": { "key": SECRET } })).await.expect(200);
        for kind in ["string", "text", "url"] {
            declared(kind).install(&app).await;
            for path in [&path, &about(ID, "")] {
                let answer = administrator.get(path).await.expect(200);
                assert!(!answer.text().contains(SECRET), "{kind}: {}", answer.text());
            }
            let key = item(&administrator.get(&path).await.expect(200).items(), "key", "key");
            assert_eq!((&key["type"], &key["is_set"], &key["value"]), (&json!(kind), &json!(false), &Value::Null));
        }
        let keeper = declared("secret").install(&app).await;
        assert_eq!(keeper.call(json!(["get-config", "key"])).await, SECRET, "nobody has changed anything");

        // A change forgets what is declared as something else, or not at all.
        let keeper = declared("string").install(&app).await;
        put(&administrator, &path, &json!({ "values": {} })).await.expect(200);
        assert_eq!(keeper.call(json!(["get-config", "key"])).await, Value::Null);
        put(&administrator, &path, &json!({ "values": { "key": "open" } })).await.expect(200);
        let bare = caller(ID).install(&app).await;
        put(&administrator, &path, &json!({ "values": {} })).await.expect(200);
        assert_eq!(bare.call(json!(["get-config", "key"])).await, Value::Null);
        let keeper = declared("string").install(&app).await;
        assert_eq!(keeper.call(json!(["get-config", "key"])).await, Value::Null);
    }

    async fn one_plugin_never_reads_anothers(app: TestApp) {
        let declaration = "[settings.key]\ntype = \"secret\"";
        // Switched off, since two callers would take the same scripts.
        let keeper = caller(ID).lines(declaration).manifest().replace("runtime", "enabled = false\nruntime");
        app.install("keeper", &keeper, &module(guests::CALLER)).await;
        let thief = caller("com.example.keeper2").lines(declaration).install(&app).await;
        let administrator = app.administrator().await;
        put(&administrator, &about(ID, "/settings"), &json!({ "values": { "key": SECRET } })).await.expect(200);
        let settings = administrator.get(&about(ID, "/settings")).await.expect(200).items();
        assert_eq!(item(&settings, "key", "key")["is_set"], true);
        assert_eq!(thief.call(json!(["get-config", "key"])).await, Value::Null);
    }
}
