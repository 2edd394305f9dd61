//! What the engine keeps for itself: settings, the outbox, leases, plugin decisions, cron runs and import marks.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [settings(), outbox(), leases(), plugins(), cron_runs(), import_sources()] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(
                Index::create()
                    .name("cron_runs_by_job")
                    .table("cron_runs")
                    .col("plugin_id")
                    .col("due_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["import_sources", "cron_runs", "plugins", "leases", "outbox", "settings"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn settings() -> TableCreateStatement {
    Table::create().table("settings").col(string("key").primary_key()).col(text("value")).to_owned()
}

/// Rows are written with the change they tell of and taken away once delivered. The UUIDv7 id orders them.
fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(uuid("id").primary_key())
        .col(string("event_type"))
        .col(string("entity_id"))
        .col(text("payload"))
        .col(integer("attempts").default(0))
        .col(big_integer("created_at"))
        .to_owned()
}

/// One holder at a time; the token grows with every change of hands and fences off a holder that was late.
fn leases() -> TableCreateStatement {
    Table::create()
        .table("leases")
        .col(string("name").primary_key())
        .col(uuid("holder"))
        .col(big_integer("token"))
        .col(big_integer("expires_at"))
        .to_owned()
}

fn plugins() -> TableCreateStatement {
    Table::create()
        .table("plugins")
        .col(string("id").primary_key())
        .col(boolean("enabled"))
        .col(text("settings").default("{}"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn cron_runs() -> TableCreateStatement {
    Table::create()
        .table("cron_runs")
        .col(uuid("id").primary_key())
        .col(string("plugin_id"))
        .col(string("job_type"))
        .col(big_integer("due_at"))
        .col(big_integer("started_at"))
        .col(big_integer_null("ended_at"))
        .col(string("outcome"))
        .col(text_null("detail"))
        .to_owned()
}

/// Remembers which file a post came from and its hash, so that an import can be repeated.
fn import_sources() -> TableCreateStatement {
    Table::create()
        .table("import_sources")
        .col(string("source").primary_key())
        .col(uuid("post_id"))
        .col(string("content_hash"))
        .col(big_integer("imported_at"))
        .foreign_key(
            ForeignKey::create()
                .from("import_sources", "post_id")
                .to("posts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
