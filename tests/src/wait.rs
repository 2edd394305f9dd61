//! Waiting for what happens in its own time, and taking answers apart.

use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer, and gives it back.
///
/// # Panics
/// When there is none within [`PATIENCE`]; `what` says in words what was waited for.
pub async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, probe).await
}

/// As [`eventually`], with another patience.
///
/// # Panics
/// When there is no answer within `patience`.
pub async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// A text of a JSON object.
///
/// # Panics
/// When there is no such text.
#[track_caller]
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("there is no text `{field}` in {value:#}"))
}

/// The `id` of a JSON object.
///
/// # Panics
/// When it has none.
#[track_caller]
pub fn id(value: &Value) -> &str {
    text(value, "id")
}
