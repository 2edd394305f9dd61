//! `fleuron migrate`.

use super::{Failure, block_on};
use crate::{
    config::{Config, Options},
    database::Database,
};

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let config = Config::load(options)?;
    block_on(async move {
        let database = Database::connect(&config.database).await?;
        let applied = database.migrate().await?;
        database.close().await;
        let location = config.database.location();
        match applied {
            0 => println!("{location} is up to date."),
            applied => println!("{location}: {applied} migrations applied."),
        }
        Ok(())
    })
}
