//! The classifier: naive Bayes over the words of approved and refused comments.
//!
//! Each word that was seen often enough speaks for one side by how much more often it is found there. The words that tell
//! most are added up; nothing is assumed of how much spam there is.

use std::collections::BTreeSet;

use fleuron_plugin::data::Error;

use crate::assessment::Finding;
use crate::links;
use crate::memory::corpus::{self, Counts};
use crate::settings::Settings;
use crate::submission::Submission;
use crate::text;

/// The name of the signal. Refusals that rest on it teach it nothing, lest it believe itself.
pub(crate) const NAME: &str = "classifier";

/// Before this many comments of either kind were learned from, it has no opinion.
const FEWEST_DOCUMENTS: i64 = 20;
/// Words seen in fewer comments tell nothing.
const FEWEST_COUNTS: i64 = 3;
/// How many words are heard, those that tell most.
const HEARD: usize = 20;
/// The logarithm of the odds at which it is as sure as it gets: about four hundred to one.
const SURE: f64 = 6.0;
/// How much it counts when it is sure of spam. Less than what refuses a comment: words alone do not.
const SPAM: f64 = 5.0;
/// How much it counts when it is sure of the opposite.
const HAM: f64 = -2.0;
/// Below this, the odds are a matter of chance.
const UNSURE: f64 = 1.0;

/// How many different words of a comment count.
const MOST_TOKENS: usize = 150;
/// The lengths of words, in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=24;

/// Judges a comment by its words.
pub(super) fn weigh(submission: &Submission<'_>, settings: &Settings) -> Result<Option<Finding>, Error> {
    if !settings.learn {
        return Ok(None);
    }
    let size = corpus::size()?;
    if size.ham < FEWEST_DOCUMENTS || size.spam < FEWEST_DOCUMENTS {
        return Ok(None);
    }
    let counts = corpus::counts(&tokens(submission.content, submission.nickname))?;
    let odds = log_odds(size, counts.into_values()).clamp(-SURE, SURE);
    let points = if odds > 0.0 { SPAM * odds / SURE } else { HAM * -odds / SURE };
    let percent = 100.0 / (1.0 + (-odds).exp());
    let reason = format!("spam with {percent:.1} % by its words");
    Ok(if odds.abs() < UNSURE { None } else { Finding::new(points, reason) })
}

/// The different words of a comment as they are counted: folded, and the hosts of links and the words of the nickname
/// marked as such.
pub(crate) fn tokens(content: &str, nickname: &str) -> Vec<String> {
    let links = links::find(content);
    let hosts = links.iter().map(|link| format!("link:{}", text::fold(&link.host)));
    let name = text::fold(nickname);
    let name =
        text::words(&name).into_iter().filter(|word| is_telling(word)).map(|word| format!("name:{word}"));
    let folded = text::fold(content);
    let words = text::words(&folded).into_iter().filter(|word| is_telling(word)).map(str::to_owned);
    let mut seen = BTreeSet::new();
    hosts.chain(name).chain(words).filter(|token| seen.insert(token.clone())).take(MOST_TOKENS).collect()
}

fn is_telling(word: &str) -> bool {
    LENGTHS.contains(&word.chars().count()) && !word.chars().all(char::is_numeric)
}

/// The logarithm of the odds that a comment with these words is spam, by those that tell most.
fn log_odds(size: Counts, words: impl Iterator<Item = Counts>) -> f64 {
    let heard = words.filter(|word| word.ham + word.spam >= FEWEST_COUNTS);
    let mut ratios: Vec<f64> =
        heard.map(|word| (share(word.spam, size.spam) / share(word.ham, size.ham)).ln()).collect();
    ratios.sort_by(|one, other| other.abs().total_cmp(&one.abs()));
    ratios.iter().take(HEARD).sum()
}

/// The share of comments that have a word; a word that one kind never had might still turn up there.
fn share(with_word: i64, all: i64) -> f64 {
    (with_word as f64 + 0.5) / (all as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{FEWEST_DOCUMENTS, MOST_TOKENS, log_odds, tokens, weigh};
    use crate::memory::corpus::{self, Counts};
    use crate::memory::testing::host;
    use crate::settings::Settings;
    use crate::signals::testing::{comment, look};

    const SIZE: Counts = Counts { ham: 100, spam: 100 };

    fn seen(ham: i64, spam: i64) -> Counts {
        Counts { ham, spam }
    }

    fn points(settings: &Settings, content: &str) -> f64 {
        let finding = look(&comment("Ada", "ada@example.com", content), |submission| {
            weigh(submission, settings).unwrap()
        });
        finding.map_or(0.0, |finding| finding.points)
    }

    #[test]
    fn comments_are_taken_apart_into_tokens() {
        let found = tokens("Cheap, CHEAP pills at http://www.Shop.example/x 42 a", "Dr Pill");
        assert_eq!(
            found,
            [
                "link:shop.example",
                "name:dr",
                "name:pill",
                "cheap",
                "pills",
                "at",
                "http",
                "www",
                "shop",
                "example"
            ]
        );
        let many: Vec<String> = (0..1000).map(|number| format!("word{number}")).collect();
        assert_eq!(tokens(&many.join(" "), "").len(), MOST_TOKENS);
        assert_eq!(tokens(&format!("{} ok", "x".repeat(25)), ""), ["ok"]);
    }

    #[test]
    fn odds_follow_the_words() {
        assert_eq!(log_odds(SIZE, [].into_iter()), 0.0);
        assert_eq!(
            log_odds(SIZE, [seen(30, 30), seen(0, 2)].into_iter()),
            0.0,
            "common and rare words tell nothing"
        );
        assert!(log_odds(SIZE, [seen(0, 30)].into_iter()) > 4.0);
        assert!(log_odds(SIZE, [seen(30, 0)].into_iter()) < -4.0);
        let mixed = log_odds(SIZE, [seen(0, 30), seen(30, 0)].into_iter());
        assert!(mixed.abs() < 0.001, "{mixed}");
        let uneven = log_odds(seen(1000, 100), [seen(30, 30)].into_iter());
        assert!(uneven > 2.0, "three in a hundred there are thirty in a hundred here: {uneven}");
    }

    #[test]
    fn it_speaks_when_it_has_learned_enough() {
        let _host = host();
        let words = [
            ("pills", seen(0, 40)),
            ("cheap", seen(1, 30)),
            ("chart", seen(40, 0)),
            ("axis", seen(20, 0)),
            ("the", seen(90, 80)),
        ];
        corpus::set(seen(FEWEST_DOCUMENTS - 1, 100), &words);
        assert_eq!(points(&Settings::default(), "cheap pills"), 0.0);
        corpus::set(SIZE, &[]);
        assert_eq!(points(&Settings::default(), "cheap pills"), 5.0);
        assert_eq!(points(&Settings::default(), "The axis of the chart"), -2.0);
        assert_eq!(points(&Settings::default(), "The unheard-of"), 0.0);
        let deaf = Settings { learn: false, ..Settings::default() };
        assert_eq!(points(&deaf, "cheap pills"), 0.0);
    }
}
