//! Scripts: letters that only look like those of the words they stand in, and characters that nobody sees.

use crate::assessment::Finding;
use crate::settings::Settings;
use crate::submission::Submission;
use crate::text::is_invisible;

/// For a word of mixed scripts.
const MIXED_WORD: f64 = 3.0;
/// For each further one.
const EACH_MORE: f64 = 1.0;
/// For characters hidden within words, or that turn the text around.
const HIDDEN: f64 = 3.0;
/// For letters from the parts of Unicode that are for mathematics, as decoration.
const DECORATED: f64 = 2.0;
/// How many such letters are no formula.
const MANY_DECORATED: usize = 8;
const MOST: f64 = 8.0;

/// Small letters of Cyrillic and Greek that look like Latin ones.
const LOOK_ALIKES: [(char, char); 32] = [
    ('\u{430}', 'a'),
    ('\u{432}', 'b'),
    ('\u{441}', 'c'),
    ('\u{501}', 'd'),
    ('\u{435}', 'e'),
    ('\u{4BB}', 'h'),
    ('\u{456}', 'i'),
    ('\u{458}', 'j'),
    ('\u{43A}', 'k'),
    ('\u{4CF}', 'l'),
    ('\u{43C}', 'm'),
    ('\u{43D}', 'h'),
    ('\u{43E}', 'o'),
    ('\u{440}', 'p'),
    ('\u{51B}', 'q'),
    ('\u{433}', 'r'),
    ('\u{455}', 's'),
    ('\u{442}', 't'),
    ('\u{475}', 'v'),
    ('\u{51D}', 'w'),
    ('\u{445}', 'x'),
    ('\u{443}', 'y'),
    ('\u{3B1}', 'a'),
    ('\u{3B5}', 'e'),
    ('\u{3B9}', 'i'),
    ('\u{3BA}', 'k'),
    ('\u{3BD}', 'v'),
    ('\u{3BF}', 'o'),
    ('\u{3C1}', 'p'),
    ('\u{3C4}', 't'),
    ('\u{3C5}', 'u'),
    ('\u{3C7}', 'x'),
];

/// Counts words of mixed scripts, hidden characters and decorated letters.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Option<Finding> {
    let text = format!("{}\n{}", submission.nickname, submission.content);
    Finding::join([mixed(&text), hidden(&text), decorated(&text)], MOST)
}

/// Folded text with every letter that looks like a Latin one read as that.
pub(super) fn as_latin(folded: &str) -> String {
    let read = |character| {
        LOOK_ALIKES.iter().find(|(other, _)| *other == character).map_or(character, |(_, latin)| *latin)
    };
    folded.chars().map(read).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
}

fn script(character: char) -> Option<Script> {
    match character {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}'
            if character.is_alphabetic() =>
        {
            Some(Script::Latin)
        }
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' if character.is_alphabetic() => Some(Script::Greek),
        '\u{400}'..='\u{52F}' => Some(Script::Cyrillic),
        _ => None,
    }
}

/// A single Greek letter beside Latin ones is science (`\u{3B1}Helix`, `\u{3BC}m`), and so is one to three letters of
/// whatever kind.
fn mixed(text: &str) -> Option<Finding> {
    let words = text.split(|character: char| !character.is_alphanumeric() && !is_invisible(character));
    let count = words.filter(|word| is_mixed(word)).count();
    let more = count.checked_sub(1)?;
    Finding::new(MIXED_WORD + EACH_MORE * more as f64, format!("{count} words of mixed scripts"))
}

fn is_mixed(word: &str) -> bool {
    let of = |wanted| word.chars().filter(|character| script(*character) == Some(wanted)).count();
    let (latin, greek, cyrillic) = (of(Script::Latin), of(Script::Greek), of(Script::Cyrillic));
    let scripts = [latin, greek, cyrillic].into_iter().filter(|count| *count > 0).count();
    scripts > 1 && latin + greek + cyrillic > 3 && (cyrillic > 0 || greek > 1)
}

/// Joiners are spelling in Persian and Indian scripts and hold emoji together, and soft hyphens come with pasted text; but
/// nothing hides between two letters of Latin, Greek or Cyrillic for a good reason, and nothing turns text around.
fn hidden(text: &str) -> Option<Finding> {
    let characters: Vec<char> = text.chars().collect();
    let within = characters.windows(3).filter(|three| {
        let hides = is_invisible(three[1]) && three[1] != '\u{AD}';
        hides && script(three[0]).is_some() && script(three[2]).is_some()
    });
    let turning = characters.iter().filter(|character| matches!(character, '\u{202D}' | '\u{202E}'));
    let count = within.count() + turning.count();
    (count > 0).then(|| Finding::new(HIDDEN, format!("{count} hidden characters")))?
}

fn decorated(text: &str) -> Option<Finding> {
    let is_decorated = |character: &char| matches!(character, '\u{1D400}'..='\u{1D7FF}' | '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F189}');
    let count = text.chars().filter(is_decorated).count();
    (count >= MANY_DECORATED).then(|| Finding::new(DECORATED, format!("{count} decorated letters")))?
}

#[cfg(test)]
mod tests {
    use super::{as_latin, weigh};
    use crate::settings::Settings;
    use crate::signals::testing::points;

    #[test]
    fn languages_are_no_sign() {
        for content in [
            "Plain English, \u{FC}ml\u{E4}\u{FC}ts, na\u{EF}ve",
            "\u{41E}\u{447}\u{435}\u{43D}\u{44C} \u{445}\u{43E}\u{440}\u{43E}\u{448}\u{43E}, \u{441}\u{43F}\u{430}\u{441}\u{438}\u{431}\u{43E}! Very good.",
            "\u{395}\u{3C5}\u{3C7}\u{3B1}\u{3C1}\u{3B9}\u{3C3}\u{3C4}\u{3CE} \u{3C0}\u{3BF}\u{3BB}\u{3CD}",
            "\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}\u{647}\u{645}",
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} family",
            "5\u{3BC}m, the \u{3B1}Helix, \u{394}t, and IT-\u{441}\u{43F}\u{435}\u{446}\u{438}\u{430}\u{43B}\u{438}\u{441}\u{442}",
            "soft\u{AD}hyphen",
            "\u{65E5}\u{672C}\u{8A9E}Rust\u{5165}\u{9580}",
        ] {
            assert_eq!(points(weigh, &Settings::default(), content), 0.0, "{content}");
        }
    }

    #[test]
    fn disguises_are() {
        for (content, expected) in [
            ("Best c\u{430}sino", 3.0),
            ("Best c\u{430}sin\u{43E} b\u{43E}nus", 4.0),
            ("vi\u{200B}agra", 3.0),
            ("abc \u{202E}ohw siht daer", 3.0),
            ("\u{1D4D1}\u{1D4FE}\u{1D502} \u{1D4F7}\u{1D4F8}\u{1D500} \u{1D4EC}\u{1D4F1}", 2.0),
            ("c\u{430}sino c\u{430}sino c\u{430}sino c\u{430}sino vi\u{200B}agra", 8.0),
        ] {
            assert_eq!(points(weigh, &Settings::default(), content), expected, "{content}");
        }
    }

    #[test]
    fn look_alikes_are_read_as_what_they_look_like() {
        assert_eq!(as_latin("\u{441}\u{430}sin\u{43E} \u{3C1}\u{43E}k\u{435}r"), "casino poker");
        assert_eq!(as_latin("plain"), "plain");
    }
}
