//! A small HTML tokeniser: tags, their attributes and text, in one linear pass.
//!
//! It follows the tokeniser of the HTML standard where that decides what is a tag (comments, bogus comments,
//! quoting in attributes) and leaves out what does not matter here: character references, which its users decode
//! where they need them, and raw text such as scripts, which [`is_raw_text`] tells. It builds no tree and never
//! fails: junk is text, as in a browser.

/// One piece of an HTML document. Comments, doctypes and processing instructions are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Character data, entities not decoded.
    Text(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag.
    End(Tag<'a>),
}

/// A start or end tag as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The name in the case it was written in.
    pub(super) name: &'a str,
    /// Where the tag's `<` stands, in bytes.
    pub(super) offset: usize,
    /// How many attributes it has, doubles included.
    pub(super) attribute_count: usize,
    source: &'a str,
    attributes: usize,
}

impl<'a> Tag<'a> {
    /// The attributes in order, values without quotes and with entities not decoded.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (source, mut position) = (self.source, self.attributes);
        std::iter::from_fn(move || match attribute(source, &mut position) {
            Step::Attribute { name, value } => Some((name, value)),
            Step::End | Step::Unfinished => None,
        })
    }
}

/// The elements whose content is text up to their own end tag, at least while scripting is on.
const RAW_TEXT: [&str; 9] =
    ["iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"];

/// Whether the content of this element is text and no markup.
pub(super) fn is_raw_text(name: &str) -> bool {
    RAW_TEXT.iter().any(|raw| name.eq_ignore_ascii_case(raw))
}

/// Walks over a document. See [`Token`].
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, position: 0 }
    }

    /// Moves on to the end tag of the raw text element `name`, which becomes the next token. False if there is none:
    /// then the rest of the document belongs to the element.
    pub(super) fn skip_raw_text(&mut self, name: &str) -> bool {
        let bytes = self.source.as_bytes();
        let mut position = self.position;
        while let Some(found) = self.source[position..].find("</") {
            let (start, end) = (position + found, position + found + 2 + name.len());
            let is_name =
                bytes.get(start + 2..end).is_some_and(|it| it.eq_ignore_ascii_case(name.as_bytes()));
            if is_name && bytes.get(end).is_some_and(|byte| is_space(*byte) || matches!(byte, b'/' | b'>')) {
                self.position = start;
                return true;
            }
            position = start + 2;
        }
        self.position = self.source.len();
        false
    }

    fn skip_past(&mut self, from: usize, end: &str) {
        let rest = self.source.get(from..).unwrap_or_default();
        self.position = rest.find(end).map_or(self.source.len(), |found| from + found + end.len());
    }

    fn skip_comment(&mut self, start: usize) {
        let bytes = self.source.as_bytes();
        let inside = start + 4;
        if bytes.get(inside) == Some(&b'>') {
            self.position = inside + 1;
            return;
        }
        if bytes[inside..].starts_with(b"->") {
            self.position = inside + 2;
            return;
        }
        let mut position = inside;
        while let Some(found) = self.source[position..].find("--") {
            position += found;
            let tail = &bytes[position + 2..];
            if tail.starts_with(b">") || tail.starts_with(b"!>") {
                self.position = position + if tail[0] == b'>' { 3 } else { 4 };
                return;
            }
            position += 1;
        }
        self.position = self.source.len();
    }

    fn tag(&mut self, start: usize, name_start: usize) -> Option<Tag<'a>> {
        let source = self.source;
        let length =
            source[name_start..].bytes().position(|byte| is_space(byte) || matches!(byte, b'/' | b'>'))?;
        let attributes = name_start + length;
        let mut position = attributes;
        let mut attribute_count = 0;
        loop {
            match attribute(source, &mut position) {
                Step::Attribute { .. } => attribute_count += 1,
                Step::End => break,
                Step::Unfinished => return None,
            }
        }
        self.position = position;
        Some(Tag {
            name: &source[name_start..attributes],
            offset: start,
            attribute_count,
            source,
            attributes,
        })
    }

    fn text(&mut self, start: usize) -> Token<'a> {
        let rest = &self.source[start..];
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = rest[first..].find('<').map_or(rest.len(), |found| first + found);
        self.position = start + length;
        Token::Text(&rest[..length])
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let start = self.position;
            let rest = self.source.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
            let tag = match rest {
                [b'<', b'/', letter, ..] if letter.is_ascii_alphabetic() => {
                    self.tag(start, start + 2).map(Token::End)
                }
                [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                    self.tag(start, start + 1).map(Token::Start)
                }
                [b'<', b'!', b'-', b'-', ..] => {
                    self.skip_comment(start);
                    continue;
                }
                [b'<', b'!' | b'?', ..] | [b'<', b'/', _, ..] => {
                    self.skip_past(start + 2, ">");
                    continue;
                }
                _ => Some(self.text(start)),
            };
            if tag.is_none() {
                // The document ends inside a tag: a browser drops it.
                self.position = self.source.len();
            }
            return tag;
        }
    }
}

enum Step<'a> {
    Attribute { name: &'a str, value: &'a str },
    End,
    Unfinished,
}

/// Reads one attribute, or the end of the tag, from `position` on.
fn attribute<'a>(source: &'a str, position: &mut usize) -> Step<'a> {
    let bytes = source.as_bytes();
    let spaces = |from: usize| bytes[from..].iter().take_while(|byte| is_space(**byte)).count();
    loop {
        *position += spaces(*position);
        match bytes.get(*position) {
            None => return Step::Unfinished,
            Some(b'/') => *position += 1,
            Some(b'>') => {
                *position += 1;
                return Step::End;
            }
            Some(_) => break,
        }
    }
    let start = *position;
    // Whatever comes first belongs to the name, even an equals sign.
    let Some(length) =
        bytes[start + 1..].iter().position(|byte| is_space(*byte) || matches!(byte, b'/' | b'>' | b'='))
    else {
        return Step::Unfinished;
    };
    let name = &source[start..=start + length];
    *position = start + 1 + length;
    *position += spaces(*position);
    if bytes.get(*position) != Some(&b'=') {
        return Step::Attribute { name, value: "" };
    }
    *position += 1;
    *position += spaces(*position);
    let start = *position;
    let length = match bytes.get(start) {
        None => None,
        Some(b'>') => return Step::Attribute { name, value: "" },
        Some(quote @ (b'"' | b'\'')) => {
            let length = bytes[start + 1..].iter().position(|byte| byte == quote);
            let Some(length) = length else { return Step::Unfinished };
            *position = start + length + 2;
            return Step::Attribute { name, value: &source[start + 1..=start + length] };
        }
        Some(_) => bytes[start..].iter().position(|byte| is_space(*byte) || *byte == b'>'),
    };
    let Some(length) = length else { return Step::Unfinished };
    *position = start + length;
    Step::Attribute { name, value: &source[start..start + length] }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(html: &str) -> Vec<String> {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Start(tag) => format!("<{}>", tag.name),
                Token::End(tag) => format!("</{}>", tag.name),
            })
            .collect()
    }

    #[test]
    fn tells_tags_from_text() {
        assert_eq!(names("a < b <3 <p class='>'>x</p>"), ["a ", "< b ", "<3 ", "<p>", "x", "</p>"]);
        assert_eq!(names("ü<br/>ö"), ["ü", "<br>", "ö"]);
        assert_eq!(names("</>x<"), ["x", "<"]);
    }

    #[test]
    fn skips_comments_as_browsers_do() {
        assert_eq!(
            names("<!--><b>--><!---><i><!-- -- --!><u><!doctype html><?php x ?>!"),
            ["<b>", "-->", "<i>", "<u>", "!"]
        );
        assert_eq!(names("a<!-- <b>"), ["a"]);
        assert_eq!(names("</ b><!x>c"), ["c"]);
    }

    #[test]
    fn reads_attributes() {
        let Some(Token::Start(tag)) = Tokens::new("<a b c=d/e f = 'g>h' i=\"\"/j =k l=>").next() else {
            panic!("a start tag");
        };
        let attributes: Vec<_> = tag.attributes().collect();
        assert_eq!(attributes, [("b", ""), ("c", "d/e"), ("f", "g>h"), ("i", ""), ("j", "k"), ("l", "")]);
        assert_eq!(tag.attribute_count, 6);
    }

    #[test]
    fn skips_raw_text() {
        let mut tokens = Tokens::new("<script>a<b '</scripts></SCRIPT >c");
        assert!(matches!(tokens.next(), Some(Token::Start(_))) && tokens.skip_raw_text("script"));
        let Some(Token::End(tag)) = tokens.next() else { panic!("the end tag") };
        assert_eq!((tag.name, tokens.next()), ("SCRIPT", Some(Token::Text("c"))));
        let mut tokens = Tokens::new("<b></b>");
        assert!(!tokens.skip_raw_text("script") && tokens.next().is_none());
    }

    #[test]
    fn drops_a_tag_that_never_ends() {
        assert_eq!(names("x<a href='"), ["x"]);
        assert_eq!(names("x<a b=c"), ["x"]);
        assert_eq!(names("x<abc"), ["x"]);
    }
}
