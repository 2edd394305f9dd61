//! SQL as a row of words, as far as its structure goes.
//!
//! This decides nothing about what a statement may do; SQLite's own parser and the authorizer do. It serves to judge how
//! much work preparing a statement will be.

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

/// The words of a text, without comments.
pub(super) fn words(sql: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                (None, rest.get(2..).and_then(|r| r.find("*/")).map_or(rest.len(), |at| at + 4))
            }
            '\'' | '"' | '`' => quoted(rest, first),
            '[' => {
                let length = rest.find(']').map_or(rest.len(), |at| at + 1);
                (Some(name(rest.get(1..length - 1).unwrap_or(""))), length)
            }
            '(' => (Some(Word::Open), 1),
            ')' => (Some(Word::Close), 1),
            '.' => (Some(Word::Dot), 1),
            ';' => (Some(Word::Semicolon), 1),
            _ if is_part(first) => {
                let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
                (Some(name(rest.get(..length).unwrap_or(""))), length)
            }
            _ if first.is_ascii_whitespace() => (None, 1),
            _ => (Some(Word::Other), first.len_utf8()),
        };
        words.extend(word);
        rest = rest.get(length..).unwrap_or("");
    }
    words
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$' || !character.is_ascii()
}

fn name(text: &str) -> Word {
    Word::Name(text.to_ascii_lowercase())
}

/// A quoted text, in which a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> (Option<Word>, usize) {
    let mut at = 1;
    while let Some(end) = text.get(at..).and_then(|rest| rest.find(quote)) {
        at += end + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            let inner = text.get(1..at - 1).unwrap_or("");
            return (Some(name(&inner.replace(&format!("{quote}{quote}"), &quote.to_string()))), at);
        }
        at += 1;
    }
    (Some(Word::Other), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let named = |text: &str| Word::Name(text.to_owned());
        assert_eq!(
            words("SELECT [A b].\"C\"\"d\" /* ; ( */ FROM 'E' -- ;\n WHERE(x1=?);"),
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
                Word::Close,
                Word::Semicolon,
            ]
        );
        for text in ["'open", "[open", "/* open", "-- open", "\"", "'", "[", "é'é"] {
            assert!(words(text).len() <= 2, "{text}");
        }
    }
}
