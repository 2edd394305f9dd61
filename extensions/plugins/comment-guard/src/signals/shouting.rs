//! Shouting: capital letters and exclamation marks.

use crate::assessment::Finding;
use crate::settings::Settings;
use crate::submission::Submission;

/// For a text in capitals.
const CAPITALS: f64 = 2.0;
/// The share of capitals from which a text is shouted.
const SHARE: f64 = 0.7;
/// Fewer letters than this may be an abbreviation.
const FEWEST_LETTERS: usize = 20;
/// For many exclamation marks.
const MARKS: f64 = 1.0;
/// How many of them are many.
const MANY_MARKS: usize = 5;

/// Counts capitals among the letters that have two cases, and exclamation marks.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Option<Finding> {
    Finding::join([capitals(&submission.prose), marks(&submission.prose)], CAPITALS + MARKS)
}

fn capitals(text: &str) -> Option<Finding> {
    let large = text.chars().filter(|character| character.is_uppercase()).count();
    let small = text.chars().filter(|character| character.is_lowercase()).count();
    let share = large as f64 / (large + small).max(1) as f64;
    let shouted = large + small >= FEWEST_LETTERS && share >= SHARE;
    shouted.then(|| Finding::new(CAPITALS, format!("{:.0} % capitals", 100.0 * share)))?
}

fn marks(text: &str) -> Option<Finding> {
    let marks = text
        .chars()
        .filter(|character| matches!(character, '!' | '\u{A1}' | '\u{FF01}' | '\u{2757}'))
        .count();
    (marks >= MANY_MARKS).then(|| Finding::new(MARKS, format!("{marks} exclamation marks")))?
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::settings::Settings;
    use crate::signals::testing::points;

    #[test]
    fn shouting_is_heard() {
        for (content, expected) in [
            ("A calm remark about NASA, ESA and JAXA.", 0.0),
            ("LOL", 0.0),
            ("WHY IS NOBODY TALKING ABOUT THIS", 2.0),
            (
                "\u{41F}\u{41E}\u{427}\u{415}\u{41C}\u{423} \u{41D}\u{418}\u{41A}\u{422}\u{41E} \u{41E}\u{411} \u{42D}\u{422}\u{41E}\u{41C} \u{41D}\u{415} \u{413}\u{41E}\u{412}\u{41E}\u{420}\u{418}\u{422}",
                2.0,
            ),
            ("LOOK AT THIS PAGE OF MINE https://example.com/a-rather-long-address-in-small-letters", 2.0),
            ("Great! Thanks!", 0.0),
            ("Wow!!!!!", 1.0),
            ("BUY NOW! CHEAP WATCHES! BEST PRICES! HURRY!!!", 3.0),
            (
                "\u{4F60}\u{597D}\u{4E16}\u{754C}\u{4F60}\u{597D}\u{4E16}\u{754C}\u{4F60}\u{597D}\u{4E16}\u{754C}",
                0.0,
            ),
        ] {
            assert_eq!(points(weigh, &Settings::default(), content), expected, "{content}");
        }
    }
}
