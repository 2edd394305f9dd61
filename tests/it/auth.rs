//! Signing in, and what does not count as being signed in.

use std::time::Duration;

use fleuron::auth::Role;
use fleuron_tests::{PASSWORD, TestApp, both, id, text};
use serde_json::json;

const HOUR: Duration = Duration::from_secs(3600);

both! {
    async fn people_sign_in_by_address_and_by_name(app: TestApp) {
        let author = app.actor_with_password(Role::Author).await;
        let account = author.account();
        let capitals = account.email.to_uppercase();
        for login in [&account.email, &account.username, &capitals] {
            let answer = app.guest().login(login, PASSWORD).await.expect(200);
            assert_eq!(answer.must_have("cache-control"), "no-store");
            let session = answer.json();
            assert_eq!(text(&session, "token_type"), "Bearer");
            assert_eq!(session["expires_in"], 600);
            let signed_in = author.with_token(text(&session, "access_token"));
            let me = signed_in.get("/api/v1/auth/me").await.expect(200).json();
            assert_eq!(id(&me), author.id());
            assert_eq!(text(&me, "role"), "author");
        }
    }

    async fn nobody_learns_who_has_an_account(app: TestApp) {
        let author = app.actor_with_password(Role::Author).await;
        let wrong = app.guest().login(&author.account().email, "not the password").await;
        wrong.problem(401, "invalid_credentials");
        for login in ["nobody@example.com", "nobody", "", "\0", "'; DROP TABLE users; --"] {
            let unknown = app.guest().login(login, "not the password").await;
            assert_eq!((unknown.status, unknown.text()), (401, wrong.text()), "{login:?}");
        }
        let without_password = app.author().await;
        let answer = app.guest().login(&without_password.account().email, "").await;
        assert_eq!((answer.status, answer.text()), (401, wrong.text()));
    }
}

#[tokio::test]
async fn guessing_at_an_account_is_dammed() {
    let app = TestApp::builder().login_limit(3, HOUR).spawn().await;
    let (author, other) =
        (app.actor_with_password(Role::Author).await, app.actor_with_password(Role::Author).await);
    let email = &author.account().email;
    for _ in 0..3 {
        app.guest().login(email, "a wild guess").await.problem(401, "invalid_credentials");
    }
    let answer = app.guest().login(email, PASSWORD).await;
    answer.problem(429, "rate_limited");
    let seconds: u64 = answer.must_have("retry-after").parse().unwrap();
    assert!((1..=3601).contains(&seconds), "{seconds}");
    app.guest().login(&other.account().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn guessing_from_an_address_is_dammed_whatever_it_claims() {
    let app = TestApp::builder().login_limit(2, HOUR).spawn().await;
    let guest = app.guest();
    let attempt = async |number: u32| {
        let body = json!({ "email": format!("user{number}@example.com"), "password": "a wild guess" });
        let request = guest.request(reqwest::Method::POST, "/api/v1/auth/login").json(&body);
        guest.send(request.header("x-forwarded-for", format!("203.0.113.{number}"))).await
    };
    for number in 0..4 {
        attempt(number).await.problem(401, "invalid_credentials");
    }
    attempt(4).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn only_our_own_tokens_count() {
    let (app, elsewhere) = (TestApp::spawn().await, TestApp::spawn().await);
    let author = app.author().await;
    let token = author.account().access_token.clone();
    author.get("/api/v1/auth/me").await.expect(200);
    let parts: Vec<&str> = token.split('.').collect();
    // {"alg":"none","typ":"at+jwt"}
    let unsigned_header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let other_signature = elsewhere.author().await.account().access_token.clone();
    let other_signature = other_signature.rsplit('.').next().unwrap_or_default();
    let wrong = [
        elsewhere.author().await.account().access_token.clone(),
        format!("{unsigned_header}.{}.", parts[1]),
        format!("{unsigned_header}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{other_signature}", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        author.account().refresh_token.clone(),
        "x".repeat(5000),
        "..".to_owned(),
        "null".to_owned(),
    ];
    for token in &wrong {
        let answer = author.with_token(token).get("/api/v1/auth/me").await;
        answer.problem(401, "invalid_token");
        assert_eq!(answer.must_have("www-authenticate"), "Bearer");
        // What is open to everybody is refused as well: whoever sends credentials means them.
        author.with_token(token).get("/api/v1/posts").await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn other_authorization_headers_are_refused() {
    let app = TestApp::spawn().await;
    for value in ["Bearer", "Basic YTpi", "bearer", "Bearer ", "nonsense", " ", "Token x", "Bearer a b c"] {
        let answer = app.guest().get_with("/api/v1/auth/me", "authorization", value).await;
        assert_eq!(answer.status, 401, "{value:?}: {}", answer.text());
        answer.any_problem();
    }
    app.guest().get("/api/v1/auth/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn no_answer_holds_a_password() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let secret = "correct horse battery staple";
    let user = |username: &str, email: &str, password: &str| json!({ "username": username, "email": email, "password": password, "role": "author" });
    let created =
        administrator.post("/api/v1/admin/users", &user("ada", "ada@example.com", secret)).await.expect(201);
    let path = format!("/api/v1/admin/users/{}", id(&created.json()));
    let answers = [
        created,
        administrator.get("/api/v1/admin/users").await.expect(200),
        administrator.get(&path).await.expect(200),
        administrator.patch(&path, &json!({ "password": format!("{secret}!") })).await.expect(200),
        administrator.patch(&path, &json!({ "password": secret, "bio": "x".repeat(5000) })).await.expect(422),
        administrator.post("/api/v1/admin/users", &user("ada", "x", secret)).await.expect(422),
        administrator.post("/api/v1/admin/users", &user("ada", "a@example.com", secret)).await.expect(409),
        app.guest().login("ada", &format!("{secret}?")).await.expect(401),
        app.guest().login("ada", &format!("{secret}!")).await.expect(200),
    ];
    for answer in answers {
        let text = answer.text();
        for part in [secret, "argon2", "password_hash", "token_version"] {
            assert!(!text.contains(part), "{}: {text}", answer.request);
        }
    }
}
