//! Content types, what their entries refer to, and the slugs that entries had before. Each type has a table of its own for
//! its entries, which is made with the type.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [content_types(), content_links(), content_old_slugs()] {
            manager.create_table(table).await?;
        }
        for sql in INDEXES {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    /// The tables of entries stay, since a step back shall lose nothing.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["content_old_slugs", "content_links", "content_types"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// `number` names the table of the entries, `content_<number>`; `owner` is `file` or `api`; `definition` and `layout` are
/// JSON.
fn content_types() -> TableCreateStatement {
    Table::create()
        .table("content_types")
        .col(big_integer("number").auto_increment().primary_key())
        .col(string("name").unique_key())
        .col(string("owner"))
        .col(boolean("enabled"))
        .col(text("definition"))
        .col(text("layout"))
        .col(big_integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

/// What entries refer to, and the options of selects that take many. `target` is `entry`, `post` or `user`, and null for an
/// option; `value` is an id or the option.
fn content_links() -> TableCreateStatement {
    Table::create()
        .table("content_links")
        .col(big_integer("source_type"))
        .col(string("field_key"))
        .col(string("value"))
        .col(uuid("source_id"))
        .col(string_null("target"))
        .primary_key(Index::create().col("source_type").col("field_key").col("value").col("source_id"))
        .to_owned()
}

/// Where published entries could be found before their slugs were changed.
fn content_old_slugs() -> TableCreateStatement {
    Table::create()
        .table("content_old_slugs")
        .col(big_integer("type_number"))
        .col(string("slug"))
        .col(uuid("entry_id"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("type_number").col("slug"))
        .to_owned()
}

const INDEXES: [&str; 3] = [
    "CREATE INDEX content_links_to ON content_links (value) WHERE target IS NOT NULL",
    "CREATE INDEX content_links_of ON content_links (source_id)",
    "CREATE INDEX content_old_slugs_of ON content_old_slugs (entry_id)",
];
