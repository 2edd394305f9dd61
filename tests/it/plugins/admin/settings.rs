//! Settings: declared by the plugin, set by the administrator, read by the plugin at its next call.

use fleuron_tests::{Caller, NewCaller, TestApp, both, caller, guests};
use serde_json::{Value, json};

use super::{about, item, module, put};

const ID: &str = "com.example.settled";
const SETTINGS: &str = r#"
[settings.greeting]
type = "string"
label = "Greeting"
description = "What it says first."
default = "Hello"
[settings.notes]
type = "text"
[settings.home]
type = "url"
required = true
[settings.count]
type = "number"
min = 1
max = 10
default = 3
[settings.loud]
type = "boolean"
default = false
[settings.tone]
type = "select"
options = ["warm", "cool"]
default = "warm"
[settings.key]
type = "secret"
"#;

fn settled() -> NewCaller {
    caller(ID).lines(SETTINGS)
}

/// What the plugin itself is told.
async fn told(plugin: &Caller<'_>, keys: &[&str]) -> Vec<Value> {
    let calls: Vec<Value> = keys.iter().map(|key| json!(["get-config", key])).collect();
    plugin.run(&calls).await
}

both! {
    async fn declarations_come_with_their_values(app: TestApp) {
        settled().install(&app).await;
        let administrator = app.administrator().await;
        let settings = administrator.get(&about(ID, "/settings")).await.expect(200).items();
        let greeting = json!({
            "key": "greeting", "type": "string", "label": "Greeting", "description": "What it says first.",
            "required": false, "default": "Hello", "is_set": false, "value": "Hello",
        });
        assert_eq!(item(&settings, "key", "greeting"), greeting);
        let count = json!({
            "key": "count", "type": "number", "label": "count", "description": null, "required": false,
            "default": 3, "min": 1.0, "max": 10.0, "is_set": false, "value": 3,
        });
        assert_eq!(item(&settings, "key", "count"), count);
        assert_eq!(item(&settings, "key", "tone")["options"], json!(["warm", "cool"]));
        assert_eq!(item(&settings, "key", "loud")["value"], json!(false));
        let home = item(&settings, "key", "home");
        assert_eq!((&home["required"], &home["value"]), (&json!(true), &Value::Null));
        let shown = administrator.get(&about(ID, "")).await.expect(200).json();
        assert_eq!(shown["settings"], json!(settings));
    }

    async fn values_reach_the_plugin_at_its_next_call(app: TestApp) {
        let plugin = settled().install(&app).await;
        let administrator = app.administrator().await;
        let path = about(ID, "/settings");
        let keys = ["greeting", "notes", "home", "count", "loud", "tone", "unknown"];
        let defaults = json!(["Hello", null, null, "3", "false", "warm", null]);
        assert_eq!(json!(told(&plugin, &keys).await), defaults);
        let values = json!({ "values": {
            "greeting": "Good day", "notes": "one\ntwo", "home": "https://example.com/", "count": 7.5, "loud": true,
            "tone": "cool",
        }});
        let settings = put(&administrator, &path, &values).await.expect(200).items();
        assert_eq!((&item(&settings, "key", "count")["value"], &item(&settings, "key", "loud")["value"]), (&json!(7.5), &json!(true)));
        assert_eq!(item(&settings, "key", "greeting")["is_set"], true);
        let set = json!(["Good day", "one\ntwo", "https://example.com/", "7.5", "true", "cool", null]);
        assert_eq!(json!(told(&plugin, &keys).await), set);

        let values = json!({ "values": { "greeting": null, "count": 10 } });
        let settings = put(&administrator, &path, &values).await.expect(200).items();
        let greeting = item(&settings, "key", "greeting");
        assert_eq!((&greeting["is_set"], &greeting["value"]), (&json!(false), &json!("Hello")));
        let set = json!(["Hello", "one\ntwo", "https://example.com/", "10", "true", "cool", null]);
        assert_eq!(json!(told(&plugin, &keys).await), set, "what is not given stays");
        let app = app.restart().await;
        let after = app.administrator().await.get(&path).await.expect(200).items();
        assert_eq!(after, settings);
    }

    async fn every_fault_is_named_and_nothing_is_set(app: TestApp) {
        let plugin = settled().install(&app).await;
        let administrator = app.administrator().await;
        let path = about(ID, "/settings");
        let before = administrator.get(&path).await.expect(200).items();
        let values = json!({ "values": {
            "greeting": "two\nlines", "notes": 5, "home": "ftp://example.com", "count": 11, "loud": "yes", "tone": "hot",
            "key": "", "unknown": "x", "greeting2": null,
        }});
        let fields = put(&administrator, &path, &values).await.faulty_fields();
        let keys = ["count", "greeting", "greeting2", "home", "key", "loud", "notes", "tone", "unknown"];
        assert_eq!(fields, keys.map(|key| format!("values.{key}")));
        for values in [json!({ "home": null }), json!({ "home": "" }), json!({ "greeting": "x".repeat(2001) }), json!({ "notes": "x".repeat(20_001) })] {
            let fields = put(&administrator, &path, &json!({ "values": values })).await.faulty_fields();
            assert_eq!(fields.len(), 1, "{values}");
        }
        // One good value among faulty ones is not set either.
        put(&administrator, &path, &json!({ "values": { "greeting": "Set", "count": 0 } })).await.faulty_fields();
        assert_eq!(administrator.get(&path).await.expect(200).items(), before);
        assert_eq!(told(&plugin, &["greeting"]).await, ["Hello"]);
        for body in [json!({}), json!({ "values": 5 }), json!({ "values": {}, "more": 1 })] {
            put(&administrator, &path, &body).await.problem(400, "malformed_request");
        }
        put(&administrator, &path, &json!({ "values": {} })).await.expect(200);
        put(&administrator, &about("com.example.nobody", "/settings"), &json!({ "values": {} }))
            .await
            .problem(404, "not_found");
    }

    async fn settings_can_be_made_before_a_plugin_runs(app: TestApp) {
        let off = settled().manifest().replace("runtime", "enabled = false\nruntime");
        app.install("com-example-settled", &off, &module(guests::CALLER)).await;
        let administrator = app.administrator().await;
        let values = json!({ "values": { "greeting": "Early" } });
        put(&administrator, &about(ID, "/settings"), &values).await.expect(200);
        // Setting a value is no decision to run it.
        let app = app.restart().await;
        let administrator = app.administrator().await;
        assert_eq!(administrator.get(&about(ID, "")).await.expect(200).json()["state"], "disabled");
    }
}
