//! What a type must observe of the other types.

use super::ContentTypes;
use crate::{
    content::{
        TypeDefinition,
        definition::{Kind, Target},
    },
    error::FieldError,
};

/// Every contradiction between a type, new or changed, and the others: relations that lead nowhere, an address that is
/// another's.
pub(in crate::content) fn surroundings(types: &ContentTypes, definition: &TypeDefinition) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (index, field) in definition.fields.iter().enumerate() {
        if let Kind::Relation { to: Target::Type(to), .. } = &field.kind
            && *to != definition.name
            && types.by_name(to.as_str()).is_none()
        {
            let message =
                format!("There is no content type `{to}` for `{}` to lead to; make it first.", field.name);
            faults.push(FieldError::at(format!("fields[{index}].to"), message));
        }
    }
    if let Some(permalink) = &definition.permalink {
        let others = types.all().filter(|other| other.definition.name != definition.name);
        for other in others {
            let taken = other
                .definition
                .permalink
                .as_ref()
                .is_some_and(|their| overlap(&their.prefix, &permalink.prefix));
            if taken {
                let message = format!("The pages of `{}` are there; choose another place.", other.name());
                faults.push(FieldError::at("permalink", message));
            }
        }
    }
    faults
}

/// Whether one is the other, or stands beneath it.
fn overlap(one: &str, other: &str) -> bool {
    let beneath = |path: &str, above: &str| {
        path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    beneath(one, other) || beneath(other, one)
}

/// The other types that have relations to this one.
pub(super) fn holders<'a>(types: &'a ContentTypes, name: &str) -> Vec<&'a str> {
    let leads_here =
        |kind: &Kind| matches!(kind, Kind::Relation { to: Target::Type(to), .. } if to.as_str() == name);
    types
        .all()
        .filter(|other| {
            other.name() != name && other.definition.fields.iter().any(|field| leads_here(&field.kind))
        })
        .map(|other| other.name())
        .collect()
}
