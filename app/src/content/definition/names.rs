//! Names of types and fields: they stand in addresses, in SQL of plugins and in JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name of a type, in bytes.
const TYPE_LENGTH: usize = 40;
/// The longest name of a field, in bytes.
const FIELD_LENGTH: usize = 60;

/// Names that relations and routes use for something else.
const RESERVED_TYPES: [&str; 9] =
    ["category", "comment", "media", "page", "pages", "post", "posts", "tag", "user"];

/// What entries have beside their fields; plugins' tables have columns of these names.
const RESERVED_FIELDS: [&str; 13] = [
    "created_at",
    "created_by",
    "fields",
    "html",
    "id",
    "published_at",
    "q",
    "status",
    "type",
    "updated_at",
    "updated_by",
    "url",
    "version",
];

/// The name of a content type: a lower-case letter, then lower-case letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeName(String);

/// The name of a field, of the same letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldName(String);

impl TypeName {
    /// Checks a name. The error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        check(text, TYPE_LENGTH, &RESERVED_TYPES).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldName {
    /// Checks a name. The error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        check(text, FIELD_LENGTH, &RESERVED_FIELDS).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str, longest: usize, reserved: &[&str]) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_right = text.len() <= longest
        && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && text.bytes().all(is_letter);
    if !is_right {
        return Err(format!(
            "Must be 1 to {longest} lower-case letters (a to z), digits and underscores, beginning with a letter."
        ));
    }
    if reserved.contains(&text) {
        return Err(format!("`{text}` means something else here; choose another name."));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{FieldName, TypeName};

    #[test]
    fn names_are_plain_words() {
        for right in ["event", "a", "team_member2"] {
            assert_eq!(TypeName::parse(right).unwrap().as_str(), right);
            assert_eq!(FieldName::parse(right).unwrap().to_string(), right);
        }
        let long = "a".repeat(61);
        for wrong in ["", "Event", "2days", "_a", "a-b", "é", "a b", "a.b", long.as_str()] {
            assert!(TypeName::parse(wrong).is_err() && FieldName::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(TypeName::parse("post").is_err() && FieldName::parse("post").is_ok());
        assert!(FieldName::parse("id").is_err());
    }
}
