//! Finding entries by the words in their searchable fields.
//!
//! Texts are cut into words here, in lower case and without accents, so that both databases find the same: SQLite in a
//! full-text table without contents beside the type's table, PostgreSQL in a column of it. Both are named after what
//! the words are made of, so that words of other fields are never taken for these: while a type is being changed, those
//! that it has and those that it shall have stand beside each other.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::sql::Sql;
use crate::content::{ContentType, Field, Fields, Kind, check};

/// As many words as a search has at most.
const WORDS: usize = 10;
/// What is kept of a word, in characters.
const WORD_LENGTH: usize = 64;
/// What is kept of the words of an entry, in bytes. PostgreSQL takes no more than a megabyte.
const BYTES: usize = 500_000;

/// What words are made of: the keys of the searchable fields, and what is shown of their options.
fn parts(content_type: &ContentType) -> Vec<String> {
    let searchable = content_type.definition.fields.iter().filter(|field| field.searchable);
    let part = |field: &Field| {
        let key = content_type.layout.key(field.name.as_str())?;
        Some(format!("{key}{}", labels(&field.kind)))
    };
    let mut parts: Vec<String> = searchable.filter_map(part).collect();
    parts.sort_unstable();
    parts
}

/// The options that are shown as something else than is kept of them.
fn labels(kind: &Kind) -> String {
    let Kind::Select { options, .. } = kind else { return String::new() };
    let labelled = options.iter().filter(|option| option.label != option.value);
    let mut labels: Vec<[&str; 2]> =
        labelled.map(|option| [option.value.as_str(), option.label.as_str()]).collect();
    labels.sort_unstable();
    if labels.is_empty() { String::new() } else { serde_json::json!(labels).to_string() }
}

/// What the full-text table (SQLite) or the column and its index (PostgreSQL) are named after; none where nothing is
/// searchable.
pub(super) fn described(content_type: &ContentType) -> Option<String> {
    let parts = parts(content_type);
    (!parts.is_empty()).then(|| format!("search {}", parts.join(" ")))
}

/// The full-text table of SQLite; none where nothing is searchable.
pub(super) fn table(content_type: &ContentType) -> Option<String> {
    let described = described(content_type)?;
    Some(format!("{}_search_{}", content_type.table(), super::indexes::hash(&described)))
}

/// Makes the full-text table. Words come to it as they shall be found: its own tokenizer has but to part them.
pub(super) fn create_table(table: &str) -> String {
    format!(
        "CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(words, content = '', contentless_delete = 1, \
         detail = 'none', tokenize = 'ascii')"
    )
}

/// The full-text tables that there are on SQLite of the type with this table of entries.
pub(super) async fn tables(database: &impl ConnectionTrait, of: &str) -> Result<Vec<String>, DbErr> {
    let mut sql = Sql::new(
        database.get_database_backend(),
        "SELECT name FROM sqlite_master \
         WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%' AND name GLOB ",
    );
    sql.bind(format!("{of}_search_*"));
    sql.all(database).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The column of PostgreSQL; none on SQLite, and where nothing is searchable.
pub(super) fn column(content_type: &ContentType, backend: DbBackend) -> Option<String> {
    if backend != DbBackend::Postgres {
        return None;
    }
    described(content_type).map(|described| format!("search_{}", super::indexes::hash(&described)))
}

/// The same where the type's table has it, which one that a change shall bring does not have from the start.
pub(super) async fn standing_column(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
) -> Result<Option<String>, DbErr> {
    let Some(column) = column(content_type, database.get_database_backend()) else { return Ok(None) };
    let stands = columns(database, &content_type.table()).await?.contains(&column);
    Ok(stands.then_some(column))
}

/// The columns for words that there are on PostgreSQL in this table of entries.
pub(super) async fn columns(database: &impl ConnectionTrait, of: &str) -> Result<Vec<String>, DbErr> {
    let mut sql = Sql::new(
        database.get_database_backend(),
        "SELECT attname::text FROM pg_attribute \
         WHERE NOT attisdropped AND left(attname::text, 7) = 'search_' AND attrelid = to_regclass(",
    );
    sql.bind(of).push(")");
    sql.all(database).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The words of an entry, each once; none where the type has no searchable fields.
pub(super) fn words_of(content_type: &ContentType, fields: &Fields) -> Option<String> {
    let text = check::searched_text(&content_type.definition, fields)?;
    let (mut seen, mut kept) = (HashSet::new(), String::new());
    for word in words(&text) {
        if kept.len() + word.len() >= BYTES {
            break;
        }
        if seen.contains(&word) {
            continue;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(&word);
        seen.insert(word);
    }
    Some(kept)
}

/// Adds the expression for the column, on PostgreSQL.
pub(super) fn push_vector(sql: &mut Sql, words: Option<&str>) {
    match words {
        Some(words) => {
            sql.push("array_to_tsvector(string_to_array(").bind(words).push("::text, ' '))");
        }
        None => {
            sql.push("NULL");
        }
    }
}

/// Writes the words of a row to the full-text table, on SQLite.
pub(super) async fn write(
    database: &impl ConnectionTrait,
    table: &str,
    seq: i64,
    words: &str,
) -> Result<(), DbErr> {
    let text = format!("INSERT OR REPLACE INTO {table} (rowid, words) VALUES (");
    let mut sql = Sql::new(database.get_database_backend(), &text);
    sql.bind(seq).push(", ").bind(words).push(")");
    sql.execute(database).await.map(drop)
}

/// Writes the words of the row that was inserted last, on SQLite.
pub(super) async fn write_last(
    database: &impl ConnectionTrait,
    table: &str,
    words: &str,
) -> Result<(), DbErr> {
    let text = format!("INSERT INTO {table} (rowid, words) VALUES (last_insert_rowid(), ");
    let mut sql = Sql::new(database.get_database_backend(), &text);
    sql.bind(words).push(")");
    sql.execute(database).await.map(drop)
}

/// Writes the words of the entry with this id, on SQLite.
pub(super) async fn rewrite(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    table: &str,
    (id, words): (Uuid, &str),
) -> Result<(), DbErr> {
    let text = format!("INSERT OR REPLACE INTO {table} (rowid, words) SELECT seq, ");
    let mut sql = Sql::new(database.get_database_backend(), &text);
    sql.bind(words).push(&format!(" FROM {} WHERE id = ", content_type.table())).bind(id);
    sql.execute(database).await.map(drop)
}

/// Takes the entry with this id and version out of the full-text table, on SQLite.
pub(super) async fn remove(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    table: &str,
    (id, version): (Uuid, i64),
) -> Result<(), DbErr> {
    let entries = content_type.table();
    let text = format!("DELETE FROM {table} WHERE rowid = (SELECT seq FROM {entries} WHERE id = ");
    let mut sql = Sql::new(database.get_database_backend(), &text);
    sql.bind(id).push(" AND version = ").bind(version).push(")");
    sql.execute(database).await.map(drop)
}

/// What is looked for, as the database has it: all words, the last of them perhaps not finished. None where the text
/// has no word in it.
pub(super) fn query(text: &str, backend: DbBackend) -> Option<String> {
    let mut words: Vec<String> = words(text).collect();
    words.truncate(WORDS);
    let last = words.pop()?;
    let whole = words.iter();
    // Words are letters and digits alone: no quote is among them.
    Some(match backend {
        DbBackend::Postgres => {
            let whole: String = whole.map(|word| format!("'{word}' & ")).collect();
            format!("{whole}'{last}':*")
        }
        _ => {
            let whole: String = whole.map(|word| format!("\"{word}\" ")).collect();
            format!("{whole}\"{last}\" *")
        }
    })
}

/// The words of a text: runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric() && !is_mark(character))
        .map(folded)
        .filter(|word| !word.is_empty())
}

/// In lower case, and without accents where letters are Latin.
fn folded(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for character in word.chars().filter(|character| !is_mark(*character)).take(WORD_LENGTH) {
        match character {
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                let plain = deunicode::deunicode_char(character).unwrap_or_default();
                let plain = plain.chars().filter(char::is_ascii_alphanumeric);
                folded.extend(plain.map(|letter| letter.to_ascii_lowercase()));
            }
            _ => folded.extend(character.to_lowercase().filter(|letter| !is_mark(*letter))),
        }
    }
    folded
}

/// An accent that stands as a character of its own, behind its letter.
fn is_mark(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn words_are_letters_and_digits_without_case_and_accents() {
        assert_eq!(all("Crème Brûlée, 2.5 kg!"), ["creme", "brulee", "2", "5", "kg"]);
        assert_eq!(all("e\u{301}t\u{e9} Straße İstanbul"), ["ete", "strasse", "istanbul"]);
        assert_eq!(all("me@example.com x' \" y"), ["me", "example", "com", "x", "y"]);
        assert_eq!(all("Привет 日本語"), ["привет", "日本語"]);
        assert_eq!(all("\u{301} \u{d7} ! ' \0"), Vec::<String>::new());
        assert_eq!(all(&"a".repeat(1_000))[0].len(), WORD_LENGTH);
    }

    #[test]
    fn a_query_has_all_words_and_the_last_as_a_prefix() {
        let both = |text: &str| {
            let both = [DbBackend::Sqlite, DbBackend::Postgres];
            both.map(|backend| query(text, backend).unwrap_or_default())
        };
        assert_eq!(both("red Wi"), [r#""red" "wi" *"#, "'red' & 'wi':*"]);
        assert_eq!(both("a\"b* 'OR'"), [r#""a" "b" "or" *"#, "'a' & 'b' & 'or':*"]);
        assert_eq!(both(" - "), ["", ""]);
        let many: Vec<String> = (0..50).map(|number| format!("w{number}")).collect();
        assert_eq!(both(&many.join(" "))[0].matches('"').count(), 2 * WORDS);
    }
}
