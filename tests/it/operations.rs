//! What operators look at.

use fleuron_tests::{TestApp, both, post};

both! {
    async fn health_is_told(app: TestApp) {
        for path in ["/healthz", "/readyz"] {
            let answer = app.guest().get(path).await.expect(200);
            assert_eq!(answer.must_have("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn requests_and_plugins_are_counted() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    post("Counted").published().create(&author).await;
    app.guest().get("/counted").await.expect(200);
    app.guest().get("/nowhere").await.expect(404);
    let answer = app.guest().get("/metrics").await.expect(200);
    assert!(answer.must_have("content-type").starts_with("application/openmetrics-text"));
    let metrics = answer.text();
    assert!(metrics.ends_with("# EOF\n") && metrics.matches("# EOF").count() == 1);
    let value = |start: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("no {start} in {metrics}"));
        line.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    assert!(value("fleuron_http_requests_total{status=\"201\"}") >= 1.0);
    assert!(value("fleuron_http_requests_total{status=\"404\"}") >= 1.0);
    assert!(value("fleuron_http_request_duration_seconds_count") >= 3.0);
    assert!(value("fleuron_plugin_active{plugin=\"org.fleuron.reading-time\"}") >= 1.0);
    let created = "plugin=\"org.fleuron.slug-and-excerpt\",hook=\"on-post-creating\"";
    assert!(value(&format!("fleuron_plugin_calls_total{{{created}}}")) >= 1.0);
    assert!(value(&format!("fleuron_plugin_errors_total{{{created}}}")) < 1.0);
}
