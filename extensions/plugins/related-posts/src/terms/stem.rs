//! Light stemming: the endings that make most of the difference, and no more, since what is cut too short brings
//! together what has nothing in common.

/// Letters that must remain of a word.
const SHORTEST: usize = 3;

/// An English word without plural, `-ing`, `-ed` and a silent `e`.
pub(crate) fn english(word: &str) -> String {
    let singular = english_singular(word);
    let verb = ["ing", "ed"].into_iter().find_map(|ending| {
        let rest = singular.strip_suffix(ending)?;
        (is_long_enough(rest) && rest.contains(['a', 'e', 'i', 'o', 'u', 'y'])).then_some(rest)
    });
    let stem = match verb {
        Some(rest) => single(rest),
        None => &singular,
    };
    match stem.strip_suffix('e') {
        Some(rest) if is_long_enough(rest) => rest.to_owned(),
        _ => stem.to_owned(),
    }
}

fn english_singular(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| is_long_enough(rest)) {
        return format!("{rest}y");
    }
    let hissing = ["sses", "xes", "ches", "shes", "zes"].into_iter().any(|ending| word.ends_with(ending));
    let rest = match hissing {
        true => word.strip_suffix("es"),
        false if ["ss", "us", "is"].into_iter().any(|ending| word.ends_with(ending)) => None,
        false => word.strip_suffix('s'),
    };
    rest.filter(|rest| is_long_enough(rest)).unwrap_or(word).to_owned()
}

/// `runn` of `running` is `run`; `fall` and `pass` are as they should be.
fn single(stem: &str) -> &str {
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && !"aeioulsz".contains(last) => {
            &stem[..stem.len() - last.len_utf8()]
        }
        _ => stem,
    }
}

/// A German word without the endings of cases and plurals, its umlauts written as plain vowels.
pub(crate) fn german(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for character in word.chars() {
        match character {
            '\u{E4}' => plain.push('a'),
            '\u{F6}' => plain.push('o'),
            '\u{FC}' => plain.push('u'),
            '\u{DF}' => plain.push_str("ss"),
            other => plain.push(other),
        }
    }
    let stem = ["ern", "em", "en", "er", "es", "e", "n", "s"].into_iter().find_map(|ending| {
        let rest = plain.strip_suffix(ending)?;
        rest.chars().nth(SHORTEST).map(|_| rest)
    });
    stem.map(str::to_owned).unwrap_or(plain)
}

fn is_long_enough(rest: &str) -> bool {
    rest.chars().nth(SHORTEST - 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::{english, german};

    #[test]
    fn english_words_meet_their_kin() {
        for family in [
            ["ship", "ships", "shipping", "shipped"],
            ["bake", "bakes", "baking", "baked"],
            ["city", "city", "cities", "cities"],
            ["box", "box", "boxes", "boxes"],
            ["class", "class", "classes", "classes"],
            ["plan", "plans", "planning", "planned"],
            ["call", "calls", "calling", "called"],
        ] {
            for word in family {
                assert_eq!(english(word), english(family[0]), "{word}");
            }
        }
    }

    #[test]
    fn english_words_stay_recognisable() {
        for word in
            ["string", "king", "seed", "bus", "analysis", "glass", "red", "as", "one", "\u{E9}t\u{E9}s"]
        {
            assert!(
                english(word).chars().count() >= word.chars().count().min(3),
                "{word}: {}",
                english(word)
            );
        }
        for (word, other) in [("string", "str"), ("bus", "bu"), ("king", "k"), ("news", "new")] {
            assert_eq!(english(word) == other, word == "news", "{word}: {}", english(word));
        }
    }

    #[test]
    fn german_words_meet_their_kin() {
        for family in [
            ["schiff", "schiffe", "schiffen", "schiffes"],
            ["haus", "h\u{E4}user", "h\u{E4}usern", "hause"],
            ["brot", "brote", "broten", "brotes"],
            ["reise", "reisen", "reise", "reisen"],
            ["kind", "kinder", "kindern", "kindes"],
        ] {
            for word in family {
                assert_eq!(german(word), german(family[0]), "{word}");
            }
        }
        assert_eq!(german("stra\u{DF}e"), "strass");
        assert_eq!(german("see"), "see");
        assert_eq!(german("\u{E4}s"), "as");
    }
}
