//! A database of its own for each test: a file in its folder, or one made on a PostgreSQL server for it alone.

use fleuron::config::DatabaseConfig;
use reqwest::Url;
use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

/// Names a server where databases may be created, such as `postgres://me:secret@127.0.0.1/postgres`.
const SERVER: &str = "FLEURON_TEST_POSTGRES";

/// A PostgreSQL database that goes with this value.
pub struct PostgresDatabase {
    server: Url,
    name: String,
}

impl PostgresDatabase {
    /// Makes one; `None`, with a loud line, when no server is named.
    ///
    /// # Panics
    /// When the server that is named does not make it.
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            let thread = std::thread::current();
            eprintln!("SKIPPED {}: {SERVER} is not set", thread.name().unwrap_or("a test on PostgreSQL"));
            return None;
        };
        let server = Url::parse(&server).unwrap_or_else(|error| panic!("{SERVER} is not a URL: {error}"));
        let name = format!("fleuron_test_{}", Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    /// Where it is reached, as `DATABASE_URL` has it.
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.to_string()
    }

    pub(crate) fn config(&self) -> DatabaseConfig {
        let mut config = DatabaseConfig::parse(&self.url()).expect("a URL of PostgreSQL");
        // Many tests share one server, which takes a hundred connections.
        config.max_connections = 8;
        config
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // Tests drop it inside of a runtime, which cannot be waited on from within.
        let outcome = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, &statement));
        })
        .join();
        if outcome.is_err() {
            eprintln!("the database {} is left behind", self.name);
        }
    }
}

async fn execute(server: &Url, statement: &str) {
    let mut options = sea_orm::ConnectOptions::new(server.as_str());
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.expect("the PostgreSQL server answers");
    connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    let _ = connection.close().await;
}
