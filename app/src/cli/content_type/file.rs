//! Files that say what a content type is to be.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    content::{
        TypeDefinition, TypeName,
        definition::source::{from_json, from_toml},
    },
    error::FieldError,
};

/// What a file describes: a type of this name, or of the file's own. What `show --json` printed is read, too.
pub(super) fn read(file: &Path, name: Option<&str>) -> Result<TypeDefinition, Vec<FieldError>> {
    let text = fs::read_to_string(file).map_err(|error| vec![FieldError::new("", error.to_string())])?;
    let is_named_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    // No TOML begins so.
    if is_named_json || text.trim_start().starts_with('{') {
        return read_json(&text, name);
    }
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    read_toml(&text, name.unwrap_or(stem))
}

fn read_toml(text: &str, name: &str) -> Result<TypeDefinition, Vec<FieldError>> {
    TypeName::parse(name).map_err(|message| {
        vec![FieldError::new("name", format!("The file's name names the type. {message}"))]
    })?;
    let read = from_toml(name, text).map(|file| file.definition);
    // Faults of the syntax name a file, which may be called otherwise.
    let named = format!("{name}.toml");
    read.map_err(|faults| {
        let renamed = |fault: FieldError| match fault.field == named {
            true => FieldError::new("", fault.message),
            false => fault,
        };
        faults.into_iter().map(renamed).collect()
    })
}

/// A definition as the API has it, by itself or within the answer that tells of the type.
fn read_json(text: &str, name: Option<&str>) -> Result<TypeDefinition, Vec<FieldError>> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| vec![FieldError::new("", format!("Is not JSON: {error}."))])?;
    let definition = from_json(value.get("definition").unwrap_or(&value))?;
    match name {
        Some(name) if definition.name.as_str() != name => {
            let message = format!("Must be `{name}`, as in the command, and is `{}`.", definition.name);
            Err(vec![FieldError::new("name", message)])
        }
        _ => Ok(definition),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_named_after_their_types() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Not a name.toml");
        fs::write(&file, "").unwrap();
        assert_eq!(read(&file, None).unwrap_err()[0].field, "name");
        assert!(read(&folder.path().join("missing.toml"), None).is_err());
    }

    #[test]
    fn what_was_printed_as_json_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let definition = json!({
            "name": "gig", "singular": "Gig", "plural": "Gigs", "fields": [{ "name": "title", "kind": "text" }],
        });
        let whole = json!({ "name": "gig", "state": "served", "definition": definition });
        let expected = from_json(&definition).unwrap();
        for (name, text) in [
            ("gig.json", format!("{definition:#}\n")),
            ("GIG.JSON", definition.to_string()),
            ("gig.txt", format!("\n  {definition}")),
            ("whole.json", format!("{whole:#}")),
        ] {
            let file = folder.path().join(name);
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file, Some("gig")).unwrap(), expected, "{name}");
            assert_eq!(read(&file, None).unwrap(), expected, "{name}");
            assert_eq!(read(&file, Some("gigs")).unwrap_err()[0].field, "name", "{name}");
        }
        let file = folder.path().join("broken.json");
        fs::write(&file, "").unwrap();
        let faults = read(&file, Some("gig")).unwrap_err();
        assert!(faults[0].field.is_empty() && faults[0].message.starts_with("Is not JSON"), "{faults:?}");
    }

    #[test]
    fn faults_of_the_syntax_name_no_file_that_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("draft.toml");
        fs::write(&file, "singular = \"S\"\n= 5\n").unwrap();
        let faults = read(&file, Some("gig")).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].field.is_empty() && faults[0].message.starts_with("Line 2"), "{faults:?}");
    }
}
