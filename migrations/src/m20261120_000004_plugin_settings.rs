//! What administrators set for plugins, apart from whether they enabled them: setting a value decides nothing else. And
//! an index for the outbox, which is asked how much one emitter has waiting.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(plugin_settings()).await?;
        let copy = "INSERT INTO plugin_settings (plugin_id, settings, updated_at) \
                    SELECT id, settings, updated_at FROM plugins WHERE settings <> '{}'";
        manager.get_connection().execute_unprepared(copy).await?;
        // Among the values are secrets: they are kept in one place.
        manager.get_connection().execute_unprepared("UPDATE plugins SET settings = '{}'").await?;
        let index =
            Index::create().name("outbox_by_entity").table("outbox").col("entity_id").col("id").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("outbox_by_entity").table("outbox").to_owned()).await?;
        // A plugin that nobody enabled or disabled had no row to hold its values: those are lost.
        let copy = "UPDATE plugins SET settings = (SELECT kept.settings FROM plugin_settings kept WHERE kept.plugin_id = plugins.id) \
                    WHERE id IN (SELECT plugin_id FROM plugin_settings)";
        manager.get_connection().execute_unprepared(copy).await?;
        manager.drop_table(Table::drop().table("plugin_settings").to_owned()).await
    }
}

/// The values by key, as a JSON object of texts. The column `settings` of `plugins` held them before.
fn plugin_settings() -> TableCreateStatement {
    Table::create()
        .table("plugin_settings")
        .col(string("plugin_id").primary_key())
        .col(text("settings"))
        .col(big_integer("updated_at"))
        .to_owned()
}
