//! Plugins that come as packages: what was uploaded, which version of each is in force, and what an administrator agreed
//! to; and the audit trail, which tells who did it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [plugin_packages(), plugin_installs(), audit_log()] {
            manager.create_table(table).await?;
        }
        let versions = Index::create()
            .name("plugin_packages_by_version")
            .table("plugin_packages")
            .col("plugin_id")
            .col("version")
            .unique()
            .to_owned();
        manager.create_index(versions).await?;
        let subjects = Index::create()
            .name("audit_log_by_subject")
            .table("audit_log")
            .col("subject")
            .col("id")
            .to_owned();
        manager.create_index(subjects).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["audit_log", "plugin_installs", "plugin_packages"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// One row for each package that was ever taken. Rows stay when the package itself goes: a version stands for the same
/// bytes for ever.
fn plugin_packages() -> TableCreateStatement {
    Table::create()
        .table("plugin_packages")
        .col(string("sha256").primary_key())
        .col(string("plugin_id"))
        .col(string("version"))
        .col(big_integer("size"))
        .col(text("manifest"))
        .col(boolean("is_stored"))
        .col(uuid_null("uploaded_by"))
        .col(big_integer("uploaded_at"))
        .to_owned()
}

/// One row for each plugin that is installed from packages. `active` is in force, `pending` waits for consent or, once
/// `pending_granted` is there, to be put in force; `previous` can be gone back to. Packages are named by their hash, what
/// was granted is a JSON array.
fn plugin_installs() -> TableCreateStatement {
    Table::create()
        .table("plugin_installs")
        .col(string("plugin_id").primary_key())
        .col(string_null("active"))
        .col(text_null("granted"))
        .col(string_null("pending"))
        .col(text_null("pending_granted"))
        .col(string_null("previous"))
        .col(text_null("previous_granted"))
        .col(string_null("removing"))
        .col(big_integer("revision"))
        .col(big_integer("updated_at"))
        .to_owned()
}

/// What was done by whom. The UUIDv7 id orders the rows.
fn audit_log() -> TableCreateStatement {
    Table::create()
        .table("audit_log")
        .col(uuid("id").primary_key())
        .col(big_integer("at"))
        .col(uuid_null("user_id"))
        .col(string("action"))
        .col(string("subject"))
        .col(text("detail"))
        .to_owned()
}
