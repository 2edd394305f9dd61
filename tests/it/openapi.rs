//! The API's own description: complete, and true.

use std::collections::BTreeSet;

use fleuron_tests::TestApp;
use serde_json::{Value, json};

/// What the API offers. Clients rely on each of these.
const OPERATIONS: [&str; 91] = [
    "DELETE /api/v1/admin/content-types/{name}",
    "DELETE /api/v1/admin/plugins/{id}",
    "DELETE /api/v1/admin/webhooks/{id}",
    "DELETE /api/v1/categories/{id_or_slug}",
    "DELETE /api/v1/comments/{id}",
    "DELETE /api/v1/content/{content_type}/{id_or_slug}",
    "DELETE /api/v1/pages/{id_or_slug}",
    "DELETE /api/v1/posts/{id_or_slug}",
    "DELETE /api/v1/tags/{id_or_slug}",
    "GET /api/v1/admin/audit",
    "GET /api/v1/admin/content-types",
    "GET /api/v1/admin/content-types/{name}",
    "GET /api/v1/admin/cron/jobs",
    "GET /api/v1/admin/cron/jobs/{owner}/{job_type}",
    "GET /api/v1/admin/cron/runs",
    "GET /api/v1/admin/cron/runs/{id}",
    "GET /api/v1/admin/deliveries",
    "GET /api/v1/admin/deliveries/{id}",
    "GET /api/v1/admin/events",
    "GET /api/v1/admin/events/stream",
    "GET /api/v1/admin/events/{id}",
    "GET /api/v1/admin/hooks",
    "GET /api/v1/admin/plugins",
    "GET /api/v1/admin/plugins/{id}",
    "GET /api/v1/admin/plugins/{id}/logs",
    "GET /api/v1/admin/plugins/{id}/settings",
    "GET /api/v1/admin/settings",
    "GET /api/v1/admin/users",
    "GET /api/v1/admin/users/{id}",
    "GET /api/v1/admin/webhooks",
    "GET /api/v1/admin/webhooks/{id}",
    "GET /api/v1/auth/me",
    "GET /api/v1/categories",
    "GET /api/v1/categories/{id_or_slug}",
    "GET /api/v1/comments",
    "GET /api/v1/comments/{id}",
    "GET /api/v1/content/{content_type}",
    "GET /api/v1/content/{content_type}/export",
    "GET /api/v1/content/{content_type}/{id_or_slug}",
    "GET /api/v1/pages",
    "GET /api/v1/pages/{id_or_slug}",
    "GET /api/v1/posts",
    "GET /api/v1/posts/{id_or_slug}",
    "GET /api/v1/posts/{id}/comments",
    "GET /api/v1/tags",
    "GET /api/v1/tags/{id_or_slug}",
    "PATCH /api/v1/admin/settings",
    "PATCH /api/v1/admin/users/{id}",
    "PATCH /api/v1/admin/webhooks/{id}",
    "PATCH /api/v1/categories/{id_or_slug}",
    "PATCH /api/v1/comments/{id}",
    "PATCH /api/v1/content/{content_type}/{id_or_slug}",
    "PATCH /api/v1/pages/{id_or_slug}",
    "PATCH /api/v1/posts/{id_or_slug}",
    "PATCH /api/v1/tags/{id_or_slug}",
    "POST /api/v1/admin/content-types",
    "POST /api/v1/admin/content-types/{name}/apply",
    "POST /api/v1/admin/content-types/{name}/diff",
    "POST /api/v1/admin/content-types/{name}/disable",
    "POST /api/v1/admin/content-types/{name}/enable",
    "POST /api/v1/admin/content-types/{name}/purge",
    "POST /api/v1/admin/cron/jobs/{owner}/{job_type}/pause",
    "POST /api/v1/admin/cron/jobs/{owner}/{job_type}/resume",
    "POST /api/v1/admin/cron/jobs/{owner}/{job_type}/run",
    "POST /api/v1/admin/deliveries/discard",
    "POST /api/v1/admin/deliveries/replay",
    "POST /api/v1/admin/deliveries/{id}/discard",
    "POST /api/v1/admin/deliveries/{id}/replay",
    "POST /api/v1/admin/plugins",
    "POST /api/v1/admin/plugins/{id}/consent",
    "POST /api/v1/admin/plugins/{id}/disable",
    "POST /api/v1/admin/plugins/{id}/enable",
    "POST /api/v1/admin/plugins/{id}/reload",
    "POST /api/v1/admin/plugins/{id}/rollback",
    "POST /api/v1/admin/users",
    "POST /api/v1/admin/webhooks",
    "POST /api/v1/admin/webhooks/{id}/resume",
    "POST /api/v1/admin/webhooks/{id}/secret",
    "POST /api/v1/admin/webhooks/{id}/test",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/categories",
    "POST /api/v1/content/{content_type}",
    "POST /api/v1/content/{content_type}/bulk",
    "POST /api/v1/content/{content_type}/import",
    "POST /api/v1/pages",
    "POST /api/v1/posts",
    "POST /api/v1/posts/{id}/comments",
    "POST /api/v1/tags",
    "PUT /api/v1/admin/plugins/{id}/settings",
];

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                operations.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    operations
}

#[tokio::test]
async fn every_route_is_described() {
    let app = TestApp::spawn().await;
    let answer = app.guest().get("/api/openapi.json").await.expect(200);
    assert_eq!(answer.must_have("content-type"), "application/json");
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let described: BTreeSet<String> =
        operations(&document).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(described, OPERATIONS.into_iter().map(str::to_owned).collect());
}

#[tokio::test]
async fn every_description_is_a_route() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let document = app.guest().get("/api/openapi.json").await.expect(200).json();
    // A stream answers for as long as somebody listens; it has tests of its own.
    let ends = |(_, path, _): &(String, String, &Value)| path != "/api/v1/admin/events/stream";
    for (method, path, _) in operations(&document).into_iter().filter(ends) {
        let nobody = uuid::Uuid::now_v7().to_string();
        let concrete = path.replace("{id}", &nobody).replace("{id_or_slug}", &nobody);
        let mut request = administrator.request(method.parse().unwrap(), &concrete);
        if matches!(method.as_str(), "POST" | "PATCH" | "PUT") {
            request = request.json(&json!({}));
        }
        let answer = administrator.send(request).await;
        let text = answer.text();
        assert!(answer.status != 405 && answer.status < 500, "{method} {path}: {text}");
        assert!(!text.contains("There is nothing at this path"), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn descriptions_are_complete() {
    let app = TestApp::spawn().await;
    let document = app.guest().get("/api/openapi.json").await.expect(200).json();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            operation["summary"].is_string() || operation["description"].is_string(),
            "{name} says nothing"
        );
        assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{name} has no tag");
        assert!(operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()), "{name}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let described =
                parameters.iter().any(|parameter| parameter["name"] == part && parameter["in"] == "path");
            assert!(described, "{name}: {part} is not described");
        }
    }
    let ids: Vec<Value> =
        operations(&document).iter().map(|(.., operation)| operation["operationId"].clone()).collect();
    let unique: BTreeSet<String> = ids.iter().map(Value::to_string).collect();
    assert_eq!(unique.len(), ids.len(), "each operation has an id of its own");
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => references.push(reference.clone()),
                    _ => collect_references(member, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}
