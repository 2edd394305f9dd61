//! What is remembered of a text instead of the text: enough to know it again, also with some words changed.
//!
//! Two numbers serve two questions. A hash of the words tells whether a text was there before. Whether one like it was is
//! told by bands (MinHash): of the pairs of neighbouring words, thirty-two orders each choose the first, and two
//! choices make a band. The more pairs two texts share, the more of their sixteen bands are the same: six of them where they
//! share about six pairs of ten.

use crate::hash;

/// Fewer words than this are no sign: many people write "Thanks a lot!".
const FEWEST_WORDS: usize = 4;
/// Fewer words than this have too few pairs for their likeness to tell something.
const FEWEST_WORDS_FOR_BANDS: usize = 10;
/// How many bands there are.
pub(crate) const BANDS: usize = 16;
/// How many bands similar texts share, at least.
pub(crate) const SHARED_BANDS: usize = 6;
/// Choices to a band.
const CHOICES: usize = 2;

/// What is remembered of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The same for texts of the same words.
    pub(crate) identical: i64,
    /// Similar texts share at least [`SHARED_BANDS`] of them; none for a short text.
    pub(crate) bands: Vec<i64>,
}

impl Fingerprint {
    /// Of the words of a text; `None` for a text so short that anybody may have written it. Numbers do not count: they are
    /// what is varied most easily.
    pub(crate) fn of(words: &[&str]) -> Option<Self> {
        let words: Vec<&str> = words.iter().copied().filter(|word| !is_number(word)).collect();
        if words.len() < FEWEST_WORDS {
            return None;
        }
        let bands = if words.len() < FEWEST_WORDS_FOR_BANDS { Vec::new() } else { bands(&words) };
        Some(Self { identical: hash::key("text", &words.join(" ")), bands })
    }
}

fn is_number(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

fn bands(words: &[&str]) -> Vec<i64> {
    let mut chosen = [u64::MAX; BANDS * CHOICES];
    for pair in words.windows(2) {
        let pair = hash::of("pair", &pair.join(" "));
        for (order, smallest) in (1_u64..).zip(&mut chosen) {
            *smallest = (*smallest).min(reorder(pair, order));
        }
    }
    // The place of a band counts: only choices made by the same order are comparable.
    let band = |(place, choices): (usize, &[u64])| {
        let choices: Vec<String> = choices.iter().map(u64::to_string).collect();
        hash::key("band", &format!("{place} {}", choices.join(" ")))
    };
    chosen.chunks(CHOICES).enumerate().map(band).collect()
}

/// Shuffles numbers, each order in another way: the finaliser of SplitMix64.
fn reorder(number: u64, order: u64) -> u64 {
    let mut mixed = number ^ order.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{BANDS, Fingerprint, SHARED_BANDS};
    use crate::text;

    const TEXT: &str = "hello dear friends, i was in debt up to my ears until i found a wonderful lender who gave me a loan \
        within two days, with no questions asked at all, so write to him today and be as happy as i am";

    fn of(text: &str) -> Option<Fingerprint> {
        Fingerprint::of(&text::words(text))
    }

    fn shared(one: &str, other: &str) -> usize {
        let (one, other) =
            (of(one).unwrap_or_else(|| panic!("{one}")), of(other).unwrap_or_else(|| panic!("{other}")));
        one.bands.iter().zip(&other.bands).filter(|(one, other)| one == other).count()
    }

    #[test]
    fn punctuation_and_numbers_make_no_other_text() {
        assert_eq!(of("call 555 123 now, it is free!"), of("call 555-987: now it is... free"));
        assert_ne!(of("call now, it is free"), of("call now, it is not free"));
        assert_ne!(of("one two three four"), of("four three two one"));
    }

    #[test]
    fn short_texts_have_none() {
        assert_eq!(of("thanks a lot"), None);
        assert_eq!(of("1 2 3 4 5 6 7 8"), None);
        assert_eq!(of("what a nice post").map(|print| print.bands.len()), Some(0));
        assert_eq!(of(TEXT).map(|print| print.bands.len()), Some(BANDS));
    }

    #[test]
    fn a_text_with_some_words_changed_is_similar() {
        let changed = TEXT.replace("wonderful", "marvellous").replace("two days", "three hours");
        assert!(shared(TEXT, &changed) >= SHARED_BANDS, "{}", shared(TEXT, &changed));
        assert!(shared(TEXT, &format!("good morning! {TEXT}")) >= SHARED_BANDS);
    }

    #[test]
    fn any_word_may_be_another() {
        let words = text::words(TEXT);
        for place in 0..words.len() {
            let mut changed = words.clone();
            changed[place] = "otherwise";
            let shared = shared(TEXT, &changed.join(" "));
            assert!(shared >= SHARED_BANDS, "{}: {shared}", words[place]);
        }
    }

    #[test]
    fn another_text_is_not() {
        let other = "i wonder whether the second chart is right: the loan that you mention ran for two days less than the \
            table says, and i was not able to find the lender in the list at all, so where is it from";
        assert!(shared(TEXT, other) <= 1, "{}", shared(TEXT, other));
    }
}
