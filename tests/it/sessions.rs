//! Sessions: how they go on, and how they end.

use fleuron::auth::Role;
use fleuron_tests::{Actor, Answer, PASSWORD, TestApp, both, text};
use serde_json::{Value, json};

async fn refresh(actor: &Actor, token: &str) -> Answer {
    actor.post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
}

fn refresh_token(session: &Value) -> &str {
    text(session, "refresh_token")
}

/// The administrator changes something of the actor's account.
async fn change(administrator: &Actor, actor: &Actor, change: &Value) {
    administrator.patch(&format!("/api/v1/admin/users/{}", actor.id()), change).await.expect(200);
}

both! {
    async fn refreshing_rotates_the_token(app: TestApp) {
        let author = app.author().await;
        let first = author.account().refresh_token.clone();
        let second = refresh(&app.guest(), &first).await.expect(200).json();
        assert_ne!(refresh_token(&second), first);
        author.with_token(text(&second, "access_token")).get("/api/v1/auth/me").await.expect(200);
        let third = refresh(&app.guest(), refresh_token(&second)).await.expect(200).json();
        assert_ne!(refresh_token(&third), refresh_token(&second));
    }

    async fn a_stolen_refresh_token_ends_its_family(app: TestApp) {
        let author = app.author().await;
        let first = author.account().refresh_token.clone();
        let second = refresh(&app.guest(), &first).await.expect(200).json();
        refresh(&app.guest(), &first).await.problem(401, "invalid_token");
        refresh(&app.guest(), refresh_token(&second)).await.problem(401, "invalid_token");
    }

    async fn of_two_that_refresh_at_once_one_wins(app: TestApp) {
        let author = app.author().await;
        let token = author.account().refresh_token.clone();
        let guest = app.guest();
        let answers = futures_util::future::join_all((0..8).map(|_| refresh(&guest, &token))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(won <= 1, "{won} sessions were made of one token");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401)), "{answers:?}");
    }

    async fn signing_out_ends_the_session(app: TestApp) {
        let author = app.author().await;
        let token = author.account().refresh_token.clone();
        let id = author.account().id;
        let other = app.within(move |services| async move {
            let user = services.users.find(id).await.unwrap().unwrap();
            services.auth.open_session(&user).await.unwrap().refresh_token
        });
        let other = other.await;
        author.post("/api/v1/auth/logout", &json!({ "refresh_token": token })).await.expect(204);
        refresh(&app.guest(), &token).await.problem(401, "invalid_token");
        refresh(&app.guest(), &other).await.expect(200);
        // Whoever is out stays out, and hears no complaint.
        author.post("/api/v1/auth/logout", &json!({ "refresh_token": token })).await.expect(204);
        author.post("/api/v1/auth/logout", &json!({ "refresh_token": "never seen" })).await.expect(204);
    }

    async fn another_role_ends_all_sessions_at_once(app: TestApp) {
        let (administrator, author) = (app.administrator().await, app.author().await);
        author.get("/api/v1/auth/me").await.expect(200);
        change(&administrator, &author, &json!({ "role": "editor" })).await;
        author.get("/api/v1/auth/me").await.problem(401, "invalid_token");
        refresh(&app.guest(), &author.account().refresh_token).await.problem(401, "invalid_token");
    }

    async fn a_suspended_user_is_out_at_once(app: TestApp) {
        let administrator = app.administrator().await;
        let author = app.actor_with_password(Role::Author).await;
        change(&administrator, &author, &json!({ "status": "suspended" })).await;
        author.get("/api/v1/auth/me").await.problem(401, "invalid_token");
        refresh(&app.guest(), &author.account().refresh_token).await.problem(401, "invalid_token");
        let email = &author.account().email;
        app.guest().login(email, PASSWORD).await.problem(401, "invalid_credentials");
        change(&administrator, &author, &json!({ "status": "active" })).await;
        app.guest().login(email, PASSWORD).await.expect(200);
        author.get("/api/v1/auth/me").await.problem(401, "invalid_token");
    }

    async fn a_new_password_ends_all_sessions_at_once(app: TestApp) {
        let administrator = app.administrator().await;
        let author = app.actor_with_password(Role::Author).await;
        change(&administrator, &author, &json!({ "password": "quite another password" })).await;
        author.get("/api/v1/auth/me").await.problem(401, "invalid_token");
        refresh(&app.guest(), &author.account().refresh_token).await.problem(401, "invalid_token");
        let email = &author.account().email;
        app.guest().login(email, PASSWORD).await.problem(401, "invalid_credentials");
        app.guest().login(email, "quite another password").await.expect(200);
    }

    async fn other_changes_end_no_session(app: TestApp) {
        let (administrator, author) = (app.administrator().await, app.author().await);
        change(&administrator, &author, &json!({ "display_name": "Ada", "role": "author" })).await;
        let me = author.get("/api/v1/auth/me").await.expect(200).json();
        assert_eq!(text(&me, "display_name"), "Ada");
        refresh(&app.guest(), &author.account().refresh_token).await.expect(200);
    }
}

#[tokio::test]
async fn sessions_outlive_the_server() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let account = author.account().clone();
    let app = app.restart().await;
    let guest = app.guest();
    let bearer = format!("Bearer {}", account.access_token);
    guest.get_with("/api/v1/auth/me", "authorization", &bearer).await.expect(200);
    refresh(&guest, &account.refresh_token).await.expect(200);
}
