//! What a post is about: its terms and how much each weighs.

use std::collections::HashMap;

use crate::terms::{Language, terms};
use crate::words::words;

/// Terms that are kept of a post, the heaviest first. Long posts have more, which say little.
const MOST_TERMS: usize = 120;

/// A term of the title counts as often as this in the text.
const IN_TITLE: u32 = 3;
/// A tag counts like a term that stands this often in the text: what an author chose says more than what happens to
/// stand there.
const AS_TAG: u32 = 12;

/// A post as the index keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Words of its text.
    pub(crate) words: usize,
    /// Terms with their weights, the heaviest first: a vector of length 1, unless there are none.
    pub(crate) terms: Vec<(String, f64)>,
}

impl Document {
    /// Reads a post: its title, its Markdown, the ids of its tags.
    pub(crate) fn of(title: &str, content: &str, tags: &[String]) -> Document {
        let (title, body) = (words(title), words(content));
        let language = Language::of(&body);
        let mut counts: HashMap<String, u32> = HashMap::new();
        for (part, times) in [(&title, IN_TITLE), (&body, 1)] {
            for term in terms(part, language) {
                *counts.entry(term).or_default() += times;
            }
        }
        for tag in tags {
            // No word of a text begins so.
            counts.insert(format!("#{tag}"), AS_TAG);
        }
        Document { words: body.len(), terms: weighted(counts) }
    }
}

/// The tenth time that a term stands in a text says less than the first, so weights grow with the logarithm.
fn weighted(counts: HashMap<String, u32>) -> Vec<(String, f64)> {
    let weight = |(term, count): (String, u32)| (term, 1.0 + f64::from(count).ln());
    let mut terms: Vec<(String, f64)> = counts.into_iter().map(weight).collect();
    // Of terms that stand equally often, longer ones say more.
    terms.sort_by(|(one, heavy), (other, light)| {
        light.total_cmp(heavy).then_with(|| other.len().cmp(&one.len())).then_with(|| one.cmp(other))
    });
    terms.truncate(MOST_TERMS);
    let length = terms.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    for (_, weight) in &mut terms {
        *weight /= length;
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::{Document, MOST_TERMS};

    fn weight(document: &Document, term: &str) -> f64 {
        document.terms.iter().find(|(found, _)| found == term).map_or(0.0, |(_, weight)| *weight)
    }

    #[test]
    fn what_stands_often_in_the_title_or_as_a_tag_weighs_more() {
        let document =
            Document::of("Sourdough", "The flour, the water and the flour again.", &["t1".to_owned()]);
        assert_eq!(document.words, 8);
        let (title, twice, once, tag) = (
            weight(&document, "sourdough"),
            weight(&document, "flour"),
            weight(&document, "water"),
            weight(&document, "#t1"),
        );
        assert!(tag > title && title > twice && twice > once && once > 0.0, "{document:?}");
        let length: f64 = document.terms.iter().map(|(_, weight)| weight * weight).sum();
        assert!((length - 1.0).abs() < 1e-9, "{length}");
    }

    #[test]
    fn long_posts_keep_what_weighs_most() {
        let rare: String = (0..500).map(|number| format!("word{number} ")).collect();
        let document = Document::of("", &format!("{rare} sea sea sea"), &[]);
        assert_eq!((document.words, document.terms.len()), (503, MOST_TERMS));
        assert_eq!(document.terms[0].0, "sea");
        assert_eq!(Document::of("", &format!("{rare} sea sea sea"), &[]), document, "the same each time");
    }

    #[test]
    fn a_post_without_words_has_no_terms() {
        assert_eq!(Document::of("", "", &[]), Document { words: 0, terms: Vec::new() });
        assert!(Document::of("The", "and of it", &[]).terms.is_empty());
    }
}
