//! Events that are kept, with who hears them and what became of it; webhooks; the jobs of cron and their runs.
//!
//! The tables `outbox` and `cron_runs` stay for a server of the version before that still answers: what it writes into
//! the outbox is moved over by whoever delivers events.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: [&str; 6] = ["events", "event_queue", "deliveries", "webhooks", "cron_jobs", "cron_job_runs"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [events(), event_queue(), deliveries(), webhooks(), cron_jobs(), cron_job_runs()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        // Indexes of some rows only, which the builder does not know.
        for sql in PARTIAL_INDEXES {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        manager.get_connection().execute_unprepared(HISTORY).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("posts_scheduled").table("posts").to_owned()).await?;
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Facts in the order in which they were recorded, which is that of the commits for the facts of one entity. `queue` is
/// `site` or the plugin that emitted; `listeners` is JSON, null where it is for the delivery to find out.
fn events() -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(big_integer("seq").auto_increment().primary_key())
        .col(uuid("id").unique_key())
        .col(string("event_type"))
        .col(string("queue"))
        .col(string("entity_id"))
        .col(text("payload"))
        .col(text_null("listeners"))
        .col(big_integer("created_at"))
        .to_owned()
}

/// The events that nobody has been told of yet: small rows that come and go, while the events stay as they are.
fn event_queue() -> TableCreateStatement {
    Table::create()
        .table("event_queue")
        .col(big_integer("event_seq").primary_key())
        .col(string("queue"))
        .col(string("entity_id"))
        .to_owned()
}

/// What became of an event at one listener, where that took more than one attempt or is worth keeping.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("deliveries")
        .col(uuid("id").primary_key())
        .col(big_integer("event_seq"))
        .col(uuid("event_id"))
        .col(string("event_type"))
        .col(string("entity_id"))
        .col(string("listener"))
        .col(string("state"))
        .col(integer("attempts"))
        .col(big_integer_null("next_at"))
        .col(text_null("last_error"))
        .col(integer_null("last_status"))
        .col(big_integer_null("duration_ms"))
        .col(text("log"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn webhooks() -> TableCreateStatement {
    Table::create()
        .table("webhooks")
        .col(uuid("id").primary_key())
        .col(text("name"))
        .col(text("url"))
        .col(text("events"))
        .col(text("secret"))
        .col(text_null("previous_secret"))
        .col(big_integer_null("previous_until"))
        .col(boolean("enabled"))
        .col(text_null("paused_reason"))
        .col(big_integer_null("failing_since"))
        .col(uuid_null("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn cron_jobs() -> TableCreateStatement {
    Table::create()
        .table("cron_jobs")
        .col(string("owner"))
        .col(string("job_type"))
        .col(text("expression"))
        .col(string("time_zone"))
        .col(big_integer_null("next_due"))
        .col(boolean_null("paused"))
        .col(big_integer("updated_at"))
        .primary_key(Index::create().col("owner").col("job_type"))
        .to_owned()
}

fn cron_job_runs() -> TableCreateStatement {
    Table::create()
        .table("cron_job_runs")
        .col(uuid("id").primary_key())
        .col(string("owner"))
        .col(string("job_type"))
        .col(big_integer("due_at"))
        .col(integer("attempt"))
        .col(string("trigger"))
        .col(big_integer("started_at"))
        .col(big_integer_null("ended_at"))
        .col(string("outcome"))
        .col(text_null("detail"))
        .col(text_null("output"))
        .col(uuid_null("holder"))
        .col(big_integer_null("lease_until"))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("events_by_type", "events", &["event_type", "seq"]),
        index("events_by_entity", "events", &["entity_id", "seq"]),
        index("events_by_age", "events", &["created_at"]),
        index("event_queue_by_queue", "event_queue", &["queue", "event_seq"]),
        unique("deliveries_by_event", "deliveries", &["event_seq", "listener"]),
        index("deliveries_by_state", "deliveries", &["state", "id"]),
        index("deliveries_by_age", "deliveries", &["state", "updated_at"]),
        index("deliveries_by_listener", "deliveries", &["listener", "id"]),
        // One start for each due time, whoever tries and why.
        unique("cron_job_runs_by_due", "cron_job_runs", &["owner", "job_type", "due_at", "attempt"]),
    ]
}

const PARTIAL_INDEXES: [&str; 4] = [
    "CREATE INDEX deliveries_by_lane ON deliveries (listener, entity_id, event_seq) WHERE state = 'pending'",
    "CREATE INDEX deliveries_pending_of ON deliveries (entity_id) WHERE state = 'pending'",
    "CREATE INDEX cron_job_runs_running ON cron_job_runs (lease_until) WHERE outcome = 'running'",
    "CREATE INDEX posts_scheduled ON posts (published_at) WHERE status = 'scheduled'",
];

/// Runs of the past stay in the history.
const HISTORY: &str = "INSERT INTO cron_job_runs \
    (id, owner, job_type, due_at, attempt, \"trigger\", started_at, ended_at, outcome, detail) \
    SELECT id, plugin_id, job_type, due_at, \
    ROW_NUMBER() OVER (PARTITION BY plugin_id, job_type, due_at ORDER BY started_at, id), 'schedule', started_at, \
    COALESCE(ended_at, started_at), CASE outcome WHEN 'running' THEN 'aborted' ELSE outcome END, detail FROM cron_runs";

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name(name).table(table);
    for column in columns {
        statement.col(*column);
    }
    statement.to_owned()
}

fn unique(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(name, table, columns).unique().to_owned()
}
