//! Text as it is compared: without what spammers vary to slip through.

use unicode_normalization::UnicodeNormalization;

/// Folds text so that what looks or reads alike is alike: compatibility forms such as `ｆｕｌｌ` and `𝓼𝓬𝓻𝓲𝓹𝓽` become plain
/// letters, accents and invisible characters go, and case is folded, `ß` to `ss`.
pub(crate) fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|character| !is_accent(*character) && !is_invisible(*character))
        // Upper case first: it is what joins the forms of a letter, such as the two small sigmas.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// The words of folded text, in order. Scripts that part no words give each two neighbouring characters instead.
pub(crate) fn words(folded: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for run in folded.split(|character: char| !character.is_alphanumeric()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let unspaced = is_unspaced(first);
            let end = rest.find(|character| is_unspaced(character) != unspaced).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            if unspaced {
                push_pairs(part, &mut words)
            } else {
                words.push(part)
            }
            rest = after;
        }
    }
    words
}

fn push_pairs<'a>(part: &'a str, words: &mut Vec<&'a str>) {
    let mut ends: Vec<usize> = part.char_indices().map(|(at, _)| at).skip(1).collect();
    ends.push(part.len());
    if ends.len() == 1 {
        return words.push(part);
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    words.extend(starts.zip(&ends[1..]).map(|(start, end)| &part[start..*end]));
}

/// Whether a character belongs to a script that puts no spaces between words: Chinese, Japanese, and Thai with its
/// neighbours.
pub(crate) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0EFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{3041}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

/// Whether nothing is to be seen of a character, so that it may stand within a word without anybody's notice.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}'
        | '\u{115F}'..='\u{1160}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}')
}

/// Accents written apart from their letter, of Latin, Greek and Cyrillic; other scripts' marks are letters in their own
/// right.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}')
}

#[cfg(test)]
mod tests {
    use super::{fold, words};

    #[test]
    fn what_reads_alike_is_alike() {
        for (text, folded) in [
            ("VIAGRA", "viagra"),
            ("V\u{ED}\u{E4}gra", "viagra"),
            ("vi\u{200B}ag\u{AD}ra\u{FEFF}", "viagra"),
            ("\u{FF36}\u{FF49}\u{FF41}\u{FF47}\u{FF52}\u{FF41}", "viagra"),
            ("\u{1D4E5}\u{1D4F2}\u{1D4EA}\u{1D4F0}\u{1D4FB}\u{1D4EA}", "viagra"),
            ("Stra\u{DF}e", "strasse"),
            ("STRASSE", "strasse"),
            (
                "\u{39F}\u{394}\u{39F}\u{3A3} \u{3BF}\u{3B4}\u{3BF}\u{3C2}",
                "\u{3BF}\u{3B4}\u{3BF}\u{3C3} \u{3BF}\u{3B4}\u{3BF}\u{3C3}",
            ),
            ("\u{BE59}\u{C218}", "\u{BE59}\u{C218}"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn text_is_taken_apart_into_words() {
        assert_eq!(words("well-known, isn't it? 3,000!"), ["well", "known", "isn", "t", "it", "3", "000"]);
        assert_eq!(words(" ... "), [""; 0]);
        assert_eq!(words("\u{5929}\u{5730}\u{7384} ok"), ["\u{5929}\u{5730}", "\u{5730}\u{7384}", "ok"]);
        assert_eq!(words("a\u{5929}b"), ["a", "\u{5929}", "b"]);
    }
}
