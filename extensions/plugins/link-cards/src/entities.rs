//! Character references in HTML.

use std::borrow::Cow;

/// The longest reference that is known, in bytes, from `&` to `;`.
const LONGEST: usize = 12;

/// The names of U+00A0 to U+00FF, in their order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring \
    AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times \
    Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute \
    ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml \
    yacute thorn yuml";

/// Other names that titles and descriptions use.
const OTHERS: [(&str, char); 24] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'),
    ("lsquo", '\u{2018}'),
    ("rsquo", '\u{2019}'),
    ("sbquo", '\u{201a}'),
    ("ldquo", '\u{201c}'),
    ("rdquo", '\u{201d}'),
    ("bdquo", '\u{201e}'),
    ("lsaquo", '\u{2039}'),
    ("rsaquo", '\u{203a}'),
    ("hellip", '\u{2026}'),
    ("bull", '\u{2022}'),
    ("euro", '\u{20ac}'),
    ("trade", '\u{2122}'),
    ("rarr", '\u{2192}'),
    ("larr", '\u{2190}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
];

/// What browsers show for the numbers 128 to 159, which pages write in the belief that Unicode is Windows-1252.
const WINDOWS: &str = "\u{20ac}\u{81}\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\u{160}\u{2039}\u{152}\u{8d}\u{17d}\u{8f}\
    \u{90}\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\u{2013}\u{2014}\u{2dc}\u{2122}\u{161}\u{203a}\u{153}\u{9d}\u{17e}\u{178}";

/// The text with its references replaced. Those that are not known stay as they are.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(LONGEST).position(|byte| byte == b';');
        match end.and_then(|end| Some((end, character(&rest[1..end])?))) {
            Some((end, character)) => {
                decoded.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// What stands between `&` and `;`.
fn character(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#').filter(|number| !number.contains('+')) {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return Some(numbered(code.ok()?));
    }
    let latin = LATIN.split_ascii_whitespace().zip('\u{a0}'..).find(|(name, _)| *name == reference);
    let other = || OTHERS.iter().find(|(name, _)| *name == reference).copied();
    latin.or_else(other).map(|(_, character)| character)
}

fn numbered(code: u32) -> char {
    match code {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => WINDOWS.chars().nth(code as usize - 0x80).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::{LATIN, WINDOWS, decode};

    #[test]
    fn references_become_characters() {
        for (text, expected) in [
            ("plain", "plain"),
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("&lt;b&gt; &quot;&apos;", "<b> \"'"),
            ("caf&eacute; &Uuml;ber &yuml;&nbsp;&szlig;", "caf\u{e9} \u{dc}ber \u{ff}\u{a0}\u{df}"),
            ("&#72;&#x69; &#X1F600;", "Hi \u{1f600}"),
            ("it&#146;s &#128;5 &#8217;", "it\u{2019}s \u{20ac}5 \u{2019}"),
            ("&hellip;&ndash;&rarr;", "\u{2026}\u{2013}\u{2192}"),
            ("&amp;lt;", "&lt;"),
        ] {
            assert_eq!(decode(text), expected);
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        for text in [
            "&",
            "&&",
            "a & b",
            "&;",
            "&#;",
            "&#x;",
            "&#xg;",
            "&#+65;",
            "&unknown;",
            "&amp",
            "&\u{e4};",
            "&veryverylongname;",
        ] {
            assert_eq!(decode(text), text);
        }
        assert_eq!(decode("&#0;&#xD800;&#99999999;"), "\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn the_tables_are_complete() {
        assert_eq!(LATIN.split_ascii_whitespace().count(), 96);
        assert_eq!(WINDOWS.chars().count(), 32);
    }
}
