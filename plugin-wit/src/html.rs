//! HTML, cut into tags and text, for `filter_html`. It builds no tree and mends nothing: a filter that copies what it does
//! not understand keeps the page whole.
//!
//! Whatever it is given, it ends, and it takes no longer than the text is long.
//!
//! ```
//! use fleuron_plugin::html::{Piece, Pieces};
//!
//! let pieces = Pieces::of("<p>See <img src='cat.png' alt='a cat'></p>");
//! let pictures = pieces.filter(|piece| matches!(piece, Piece::Tag(tag) if tag.is("img") && !tag.is_end));
//! assert_eq!(pictures.count(), 1);
//! ```

use std::iter;

/// Elements whose content holds no tags.
const RAW: [&str; 9] =
    ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript"];

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is written, with its character references; also all that is in a script or a style sheet. It may come in
    /// several pieces.
    Text(&'a str),
    /// A start tag or an end tag.
    Tag(Tag<'a>),
    /// A comment or a declaration.
    Comment,
    /// A tag or a comment that is not finished. Nothing comes after it.
    Unfinished,
}

/// A start tag or an end tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The element's name as it is written. [`Tag::is`] compares it as HTML does.
    pub name: &'a str,
    /// Whether it is an end tag.
    pub is_end: bool,
    attributes: &'a str,
}

/// The text as it may stand between tags and, in double quotes, as the value of an attribute.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

/// A path or address as the value of an attribute: what an address may not hold is percent-encoded. Percent signs stay,
/// since an address may hold some already.
pub fn address(path: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            byte if byte.is_ascii_graphic() => encoded.push(char::from(byte)),
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    escape(&encoded)
}

impl<'a> Tag<'a> {
    /// Whether it is a tag of this element.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether it is a tag of one of these elements.
    pub fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is(name))
    }

    /// Names and values as they are written.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.attributes;
        iter::from_fn(move || {
            let Step::Attribute { name, value, rest: after } = step(rest) else { return None };
            rest = after;
            Some((name, value))
        })
    }

    /// The value of an attribute as it is written. Of two with one name the first counts.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Cuts HTML into pieces.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a str,
    length: usize,
    /// The element without tags that was opened last, while its content comes next.
    raw: Option<&'a str>,
}

impl<'a> Pieces<'a> {
    /// The pieces of this HTML.
    pub fn of(html: &'a str) -> Self {
        Self { rest: html, length: html.len(), raw: None }
    }

    /// Where the next piece begins, in bytes.
    pub fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at(length);
        self.rest = rest;
        piece
    }

    fn markup(&mut self) -> Piece<'a> {
        let rest = self.rest;
        let comment = rest.strip_prefix("<!--").map(|comment| comment.split_once("-->"));
        let declaration = || rest[1..].starts_with(['!', '?']).then(|| rest.split_once('>'));
        if let Some(end) = comment.or_else(declaration) {
            self.rest = end.map_or("", |(_, after)| after);
            return end.map_or(Piece::Unfinished, |_| Piece::Comment);
        }
        let is_end = rest.starts_with("</");
        let inside = &rest[1 + usize::from(is_end)..];
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Piece::Text(self.take(1));
        }
        let ends_name = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
        let (name, attributes) = inside.split_at(inside.find(ends_name).unwrap_or(inside.len()));
        let mut after = attributes;
        self.rest = loop {
            match step(after) {
                Step::Attribute { rest, .. } => after = rest,
                Step::End(rest) => break rest,
                Step::Unfinished => {
                    self.rest = "";
                    return Piece::Unfinished;
                }
            }
        };
        let tag = Tag { name, is_end, attributes };
        self.raw = (!is_end && tag.is_one_of(&RAW)).then_some(name);
        Piece::Tag(tag)
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some(name) = self.raw.take() {
            let length = end_of_raw(self.rest, name);
            if length > 0 {
                return Some(Piece::Text(self.take(length)));
            }
        }
        if self.rest.starts_with('<') {
            return Some(self.markup());
        }
        let length = self.rest.find('<').unwrap_or(self.rest.len());
        Some(Piece::Text(self.take(length)))
    }
}

/// What comes next within a tag.
enum Step<'a> {
    Attribute {
        name: &'a str,
        value: &'a str,
        rest: &'a str,
    },
    /// The tag ends here; what follows it.
    End(&'a str),
    /// The text ends before the tag does.
    Unfinished,
}

fn step(text: &str) -> Step<'_> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    if let Some(rest) = text.strip_prefix('>') {
        return Step::End(rest);
    }
    if text.is_empty() {
        return Step::Unfinished;
    }
    // A name has at least one sign, even where that is `=`.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
    let (name, after) = text.split_at(text[first..].find(ends_name).map_or(text.len(), |end| first + end));
    let Some(value) = after.trim_ascii_start().strip_prefix('=').map(str::trim_ascii_start) else {
        return Step::Attribute { name, value: "", rest: after };
    };
    for quote in ['"', '\''] {
        if let Some(value) = value.strip_prefix(quote) {
            return match value.split_once(quote) {
                Some((value, rest)) => Step::Attribute { name, value, rest },
                None => Step::Unfinished,
            };
        }
    }
    let (value, rest) =
        value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len()));
    Step::Attribute { name, value, rest }
}

/// The length of an element's content up to its end tag, or up to the end of all.
fn end_of_raw(text: &str, name: &str) -> usize {
    let ends_here = |start: usize| {
        let after = &text[start + 2..];
        let is_name = after.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
        is_name && !after[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
    };
    text.match_indices("</").map(|(start, _)| start).find(|start| ends_here(*start)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::{Piece, Pieces, address, escape};

    #[test]
    fn addresses_hold_what_they_may() {
        assert_eq!(address("/2026/11/a-post"), "/2026/11/a-post");
        assert_eq!(address("/\u{FC}ber uns"), "/%C3%BCber%20uns");
        assert_eq!(address("/?a=1&b=%20"), "/?a=1&amp;b=%20");
        assert_eq!(address("/\"><script>"), "/%22%3E%3Cscript%3E");
    }

    /// Text as it is, tags as `<name a=b>`, anything else as `!`.
    fn shown(html: &str) -> Vec<String> {
        let show = |piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Tag(tag) => {
                let attributes = tag.attributes().map(|(name, value)| format!(" {name}={value}"));
                let end = if tag.is_end { "/" } else { "" };
                format!("<{end}{}{}>", tag.name, attributes.collect::<String>())
            }
            Piece::Comment => "!".to_owned(),
            Piece::Unfinished => "?".to_owned(),
        };
        Pieces::of(html).map(show).collect()
    }

    #[test]
    fn tags_and_text_are_told_apart() {
        assert_eq!(shown("a<b>c</b >d"), ["a", "<b>", "c", "</b>", "d"]);
        assert_eq!(shown("<!DOCTYPE html><!-- <p> --><?xml ?>x"), ["!", "!", "!", "x"]);
        assert_eq!(shown("1 < 2 <3 </ >"), ["1 ", "<", " 2 ", "<", "3 ", "<", "/ >"]);
    }

    #[test]
    fn attributes_are_read_however_they_are_written() {
        assert_eq!(
            shown("<Meta NAME='a > b' content=\"it's\" x = y/ z==1 checked data-\u{fc}=\u{fc}/>"),
            ["<Meta NAME=a > b content=it's x=y/ z==1 checked= data-\u{fc}=\u{fc}/>"]
        );
        assert_eq!(shown("<a =b>c"), ["<a =b=>", "c"]);
        assert_eq!(shown("<br/>x<p\n\tclass=a\n>"), ["<br>", "x", "<p class=a>"]);
    }

    #[test]
    fn scripts_hold_no_tags() {
        assert_eq!(
            shown("<script>if (a</b/.test(c)) '</scripts>'</SCRIPT ><p>"),
            ["<script>", "if (a</b/.test(c)) '</scripts>'", "</SCRIPT>", "<p>"]
        );
        assert_eq!(shown("<title></title>x"), ["<title>", "</title>", "x"]);
        assert_eq!(shown("<style>p</styl"), ["<style>", "p</styl"]);
    }

    #[test]
    fn what_is_not_finished_is_told() {
        for html in
            ["x<!", "x<!--", "x<!-- -", "x<a", "x<a b", "x<a b=", "x<a b='>", "x<a b=c", "x<a /", "x</a"]
        {
            assert_eq!(shown(html), ["x", "?"], "{html}");
        }
    }

    #[test]
    fn whatever_it_is_given_it_ends() {
        for html in [
            "<", "</", "<!", "<!--", "<a", "<a b", "<a b=", "<a b='", "<a b=c", "<a /", "<title>", "<\u{e4}>",
        ] {
            let pieces = shown(html);
            assert!(pieces.len() <= 2, "{html}: {pieces:?}");
        }
        for part in ["<", "</", "<!--", "<a ", "<a b=\"", "<title>", "<title></", "=", "'\"<>/= "] {
            let pieces = Pieces::of(&part.repeat(20_000)).count();
            assert!(pieces <= 200_000, "{part}: {pieces}");
        }
    }

    #[test]
    fn every_piece_is_a_step_forward() {
        const PARTS: [&str; 16] = [
            "<",
            ">",
            "/",
            "p",
            " ",
            "=",
            "\"",
            "'",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "<!",
            "&",
            "\u{fc}",
            "<p",
        ];
        let mut state = 7_u64;
        for _ in 0..20_000 {
            let mut html = String::new();
            for _ in 0..10 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                html.push_str(PARTS[(state >> 33) as usize % PARTS.len()]);
            }
            let (mut pieces, mut offset) = (Pieces::of(&html), 0);
            while let Some(piece) = pieces.next() {
                assert!(pieces.offset() > offset, "{html}");
                if let Piece::Text(text) = piece {
                    assert_eq!(text, &html[offset..pieces.offset()]);
                }
                offset = pieces.offset();
            }
            assert_eq!(offset, html.len(), "{html}");
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a < b & \"c\" > \u{fc}'"), "a &lt; b &amp; &quot;c&quot; &gt; \u{fc}'");
    }

    #[test]
    fn pieces_know_their_place() {
        let html = "a<b>c";
        let mut pieces = Pieces::of(html);
        let mut places = vec![pieces.offset()];
        while pieces.next().is_some() {
            places.push(pieces.offset());
        }
        assert_eq!(places, [0, 1, 4, 5]);
    }
}
