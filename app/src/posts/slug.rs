//! Slugs: the readable part of an address. Letters of any script, digits and dashes.

use crate::site::reserved;

/// The longest slug, in bytes: it must fit a URL and an index.
pub const MAX_LENGTH: usize = 190;
/// What stands among entries in the API, so that no entry is found by it.
pub const AMONG_ENTRIES: &str = "export";

/// A valid slug: Unicode letters and digits in lower case, joined by single dashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// Checks a slug that somebody chose. The error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let slug = Self::parse_below(text)?;
        if reserved::is_reserved(text) {
            return Err(format!("`{text}` is an address of the site itself; choose another."));
        }
        Ok(slug)
    }

    /// Checks a slug that stands below something else, where the site has no addresses of its own. The error says what
    /// would be right.
    pub fn parse_below(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("Must not be empty; leave it out to have one made from the title.".into());
        }
        if text.len() > MAX_LENGTH {
            return Err(format!("Must have at most {MAX_LENGTH} bytes; this has {}.", text.len()));
        }
        let made = make(text);
        if made != text {
            let hint = if made.is_empty() { String::new() } else { format!(" `{made}` would be right.") };
            return Err(format!("Must be lower-case letters and digits joined by single dashes.{hint}"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a valid slug of any text; `fallback` if nothing usable is in it.
    pub fn derive(text: &str, fallback: &str) -> Self {
        let made = make(text);
        let slug = if made.is_empty() { make(fallback) } else { made };
        if reserved::is_reserved(&slug) { Self(slug).numbered(2) } else { Self(slug) }
    }

    /// Makes a slug that stands below something else of any text; `fallback` if nothing usable is in it. It does not read
    /// like an id, nor like [`AMONG_ENTRIES`].
    pub fn derive_below(text: &str, fallback: &str) -> Self {
        let made = make(text);
        let slug = Self(if made.is_empty() { make(fallback) } else { made });
        let is_taken = slug.0 == AMONG_ENTRIES || uuid::Uuid::parse_str(&slug.0).is_ok();
        if is_taken { slug.numbered(2) } else { slug }
    }

    /// Makes a valid slug of any text; `None` if nothing usable is in it.
    pub fn of(text: &str) -> Option<Self> {
        let made = Self::derive(text, "");
        (!made.0.is_empty()).then_some(made)
    }

    /// The slug with a number behind it, cut so that it fits: `a-title-2`.
    pub fn numbered(&self, number: u64) -> Self {
        let suffix = format!("-{number}");
        let base = cut(&self.0, MAX_LENGTH - suffix.len());
        Self(format!("{base}{suffix}"))
    }

    /// The first of `wanted-2`, `wanted-3` and so on that is not taken. Doubling finds a free number, halving the first
    /// one, so that the thousandth namesake costs twenty looks.
    pub async fn free<E, F: Future<Output = Result<bool, E>>>(
        wanted: &str,
        taken: impl Fn(&str) -> F,
    ) -> Result<String, E> {
        let slug = Self(wanted.to_owned());
        let (mut low, mut high) = (1, 2);
        while taken(slug.numbered(high).as_str()).await? {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if taken(slug.numbered(middle).as_str()).await? { low = middle } else { high = middle }
        }
        Ok(slug.numbered(high).0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn make(text: &str) -> String {
    let mut slug = String::with_capacity(text.len().min(MAX_LENGTH));
    let mut gap = false;
    for character in text.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() || is_mark(character) {
            if gap && !slug.is_empty() {
                slug.push('-');
            }
            gap = false;
            slug.push(character);
        } else if !matches!(character, '\'' | '’') {
            gap = true;
        }
        if slug.len() > MAX_LENGTH {
            break;
        }
    }
    cut(&slug, MAX_LENGTH).to_owned()
}

/// Combining marks belong to the letter before them (Devanagari vowels, decomposed accents).
fn is_mark(character: char) -> bool {
    matches!(u32::from(character), 0x300..=0x36F | 0x900..=0x903 | 0x93A..=0x94F | 0x0E31..=0x0E4E)
}

fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::{MAX_LENGTH, Slug};

    #[test]
    fn slugs_are_made_from_any_title() {
        for (title, slug) in [
            ("Hello, World!", "hello-world"),
            ("  What's new -- in Rust 1.88?  ", "whats-new-in-rust-1-88"),
            ("Über Öl", "über-öl"),
            ("日本語のタイトル", "日本語のタイトル"),
            ("!!!", "post"),
            ("Feed", "feed-2"),
            ("Admin", "admin-2"),
        ] {
            assert_eq!(Slug::derive(title, "post").as_str(), slug);
        }
    }

    #[test]
    fn below_something_else_no_word_is_reserved() {
        assert_eq!(Slug::derive_below("Search", "event").as_str(), "search");
        assert_eq!(Slug::derive_below("!", "team_member").as_str(), "team-member");
        assert_eq!(Slug::derive_below("Export", "event").as_str(), "export-2");
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(Slug::derive_below(id, "event").as_str(), format!("{id}-2"));
    }

    #[test]
    fn long_titles_are_cut_between_characters() {
        let slug = Slug::derive(&"ü".repeat(300), "post");
        assert!(slug.as_str().len() <= MAX_LENGTH);
        assert!(slug.numbered(123).as_str().ends_with("ü-123"));
        assert!(slug.numbered(123).as_str().len() <= MAX_LENGTH);
    }

    #[test]
    fn chosen_slugs_must_be_right() {
        assert!(Slug::parse("a-good-slug").is_ok());
        for wrong in ["", "Capital", "two--dashes", "-edge", "a b", "a/b", "..", "api", "a\0b"] {
            assert!(Slug::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Slug::parse("Two Words").unwrap_err().contains("`two-words`"));
        assert!(Slug::parse_below("api").is_ok() && Slug::parse_below("a/b").is_err());
    }
}
