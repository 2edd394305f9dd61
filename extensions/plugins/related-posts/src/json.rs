//! JSON as it is handed to `json_each`: arrays of texts and numbers.

/// A text in quotes.
pub(crate) fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// An array of what is JSON already.
pub(crate) fn array(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// An array of texts.
pub(crate) fn texts<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    array(items.into_iter().map(|item| text(item.as_ref())))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::database;
    use fleuron_plugin::testing::MemoryHost;

    use super::{array, text, texts};

    #[test]
    fn the_database_reads_it_back() {
        MemoryHost::install();
        let odd = ["", "plain", "\"quoted\" \\ \u{7} \n\u{FC}\u{1F600}", "[1]"];
        let sql = "SELECT value FROM json_each(?)";
        let rows = database::query(sql, &[texts(odd).into()]).unwrap();
        let read: Vec<String> = rows.iter().map(|row| row.read("value").unwrap()).collect();
        assert_eq!(read, odd);
        assert_eq!(array([text("a"), "1".to_owned(), array([])]), r#"["a",1,[]]"#);
    }
}
