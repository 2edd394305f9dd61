//! A slug from a title.

/// Long enough for any sensible title, short enough to be read in an address bar. In bytes.
const LONGEST: usize = 100;

/// Lower case, letters and digits of every script kept, everything else one dash. `None` when nothing remains.
pub(crate) fn from_title(title: &str) -> Option<String> {
    let mut slug = String::with_capacity(title.len());
    for character in title.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !joins(character) && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    shorten(&mut slug);
    (!slug.is_empty()).then_some(slug)
}

/// Apostrophes, accents written apart from their letter, and joiners: they vanish without parting a word.
fn joins(character: char) -> bool {
    matches!(
        character,
        '\'' | '\u{2018}' | '\u{2019}' | '\u{00AD}' | '\u{0300}'..='\u{036F}' | '\u{200C}' | '\u{200D}'
    )
}

/// Cuts between two words, or within one that is very long.
fn shorten(slug: &mut String) {
    if slug.len() > LONGEST {
        let end = slug.floor_char_boundary(LONGEST);
        let between_words = slug[..end].rfind('-').filter(|at| *at >= LONGEST / 2);
        let whole = slug[end..].starts_with('-');
        slug.truncate(if whole { end } else { between_words.unwrap_or(end) });
    }
    slug.truncate(slug.trim_end_matches('-').len());
}

#[cfg(test)]
mod tests {
    use super::from_title;

    #[test]
    fn titles_become_slugs() {
        for (title, slug) in [
            ("Hello, World!", "hello-world"),
            ("  What's   new in 2.0?  ", "whats-new-in-2-0"),
            ("C++ & Rust -- together", "c-rust-together"),
            ("\u{00DC}ber Stra\u{00DF}en", "\u{00FC}ber-stra\u{00DF}en"),
            ("Cafe\u{0301} cre\u{0300}me", "cafe-creme"),
            ("\u{65E5}\u{672C}\u{8A9E}\u{306E} \u{984C}", "\u{65E5}\u{672C}\u{8A9E}\u{306E}-\u{984C}"),
        ] {
            assert_eq!(from_title(title).as_deref(), Some(slug), "{title}");
        }
    }

    #[test]
    fn a_title_without_letters_gives_none() {
        for title in ["", " ", "?!", "\u{1F600}", "\u{0301}"] {
            assert_eq!(from_title(title), None, "{title:?}");
        }
    }

    #[test]
    fn long_titles_are_cut_between_words() {
        let slug = from_title(&"twelve chars ".repeat(20)).unwrap_or_default();
        assert!(slug.len() <= 100 && slug.len() > 90 && !slug.ends_with('-'), "{slug}");
        assert!(slug.ends_with("-chars") || slug.ends_with("-twelve"), "{slug}");
        let exact = format!("{} tail", "a".repeat(100));
        assert_eq!(from_title(&exact), Some("a".repeat(100)));
        let unbroken = from_title(&"\u{65E5}".repeat(80)).unwrap_or_default();
        assert_eq!(unbroken, "\u{65E5}".repeat(33));
    }
}
