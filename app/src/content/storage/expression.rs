//! What of an entry is compared: expressions over its row, written in one way alone, since a database takes an index
//! only for the expression that it was made of.
//!
//! What is unset sorts as the smallest value there is, on both databases, so that every entry stands in every index.

use sea_orm::{DbBackend, Value};

use crate::content::{
    ContentType,
    definition::{Field, Kind, SortKey},
    model::IndexValue,
};

/// What an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Yield {
    Text,
    Number,
    Boolean,
    Moment,
}

/// An expression over a row of a type's table.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    /// Can stand in conditions and, with brackets around it, in an index.
    pub(super) sql: String,
    yields: Yield,
}

impl Expression {
    /// What a filter or an order by this key compares; none for fields without a single value, and for those that the
    /// type does not have.
    pub(super) fn of(content_type: &ContentType, key: &SortKey, backend: DbBackend) -> Option<Self> {
        let moment = |sql: &str| Some(Self { sql: sql.to_owned(), yields: Yield::Moment });
        match key {
            SortKey::CreatedAt => moment("created_at"),
            SortKey::UpdatedAt => moment("updated_at"),
            SortKey::PublishedAt => moment("COALESCE(published_at, created_at)"),
            SortKey::Field(name) => {
                let field = content_type.definition.field(name.as_str())?;
                let yields = yields(&field.kind)?;
                let key = content_type.layout.key(name.as_str())?;
                Some(Self { sql: comparable(key, yields, backend), yields })
            }
        }
    }

    /// What tells the values of a unique field apart; unset where it has none.
    pub(super) fn unique(content_type: &ContentType, field: &Field, backend: DbBackend) -> Option<Self> {
        let key = content_type.layout.key(field.name.as_str())?;
        let yields = yields(&field.kind)?;
        let sql = match (backend, yields) {
            (DbBackend::Postgres, Yield::Number) => format!("(data ->> '{key}')::float8"),
            (DbBackend::Postgres, _) => format!("(data ->> '{key}')"),
            (_, Yield::Number) => format!("CAST(data ->> '$.{key}' AS REAL)"),
            (_, _) => format!("data ->> '$.{key}'"),
        };
        Some(Self { sql, yields })
    }

    /// What it yields where nothing is set.
    pub(super) fn unset(&self) -> IndexValue {
        match self.yields {
            Yield::Text => IndexValue::Text(String::new()),
            Yield::Number | Yield::Moment => IndexValue::Number(f64::NEG_INFINITY),
            Yield::Boolean => IndexValue::Number(-1.0),
        }
    }

    /// A value for it to be compared with. One of another kind, as a cursor of another list has it, is taken for the
    /// nearest that fits.
    pub(super) fn value(&self, value: &IndexValue) -> Value {
        match (self.yields, value) {
            (Yield::Text, IndexValue::Text(text)) => text.as_str().into(),
            (Yield::Text, IndexValue::Number(number)) => number.to_string().into(),
            (Yield::Moment, IndexValue::Number(number)) => (*number as i64).into(),
            (Yield::Moment, IndexValue::Text(_)) => i64::MIN.into(),
            (Yield::Number | Yield::Boolean, IndexValue::Number(number)) => (*number).into(),
            (Yield::Number | Yield::Boolean, IndexValue::Text(_)) => f64::NEG_INFINITY.into(),
        }
    }

    /// As a part of an index.
    pub(super) fn part(&self) -> String {
        match self.yields {
            Yield::Moment if !self.sql.contains('(') => self.sql.clone(),
            _ => format!("({})", self.sql),
        }
    }
}

/// What a field of this kind is compared as; none where it has not one single value.
fn yields(kind: &Kind) -> Option<Yield> {
    match kind {
        Kind::Number(_) | Kind::Integer(_) => Some(Yield::Number),
        Kind::Boolean => Some(Yield::Boolean),
        Kind::Json | Kind::Group { .. } => None,
        kind if kind.is_many() => None,
        _ => Some(Yield::Text),
    }
}

/// Texts are compared by their bytes, as SQLite does.
fn comparable(key: &str, yields: Yield, backend: DbBackend) -> String {
    let postgres = backend == DbBackend::Postgres;
    match yields {
        Yield::Boolean if postgres => format!("COALESCE((data ->> '{key}')::boolean::int::float8, -1)"),
        Yield::Boolean => format!("COALESCE(data ->> '$.{key}', -1)"),
        Yield::Number if postgres => format!("COALESCE((data ->> '{key}')::float8, '-Infinity'::float8)"),
        Yield::Number => format!("COALESCE(CAST(data ->> '$.{key}' AS REAL), -9e999)"),
        _ if postgres => format!("(COALESCE(data ->> '{key}', '') COLLATE \"C\")"),
        _ => format!("COALESCE(data ->> '$.{key}', '')"),
    }
}
