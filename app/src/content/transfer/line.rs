//! One line, read as an entry to be made.

use serde_json::{Map, Value, error::Category};

use super::lines::LINE_LENGTH;
use crate::{
    clock::Timestamp,
    content::{ContentType, EntryStatus, NewEntry, check::what},
    error::FieldError,
    ids::{EntryId, UserId},
};

/// What a line may have. The last few are what answers have beside; they say nothing that could be imported.
const MEMBERS: [&str; 12] = [
    "id",
    "type",
    "status",
    "fields",
    "created_at",
    "updated_at",
    "published_at",
    "created_by",
    "updated_by",
    "url",
    "version",
    "html",
];
/// As many unknown members are named one by one.
const NAMED: usize = 10;
/// As many characters of a name are repeated.
const SHOWN: usize = 100;

/// Reads a line. The error has the id of the entry, where there is one, and everything that is wrong with the line; the
/// values of the fields are checked elsewhere.
pub(super) fn read(
    text: Option<&[u8]>,
    content_type: &ContentType,
) -> Result<NewEntry, (Option<EntryId>, Vec<FieldError>)> {
    let Some(text) = text else {
        let message =
            format!("The line has more than {LINE_LENGTH} bytes; an entry has at most half as many.");
        return Err((None, vec![FieldError::new("", message)]));
    };
    match serde_json::from_slice(text) {
        Ok(Value::Object(members)) => Reader { members, faults: Vec::new() }.read(content_type),
        Ok(_) => {
            Err((None, vec![FieldError::new("", "Each line must be an object, such as {\"fields\": {}}.")]))
        }
        Err(error) => Err((None, vec![FieldError::new("", broken(&error))])),
    }
}

/// What is wrong with JSON, in the column where it is; the line has its number already.
fn broken(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Eof => format!("The JSON ends too early, in column {}: {words}.", error.column()),
        _ => format!("Not JSON from column {}: {words}.", error.column()),
    }
}

struct Reader {
    members: Map<String, Value>,
    faults: Vec<FieldError>,
}

impl Reader {
    fn read(mut self, content_type: &ContentType) -> Result<NewEntry, (Option<EntryId>, Vec<FieldError>)> {
        self.known(content_type);
        let id =
            self.text("id", |text| text.parse::<EntryId>().map_err(|_error| "Must be a UUID.".to_owned()));
        let status = self.text("status", |text| {
            EntryStatus::parse(text).ok_or_else(|| "Must be `draft` or `published`.".to_owned())
        });
        let moment = |text: &str| Timestamp::parse(text).map_err(|fault| format!("{fault}."));
        let created_at = self.text("created_at", moment);
        let updated_at = self.text("updated_at", moment);
        let published_at = self.text("published_at", moment);
        let created_by = self.text("created_by", |text| {
            text.parse::<UserId>().map_err(|_error| "Must be the UUID of a user.".to_owned())
        });
        let fields = match self.members.remove("fields") {
            Some(Value::Object(fields)) => fields,
            _ => {
                self.faults
                    .push(FieldError::at("fields", "Must be an object with the values of the fields."));
                Map::new()
            }
        };
        if !self.faults.is_empty() {
            return Err((id, self.faults));
        }
        Ok(NewEntry { id, status, fields, created_by, created_at, updated_at, published_at })
    }

    /// Nothing is left out in silence, and no entry goes to another type.
    fn known(&mut self, content_type: &ContentType) {
        let mut unknown = self.members.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
        for name in unknown.by_ref().take(NAMED) {
            let message = format!(
                "Is not known here; values of fields stand in `fields`. Known are {}.",
                MEMBERS.join(", ")
            );
            self.faults.push(FieldError::below("", &shown(name), message));
        }
        let more = unknown.count();
        if more > 0 {
            self.faults.push(FieldError::new("", format!("And {more} more names are not known here.")));
        }
        let (kind, expected) = (self.members.get("type"), content_type.name());
        if let Some(kind) = kind.filter(|kind| **kind != expected) {
            let kind = match kind {
                Value::String(name) => format!("`{}`", shown(name)),
                other => what(other).to_owned(),
            };
            let message = format!("Is {kind}, but `{expected}` is imported here.");
            self.faults.push(FieldError::at("type", message));
        }
    }

    /// A member that is a text of some form; one that is null or left out is none.
    fn text<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let outcome = match self.members.get(name)? {
            Value::Null => return None,
            Value::String(text) => parse(text),
            other => Err(format!("Must be a text, not {}.", what(other))),
        };
        outcome.map_err(|message| self.faults.push(FieldError::at(name, message))).ok()
    }
}

/// A name that somebody chose, in a length that can be repeated.
fn shown(name: &str) -> String {
    let mut characters = name.chars();
    let mut shown: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::transfer::trial::tests::notes;

    #[test]
    fn a_whole_line_is_read() {
        let line = r#"{"id":"0199b4a5-7c3e-7000-8000-000000000001","type":"note","status":"published","fields":{},
            "created_at":"2026-01-02T03:04:05.006Z","published_at":null,"created_by":null,"version":7,"url":"/x"}"#;
        let new = read(Some(line.as_bytes()), &notes()).unwrap();
        assert_eq!(new.id.unwrap().to_string(), "0199b4a5-7c3e-7000-8000-000000000001");
        assert_eq!(new.status, Some(EntryStatus::Published));
        assert_eq!(new.created_at.unwrap().to_rfc3339(), "2026-01-02T03:04:05.006Z");
        assert_eq!((new.published_at, new.created_by), (None, None));
        assert!(new.fields.is_empty());
    }

    #[test]
    fn everything_wrong_is_named() {
        let faults = |line: &str| {
            let (_, faults) = read(Some(line.as_bytes()), &notes()).unwrap_err();
            FieldError::line(&faults)
        };
        let all = faults(
            r#"{"id":"x","type":"recipe","status":"gone","created_at":5,"title":"A","created_by":"ada"}"#,
        );
        for word in
            ["id: ", "type: ", "`note`", "status: ", "created_at: ", "title: ", "created_by: ", "fields: "]
        {
            assert!(all.contains(word), "{word} in {all}");
        }
        assert!(faults("[1]").contains("object"));
        let broken = faults(r#"{"fields": {"title": nonsense}}"#);
        assert!(broken.contains("column 2") && !broken.contains("at line"), "{broken}");
        assert!(faults(r#"{"fields": {"#).contains("too early"));
        assert!(read(None, &notes()).unwrap_err().1[0].message.contains("2097152"));
        let (id, _) =
            read(Some(br#"{"id":"0199b4a5-7c3e-7000-8000-000000000001","fields":5}"#), &notes()).unwrap_err();
        assert!(id.is_some());
    }

    #[test]
    fn what_is_said_of_a_line_is_shorter_than_it() {
        let mut members: Map<String, Value> =
            (0..5_000).map(|number| (format!("n{number}"), Value::Null)).collect();
        members.insert("x".repeat(100_000), Value::Null);
        members.insert("type".to_owned(), "y".repeat(100_000).into());
        members.insert("id".to_owned(), Value::Array(vec![Value::Null; 100_000]));
        let line = Value::Object(members).to_string();
        let (_, faults) = read(Some(line.as_bytes()), &notes()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.message == "And 4991 more names are not known here."));
        assert!(FieldError::line(&faults).len() < 10_000, "{}", FieldError::line(&faults).len());
    }
}
