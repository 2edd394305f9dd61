//! Logs and metrics.

mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

pub use metrics::Metrics;

/// What is logged unless `FLEURON_LOG` (or `RUST_LOG`) says otherwise.
const DEFAULT_FILTER: &str =
    "info,actix_server=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,tokio_cron_scheduler=warn";

/// Starts the log on standard error: for people on a terminal, one JSON object a line otherwise.
pub fn start_logging() {
    let words = std::env::var("FLEURON_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let filter = EnvFilter::try_new(words.as_deref().unwrap_or(DEFAULT_FILTER))
        .unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, in tests, keeps the first subscriber.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).with_ansi(false).try_init()
    };
}
