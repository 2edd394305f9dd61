//! SQL as a row of words, as far as its structure goes.
//!
//! This decides nothing about what a statement may do; SQLite's own parser and the authorizer do. It serves to judge how
//! much work preparing a statement will be, so it must see the same words as SQLite does: what the two could read
//! differently, though hardly anybody writes it, is refused.

/// A word of SQL. Strings and quoted names count as names: SQLite takes either where it expects a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or keyword, unquoted, in lower case.
    Name(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// Anything else.
    Other,
}

impl Word {
    /// Whether this is the given name or keyword, written in lower case.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Name(own) if own == name)
    }
}

/// The words of a text, without comments. The error says what cannot be read.
pub(super) fn words(sql: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    walk(sql, |word, _| words.push(word))?;
    Ok(words)
}

/// Bytes between the semicolons that stand farthest apart, comments included.
pub(super) fn longest_part(sql: &str) -> Result<usize, String> {
    let (mut longest, mut start) = (0, 0);
    walk(sql, |word, end| {
        if word == Word::Semicolon {
            longest = longest.max(end - start);
            start = end;
        }
    })?;
    Ok(longest.max(sql.trim_end().len().saturating_sub(start)))
}

/// Tells each word and the byte behind it.
fn walk(sql: &str, mut found: impl FnMut(Word, usize)) -> Result<(), String> {
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (word, length) = next(rest, first)
            .ok_or_else(|| format!("{} at byte {} cannot be read", shown(first), sql.len() - rest.len()))?;
        rest = rest.get(length..).unwrap_or("");
        if let Some(word) = word {
            found(word, sql.len() - rest.len());
        }
    }
    Ok(())
}

fn shown(character: char) -> String {
    format!("`{}`", character.escape_debug())
}

/// What a text begins with, none for what is skipped, and its length.
fn next(rest: &str, first: char) -> Option<(Option<Word>, usize)> {
    Some(match first {
        '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => {
            (None, rest.get(2..).and_then(|r| r.find("*/")).map_or(rest.len(), |at| at + 4))
        }
        '\'' | '"' | '`' => quoted(rest, first)?,
        '[' => {
            let length = rest.find(']')? + 1;
            (Some(name(rest.get(1..length - 1).unwrap_or(""))), length)
        }
        '(' => (Some(Word::Open), 1),
        ')' => (Some(Word::Close), 1),
        '.' => (Some(Word::Dot), 1),
        ',' => (Some(Word::Comma), 1),
        ';' => (Some(Word::Semicolon), 1),
        ':' => (Some(Word::Other), placeholder(rest)?),
        _ if is_part(first) => {
            let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or("");
            // SQLite skips a byte order mark where a word could begin.
            if text.contains('\u{feff}') {
                return None;
            }
            (Some(name(text)), length)
        }
        ' ' | '\t' | '\n' | '\r' | '\x0c' => (None, 1),
        '!' | '%' | '&' | '*' | '+' | '-' | '/' | '<' | '=' | '>' | '?' | '|' | '~' => (Some(Word::Other), 1),
        // `$`, `@` and `#` begin placeholders that may hold almost anything.
        _ => return None,
    })
}

/// The length of `:name`. With a parenthesis or another colon behind it, SQLite takes more than the name.
fn placeholder(rest: &str) -> Option<usize> {
    let behind = rest.get(1..)?;
    let length = behind.find(|character| !is_part(character)).unwrap_or(behind.len());
    let goes_on = behind.get(length..)?.starts_with(['(', ':', '$']);
    (length > 0 && !goes_on).then_some(length + 1)
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii()
}

fn name(text: &str) -> Word {
    Word::Name(text.to_ascii_lowercase())
}

/// A quoted text, in which a doubled quote stands for one. None where it has no end.
fn quoted(text: &str, quote: char) -> Option<(Option<Word>, usize)> {
    let mut at = 1;
    while let Some(end) = text.get(at..).and_then(|rest| rest.find(quote)) {
        at += end + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            let inner = text.get(1..at - 1).unwrap_or("");
            let inner = inner.replace(&format!("{quote}{quote}"), &quote.to_string());
            return Some((Some(name(&inner)), at));
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let named = |text: &str| Word::Name(text.to_owned());
        assert_eq!(
            words("SELECT [A b].\"C\"\"d\" /* ; ( */ FROM 'E' -- ;\n WHERE(x1=?, :y);").unwrap(),
            [
                named("select"),
                named("a b"),
                Word::Dot,
                named("c\"d"),
                named("from"),
                named("e"),
                named("where"),
                Word::Open,
                named("x1"),
                Word::Other,
                Word::Other,
                Word::Comma,
                Word::Other,
                Word::Close,
                Word::Semicolon,
            ]
        );
        for text in ["/* open", "-- open", "/*", "--", "é'é'"] {
            assert!(words(text).unwrap().len() <= 2, "{text}");
        }
    }

    #[test]
    fn what_sqlite_may_read_otherwise_is_refused() {
        for text in [
            "'open",
            "[open",
            "\"",
            "'",
            "[",
            "SELECT $a(/*)",
            "SELECT @a(/*)",
            "SELECT #a(/*)",
            "SELECT :a(/*)",
            "SELECT :a::b(/*)",
            "SELECT :a$b(/*)",
            "SELECT a$b",
            "AS \u{b}(",
            "AS \u{feff}(",
            "a\u{feff}",
            "\u{1}",
            "a\u{7f}b",
            "\\",
            "{",
        ] {
            assert!(words(text).is_err(), "{text}");
        }
        for text in ["'$@#\u{feff}\u{b}'", "/* $ */", "-- @", "[a$b]", ":name", "?1", "a\tb\u{c}c\r\n"] {
            assert!(words(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn parts_are_measured_between_semicolons() {
        assert_eq!(longest_part("a; bb ';' ; c").unwrap(), " bb ';' ;".len());
        assert_eq!(longest_part("a; bb   \n").unwrap(), 3);
        assert_eq!(longest_part("").unwrap(), 0);
    }
}
