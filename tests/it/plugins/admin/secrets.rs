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
