//! One line, read as an entry to be made.

use serde_json::{Map, Value, error::Category};

use super::lines::LINE_LENGTH;
use crate::{
    clock::Timestamp,
    content::{ContentType, EntryStatus, NewEntry},
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
        for name in self.members.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
            let message = format!(
                "Is not known here; values of fields stand in `fields`. Known are {}.",
                MEMBERS.join(", ")
            );
            self.faults.push(FieldError::at(name.as_str(), message));
        }
        if let Some(name) = self.members.get("type").filter(|name| **name != content_type.name()) {
            let message = format!("Is {name}, but `{}` is imported here.", content_type.name());
            self.faults.push(FieldError::at("type", message));
        }
    }

    /// A member that is a text of some form; one that is null or left out is none.
    fn text<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let outcome = match self.members.get(name)? {
            Value::Null => return None,
            Value::String(text) => parse(text),
            other => Err(format!("Must be a text, not {other}.")),
        };
        outcome.map_err(|message| self.faults.push(FieldError::at(name, message))).ok()
    }
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
}
