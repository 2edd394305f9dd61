//! Each test runs on SQLite and, when `FLEURON_TEST_POSTGRES` names a server, on PostgreSQL.

mod plans;
mod rows;
mod types;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use super::{entries, tables};
use crate::{
    clock::Timestamp,
    config::DatabaseConfig,
    content::{
        ContentType, Entry, EntryStatus,
        definition::{Sort, SortKey, source},
        layout::Layout,
        model::{Condition, EntryList, IndexValue, Operator, Owner},
    },
    database::Database,
    ids::EntryId,
};

/// A database with tables and no content.
struct Site {
    database: Database,
    _folder: TempDir,
    /// The server of PostgreSQL, and the name of the database on it.
    server: Option<(Url, String)>,
}

impl Site {
    /// One of each kind that there is.
    async fn all() -> Vec<Self> {
        let mut sites = vec![Self::sqlite().await];
        sites.extend(Self::postgres().await);
        sites
    }

    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        Self::open(config, folder, None).await
    }

    /// None where no server is named.
    async fn postgres() -> Option<Self> {
        let server = std::env::var("FLEURON_TEST_POSTGRES").ok()?;
        let server = Url::parse(&server).unwrap();
        let name = format!("fleuron_test_{}", Uuid::now_v7().simple());
        on_server(&server, &format!("CREATE DATABASE {name}")).await;
        let mut url = server.clone();
        url.set_path(&name);
        let mut config = DatabaseConfig::parse(url.as_str()).unwrap();
        config.max_connections = 4;
        Some(Self::open(config, tempfile::tempdir().unwrap(), Some((server, name))).await)
    }

    async fn open(config: DatabaseConfig, folder: TempDir, server: Option<(Url, String)>) -> Self {
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, _folder: folder, server }
    }

    async fn close(self) {
        self.database.close().await;
        if let Some((server, name)) = self.server {
            on_server(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    fn backend(&self) -> DbBackend {
        self.database.backend()
    }

    /// Makes the type with its table.
    async fn make(&self, definition: &Value) -> ContentType {
        let content_type = content_type(definition);
        let made = self.database.write(content_type, |transaction, content_type| {
            Box::pin(async move {
                let mut made = content_type.clone();
                made.number = super::types::insert(transaction, &made).await?;
                tables::create(transaction, &made).await?;
                Ok(made)
            })
        });
        made.await.unwrap()
    }

    async fn insert(&self, content_type: &ContentType, entries: Vec<Entry>) {
        let input = (content_type.clone(), entries);
        let written = self.database.write(input, |transaction, (content_type, entries)| {
            Box::pin(async move {
                for entry in entries {
                    let derived = entries::Derived::of(content_type, entry)?;
                    assert!(entries::insert(transaction, content_type, entry, &derived).await?);
                }
                Ok(())
            })
        });
        written.await.unwrap();
    }

    async fn update(&self, content_type: &ContentType, entry: &Entry, seen: i64) -> bool {
        let input = (content_type.clone(), entry.clone(), seen);
        let written = self.database.write(input, |transaction, (content_type, entry, seen)| {
            Box::pin(async move {
                let derived = entries::Derived::of(content_type, entry)?;
                Ok(entries::update(transaction, content_type, entry, &derived, *seen).await?)
            })
        });
        written.await.unwrap()
    }

    async fn delete(&self, content_type: &ContentType, id: EntryId, seen: i64) -> bool {
        let input = (content_type.clone(), id, seen);
        let written = self.database.write(input, |transaction, (content_type, id, seen)| {
            Box::pin(async move { Ok(entries::delete(transaction, content_type, *id, *seen).await?) })
        });
        written.await.unwrap()
    }

    async fn titles(&self, content_type: &ContentType, list: &EntryList) -> Vec<String> {
        let entries = entries::list(self.database.reader(), content_type, list).await.unwrap();
        entries.iter().map(|entry| entry.title(&content_type.definition)).collect()
    }

    /// The plan of a statement, line by line.
    async fn explain(&self, statement: Statement) -> String {
        let reader = self.database.reader();
        let explain = match self.backend() {
            DbBackend::Postgres => "EXPLAIN ",
            _ => "EXPLAIN QUERY PLAN ",
        };
        let column = if self.backend() == DbBackend::Postgres { 0 } else { 3 };
        let explained = Statement { sql: format!("{explain}{}", statement.sql), ..statement };
        let rows = reader.query_all_raw(explained).await.unwrap();
        let lines = rows.iter().map(|row| row.try_get_by_index::<String>(column).unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }
}

async fn on_server(server: &Url, sql: &str) {
    let mut options = sea_orm::ConnectOptions::new(server.as_str());
    options.max_connections(1).sqlx_logging(false);
    let connection = sea_orm::Database::connect(options).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// A type whose fields have the keys `f1`, `f2` and so on.
fn content_type(definition: &Value) -> ContentType {
    let definition = source::from_json(definition).unwrap();
    let mut layout = Layout::default();
    for field in &definition.fields {
        let key = layout.fresh();
        layout.keys.insert(field.name.to_string(), key);
    }
    ContentType {
        number: 0,
        version: 1,
        owner: Owner::Api,
        enabled: true,
        definition,
        layout,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

/// A type with one field of each sort.
fn event() -> Value {
    json!({
        "name": "event", "singular": "Event", "plural": "Events", "default_sort": "-created_at",
        "fields": [
            { "name": "title", "kind": "text", "sortable": true, "searchable": true },
            { "name": "slug", "kind": "slug" },
            { "name": "price", "kind": "number", "filterable": true, "sortable": true },
            { "name": "city", "kind": "text", "filterable": true },
            { "name": "sold_out", "kind": "boolean", "filterable": true },
            { "name": "tags", "kind": "select", "options": ["new", "old", "rare"], "many": true,
              "filterable": true },
            { "name": "after", "kind": "relation", "to": "event", "filterable": true },
            { "name": "code", "kind": "text", "unique": true },
            { "name": "body", "kind": "markdown", "searchable": true },
        ],
        "indexes": [["city", "price"]],
    })
}

/// A published entry with these values, the later the larger its number.
fn entry(content_type: &ContentType, number: i64, fields: Value) -> Entry {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let mut stored = Map::new();
    for (name, value) in &fields {
        stored.insert(content_type.layout.key(name).unwrap().to_owned(), value.clone());
    }
    let moment = Timestamp::from_millis(1_700_000_000_000 + number * 1_000);
    Entry {
        id: EntryId(Uuid::from_u128((0x0190 << 112) | u128::try_from(number).unwrap())),
        status: EntryStatus::Published,
        fields,
        stored,
        created_by: None,
        updated_by: None,
        created_at: moment,
        updated_at: moment,
        published_at: Some(moment),
        version: 1,
    }
}

/// All published entries in this order.
fn list(sort: &str) -> EntryList {
    let (descending, name) = match sort.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, sort),
    };
    EntryList {
        status: EntryStatus::Published,
        created_by: None,
        conditions: Vec::new(),
        search: None,
        sort: Sort { key: key(name), descending },
        after: None,
        limit: 20,
    }
}

fn key(name: &str) -> SortKey {
    match name {
        "created_at" => SortKey::CreatedAt,
        "updated_at" => SortKey::UpdatedAt,
        "published_at" => SortKey::PublishedAt,
        name => {
            let definition = source::from_json(&event()).unwrap();
            SortKey::Field(definition.field(name).unwrap().name.clone())
        }
    }
}

fn with(mut list: EntryList, name: &str, operator: Operator, values: Vec<IndexValue>) -> EntryList {
    list.conditions.push(Condition { key: key(name), operator, values });
    list
}

fn number(number: f64) -> Vec<IndexValue> {
    vec![IndexValue::Number(number)]
}

fn text(text: &str) -> Vec<IndexValue> {
    vec![IndexValue::Text(text.to_owned())]
}
