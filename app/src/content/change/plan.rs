//! What a change is asked for with, what it would do, and how far it is: the wire types of changing a type.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{content::TypeDefinition, ids::EntryId};

/// A change that somebody wants.
#[derive(Clone, Debug, Default)]
pub struct ChangeRequest {
    /// What the type shall be; none for what its file says.
    pub definition: Option<TypeDefinition>,
    /// By the names of fields: what entries get that would have no valid value. Null leaves them without one.
    pub fill: Map<String, Value>,
}

/// What a change would do to a type and its entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangePlan {
    /// The version of the type that this was found out for.
    pub from_version: i64,
    /// What changes, field by field.
    pub steps: Vec<ChangeStep>,
    /// How many entries the type has.
    pub entries: u64,
    /// Fields of which entries would have no valid value. Each needs a value in `fill`, or null to leave those entries
    /// without one; where values repeat that must not, the entries themselves have to be changed first.
    pub invalid: Vec<InvalidField>,
    /// Fields of which entries get what `fill` or the field's default says.
    pub filled: Vec<FieldCount>,
    /// Fields that go, or whose values are replaced. The values are set aside and kept until they are purged.
    pub kept: Vec<FieldCount>,
    /// What should be thought about first.
    pub warnings: Vec<String>,
    /// How many indexes must be built. The site goes on meanwhile.
    pub indexes_to_build: u64,
    /// Whether it can be applied as it was asked for.
    pub is_applicable: bool,
    /// Whether a change of the type's file would be applied without being asked for: it can be applied, needs no `fill`
    /// and comes with no warning.
    pub is_safe: bool,
}

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeStep {
    /// What happens.
    pub kind: StepKind,
    /// To which field, by its new name; none where it is about the type as a whole.
    pub field: Option<String>,
    /// The same in words.
    pub detail: String,
}

/// What can happen to a field, or to the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A new field.
    Added,
    /// A field that was removed before is there again, with the values that were kept.
    Returned,
    /// A field has another name; its values come along.
    Renamed,
    /// A field goes; its values are kept until they are purged.
    Removed,
    /// A field holds something else; its values are converted.
    Converted,
    /// A rule allows less.
    Tightened,
    /// A rule allows more.
    Loosened,
    /// Something that no value depends on.
    Changed,
}

/// A field of which entries would have no valid value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidField {
    /// The field, by its new name.
    pub field: String,
    /// How many entries.
    pub count: u64,
    /// The first few of them.
    pub examples: Vec<InvalidEntry>,
}

/// An entry that would not be valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidEntry {
    /// Its id.
    pub id: EntryId,
    /// What stands for it in lists.
    pub title: String,
    /// The value as JSON, cut where it is long; none where there is no value.
    pub value: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// A field and a number of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldCount {
    /// The field.
    pub field: String,
    /// How many entries.
    pub entries: u64,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeProgress {
    /// What is being done.
    pub phase: ChangePhase,
    /// How many entries that was done to.
    pub done: u64,
    /// How many entries there are.
    pub total: u64,
}

/// The parts of a change, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangePhase {
    /// Entries are looked at.
    Examining,
    /// Entries are made ready, which nobody sees yet.
    Preparing,
    /// Indexes are built.
    Indexing,
    /// The change comes into force.
    Finishing,
    /// Values that were kept are removed.
    Purging,
}

/// What became of a change in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum FileOutcome {
    /// The file says what stands already.
    Unchanged,
    /// It is in force, and this is what was done.
    Applied(ChangePlan),
    /// It waits until somebody applies it.
    Pending(ChangePlan),
}

impl ChangeStep {
    /// A step of a field.
    pub(super) fn of_field(kind: StepKind, field: &str, detail: String) -> Self {
        Self { kind, field: Some(field.to_owned()), detail }
    }

    /// A change of the type itself.
    pub(super) fn of_type(detail: impl Into<String>) -> Self {
        Self { kind: StepKind::Changed, field: None, detail: detail.into() }
    }
}
