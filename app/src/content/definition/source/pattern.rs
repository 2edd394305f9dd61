//! Regular expressions of definitions. They take time in proportion to the text, and no more memory than this.

use regex::{Regex, RegexBuilder};

use crate::content::definition::Pattern;

/// The longest expression, in characters.
const LENGTH: usize = 500;
/// The most memory that one may take when it is compiled, in bytes.
const SIZE: usize = 1024 * 1024;

/// Reads an expression. The error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Pattern, String> {
    let count = text.chars().count();
    if count == 0 || count > LENGTH {
        return Err(format!("Must have 1 to {LENGTH} characters; this has {count}."));
    }
    // By itself first: `a)(b` is only right between the parentheses that are put around it.
    compile(text)?;
    // The line break ends a comment of the extended syntax; everywhere else it would have to match.
    let regex =
        compile(&format!(r"\A(?:{text})\z")).or_else(|_error| compile(&format!("\\A(?:{text}\n)\\z")))?;
    Ok(Pattern { text: text.to_owned(), regex })
}

fn compile(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(SIZE).dfa_size_limit(SIZE).build().map_err(|error| {
        let words = error.to_string();
        // The lines before show the place with an arrow below it.
        let reason = words.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
        format!("Is not a regular expression: {}.", reason.trim_end_matches('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_whole_text_must_match() {
        for (pattern, right, wrong) in [
            ("[a-z]+", "abc", "abc1"),
            ("a|b", "b", "ab"),
            ("(?x) a # a letter", "a", "a\n"),
            ("(?m)^a$", "a", "a\nb"),
        ] {
            let pattern = parse(pattern).unwrap();
            assert!(pattern.regex.is_match(right), "{right:?}");
            assert!(!pattern.regex.is_match(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn faulty_and_greedy_ones_are_refused() {
        let long = "a".repeat(501);
        for wrong in ["", "a)(b", "(", "[z-a]", r"\w{1000}{1000}", long.as_str()] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse("(").unwrap_err().contains("unclosed group"));
    }
}
