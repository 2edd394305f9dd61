//! From words to terms: what remains of them once inflection and words that stand in every text are taken away.

mod stem;
mod stop_words;

use stop_words::{ENGLISH, GERMAN};

/// The language that a text is taken to be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    /// Any other: nothing is known of how it inflects.
    Other,
}

impl Language {
    /// The one whose stop words are the most frequent.
    pub(crate) fn of(words: &[String]) -> Language {
        let count = |list: &[&str]| words.iter().filter(|word| stop_words::is_in(list, word)).count();
        match (count(&ENGLISH), count(&GERMAN)) {
            (0, 0) => Language::Other,
            (english, german) if german > english => Language::German,
            _ => Language::English,
        }
    }
}

/// The terms of words in a language, in order and with repetitions.
pub(crate) fn terms(words: &[String], language: Language) -> impl Iterator<Item = String> {
    let tells_nothing = |word: &str| stop_words::is_in(&ENGLISH, word) || stop_words::is_in(&GERMAN, word);
    words.iter().filter(move |word| !tells_nothing(word)).map(move |word| match language {
        Language::English => stem::english(word),
        Language::German => stem::german(word),
        Language::Other => word.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Language, terms};
    use crate::words::words;

    fn of(text: &str) -> String {
        let words = words(text);
        terms(&words, Language::of(&words)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_language_is_that_of_the_small_words() {
        for (text, language) in [
            ("The ships sail on the sea.", Language::English),
            ("Die Schiffe fahren \u{FC}ber das Meer.", Language::German),
            ("Les bateaux naviguent", Language::Other),
            ("", Language::Other),
        ] {
            assert_eq!(Language::of(&words(text)), language, "{text}");
        }
    }

    #[test]
    fn what_tells_nothing_is_left_out() {
        assert_eq!(
            of("The baker was baking the breads of the city, and of other cities"),
            "baker bak bread city city"
        );
        assert_eq!(of("Die B\u{E4}cker backen Brote, und das Brot ist gut"), "back back brot brot gut");
        assert_eq!(of("It isn't, they don't"), "");
    }
}
