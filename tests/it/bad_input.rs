//! Input that is wrong in every way: a clear answer, nothing half written, and the site goes on.

use fleuron::error::ErrorCode;
use fleuron_tests::{Actor, Answer, TestApp, both, exchange, id, post, text};
use reqwest::Method;
use serde_json::json;

const JSON: &str = "application/json";

/// A refusal is a problem document with a code from the table; a server never fails.
#[track_caller]
fn check(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {}: {}", answer.request, answer.text());
    if answer.status >= 400 {
        let problem = answer.any_problem();
        let code = text(&problem, "code");
        let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
        let known = known.unwrap_or_else(|| panic!("{what}: `{code}` is not in the table"));
        assert_eq!(known.status().as_u16(), answer.status, "{what}");
    }
}

async fn send(actor: &Actor, method: &str, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
    let request = actor.request(method.parse().unwrap(), path).body(body);
    actor
        .send(match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        })
        .await
}

/// How many posts there are, of every status.
async fn count(actor: &Actor) -> usize {
    let mut count = 0;
    for status in ["draft", "scheduled", "published", "trash"] {
        let answer = actor.get(&format!("/api/v1/posts?limit=100&status={status}")).await.expect(200);
        count += answer.items().len();
    }
    count
}

/// Bodies that make no post.
fn bodies() -> Vec<(&'static str, Vec<u8>, u16)> {
    let deep = |depth: usize| format!("{{\"title\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let unknown_deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let field = |field: &str, value: serde_json::Value| json!({ "title": "Fine", field: value }).to_string();
    let nobody = uuid::Uuid::now_v7().to_string();
    let text = [
        ("nothing", String::new(), 400),
        ("half an object", "{".into(), 400),
        ("an array", "[]".into(), 400),
        ("null", "null".into(), 400),
        ("a string", "\"x\"".into(), 400),
        ("two objects", "{\"title\":\"a\"}{\"title\":\"b\"}".into(), 400),
        ("no title", "{}".into(), 400),
        ("a number for a title", "{\"title\":1}".into(), 400),
        ("null for a title", "{\"title\":null}".into(), 400),
        ("a huge number", "{\"title\":1e999}".into(), 400),
        ("a lone surrogate", "{\"title\":\"\\ud800\"}".into(), 400),
        ("an unknown field", "{\"title\":\"a\",\"surprise\":1}".into(), 400),
        ("a field twice", "{\"title\":\"a\",\"title\":\"b\"}".into(), 400),
        ("deep nesting", deep(100_000), 400),
        ("deep nesting in an unknown field", unknown_deep(100_000), 400),
        ("a malformed id", field("category_id", json!("nonsense")), 400),
        ("a malformed id in a list", field("tag_ids", json!([1])), 400),
        ("an unknown status", field("status", json!("gone")), 400),
        ("an unknown date", field("published_at", json!("yesterday")), 400),
        ("a date that is none", field("published_at", json!("2026-02-30T00:00:00Z")), 400),
        ("an unknown category", field("category_id", json!(nobody)), 422),
        ("an unknown tag", field("tag_ids", json!([nobody])), 422),
        ("an unknown author", field("author_ids", json!([nobody])), 422),
        ("a megabyte and a half of title", json!({ "title": "x".repeat(3 << 19) }).to_string(), 422),
        ("three megabytes of title", json!({ "title": "x".repeat(3 << 20) }).to_string(), 413),
        ("a NUL", json!({ "title": "a\u{0}b" }).to_string(), 422),
    ];
    let mut bodies: Vec<_> =
        text.into_iter().map(|(what, body, status)| (what, body.into_bytes(), status)).collect();
    bodies.push(("invalid UTF-8", b"{\"title\":\"\xff\xfe\"}".to_vec(), 400));
    bodies.push(("binary", vec![0, 159, 146, 150], 400));
    bodies
}

const READS: [&str; 44] = [
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/api/v2/posts",
    "/api/v1/nothing",
    "/api/v1/posts/",
    "/api/v1/posts//comments",
    "/api/v1/posts/%FF%FE",
    "/api/v1/posts/%00",
    "/api/v1/posts/a%00b",
    "/api/v1/posts/..%2F..%2Fetc%2Fpasswd",
    "/api/v1/posts/nowhere",
    "/api/v1/posts/01890a5d-ac96-774b-bcce-b302099a8057",
    "/api/v1/posts/nonsense/comments",
    "/api/v1/pages/%00",
    "/api/v1/categories/%00",
    "/api/v1/tags/%FF",
    "/api/v1/comments/nonsense",
    "/api/v1/comments/01890a5d-ac96-774b-bcce-b302099a8057",
    "/api/v1/admin/users/nonsense",
    "/api/v1/posts?limit=0",
    "/api/v1/posts?limit=-1",
    "/api/v1/posts?limit=101",
    "/api/v1/posts?limit=1.5",
    "/api/v1/posts?limit=99999999999999999999",
    "/api/v1/posts?limit=1&limit=2",
    "/api/v1/posts?limit",
    "/api/v1/posts?cursor=",
    "/api/v1/posts?cursor=nonsense",
    "/api/v1/posts?cursor=AAAA",
    "/api/v1/posts?cursor=%00",
    "/api/v1/posts?cursor=%FF",
    "/api/v1/posts?status=gone",
    "/api/v1/posts?include=%00",
    "/api/v1/posts?category=%00",
    "/api/v1/posts?tag=%00",
    "/api/v1/posts?author=%00",
    "/api/v1/posts?author=%FF",
    "/api/v1/posts?cursor=f_________8AAAAAAAAAAAAAAAAAAAAA",
    "/api/v1/posts?cursor=gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "/api/v1/comments?cursor=nonsense",
    "/api/v1/comments?status=gone",
    "/api/v1/admin/users?cursor=nonsense",
];

const PAGES: [&str; 30] = [
    "/nowhere",
    "/a/b/c/d",
    "/%FF",
    "/%00",
    "/a%00b",
    "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/%5c%5c",
    "/page/0",
    "/page/-1",
    "/page/01",
    "/page/99",
    "/page/99999999999999999999",
    "/page/x",
    "/page/%00",
    "/tags/nothing",
    "/tags/%00",
    "/tags/%FF",
    "/tags/nothing/page/2",
    "/categories/%00",
    "/authors/nobody",
    "/authors/%00",
    "/theme/nothing.css",
    "/theme/%2e%2e/theme.toml",
    "/theme/%00",
    "/media/nothing.png",
    "/media/%2e%2e/fleuron.sqlite",
    "/media/%00",
    "/setup",
    "/setup?token=%00",
    "/setup?token=nonsense",
];

both! {
    async fn bodies_that_make_no_post(app: TestApp) {
        let administrator = app.administrator().await;
        let before = count(&administrator).await;
        for (what, body, status) in bodies() {
            let answer = send(&administrator, "POST", "/api/v1/posts", Some(JSON), body).await;
            check(&answer, what);
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
        }
        assert_eq!(count(&administrator).await, before);
        post("And now a good one").published().create(&administrator).await;
        app.guest().get("/and-now-a-good-one").await.expect(200);
    }

    async fn bodies_for_every_route(app: TestApp) {
        let administrator = app.administrator().await;
        let created = post("Untouched").published().create(&administrator).await;
        let paths = [
            ("PATCH", format!("/api/v1/posts/{}", id(&created))),
            ("POST", format!("/api/v1/posts/{}/comments", id(&created))),
            ("POST", "/api/v1/pages".to_owned()),
            ("POST", "/api/v1/categories".to_owned()),
            ("POST", "/api/v1/tags".to_owned()),
            ("POST", "/api/v1/auth/login".to_owned()),
            ("POST", "/api/v1/auth/refresh".to_owned()),
            ("POST", "/api/v1/auth/logout".to_owned()),
            ("POST", "/api/v1/admin/users".to_owned()),
        ];
        let nul = json!({ "email": "\u{0}", "password": "\u{0}", "refresh_token": "\u{0}", "name": "\u{0}" });
        for (method, path) in &paths {
            for body in ["", "{", "[]", "null", "{\"title\":1,\"name\":1,\"email\":1}", "\u{feff}{}"] {
                let answer = send(&administrator, method, path, Some(JSON), body.as_bytes().to_vec()).await;
                check(&answer, body);
                assert!(answer.status >= 400, "{method} {path}: {body}");
            }
            check(&send(&administrator, method, path, Some(JSON), nul.to_string().into_bytes()).await, "NUL");
        }
        let stands = app.guest().get(&format!("/api/v1/posts/{}", id(&created))).await.expect(200).json();
        assert_eq!(stands, created);
    }

    async fn addresses_that_lead_nowhere(app: TestApp) {
        let administrator = app.administrator().await;
        for path in READS {
            check(&administrator.get(path).await, path);
        }
        let long = "x".repeat(5000);
        check(&administrator.get(&format!("/api/v1/posts/{long}")).await, "a long path");
        check(&administrator.get(&format!("/api/v1/posts?author={long}")).await, "a long query");
        administrator.get("/api/v1/nothing").await.problem(404, "not_found");
        administrator.get("/api/v1/posts?limit=101").await.problem(422, "validation_failed");
        administrator.get("/api/v1/posts?cursor=nonsense").await.problem(400, "invalid_cursor");
        administrator.get("/api/v1/posts?limit=x").await.problem(400, "malformed_request");
        administrator.get("/api/v1/posts?status=gone").await.problem(400, "malformed_request");
    }

    async fn pages_that_are_not_there(app: TestApp) {
        app.administrator().await;
        let guest = app.guest();
        let long = format!("/{}", "x".repeat(5000));
        for path in PAGES.into_iter().chain([long.as_str()]) {
            let answer = guest.get(path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            assert!(answer.must_have("content-type").starts_with("text/html"), "{path}");
            assert!(answer.text().contains("<h1>"), "{path}");
        }
        guest.get("/").await.expect(200);
    }

    async fn methods_that_do_not_fit(app: TestApp) {
        let administrator = app.administrator().await;
        for (method, path) in [
            (Method::PUT, "/api/v1/posts"),
            (Method::DELETE, "/api/v1/posts"),
            (Method::POST, "/api/v1/auth/me"),
            (Method::PATCH, "/api/v1/tags"),
        ] {
            let answer = administrator.send(administrator.request(method, path)).await;
            answer.problem(405, "method_not_allowed");
        }
        for (method, path) in [
            (Method::POST, "/"),
            (Method::PUT, "/welcome-to-fleuron"),
            (Method::DELETE, "/feed.xml"),
            (Method::POST, "/nowhere"),
        ] {
            let answer = administrator.send(administrator.request(method, path)).await;
            assert_eq!(answer.status, 405, "{path}: {}", answer.text());
            assert!(answer.must_have("content-type").starts_with("text/html"), "{path}");
        }
    }
}

#[tokio::test]
async fn only_json_is_json() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let body = br#"{"title":"Fine"}"#.to_vec();
    for kind in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("nonsense"), Some("")]
    {
        let answer = send(&administrator, "POST", "/api/v1/posts", kind, body.clone()).await;
        answer.problem(415, "unsupported_media_type");
    }
    let kind = Some("application/json; charset=utf-8");
    send(&administrator, "POST", "/api/v1/posts", kind, body).await.expect(201);
}

#[tokio::test]
async fn ten_megabytes_of_title_are_refused_before_they_are_read() {
    let app = TestApp::spawn().await;
    let token = app.administrator().await.account().access_token.clone();
    let body = json!({ "title": "x".repeat(10 << 20) }).to_string();
    let head = format!(
        "POST /api/v1/posts HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let answer = exchange(app.address(), format!("{head}{body}").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"too_large\""), "{answer}");
    app.guest().get("/").await.expect(200);
}

#[tokio::test]
async fn requests_that_are_no_http_end_nothing() {
    let app = TestApp::spawn().await;
    let requests: [&[u8]; 6] = [
        b"nonsense\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbroken header\r\n\r\n",
        b"POST /api/v1/posts HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\nconnection: close\r\n\r\n",
        b"POST /api/v1/posts HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    ];
    for request in requests {
        let answer = exchange(app.address(), request);
        assert!(!answer.starts_with("HTTP/1.1 5"), "{}: {answer}", String::from_utf8_lossy(request));
        app.guest().get("/").await.expect(200);
    }
}
