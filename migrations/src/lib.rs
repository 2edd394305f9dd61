//! The schema of a Fleuron site. Every migration runs on SQLite and on PostgreSQL, and works with the code
//! before and after it, so that a site can be upgraded while its old process still answers.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod m20261120_000001_people;
mod m20261120_000002_content;
mod m20261120_000003_engine;
mod m20261120_000004_plugin_settings;
mod m20261128_000005_plugin_packages;
mod m20261128_000006_events_and_cron;
mod m20261128_000007_content_types;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_people::Migration),
            Box::new(m20261120_000002_content::Migration),
            Box::new(m20261120_000003_engine::Migration),
            Box::new(m20261120_000004_plugin_settings::Migration),
            Box::new(m20261128_000005_plugin_packages::Migration),
            Box::new(m20261128_000006_events_and_cron::Migration),
            Box::new(m20261128_000007_content_types::Migration),
        ]
    }
}
