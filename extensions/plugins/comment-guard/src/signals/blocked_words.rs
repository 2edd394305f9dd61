//! Words that an administrator does not want to read.

use crate::assessment::Finding;
use crate::settings::Settings;
use crate::signals::scripts;
use crate::submission::Submission;
use crate::text::{self, is_unspaced};

/// For each word on the list that is there. Two of them refuse a comment where the thresholds are as at first.
const EACH: f64 = 5.0;
const MOST: f64 = 15.0;
/// How many words the log names.
const NAMED: usize = 3;

/// Counts the different blocked words in the text and in the name.
pub(super) fn weigh(submission: &Submission<'_>, settings: &Settings) -> Option<Finding> {
    if settings.blocked_words.is_empty() {
        return None;
    }
    let plain = format!("{}\n{}", submission.folded, text::fold(submission.nickname));
    // The same with letters that look like Latin ones read as these.
    let read = scripts::as_latin(&plain);
    let blocked = settings.blocked_words.iter();
    let found: Vec<&str> =
        blocked.filter(|word| contains(&plain, word) || contains(&read, word)).map(String::as_str).collect();
    let named =
        found.iter().take(NAMED).map(|word| format!("\u{201C}{word}\u{201D}")).collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(NAMED);
    let reason = if more > 0 { format!("{named} and {more} more") } else { named };
    Finding::new((EACH * found.len() as f64).min(MOST), reason)
}

/// Whether a word or phrase stands in the text by itself, not as part of a longer word. Where a script parts no words, it
/// may stand anywhere.
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + phrase.len()..]);
        parts(before.chars().next_back(), phrase.chars().next())
            && parts(phrase.chars().next_back(), behind.chars().next())
    })
}

/// Whether a word may end between two neighbouring characters.
fn parts(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return true };
    let joined = left.is_alphanumeric() && right.is_alphanumeric();
    !joined || is_unspaced(left) || is_unspaced(right)
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::settings::Settings;
    use crate::signals::testing::{comment, look, points};
    use crate::text::fold;

    fn blocking(words: &[&str]) -> Settings {
        Settings { blocked_words: words.iter().map(|word| fold(word)).collect(), ..Settings::default() }
    }

    fn is_blocked(word: &str, content: &str) -> bool {
        points(weigh, &blocking(&[word]), content) > 0.0
    }

    #[test]
    fn words_are_found_whole_and_however_they_are_dressed() {
        for (word, content) in [
            ("casino", "Visit our CASINO!"),
            ("casino", "c\u{E1}sin\u{F6}"),
            ("casino", "cas\u{200B}ino"),
            ("casino", "\u{441}\u{430}sin\u{43E} \u{2014} with Cyrillic letters"),
            ("free money", "Get free money now"),
            ("Stra\u{DF}e", "STRASSE"),
            ("\u{43A}\u{430}\u{437}\u{438}\u{43D}\u{43E}", "\u{41A}\u{410}\u{417}\u{418}\u{41D}\u{41E}!"),
            ("\u{8D4C}\u{535A}", "\u{8FD9}\u{662F}\u{8D4C}\u{535A}\u{7F51}\u{7AD9}"),
            ("c++", "learn c++ fast"),
        ] {
            assert!(is_blocked(word, content), "{word} in {content}");
        }
    }

    #[test]
    fn parts_of_words_are_not() {
        for (word, content) in [
            ("cialis", "a specialist and socialist"),
            ("ass", "class passes, assess"),
            ("free money", "free the money"),
            ("sex", "Sussex, Essex"),
            ("casino", ""),
        ] {
            assert!(!is_blocked(word, content), "{word} in {content}");
        }
        assert_eq!(points(weigh, &Settings::default(), "casino"), 0.0, "there is no list at first");
    }

    #[test]
    fn each_word_counts_once_and_names_count() {
        let settings = blocking(&["casino", "poker", "slots", "roulette"]);
        assert_eq!(points(weigh, &settings, "casino casino casino"), 5.0);
        assert_eq!(points(weigh, &settings, "casino and poker"), 10.0);
        let spam = comment("Poker Casino", "a@example.com", "Slots! Roulette!");
        let finding = look(&spam, |submission| weigh(submission, &settings)).unwrap();
        assert_eq!(finding.points, 15.0);
        assert_eq!(
            finding.reason,
            "\u{201C}casino\u{201D}, \u{201C}poker\u{201D}, \u{201C}slots\u{201D} and 1 more"
        );
    }
}
