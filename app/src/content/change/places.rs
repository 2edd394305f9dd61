//! What relations can lead to, and whether it is there.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use crate::{
    content::{ContentType, definition::Target},
    posts::PostKind,
};

/// As many ids as one statement is given.
const CHUNK: usize = 500;

/// The tables of all types, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    tables: HashMap<String, String>,
}

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The table.
    pub(super) table: String,
    /// Of what kind, in the table of posts and pages.
    kind: Option<PostKind>,
}

impl Places {
    /// The places of these types, and of all else.
    pub(super) fn new<'a>(types: impl Iterator<Item = &'a ContentType>) -> Self {
        let tables = types.map(|content_type| (content_type.name().to_owned(), content_type.table()));
        Self { tables: tables.collect() }
    }

    /// Where such things are; nowhere, where there is no such type.
    pub(super) fn of(&self, target: &Target) -> Option<Place> {
        let (table, kind) = match target {
            Target::Post => ("posts", Some(PostKind::Post)),
            Target::Page => ("posts", Some(PostKind::Page)),
            Target::User => ("users", None),
            Target::Type(name) => (self.tables.get(name.as_str())?.as_str(), None),
        };
        Some(Place { table: table.to_owned(), kind })
    }
}

impl Place {
    /// Those of the ids that are there.
    pub(super) async fn existing(
        &self,
        database: &impl ConnectionTrait,
        ids: &[Uuid],
    ) -> Result<HashSet<Uuid>, DbErr> {
        let backend = database.get_database_backend();
        let mut existing = HashSet::new();
        for ids in ids.chunks(CHUNK) {
            let mut values: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
            let marks: Vec<String> = (1..=values.len()).map(|place| mark(backend, place)).collect();
            let mut sql = format!("SELECT id FROM {} WHERE id IN ({})", self.table, marks.join(", "));
            if let Some(kind) = self.kind {
                values.push(kind.as_str().into());
                sql.push_str(&format!(" AND kind = {}", mark(backend, values.len())));
            }
            let statement = Statement::from_sql_and_values(backend, sql, values);
            for row in database.query_all_raw(statement).await? {
                existing.insert(row.try_get_by_index(0)?);
            }
        }
        Ok(existing)
    }
}

fn mark(backend: DbBackend, place: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("${place}"),
        _ => "?".to_owned(),
    }
}
