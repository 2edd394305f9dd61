//! The first run: a one-time link makes the first administrator.

use fleuron_tests::{Actor, Answer, TestApp, both, text};

const PASSWORD: &str = "a quite long password";

/// The link's path and its token.
fn link(app: &TestApp) -> (String, String) {
    let link = app.setup_link().expect("a new site prints a link");
    let path = link.strip_prefix(&app.url()).unwrap().to_owned();
    let token = path.strip_prefix("/setup?token=").unwrap().to_owned();
    assert!(token.len() >= 32, "{token}");
    (path, token)
}

async fn complete(guest: &Actor, token: &str, username: &str, password: &str) -> Answer {
    let email = format!("{username}@example.com");
    let fields = [
        ("token", token),
        ("site_title", "My <new> site"),
        ("email", email.as_str()),
        ("username", username),
        ("password", password),
    ];
    guest.post_form("/setup", &fields).await
}

both! {
    async fn the_link_makes_the_administrator_once(app: TestApp) {
        let guest = app.guest();
        let (path, token) = link(&app);
        let page = guest.get(&path).await.expect(200);
        assert!(page.text().contains("name=\"password\"") && !page.text().contains("<script"));
        assert_eq!(page.must_have("referrer-policy"), "no-referrer");
        assert_eq!(page.must_have("cache-control"), "no-store");
        let done = complete(&guest, &token, "ada", PASSWORD).await.expect(200).text();
        assert!(!done.contains(PASSWORD));
        let session = guest.login("ada", PASSWORD).await.expect(200).json();
        let bearer = format!("Bearer {}", text(&session, "access_token"));
        let me = guest.get_with("/api/v1/auth/me", "authorization", &bearer).await.expect(200).json();
        assert_eq!((text(&me, "role"), text(&me, "email")), ("administrator", "ada@example.com"));
        assert!(guest.get("/").await.expect(200).text().contains("My &lt;new&gt; site"));
        assert!(guest.get("/welcome-to-fleuron").await.expect(200).text().contains(">ada<"), "the first post is theirs");
        guest.get(&path).await.expect(404);
        let second = complete(&guest, &token, "mallory", PASSWORD).await;
        assert!(matches!(second.status, 404 | 409), "{}", second.text());
        guest.login("mallory", PASSWORD).await.expect(401);
        let app = app.restart().await;
        assert_eq!(app.setup_link(), None);
    }

    async fn a_wrong_token_opens_nothing(app: TestApp) {
        let guest = app.guest();
        let (_, token) = link(&app);
        for wrong in ["", "nonsense", &token[1..], &format!("{token}x"), &token.to_uppercase(), "\0"] {
            let query = fleuron_tests::encode_form(&[("token", wrong)]);
            guest.get(&format!("/setup?{query}")).await.expect(404);
            complete(&guest, wrong, "mallory", PASSWORD).await.expect(404);
        }
        guest.get("/setup").await.expect(404);
        guest.login("mallory", PASSWORD).await.expect(401);
        complete(&guest, &token, "ada", PASSWORD).await.expect(200);
    }

    async fn faults_are_told_and_cost_nothing(app: TestApp) {
        let guest = app.guest();
        let (_, token) = link(&app);
        let faulty = [("token", token.as_str()), ("site_title", " "), ("email", "x"), ("username", "-"), ("password", "short")];
        let page = guest.post_form("/setup", &faulty).await.expect(422).text();
        assert!(page.contains("10") && !page.contains("short\""), "the password does not come back");
        guest.post_form("/setup", &[("token", &token)]).await.expect(422);
        complete(&guest, &token, "ada", PASSWORD).await.expect(200);
    }

    async fn of_two_who_are_quick_one_wins(app: TestApp) {
        let guest = app.guest();
        let (_, token) = link(&app);
        let (one, other) =
            tokio::join!(complete(&guest, &token, "ada", PASSWORD), complete(&guest, &token, "mallory", PASSWORD));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && matches!(statuses[1], 404 | 409), "{statuses:?}");
    }

    async fn a_new_start_makes_a_new_link(app: TestApp) {
        let (old, _) = link(&app);
        let app = app.restart().await;
        let new = app.setup_link().expect("nobody runs the site yet").to_owned();
        let path = new.strip_prefix(&app.url()).unwrap();
        assert_ne!(path, old);
        app.guest().get(&old).await.expect(404);
        app.guest().get(path).await.expect(200);
    }
}
