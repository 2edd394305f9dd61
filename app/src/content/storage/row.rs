//! Rows of entries.

use std::{borrow::Cow, fmt};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::sql::Sql;
use crate::{
    clock::Timestamp,
    content::{ContentType, Entry, EntryStatus, Field, Fields, Kind, check},
    ids::{EntryId, UserId},
};

/// An entry with what only the storage knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its place in the order of creation.
    pub(crate) seq: i64,
    /// The entry.
    pub(crate) entry: Entry,
}

/// The columns that [`read`] wants, in its order.
pub(super) fn columns(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "seq, id, status, data::text, created_by, updated_by, created_at, updated_at, \
             published_at, version"
        }
        _ => {
            "seq, id, status, data, created_by, updated_by, created_at, updated_at, \
             published_at, version"
        }
    }
}

/// `SELECT <columns> FROM <table> WHERE `.
pub(super) fn select(content_type: &ContentType, backend: DbBackend) -> Sql {
    let text = format!("SELECT {} FROM {} WHERE ", columns(backend), content_type.table());
    Sql::new(backend, &text)
}

/// Runs a statement that selects [`columns`].
pub(super) async fn rows(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    sql: Sql,
) -> Result<Vec<Row>, DbErr> {
    sql.all(database).await?.iter().map(|row| read(content_type, row)).collect()
}

/// The same, for entries that are shown and never written: without what is stored of fields that are gone.
pub(super) async fn shown(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    sql: Sql,
) -> Result<Vec<Entry>, DbErr> {
    sql.all(database).await?.iter().map(|row| show(content_type, row)).collect()
}

/// Reads a row of [`columns`] that is shown and never written.
pub(super) fn show(content_type: &ContentType, row: &QueryResult) -> Result<Entry, DbErr> {
    let data: String = row.try_get_by_index(3)?;
    let mut read = serde_json::Deserializer::from_str(&data);
    let fields = Names(content_type).deserialize(&mut read);
    entry(row, fields.map_err(|error| DbErr::Json(error.to_string()))?, Map::new())
}

/// Reads a row of [`columns`].
pub(super) fn read(content_type: &ContentType, row: &QueryResult) -> Result<Row, DbErr> {
    let data: String = row.try_get_by_index(3)?;
    let stored: Map<String, Value> =
        serde_json::from_str(&data).map_err(|error| DbErr::Json(error.to_string()))?;
    let mut fields = Entry::named(&content_type.definition, &content_type.layout, &stored);
    for (name, value) in &mut fields {
        put_in_form(&content_type.definition.fields, name, value);
    }
    Ok(Row { seq: row.try_get_by_index(0)?, entry: entry(row, fields, stored)? })
}

fn entry(row: &QueryResult, fields: Fields, stored: Map<String, Value>) -> Result<Entry, DbErr> {
    let status: String = row.try_get_by_index(2)?;
    let user = |place: usize| row.try_get_by_index::<Option<Uuid>>(place).map(|id| id.map(UserId));
    let moment = |place: usize| row.try_get_by_index::<i64>(place).map(Timestamp::from_millis);
    Ok(Entry {
        id: EntryId(row.try_get_by_index(1)?),
        status: EntryStatus::parse(&status)
            .ok_or_else(|| DbErr::Type(format!("`{status}` is no status of an entry")))?,
        fields,
        stored,
        created_by: user(4)?,
        updated_by: user(5)?,
        created_at: moment(6)?,
        updated_at: moment(7)?,
        published_at: row.try_get_by_index::<Option<i64>>(8)?.map(Timestamp::from_millis),
        version: row.try_get_by_index(9)?,
    })
}

/// PostgreSQL writes large numbers in a form of its own, `10000000000000000000` for `1e19`. Here they have the one form
/// in which they are checked and compared.
fn put_in_form(fields: &[Field], name: &str, value: &mut Value) {
    let kind = || fields.iter().find(|field| field.name.as_str() == name).map(|field| &field.kind);
    match value {
        Value::Number(number) if check::whole(&Value::Number(number.clone())).is_none() => {
            if let (Some(Kind::Number(_)), Some(number)) = (kind(), number.as_f64()) {
                *value = check::number_value(number);
            }
        }
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            let Some(Kind::Group { fields, .. }) = kind() else { return };
            for (name, value) in items.iter_mut().filter_map(Value::as_object_mut).flatten() {
                put_in_form(fields, name, value);
            }
        }
        _ => {}
    }
}

/// Reads what is stored straight into today's fields: lists spend most of their time here.
#[derive(Clone, Copy)]
struct Names<'t>(&'t ContentType);

impl<'t> Names<'t> {
    fn name(self, key: &str) -> Option<&'t str> {
        let named = self.0.layout.keys.iter().find(|(_, known)| *known == key);
        named.map(|(name, _)| name.as_str())
    }
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of stored values")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
        let mut fields = Fields::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match self.name(&key) {
                Some(name) => {
                    let mut value: Value = map.next_value()?;
                    if !value.is_null() {
                        put_in_form(&self.0.definition.fields, name, &mut value);
                        fields.insert(name.to_owned(), value);
                    }
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}
