//! What the site says of itself.

use fleuron_tests::{TestApp, both};
use serde_json::json;

const SETTINGS: &str = "/api/v1/admin/settings";

both! {
    async fn a_change_shows_at_once(app: TestApp) {
        let administrator = app.administrator().await;
        let wanted = json!({
            "title": "A quiet corner", "description": "Notes on type.", "language": "pt-BR", "posts_per_page": 3,
        });
        assert_eq!(administrator.patch(SETTINGS, &wanted).await.expect(200).json(), wanted);
        let home = app.guest().get("/").await.expect(200).text();
        for words in ["A quiet corner", "Notes on type.", "lang=\"pt-BR\""] {
            assert!(home.contains(words), "{words}: {home}");
        }
        let title = administrator.patch(SETTINGS, &json!({ "title": " Louder " })).await.expect(200).json();
        assert_eq!((&title["title"], &title["description"]), (&json!("Louder"), &json!("Notes on type.")));
    }

    async fn every_fault_is_named_and_nothing_changed(app: TestApp) {
        let administrator = app.administrator().await;
        let before = administrator.get(SETTINGS).await.expect(200).json();
        let wrong = json!({
            "title": "", "description": "two\nlines", "language": "no language", "posts_per_page": 0,
        });
        let faults = administrator.patch(SETTINGS, &wrong).await.faulty_fields();
        assert_eq!(faults, ["title", "description", "language", "posts_per_page"]);
        assert_eq!(administrator.get(SETTINGS).await.expect(200).json(), before);
    }
}
