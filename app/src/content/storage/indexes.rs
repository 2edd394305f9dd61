//! The indexes of a type's table: exactly those that its definition asks for, made and removed beside the readers and
//! writers of the type.

mod build;

use std::collections::HashSet;

use sea_orm::DbBackend;
use sha2::{Digest, Sha256};

pub(crate) use build::{build, drop_unwanted};

use super::{expression::Expression, search};
use crate::content::{
    ContentType, Kind,
    definition::{CompoundIndex, Field, SortKey},
};

/// Bytes of a hash in a name.
const HASH_BYTES: usize = 4;

/// An index that a type needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexSpec {
    /// Its name, which stands for what it is over.
    pub(crate) name: String,
    /// The place in the definition of the field that it keeps unique, if that is what it is for.
    pub(crate) unique: Option<usize>,
    table: String,
    /// What stands behind the name of the table.
    over: String,
}

impl IndexSpec {
    /// The statement that makes it; `concurrently`, on PostgreSQL, beside those who write.
    pub(super) fn create(&self, concurrently: bool) -> String {
        let unique = if self.unique.is_some() { "UNIQUE " } else { "" };
        let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
        let Self { name, table, over, .. } = self;
        format!("CREATE {unique}INDEX {concurrently}IF NOT EXISTS {name} ON {table} {over}")
    }
}

/// All indexes of a type beside those of its primary key and of ids.
pub(crate) fn wanted(content_type: &ContentType, backend: DbBackend) -> Vec<IndexSpec> {
    let mut wanted = Vec::new();
    for keys in orders(content_type) {
        wanted.extend(ordered(content_type, &keys, backend));
    }
    for (place, field) in content_type.definition.fields.iter().enumerate() {
        if is_unique(field)
            && let Some((name, over)) = unique(content_type, field, backend)
        {
            wanted.push(IndexSpec { name, unique: Some(place), table: content_type.table(), over });
        }
    }
    if let (Some(described), Some(column)) =
        (search::described(content_type), search::column(content_type, backend))
    {
        let name = name(content_type, &described);
        let over = format!("USING GIN ({column})");
        wanted.push(IndexSpec { name, unique: None, table: content_type.table(), over });
    }
    let mut seen = HashSet::new();
    wanted.retain(|index| seen.insert(index.name.clone()));
    wanted
}

/// The name of the index that keeps a field unique, which the database's word of a repeated value has in it.
#[cfg(test)]
pub(crate) fn unique_index(content_type: &ContentType, field: &Field) -> String {
    unique(content_type, field, DbBackend::Sqlite).map(|(name, _)| name).unwrap_or_default()
}

/// Whether one index finds the entries with one value of `filter` in this order.
pub(super) fn is_compound(content_type: &ContentType, filter: &SortKey, sort: &SortKey) -> bool {
    let SortKey::Field(filter) = filter else { return false };
    let definition = &content_type.definition;
    let is_declared = |index: &CompoundIndex| index.filter == *filter && index.sort == *sort;
    let is_filterable = definition.field(filter.as_str()).is_some_and(|field| field.filterable);
    (is_filterable && definition.default_sort.key == *sort) || definition.indexes.iter().any(is_declared)
}

/// What the indexes for lists are over, behind the status: an order, or a filter and an order.
fn orders(content_type: &ContentType) -> Vec<Vec<SortKey>> {
    let definition = &content_type.definition;
    let key = |field: &Field| SortKey::Field(field.name.clone());
    let mut orders = vec![vec![SortKey::CreatedAt], vec![SortKey::UpdatedAt], vec![SortKey::PublishedAt]];
    orders.push(vec![definition.default_sort.key.clone()]);
    let sortable = definition.fields.iter().filter(|field| field.sortable);
    orders.extend(sortable.map(|field| vec![key(field)]));
    let filterable = definition.fields.iter().filter(|field| field.filterable);
    orders.extend(filterable.map(|field| vec![key(field), definition.default_sort.key.clone()]));
    let declared = definition.indexes.iter();
    orders.extend(declared.map(|index| vec![SortKey::Field(index.filter.clone()), index.sort.clone()]));
    for keys in &mut orders {
        keys.dedup();
    }
    orders
}

fn ordered(content_type: &ContentType, keys: &[SortKey], backend: DbBackend) -> Option<IndexSpec> {
    let over = |backend: DbBackend| {
        let part = |key: &SortKey| Some(Expression::of(content_type, key, backend)?.part());
        let parts: Option<Vec<String>> = keys.iter().map(part).collect();
        parts.map(|parts| format!("(status, {}, id)", parts.join(", ")))
    };
    let name = name(content_type, &over(DbBackend::Sqlite)?);
    Some(IndexSpec { name, unique: None, table: content_type.table(), over: over(backend)? })
}

fn is_unique(field: &Field) -> bool {
    field.unique || matches!(field.kind, Kind::Slug { .. })
}

fn unique(content_type: &ContentType, field: &Field, backend: DbBackend) -> Option<(String, String)> {
    let over =
        |backend: DbBackend| Some(format!("({})", Expression::unique(content_type, field, backend)?.part()));
    let described = format!("UNIQUE {}", over(DbBackend::Sqlite)?);
    Some((name(content_type, &described), over(backend)?))
}

/// The same on both databases: what is described is what SQLite would be told.
fn name(content_type: &ContentType, described: &str) -> String {
    format!("{}_{}", content_type.table(), hash(described))
}

/// A few hexadecimal digits that stand for a text.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an index has a name such as [`wanted`] gives.
fn is_ours(table: &str, name: &str) -> bool {
    let hash = name.strip_prefix(table).and_then(|rest| rest.strip_prefix('_'));
    hash.is_some_and(|hash| hash.len() == 2 * HASH_BYTES && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
