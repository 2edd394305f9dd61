//! Accounts, as administrators keep them.

use std::collections::HashSet;

use fleuron_tests::{TestApp, both, id, post, text};
use serde_json::{Value, json};

const USERS: &str = "/api/v1/admin/users";

fn new_user(username: &str) -> Value {
    json!({
        "username": username, "email": format!("{username}@example.com"),
        "password": "a quite long password", "role": "author",
    })
}

both! {
    async fn accounts_are_created_and_changed(app: TestApp) {
        let administrator = app.administrator().await;
        let created = administrator.post(USERS, &new_user("Ada")).await.expect(201).json();
        assert_eq!(
            (text(&created, "username"), text(&created, "email"), text(&created, "display_name"), text(&created, "role")),
            ("ada", "ada@example.com", "ada", "author")
        );
        let path = format!("{USERS}/{}", id(&created));
        let change = json!({ "display_name": "Ada Lovelace", "bio": "Counts." });
        let changed = administrator.patch(&path, &change).await.expect(200).json();
        assert_eq!(administrator.get(&path).await.expect(200).json(), changed);
        assert_eq!((text(&changed, "display_name"), text(&changed, "bio")), ("Ada Lovelace", "Counts."));
        app.guest().login("ada", "a quite long password").await.expect(200);
        administrator.get(&format!("{USERS}/{}", uuid::Uuid::now_v7())).await.problem(404, "not_found");
        administrator.patch(&format!("{USERS}/{}", uuid::Uuid::now_v7()), &change).await.problem(404, "not_found");
    }

    async fn names_and_addresses_are_unique(app: TestApp) {
        let administrator = app.administrator().await;
        administrator.post(USERS, &new_user("ada")).await.expect(201);
        administrator.post(USERS, &new_user("ADA")).await.problem(409, "username_taken");
        let mut other = new_user("grace");
        other["email"] = "ADA@Example.com".into();
        administrator.post(USERS, &other).await.problem(409, "email_taken");
    }

    async fn all_faults_are_told_at_once(app: TestApp) {
        let administrator = app.administrator().await;
        let wrong = json!({
            "username": "a b", "email": "nonsense", "display_name": "x".repeat(121), "password": "short", "role": "author",
        });
        let answer = administrator.post(USERS, &wrong).await;
        assert_eq!(answer.faulty_fields(), ["password", "email", "username", "display_name"]);
        let mut unknown_role = new_user("grace");
        unknown_role["role"] = "emperor".into();
        administrator.post(USERS, &unknown_role).await.problem(400, "malformed_request");
        let subscriber = app.subscriber().await;
        let change = json!({ "display_name": " ", "bio": "x".repeat(2001), "password": "x" });
        let answer = administrator.patch(&format!("{USERS}/{}", subscriber.id()), &change).await;
        assert_eq!(answer.faulty_fields(), ["password", "display_name", "bio"]);
    }

    async fn the_last_administrator_stays(app: TestApp) {
        let administrator = app.administrator().await;
        let path = format!("{USERS}/{}", administrator.id());
        for change in [json!({ "role": "editor" }), json!({ "status": "suspended" })] {
            assert_eq!(administrator.patch(&path, &change).await.faulty_fields(), ["role"]);
        }
        administrator.get("/api/v1/auth/me").await.expect(200);
        let second = app.administrator().await;
        second.patch(&path, &json!({ "role": "editor" })).await.expect(200);
        administrator.get("/api/v1/auth/me").await.problem(401, "invalid_token");
    }

    async fn two_administrators_cannot_depose_each_other(app: TestApp) {
        let (one, other) = (app.administrator().await, app.administrator().await);
        let down = json!({ "role": "author" });
        let (to_other, to_one) = (format!("{USERS}/{}", other.id()), format!("{USERS}/{}", one.id()));
        let (first, second) = tokio::join!(one.patch(&to_other, &down), other.patch(&to_one, &down));
        let deposed = [&first, &second].iter().filter(|answer| answer.status == 200).count();
        assert!(deposed <= 1, "nobody runs the site any more: {first:?} {second:?}");
        assert!([&first, &second].iter().all(|answer| answer.status < 500), "{first:?} {second:?}");
    }

    async fn the_list_has_everybody_once(app: TestApp) {
        let administrator = app.administrator().await;
        let mut expected = HashSet::from([administrator.id()]);
        for _ in 0..6 {
            expected.insert(app.subscriber().await.id());
        }
        let (mut seen, mut more) = (Vec::new(), String::new());
        for _ in 0..4 {
            let answer = administrator.get(&format!("{USERS}?limit=2{more}")).await.expect(200);
            seen.extend(answer.items().iter().map(|user| id(user).to_owned()));
            more = answer.json()["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!((seen.len(), more.as_str()), (7, ""));
        assert_eq!(seen.into_iter().collect::<HashSet<_>>(), expected);
    }

    async fn a_new_name_shows_at_once(app: TestApp) {
        let (administrator, author) = (app.administrator().await, app.author().await);
        let created = post("Signed").published().create(&author).await;
        assert!(app.guest().get("/signed").await.expect(200).text().contains("The author"));
        let path = format!("{USERS}/{}", author.id());
        administrator.patch(&path, &json!({ "display_name": "Ada Lovelace" })).await.expect(200);
        assert!(app.guest().get("/signed").await.expect(200).text().contains("Ada Lovelace"));
        let read = app.guest().get(&format!("/api/v1/posts/{}", id(&created))).await.expect(200).json();
        assert_eq!(read["authors"][0]["display_name"], "Ada Lovelace");
        assert_eq!(read["authors"][0].get("email"), None);
    }
}
