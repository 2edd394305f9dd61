//! Rows as sea-orm sees them, one file per table. Nothing but the repositories reads them.
#![expect(
    missing_docs,
    reason = "the columns are described where the tables are made, in the migrations crate"
)]

pub mod audit_log;
pub mod categories;
pub mod comments;
pub mod content_links;
pub mod content_old_slugs;
pub mod content_types;
pub mod cron_jobs;
pub mod cron_runs;
pub mod deliveries;
pub mod event_queue;
pub mod events;
pub mod import_sources;
pub mod leases;
pub mod media;
pub mod outbox;
pub mod plugin_installs;
pub mod plugin_packages;
pub mod plugin_settings;
pub mod plugins;
pub mod post_authors;
pub mod post_tags;
pub mod posts;
pub mod redirects;
pub mod refresh_tokens;
pub mod settings;
pub mod tags;
pub mod users;
pub mod webhooks;
