//! What the entries of a list lead to: the ids that headings have, and new ones where they have none.

use std::collections::{HashMap, HashSet};

use crate::outline::{Heading, Outline};

/// Ids that pages of the site use for themselves, which the sanitiser takes off everything else.
const RESERVED: [&str; 16] = [
    "comments",
    "comments-title",
    "content",
    "email",
    "email-hint",
    "field-content",
    "field-email",
    "field-nickname",
    "field-website",
    "footer",
    "header",
    "main",
    "navigation",
    "respond",
    "respond-title",
    "tags-label",
];
/// The longest id that the sanitiser keeps, in bytes.
const MAX_ID: usize = 200;
/// The longest part of a new id that is made of words, in bytes.
const MAX_WORDS: usize = 100;
/// The longest character reference that is known as one, in bytes.
const MAX_REFERENCE: usize = 12;

/// What an entry leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The id, fit for an attribute in double quotes.
    pub(crate) id: String,
    /// Whether the heading does not have it yet.
    pub(crate) is_new: bool,
}

/// The target of each heading. A heading keeps its id unless an element before it has the same, or the sanitiser would take
/// it off.
pub(crate) fn assign(outline: &Outline<'_>) -> Vec<Target> {
    let mut first_places = HashMap::new();
    for (place, id) in outline.ids.iter().enumerate() {
        first_places.entry(*id).or_insert(place);
    }
    let mut new =
        NewIds { taken: outline.ids.iter().map(|id| (*id).to_owned()).collect(), next: HashMap::new() };
    let own = |heading: &Heading| {
        let place = heading.id?;
        let id = *outline.ids.get(place)?;
        (is_kept(id) && first_places.get(id) == Some(&place)).then(|| id.replace('"', "&quot;"))
    };
    let target = |heading: &Heading| match own(heading) {
        Some(id) => Target { id, is_new: false },
        None => Target { id: new.make(&heading.words.text), is_new: true },
    };
    outline.headings.iter().map(target).collect()
}

/// Whether the sanitiser leaves it, and a link to it.
fn is_kept(id: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    !id.is_empty() && id.len() <= MAX_ID && !id.contains(odd) && !RESERVED.contains(&id)
}

struct NewIds {
    taken: HashSet<String>,
    /// The number that the next id of these words tries.
    next: HashMap<String, usize>,
}

impl NewIds {
    fn make(&mut self, text: &str) -> String {
        // No id of the page's own begins so.
        let base = format!("section-{}", slug(text));
        let base = base.trim_end_matches('-');
        let number = self.next.entry(base.to_owned()).or_insert(1);
        loop {
            let id = if *number == 1 { base.to_owned() } else { format!("{base}-{number}") };
            *number += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Letters and digits of any script in lower case, words joined by hyphens; character references count as spaces.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next().filter(|_| slug.len() < MAX_WORDS) {
        if character.is_alphanumeric() {
            slug.extend(character.to_lowercase());
            continue;
        }
        if character == '&' {
            rest = after_reference(rest.as_str()).chars();
        }
        if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.floor_char_boundary(MAX_WORDS));
    slug
}

/// What comes behind a character reference whose `&` has been read; all of it where that was none.
fn after_reference(text: &str) -> &str {
    let end = text.bytes().take(MAX_REFERENCE).position(|byte| byte == b';');
    let is_reference =
        |end: &usize| text[..*end].bytes().all(|byte| byte == b'#' || byte.is_ascii_alphanumeric());
    end.filter(is_reference).map_or(text, |end| &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::{assign, slug};
    use crate::outline::Outline;

    /// The targets of a page's headings, new ones with a `+` in front.
    fn targets(html: &str) -> Vec<String> {
        let outline = Outline::read(html).unwrap();
        let show = |target: &super::Target| format!("{}{}", if target.is_new { "+" } else { "" }, target.id);
        assign(&outline).iter().map(show).collect()
    }

    #[test]
    fn headings_keep_their_ids() {
        assert_eq!(
            targets("<h2 id=\"one\">One</h2><h2 id='\u{fc}ber-\"uns\"'>x</h2>"),
            ["one", "\u{fc}ber-&quot;uns&quot;"]
        );
    }

    #[test]
    fn headings_without_ids_get_new_ones() {
        assert_eq!(
            targets("<h2>Q &amp; A</h2><h2>q a</h2><h2>!</h2><h2>?</h2><p id=\"section-q-a-2\">x</p>"),
            ["+section-q-a", "+section-q-a-3", "+section", "+section-2"]
        );
    }

    #[test]
    fn ids_that_lead_elsewhere_are_replaced() {
        for id in ["main", "comments", "", "two words", "back\\slash", &"x".repeat(201)] {
            assert_eq!(targets(&format!("<h2 id=\"{id}\">A</h2>")), ["+section-a"], "{id}");
        }
        assert_eq!(
            targets("<p id=\"a\">x</p><h2 id=\"a\">A</h2><h2 id=\"b\">B</h2><h2 id=\"b\">B</h2>"),
            ["+section-a", "b", "+section-b"]
        );
    }

    #[test]
    fn many_headings_of_one_name_take_no_long_time() {
        let html = "<h2>Same</h2>".repeat(5_000);
        let targets = targets(&html);
        assert_eq!(targets.last().map(String::as_str), Some("+section-same-5000"));
    }

    #[test]
    fn slugs_are_readable() {
        for (text, expected) in [
            ("Hello, World!", "hello-world-"),
            ("\u{dc}ber uns", "\u{fc}ber-uns"),
            ("a&nbsp;b & c; d", "a-b-c-d"),
            ("&#8230;", ""),
        ] {
            assert_eq!(slug(text), expected);
        }
        assert!(slug(&"\u{e4}".repeat(500)).len() <= 100);
    }
}
