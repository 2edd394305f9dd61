//! What is different between a field as it is and as it shall be: whether its values must be converted, and which rules
//! allow less or more.

use std::fmt::Display;

use super::convert::predecessor;
use crate::content::{
    Field, Kind,
    definition::{Bounds, Choice, INDEXED_LENGTH, TextRules, source::field::default_label},
};

/// The differences, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Whether the field holds something else, so that its values cannot stay as they are.
    pub(super) converts: bool,
    /// Rules that allow less.
    pub(super) tightened: Vec<String>,
    /// Rules that allow more.
    pub(super) loosened: Vec<String>,
    /// What no value depends on.
    pub(super) changed: Vec<String>,
    /// Whether every published entry must have a value now.
    pub(super) is_newly_required: bool,
    /// Whether no two entries may have the same value any longer.
    pub(super) is_newly_unique: bool,
    /// Whether the values themselves must be checked.
    pub(super) checks_values: bool,
}

/// Compares two fields, the one as it is with the one that it becomes.
pub(super) fn compare(before: &Field, after: &Field) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.flags(before, after);
    comparison.kinds(before, after);
    comparison.checks_values &= !comparison.converts;
    comparison
}

/// Whether no two entries may have the same value.
pub(super) fn is_unique(field: &Field) -> bool {
    field.unique || matches!(field.kind, Kind::Slug { .. })
}

impl Comparison {
    fn flags(&mut self, before: &Field, after: &Field) {
        match (before.required, after.required) {
            (false, true) => {
                self.is_newly_required = true;
                self.tightened.push("must have a value".into());
            }
            (true, false) => self.loosened.push("may be left out".into()),
            _ => {}
        }
        match (is_unique(before), is_unique(after)) {
            (false, true) => {
                self.is_newly_unique = true;
                self.tightened.push("must be unique".into());
            }
            (true, false) => self.loosened.push("may repeat".into()),
            _ => {}
        }
        let flags = [
            (before.private, after.private, "is private", "is public"),
            (before.filterable, after.filterable, "can be filtered by", "can no longer be filtered by"),
            (before.sortable, after.sortable, "can be sorted by", "can no longer be sorted by"),
            (before.searchable, after.searchable, "is searched", "is no longer searched"),
        ];
        for (was, is, set, unset) in flags {
            if was != is {
                self.changed.push(if is { set } else { unset }.into());
            }
        }
        // A label that is made of the name changes with it.
        let is_made =
            before.label == default_label(&before.name) && after.label == default_label(&after.name);
        if before.label != after.label && !is_made {
            self.changed.push(format!("is labelled `{}`", after.label));
        }
        if before.help != after.help {
            self.changed.push("has another help text".into());
        }
        if before.default != after.default {
            self.changed.push(match &after.default {
                Some(default) => format!("new entries get {default} by default"),
                None => "has no default".into(),
            });
        }
    }

    fn kinds(&mut self, before: &Field, after: &Field) {
        let (was_indexed, is_indexed) = (is_indexed(before), is_indexed(after));
        match (&before.kind, &after.kind) {
            (Kind::Text(was), Kind::Text(is))
            | (Kind::Markdown(was), Kind::Markdown(is))
            | (Kind::Email(was), Kind::Email(is))
            | (Kind::Url(was), Kind::Url(is)) => self.texts((was, was_indexed), (is, is_indexed)),
            (Kind::Number(was), Kind::Number(is)) => self.bounds("", was, is),
            (Kind::Integer(was), Kind::Integer(is)) => self.bounds("", was, is),
            (Kind::Date(was), Kind::Date(is)) | (Kind::DateTime(was), Kind::DateTime(is)) => {
                self.bounds("", was, is);
            }
            (Kind::Select { options: was, many: was_many }, Kind::Select { options: is, many: is_many }) => {
                self.many(was_many.as_ref(), is_many.as_ref());
                self.options(was, is);
            }
            (
                Kind::Relation { to: was, many: was_many, on_delete: was_rule },
                Kind::Relation { to: is, many: is_many, on_delete: is_rule },
            ) => {
                self.many(was_many.as_ref(), is_many.as_ref());
                self.converts |= was != is;
                if was_rule != is_rule {
                    self.changed.push("something else happens when what it leads to is removed".into());
                }
            }
            (Kind::Group { fields: was, items: was_items }, Kind::Group { fields: is, items: is_items }) => {
                self.bounds("items: ", was_items, is_items);
                self.members(was, is);
            }
            (Kind::Slug { from: was }, Kind::Slug { from: is }) => {
                if was != is {
                    self.changed.push("is made from something else".into());
                }
            }
            (Kind::Boolean, Kind::Boolean) | (Kind::Json, Kind::Json) => {}
            _ => self.converts = true,
        }
    }

    fn texts(&mut self, (was, was_indexed): (&TextRules, bool), (is, is_indexed): (&TextRules, bool)) {
        let effective = |rules: &TextRules, is_indexed: bool| Bounds {
            min: rules.length.min,
            max: rules.length.max.or(is_indexed.then_some(INDEXED_LENGTH)),
        };
        self.bounds("characters: ", &effective(was, was_indexed), &effective(is, is_indexed));
        match (&was.pattern, &is.pattern) {
            (was, Some(is)) if was.as_ref() != Some(is) => self.tighten(format!("must match `{}`", is.text)),
            (Some(_), None) => self.loosened.push("need not match a pattern".into()),
            _ => {}
        }
    }

    fn bounds<T: PartialOrd + Display>(&mut self, what: &str, was: &Bounds<T>, is: &Bounds<T>) {
        match (&was.min, &is.min) {
            (Some(_), None) => self.loosened.push(format!("{what}no lower bound")),
            (None, Some(min)) => self.tighten(format!("{what}at least {min}")),
            (Some(was), Some(min)) if was < min => self.tighten(format!("{what}at least {min}")),
            (Some(was), Some(min)) if was > min => self.loosened.push(format!("{what}at least {min}")),
            _ => {}
        }
        match (&was.max, &is.max) {
            (Some(_), None) => self.loosened.push(format!("{what}no upper bound")),
            (None, Some(max)) => self.tighten(format!("{what}at most {max}")),
            (Some(was), Some(max)) if was > max => self.tighten(format!("{what}at most {max}")),
            (Some(was), Some(max)) if was < max => self.loosened.push(format!("{what}at most {max}")),
            _ => {}
        }
    }

    /// One value and several are stored in different ways.
    fn many(&mut self, was: Option<&Bounds<u64>>, is: Option<&Bounds<u64>>) {
        match (was, is) {
            (Some(was), Some(is)) => self.bounds("values: ", was, is),
            (None, None) => {}
            _ => self.converts = true,
        }
    }

    fn options(&mut self, was: &[Choice], is: &[Choice]) {
        let missing = |of: &[Choice], from: &[Choice]| {
            let is_missing = |option: &&Choice| !from.iter().any(|other| other.value == option.value);
            let missing: Vec<&str> =
                of.iter().filter(is_missing).map(|option| option.value.as_str()).collect();
            (!missing.is_empty()).then(|| missing.join("`, `"))
        };
        if let Some(gone) = missing(was, is) {
            self.tighten(format!("may no longer be `{gone}`"));
        }
        if let Some(new) = missing(is, was) {
            self.loosened.push(format!("may be `{new}`"));
        }
        if self.tightened.is_empty() && self.loosened.is_empty() && was != is {
            self.changed.push("its options have other labels or another order".into());
        }
    }

    /// The fields of a group. Items hold their values by name, so that a field that goes, or holds something else,
    /// takes a conversion.
    fn members(&mut self, was: &[Field], is: &[Field]) {
        for field in is {
            let Some(before) = predecessor(was, field) else {
                if field.required {
                    self.tighten(format!("items must have `{}`", field.name));
                } else {
                    self.loosened.push(format!("items may have `{}`", field.name));
                }
                continue;
            };
            let inner = compare(before, field);
            self.converts |= inner.converts || before.name != field.name;
            // A value that items must have is missed by the check of the items.
            self.checks_values |= inner.checks_values || inner.is_newly_required;
            let of_item = |words: String| format!("`{}` of items {words}", field.name);
            self.tightened.extend(inner.tightened.into_iter().map(of_item));
            self.loosened.extend(inner.loosened.into_iter().map(of_item));
            self.changed.extend(inner.changed.into_iter().map(of_item));
        }
        let is_gone = |before: &&Field| !is.iter().any(|field| field.name == before.name);
        for gone in was.iter().filter(is_gone) {
            self.converts = true;
            self.changed.push(format!("items no longer have `{}`", gone.name));
        }
    }

    fn tighten(&mut self, words: String) {
        self.checks_values = true;
        self.tightened.push(words);
    }
}

/// Whether an index takes the values, which are short then.
fn is_indexed(field: &Field) -> bool {
    is_unique(field) || field.filterable || field.sortable
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::content::definition::source;

    fn field(more: &Value) -> Field {
        let mut field = json!({ "name": "a", "kind": "text" });
        for (key, value) in more.as_object().unwrap() {
            field[key] = value.clone();
        }
        source::field_from_json(&field).unwrap()
    }

    fn compared(before: &Value, after: &Value) -> Comparison {
        compare(&field(before), &field(after))
    }

    #[test]
    fn rules_that_allow_less_are_told_from_those_that_allow_more() {
        for (loose, tight) in [
            (json!({ "max": 20 }), json!({ "max": 10 })),
            (json!({}), json!({ "max": 10 })),
            (json!({}), json!({ "min": 2 })),
            (json!({}), json!({ "sortable": true })),
            (json!({}), json!({ "pattern": "[a-z]+" })),
            (json!({ "kind": "number", "min": 1.5 }), json!({ "kind": "number", "min": 2 })),
            (json!({ "kind": "date" }), json!({ "kind": "date", "min": "2026-01-01" })),
            (
                json!({ "kind": "select", "options": ["a", "b"] }),
                json!({ "kind": "select", "options": ["a"] }),
            ),
            (
                json!({ "kind": "select", "options": ["a"], "many": true }),
                json!({ "kind": "select", "options": ["a"], "many": true, "max": 3 }),
            ),
        ] {
            let tightened = compared(&loose, &tight);
            assert!(tightened.checks_values && !tightened.converts, "{loose} {tight}");
            assert!(!tightened.tightened.is_empty() && tightened.loosened.is_empty(), "{loose} {tight}");
            let loosened = compared(&tight, &loose);
            assert!(!loosened.checks_values && !loosened.converts, "{tight} {loose}");
            assert!(loosened.tightened.is_empty() && !loosened.loosened.is_empty(), "{tight} {loose}");
        }
        let required = compared(&json!({}), &json!({ "required": true }));
        assert!(required.is_newly_required && !required.checks_values);
        let unique = compared(&json!({ "max": 9 }), &json!({ "max": 9, "unique": true }));
        assert!(unique.is_newly_unique && !unique.checks_values);
    }

    #[test]
    fn what_is_stored_in_another_way_is_converted() {
        let group = |fields: Value| json!({ "kind": "group", "fields": fields });
        let (amount, unit) =
            (json!({ "name": "amount", "kind": "number" }), json!({ "name": "unit", "kind": "text" }));
        for (before, after) in [
            (json!({}), json!({ "kind": "number" })),
            (json!({ "kind": "integer" }), json!({ "kind": "number" })),
            (
                json!({ "kind": "select", "options": ["a"] }),
                json!({ "kind": "select", "options": ["a"], "many": true }),
            ),
            (json!({ "kind": "relation", "to": "post" }), json!({ "kind": "relation", "to": "user" })),
            (group(json!([amount, unit])), group(json!([amount]))),
        ] {
            let comparison = compared(&before, &after);
            assert!(comparison.converts && !comparison.checks_values, "{before} {after}");
        }
        let more = compared(&group(json!([amount])), &group(json!([amount, unit])));
        assert!(!more.converts && !more.checks_values && more.loosened == ["items may have `unit`"]);
    }

    #[test]
    fn labels_concern_no_value() {
        let comparison = compared(&json!({}), &json!({ "label": "Other", "private": true }));
        assert_eq!(comparison.changed, ["is private", "is labelled `Other`"]);
        assert_eq!(comparison, Comparison { changed: comparison.changed.clone(), ..Comparison::default() });
    }
}
