//! Reads a whole type.

use serde_json::Value;

use super::{
    FileDefinition,
    field::{self, Declared, HELP_LENGTH, Place},
    references::References,
    table::Table,
};
use crate::{
    auth::{Permission, Role},
    content::definition::{Access, FIELDS, Field, Requirement, TypeDefinition, TypeName},
    error::FieldError,
};

/// The longest name for people, in characters.
const NAME_LENGTH: usize = 60;

/// Every key of a type.
const KEYS: [&str; 14] = [
    "name",
    "singular",
    "plural",
    "description",
    "enabled",
    "drafts",
    "timestamps",
    "authorship",
    "permalink",
    "title_field",
    "default_sort",
    "access",
    "fields",
    "indexes",
];

/// Reads a type: out of a file of this name, or out of the API.
pub(super) fn read(value: &Value, stem: Option<&str>) -> Result<FileDefinition, Vec<FieldError>> {
    let mut table = Table::new(value, "").map_err(|fault| vec![fault])?;
    table.only(&KEYS);
    let name = name(&mut table, stem);
    let singular = title(&mut table, "singular", "Event");
    let plural = title(&mut table, "plural", "Events");
    let description = table.line("description", HELP_LENGTH).unwrap_or_default();
    if stem.is_none() && table.has("enabled") {
        table.fault("enabled", "`enabled` belongs in a file; it is not part of a definition.");
    }
    let enabled = table.flag("enabled", true);
    let drafts = table.flag("drafts", true);
    let timestamps = table.flag("timestamps", true);
    let authorship = table.flag("authorship", true);
    let access = access(&mut table);
    let declared = fields(&mut table);
    let references = References::read(&mut table, &declared);
    let mut fields: Vec<Field> = Vec::with_capacity(declared.len());
    for Declared { field, .. } in declared {
        match field {
            Ok(field) => fields.push(field),
            Err(faults) => table.add(faults),
        }
    }
    let Some(name) = name else { return Err(table.into_faults()) };
    let definition = TypeDefinition {
        name,
        singular,
        plural,
        description,
        drafts,
        timestamps,
        authorship,
        permalink: references.permalink,
        title_field: references.title_field,
        default_sort: references.default_sort,
        access,
        fields,
        indexes: references.indexes,
    };
    table.finish(FileDefinition { enabled, definition })
}

/// A file's name is the name of its type, which the file may repeat.
fn name(table: &mut Table<'_>, stem: Option<&str>) -> Option<TypeName> {
    let given = if stem.is_some() { table.text("name") } else { table.needed("name", "event") };
    if let (Some(stem), Some(given)) = (stem, given)
        && stem != given
    {
        let message = format!("Must be `{stem}`, as the file is called, or left out; this is `{given}`.");
        table.fault("name", message);
    }
    let text = stem.or(given)?;
    let place = if stem.is_some() { "The file's name without .toml is the type's name. " } else { "" };
    TypeName::parse(text).map_err(|message| table.fault("name", format!("{place}{message}"))).ok()
}

/// What people call entries.
fn title(table: &mut Table<'_>, key: &str, example: &str) -> String {
    if table.needed(key, example).is_none() {
        return String::new();
    }
    let line = table.line(key, NAME_LENGTH);
    if line.is_none() {
        table.fault(key, "Must not be empty.");
    }
    line.unwrap_or_default()
}

fn access(table: &mut Table<'_>) -> Access {
    let mut access = Access { read: Requirement::Anyone, write: Requirement::Role(Role::Author) };
    let Some(value) = table.value("access") else { return access };
    match Table::new(value, &table.path("access")) {
        Ok(mut inner) => {
            inner.only(&["read", "write"]);
            if let Some(read) = requirement(&mut inner, "read") {
                access.read = read;
            }
            match requirement(&mut inner, "write") {
                Some(Requirement::Anyone) => {
                    inner.fault("write", "Only reading is for anyone; name a role or a permission.");
                }
                Some(write) => access.write = write,
                None => {}
            }
            table.add(inner.into_faults());
        }
        Err(fault) => table.add(vec![fault]),
    }
    access
}

fn requirement(table: &mut Table<'_>, key: &str) -> Option<Requirement> {
    let text = table.text(key)?;
    if text == "anyone" {
        return Some(Requirement::Anyone);
    }
    let role = Role::ALL.into_iter().find(|role| role.as_str() == text);
    let permission = Permission::NAMES.into_iter().find(|(_, name)| *name == text);
    let found = role.map(Requirement::Role);
    let found = found.or_else(|| permission.map(|(permission, _)| Requirement::Permission(permission)));
    if found.is_none() {
        let roles = Role::ALL.map(Role::as_str).join(", ");
        let permissions = Permission::NAMES.map(|(_, name)| name).join(", ");
        let anyone = if key == "read" { "`anyone`, " } else { "" };
        let message = format!("Must be {anyone}a role ({roles}) or a permission ({permissions}).");
        table.fault(key, message);
    }
    found
}

/// All fields, right or wrong; what they have to do with each other comes later.
fn fields(table: &mut Table<'_>) -> Vec<Declared> {
    let values = table.several("fields", FIELDS, "fields").unwrap_or_default();
    let read = |(index, value): (usize, &Value)| field::read(value, &format!("fields[{index}]"), Place::Type);
    values.iter().enumerate().map(read).collect()
}
