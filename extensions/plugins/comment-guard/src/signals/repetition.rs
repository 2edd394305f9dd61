//! Repetition: the same character or the same word again and again.

use std::collections::HashMap;

use crate::assessment::Finding;
use crate::settings::Settings;
use crate::submission::Submission;
use crate::text::is_unspaced;

/// For one character many times in a row.
const CHARACTERS: f64 = 1.5;
/// How many times are many; people do write "sooooo".
const LONG_RUN: usize = 8;
/// From here on, Unicode has emoji and other pictures.
const FIRST_PICTURE: char = '\u{1F000}';
/// For one word that is a large part of the text.
const WORD: f64 = 2.0;
/// How large a part, of all words.
const SHARE: f64 = 0.3;
/// In fewer words, one may be there twice.
const FEWEST_WORDS: usize = 12;
/// Shorter words are those that hold sentences together.
const SHORTEST_WORD: usize = 4;

/// Looks for runs of a character and for a word that comes again and again.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Option<Finding> {
    Finding::join([characters(&submission.prose), word(&submission.words())], CHARACTERS + WORD)
}

/// Lines drawn with dashes and the like are no sign of anything, and neither is white space.
fn characters(text: &str) -> Option<Finding> {
    let (mut last, mut length, mut longest) = ('\0', 0, 0);
    for character in text.chars() {
        length = if character == last { length + 1 } else { 1 };
        last = character;
        if character.is_alphabetic() || "!?$".contains(character) || character >= FIRST_PICTURE {
            longest = longest.max(length);
        }
    }
    (longest >= LONG_RUN)
        .then(|| Finding::new(CHARACTERS, format!("a character {longest} times in a row")))?
}

fn word(words: &[&str]) -> Option<Finding> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let long = |word: &str| word.chars().count() >= SHORTEST_WORD || word.chars().all(is_unspaced);
    let most = counts.into_iter().filter(|(word, _)| long(word)).map(|(_, count)| count).max()?;
    let repeated = words.len() >= FEWEST_WORDS && most as f64 >= SHARE * words.len() as f64;
    repeated.then(|| Finding::new(WORD, format!("one word makes {most} of {}", words.len())))?
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::settings::Settings;
    use crate::signals::testing::points;

    #[test]
    fn runs_and_words_are_counted() {
        for (content, expected) in [
            ("That is sooooo good, I could read it all day long without ever getting tired", 0.0),
            ("soooooooooooo good", 1.5),
            ("\u{1F525}\u{1F525}\u{1F525}\u{1F525}\u{1F525}\u{1F525}\u{1F525}\u{1F525}", 1.5),
            ("above\n\n----------------\n\nbelow", 0.0),
            ("a          b, 100000000000", 0.0),
            ("cheap watches, cheap shoes, cheap bags, cheap phones, cheap glasses, cheap coats", 2.0),
            ("the cat and the dog and the bird and the fish and the mouse sat there", 0.0),
            ("Kritik kritik kritik", 0.0),
            (
                "\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}\u{597D}",
                3.5,
            ),
        ] {
            assert_eq!(points(weigh, &Settings::default(), content), expected, "{content}");
        }
    }
}
