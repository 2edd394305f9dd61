//! Heading ids: readable, Unicode-aware, unique on the page.

use std::collections::HashMap;

use super::RESERVED_IDS;

/// Hands out ids and remembers which are taken.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The ids taken, each with the number that the next heading of that name tries.
    taken: HashMap<String, usize>,
}

impl Ids {
    /// The id for a heading: the one it asks for, or one made of its text; with a number behind if that is taken.
    pub(super) fn assign(&mut self, wanted: Option<&str>, text: &str) -> String {
        let mut base = match wanted {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => slug(text),
        };
        if base.starts_with("fn-") || base.starts_with("fnref-") {
            // Those are the footnotes'.
            base.insert_str(0, "section-");
        }
        if !self.is_taken(&base) {
            self.taken.insert(base.clone(), 2);
            return base;
        }
        let mut number = self.taken.get(&base).copied().unwrap_or(2);
        let id = loop {
            let candidate = format!("{base}-{number}");
            number += 1;
            if !self.is_taken(&candidate) {
                break candidate;
            }
        };
        self.taken.insert(base, number);
        self.taken.insert(id.clone(), 2);
        id
    }

    fn is_taken(&self, id: &str) -> bool {
        RESERVED_IDS.contains(&id) || self.taken.contains_key(id)
    }
}

/// Letters and digits of any script in lower case, words joined by hyphens.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_alphanumeric() || char == '_' {
            slug.extend(char.to_lowercase());
        } else if (char.is_whitespace() || char == '-') && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() {
        slug.push_str("section");
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_letters_of_any_script() {
        for (text, expected) in [
            ("Hello, World!", "hello-world"),
            ("  What's   new -- in 2.0?  ", "whats-new-in-20"),
            ("Größe Ñandú", "größe-ñandú"),
            ("日本語 の見出し", "日本語-の見出し"),
            ("snake_case", "snake_case"),
            ("🎉", "section"),
        ] {
            assert_eq!(slug(text), expected);
        }
    }

    #[test]
    fn never_gives_an_id_twice() {
        let mut ids = Ids::default();
        let mut seen = std::collections::HashSet::new();
        for text in ["a", "a", "a-2", "a", "a-2", "main", "main", "fn-1", "", ""] {
            assert!(seen.insert(ids.assign(None, text)), "{text}: {seen:?}");
        }
        assert!(!seen.contains("main") && !seen.contains("fn-1"));
        for _ in 0..1_000 {
            assert!(seen.insert(ids.assign(Some("a"), "")));
        }
    }
}
