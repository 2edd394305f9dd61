//! An excerpt from a Markdown text.

use crate::markdown::{first_paragraph, introduction, plain_text};

/// About two lines in a list of posts. In characters.
const TARGET: usize = 200;

/// How far before the target a word may end and still be the place to cut. In characters.
const SLACK: usize = 40;

/// The plain text of what stands above the mark `<!-- more -->`, or else of the first paragraph, cut between two words
/// near the target length. `None` when there is none.
pub(crate) fn from_markdown(content: &str) -> Option<String> {
    let text = plain_text(&introduction(content).or_else(|| first_paragraph(content))?);
    (!text.is_empty()).then(|| cut(text))
}

fn cut(text: String) -> String {
    let Some((limit, _)) = text.char_indices().nth(TARGET) else { return text };
    let earliest = text.char_indices().nth(TARGET - SLACK).map_or(0, |(at, _)| at);
    // The character at the limit counts: a word that ends exactly there is whole.
    let window = &text[earliest..text.ceil_char_boundary(limit + 1)];
    let end = window.rfind(char::is_whitespace).map_or(limit, |space| earliest + space);
    let kept = text[..end].trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '\u{2013}' | '\u{2014}')
    });
    // A whole sentence needs no sign that something follows.
    if kept.ends_with(['.', '!', '?', '\u{3002}']) { kept.to_owned() } else { format!("{kept}\u{2026}") }
}

#[cfg(test)]
mod tests {
    use super::from_markdown;

    #[test]
    fn a_short_paragraph_is_taken_whole() {
        let content = "# Title\n\nOne **bold** line\nand [another](https://example.com).\n\nNot this.";
        assert_eq!(from_markdown(content).as_deref(), Some("One bold line and another."));
    }

    #[test]
    fn a_long_paragraph_is_cut_between_words() {
        let excerpt = from_markdown(&"seven, ".repeat(60)).unwrap_or_default();
        let length = excerpt.chars().count();
        assert!((160..=201).contains(&length), "{length}");
        assert!(excerpt.ends_with("seven\u{2026}"), "{excerpt}");
        let exact = format!("{} and more", "a".repeat(200));
        assert_eq!(from_markdown(&exact), Some(format!("{}\u{2026}", "a".repeat(200))));
    }

    #[test]
    fn a_cut_after_a_sentence_needs_no_ellipsis() {
        let content = format!("{}end. Continued further.", "word ".repeat(38));
        assert!(from_markdown(&content).is_some_and(|excerpt| excerpt.ends_with("word end.")), "{content}");
    }

    #[test]
    fn text_without_spaces_is_cut_between_characters() {
        let excerpt = from_markdown(&"\u{5929}".repeat(300)).unwrap_or_default();
        assert_eq!(excerpt, format!("{}\u{2026}", "\u{5929}".repeat(200)));
    }

    #[test]
    fn nothing_to_take_gives_none() {
        for content in
            ["", "\n\n", "# Only a title", "```\ncode\n```", "![picture](a.png)", "<div>\nraw\n</div>"]
        {
            assert_eq!(from_markdown(content), None, "{content:?}");
        }
    }
}
