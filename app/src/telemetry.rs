//! Logs and metrics.

mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

pub use metrics::Metrics;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logger {
    /// A server: the log is what it tells.
    Server,
    /// A command, which has answers of its own.
    Command,
}

impl Logger {
    /// What is logged unless `FLEURON_LOG` (or `RUST_LOG`) says otherwise.
    fn default_filter(self) -> &'static str {
        match self {
            Self::Server => {
                "info,actix_server=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,tokio_cron_scheduler=warn"
            }
            // Without a terminal, an import tells in the log how far it is.
            Self::Command => "warn,fleuron::import=info",
        }
    }
}

/// Starts the log on standard error: for people on a terminal, one JSON object a line otherwise.
pub fn start_logging(logger: Logger) {
    let words = std::env::var("FLEURON_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let default = logger.default_filter();
    let filter =
        EnvFilter::try_new(words.as_deref().unwrap_or(default)).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, in tests, keeps the first subscriber.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).with_ansi(false).try_init()
    };
}
