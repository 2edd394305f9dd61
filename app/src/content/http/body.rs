//! Bodies about entries. They are read as JSON first and looked through by hand, so that all that is wrong with one is
//! said at once, with its place.

use serde_json::{Map, Value};

use crate::{
    content::{EntryPatch, EntryStatus, Fields, NewEntry, check},
    error::{ApiError, FieldError, Result},
};

/// Most entries of one request.
pub(in crate::content) const ITEMS: usize = 500;

/// What a body about one entry says.
#[derive(Default)]
struct Given {
    status: Option<EntryStatus>,
    fields: Fields,
}

/// Reads an entry to be created.
pub(super) fn new_entry(body: Value) -> Result<NewEntry> {
    let mut faults = Vec::new();
    let given = entry(body, "", &mut faults);
    finish(NewEntry { status: given.status, fields: given.fields, ..NewEntry::default() }, faults)
}

/// Reads what to change of an entry.
pub(super) fn patch(body: Value) -> Result<EntryPatch> {
    let mut faults = Vec::new();
    let given = entry(body, "", &mut faults);
    finish(EntryPatch { status: given.status, fields: given.fields }, faults)
}

/// Reads several entries to be created.
pub(super) fn new_entries(body: Value) -> Result<Vec<NewEntry>> {
    let mut faults = Vec::new();
    let mut members = object(body, "", &mut faults);
    let items = members.remove("items");
    refuse_others(&members, "", "`items`", &mut faults);
    let mut entries = Vec::new();
    match items {
        Some(Value::Array(items)) if (1..=ITEMS).contains(&items.len()) => {
            for (index, item) in items.into_iter().enumerate() {
                if faults.len() >= check::FAULTS {
                    break;
                }
                let given = entry(item, &format!("items[{index}]"), &mut faults);
                entries.push(NewEntry { status: given.status, fields: given.fields, ..NewEntry::default() });
            }
        }
        _ => faults.push(FieldError::at("items", format!("Must be a list of 1 to {ITEMS} entries."))),
    }
    finish(entries, faults)
}

/// An object, taken apart; empty where it is none.
pub(super) fn object(value: Value, place: &str, faults: &mut Vec<FieldError>) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => {
            let name = if place.is_empty() { "body" } else { place };
            faults.push(FieldError { field: name.into(), ..FieldError::at(place, "Must be an object.") });
            Map::new()
        }
    }
}

/// Faults for the members that nobody took.
pub(super) fn refuse_others(
    others: &Map<String, Value>,
    place: &str,
    known: &str,
    faults: &mut Vec<FieldError>,
) {
    let message = |_name: &str| format!("Nothing of this name is taken here; there is {known}.");
    check::unknown_names(place, others.keys().map(String::as_str), message, faults);
}

/// The result, where nothing was wrong.
pub(super) fn finish<T>(result: T, faults: Vec<FieldError>) -> Result<T> {
    if faults.is_empty() { Ok(result) } else { Err(ApiError::validation(check::first_of("", faults))) }
}

fn entry(value: Value, place: &str, faults: &mut Vec<FieldError>) -> Given {
    let mut members = object(value, place, faults);
    let status = members.remove("status");
    let fields = members.remove("fields");
    refuse_others(&members, place, "`status` and `fields`", faults);
    let status = status.and_then(|status| {
        let read = status.as_str().and_then(EntryStatus::parse);
        if read.is_none() {
            faults.push(FieldError::at(beneath(place, "status"), "Must be `draft` or `published`."));
        }
        read
    });
    let fields = fields.map(|fields| object(fields, &beneath(place, "fields"), faults)).unwrap_or_default();
    Given { status, fields }
}

fn beneath(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{new_entries, new_entry, patch};
    use crate::content::EntryStatus;

    fn places(error: &crate::error::ApiError) -> Vec<&str> {
        error.fields().iter().map(|fault| fault.pointer.as_deref().unwrap()).collect()
    }

    #[test]
    fn all_faults_come_at_once_with_their_places() {
        let read = new_entry(json!({ "status": "draft", "fields": { "title": "A" } })).unwrap();
        assert_eq!((read.status, read.fields.len()), (Some(EntryStatus::Draft), 1));
        assert!(patch(json!({})).unwrap().fields.is_empty());
        let error = patch(json!({ "status": null, "fields": [], "title": "A" })).unwrap_err();
        assert_eq!(places(&error), ["#/title", "#/status", "#/fields"]);
        let error = new_entries(json!({ "items": [{}, 3, { "status": "gone" }] })).unwrap_err();
        assert_eq!(places(&error), ["#/items/1", "#/items/2/status"]);
        let error = new_entry(json!("text")).unwrap_err();
        assert_eq!((places(&error), error.fields()[0].field.as_str()), (vec!["#"], "body"));
        assert_eq!(
            places(&new_entries(json!({ "items": [], "more": 1 })).unwrap_err()),
            ["#/more", "#/items"]
        );
    }

    #[test]
    fn an_answer_is_not_longer_than_its_request() {
        let many: serde_json::Map<_, _> = (0..50).map(|number| (format!("a.b{number}"), 1.into())).collect();
        let error = new_entry(serde_json::Value::Object(many.clone())).unwrap_err();
        assert_eq!((error.fields().len(), places(&error)[0]), (21, "#/a.b0"));
        let last = &error.fields()[20];
        assert_eq!((last.field.as_str(), last.pointer.as_deref()), ("body", Some("#")));
        assert!(last.message.contains("30 more names"), "{last:?}");
        let items = vec![serde_json::Value::Object(many); 50];
        let error = new_entries(json!({ "items": items })).unwrap_err();
        assert_eq!((error.fields().len(), places(&error)[0]), (101, "#/items/0/a.b0"));
    }
}
