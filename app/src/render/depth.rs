//! Refuses HTML that would take the sanitiser's parser more than linear time.
//!
//! The parser walks its stack of open elements again and again, so 500 KB of `<div>` keep it busy for most of a
//! minute; unclosed formatting that every new paragraph repeats, content misplaced in tables and tags with
//! thousands of attributes cost much the same. Such input is refused before it gets there.
//!
//! Nearly all HTML that passes here is well formed, and one pass with a stack of names proves it harmless
//! ([`conforming`]). What is not (end tags left out, tags crossed, inline SVG, forms, anything unusual) is
//! measured by running the very parser that the sanitiser uses, piecemeal, over a tree without content
//! ([`tree`]), so that the measure cannot be argued with: 5 000 `<li>` without end tags are 5 000 siblings, and a
//! flood of unclosed `<b>` is as deep as it is long.

mod conforming;
mod tree;

/// How many elements may be open at once.
pub const LIMIT: usize = 100;

/// How many attributes one tag may carry.
const ATTRIBUTE_LIMIT: usize = 256;

/// How often a parser may have to move what stands in the wrong place (in a table, across a crossed tag).
const REPAIR_LIMIT: usize = 2_000;

/// HTML that no sanitiser should be asked to parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTML {excess} in line {line}")]
pub struct TooDeep {
    /// What there is too much of.
    pub excess: Excess,
    /// The limit that was passed.
    pub limit: usize,
    /// The line in which it was passed, from 1.
    pub line: usize,
}

/// What a piece of HTML has too much of. See [`TooDeep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// More than [`LIMIT`] elements inside each other.
    #[error("has more than {} elements open at once: close what was opened, or nest less", LIMIT)]
    Nesting,
    /// More than a tag can sensibly carry.
    #[error("has a tag with more than {} attributes", ATTRIBUTE_LIMIT)]
    Attributes,
    /// Crossed tags and content misplaced in tables.
    #[error("has more than {} crossed or misplaced tags: close in the order of opening", REPAIR_LIMIT)]
    Repairs,
    /// Unclosed formatting that is repeated in every block after it.
    #[error("leaves formatting unclosed that would be repeated again and again: close it")]
    Repetition,
}

impl TooDeep {
    fn new(excess: Excess, line: usize) -> Self {
        let limit = match excess {
            Excess::Nesting => LIMIT,
            Excess::Attributes => ATTRIBUTE_LIMIT,
            Excess::Repairs => REPAIR_LIMIT,
            Excess::Repetition => tree::SLACK,
        };
        Self { excess, limit, line }
    }
}

/// Checks in linear time that `html` can be parsed in linear time.
///
/// # Errors
/// [`TooDeep`] when more than [`LIMIT`] elements are open at once, or when crossed tags, repeated formatting or
/// attributes pass their limits.
pub fn check(html: &str) -> Result<(), TooDeep> {
    match conforming::check(html) {
        conforming::Verdict::Harmless => Ok(()),
        conforming::Verdict::TooDeep(error) => Err(error),
        conforming::Verdict::Unusual => tree::check(html),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excess(html: &str) -> Option<Excess> {
        check(html).err().map(|error| error.excess)
    }

    #[test]
    fn counts_open_elements_not_tags() {
        for harmless in [
            "<p>siblings</p>".repeat(5_000),
            "<p>no end tags".repeat(5_000),
            format!("<ul>{}</ul>", "<li>item".repeat(5_000)),
            format!("<table>{}</table>", "<tr><td>cell<td>cell".repeat(5_000)),
            format!("<dl>{}</dl>", "<dt>term<dd>text".repeat(5_000)),
            "<br><img src=x><hr><input>".repeat(5_000),
            "<a name=x>old anchors ".repeat(500),
            "</div></b></p></table>".repeat(500),
            "a < b && c <= d ".repeat(5_000),
            format!("{}{}", "<div>".repeat(LIMIT - 2), "</div>".repeat(LIMIT - 2)),
            "<b>bold <i>both</b> italic</i> ".repeat(500),
            "<!-- <div> -->".repeat(5_000),
            format!("<script>{}</script>", "'<div>' + ".repeat(5_000)),
            format!("<pre><code>{}</code></pre>", "Vec&lt;Vec&lt;T&gt;&gt; ".repeat(5_000)),
            format!("<svg>{}</svg>", "<g><path d='M0 0'/></g>".repeat(200)),
        ] {
            assert_eq!(check(&harmless), Ok(()), "{}", &harmless[..60.min(harmless.len())]);
        }
    }

    #[test]
    fn refuses_floods() {
        for deep in [
            "<div>".repeat(100_000),
            "<b>".repeat(101),
            "<blockquote>\n".repeat(20_000),
            "<ul><li>".repeat(7_750),
            "<table><tr><td>".repeat(100),
            "<svg><desc>".repeat(100),
            "<math><annotation-xml encoding=text/html>".repeat(100),
            "<x-a>".repeat(200),
            "<div></b>".repeat(200),
            "<span><div></span>".repeat(200),
            "<div><table><tr><td></div>".repeat(200),
            "<div><script><!--<script></script></div></script>".repeat(200),
            "<form><table><tr><td><form></form></td></tr></table></form>".repeat(200),
            "<svg/><g/><section/>".repeat(200),
        ] {
            assert_eq!(excess(&deep), Some(Excess::Nesting), "{}", &deep[..60.min(deep.len())]);
        }
    }

    #[test]
    fn refuses_what_is_costly_without_being_deep() {
        let formatting: String = (0..80).map(|n| format!("<b id={n}>")).collect();
        let repeated = format!("<p>{formatting}{}", "<p>x".repeat(50_000));
        assert_eq!(excess(&repeated), Some(Excess::Repetition));

        let attributes: String = (0..100_000).map(|n| format!(" a{n}")).collect();
        assert_eq!(excess(&format!("<p{attributes}>")), Some(Excess::Attributes));
        assert_eq!(excess(&format!("<form><p{attributes}>")), Some(Excess::Attributes));

        assert_eq!(excess(&format!("<table>{}", "<i></i>".repeat(10_000))), Some(Excess::Repairs));
    }

    #[test]
    fn names_the_line() {
        let html = format!("<p>\n</p>\n{}", "<div>\n".repeat(LIMIT + 1));
        assert_eq!(check(&html).map_err(|error| error.line), Err(3 + LIMIT));
        let html = format!("<p>\n<p>\n{}", "<div>\n".repeat(LIMIT + 1));
        let error = check(&html).expect_err("too deep");
        assert!((3 + LIMIT - 5..=3 + LIMIT + 5).contains(&error.line), "{error}");
        assert_eq!(error.limit, LIMIT);
        assert!(error.to_string().starts_with("the HTML has more than 100 elements open at once"), "{error}");
    }

    #[test]
    fn accepts_long_attributes_and_comments() {
        let data = format!("<form><img src='data:image/png;base64,{}'>", "iVBORw0KGgo/AAA".repeat(15_000));
        assert_eq!(check(&data), Ok(()));
        assert_eq!(check(&format!("<form><!-- {} -->", "word ".repeat(15_000))), Ok(()));
    }
}
