//! Names of components and operations, which nothing else in the document may have.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::content::ContentType;

/// A type with the names of what is said of it.
pub(super) struct Described<'a> {
    pub(super) content_type: &'a ContentType,
    /// The component of an entry, such as `EventEntry`.
    pub(super) entry: String,
    /// The component of its fields.
    pub(super) fields: String,
    /// The component of an entry to be created.
    pub(super) input: String,
    /// The component of what to change.
    pub(super) patch: String,
    /// What operations are called after: `event` in `list_event`.
    pub(super) operation: String,
}

impl Described<'_> {
    /// The id of an operation.
    pub(super) fn operation_id(&self, what: &str) -> String {
        format!("{what}_{}", self.operation)
    }
}

/// What every type's operations begin with.
pub(super) const LIST: &str = "list";
pub(super) const CREATE: &str = "create";
pub(super) const CREATE_MANY: &str = "create_many";
pub(super) const READ: &str = "read";
pub(super) const UPDATE: &str = "update";
pub(super) const DELETE: &str = "delete";

const OPERATIONS: [&str; 6] = [LIST, CREATE, CREATE_MANY, READ, UPDATE, DELETE];
const COMPONENTS: [&str; 4] = ["Entry", "Fields", "Input", "Patch"];

/// Names that are taken.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Those of the document.
    pub(super) fn taken(document: &Value) -> Self {
        let components = document["components"]["schemas"].as_object().into_iter().flat_map(|all| all.keys());
        let items = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        let operations = items.filter_map(Value::as_object).flat_map(|item| item.values());
        let ids = operations.filter_map(|operation| operation["operationId"].as_str());
        Self(components.cloned().chain(ids.map(str::to_owned)).collect())
    }

    /// Gives names to types.
    pub(super) fn describe<'a>(mut self, types: impl Iterator<Item = &'a ContentType>) -> Vec<Described<'a>> {
        types.map(|content_type| self.name(content_type)).collect()
    }

    fn name<'a>(&mut self, content_type: &'a ContentType) -> Described<'a> {
        let (mut component, mut operation) = (pascal(content_type.name()), content_type.name().to_owned());
        while self.is_taken(&component, &operation) {
            component.insert_str(0, "Content");
            operation.insert_str(0, "content_");
        }
        self.0.extend(OPERATIONS.iter().map(|what| format!("{what}_{operation}")));
        self.0.extend(COMPONENTS.iter().map(|what| format!("{component}{what}")));
        let [entry, fields, input, patch] = COMPONENTS.map(|what| format!("{component}{what}"));
        Described { content_type, entry, fields, input, patch, operation }
    }

    fn is_taken(&self, component: &str, operation: &str) -> bool {
        OPERATIONS.iter().any(|what| self.0.contains(&format!("{what}_{operation}")))
            || COMPONENTS.iter().any(|what| self.0.contains(&format!("{component}{what}")))
    }
}

/// `team_member` is `TeamMember`.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('_').map(word).collect()
}
