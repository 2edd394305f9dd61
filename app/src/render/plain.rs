//! The text of Markdown without its markup: for excerpts, descriptions and the summaries of feeds.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::markdown;
use super::tokens::{self, Token, Tokens};

/// Elements around which text does not run on.
const BLOCKS: [&str; 31] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "ul",
];

/// Above it stands what an author wants to be shown of a post in lists.
const MORE: &str = "more";

/// The visible text of a Markdown document on one line: no markup, no footnotes, whitespace collapsed. Images
/// count with their description, raw HTML with its text, except for the insides of scripts, styles and the like.
pub fn markdown_to_text(markdown: &str) -> String {
    collect(markdown, usize::MAX, false, &|_| false)
}

/// The beginning of a document as at most `max_chars` characters of prose (the ellipsis included): no headings,
/// code, tables or footnotes, unless there is nothing else. Cut at the end of a word. It ends at the mark
/// `<!-- more -->`, if there is text above that.
pub fn excerpt(markdown: &str, max_chars: usize) -> String {
    // Four bytes make the longest character, so this much text is enough to see whether it must be cut.
    let enough = max_chars.saturating_add(1).saturating_mul(4);
    let prose = collect(markdown, enough, true, &|tag| {
        matches!(tag, Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_))
    });
    if prose.is_empty() {
        return shorten(&collect(markdown, enough, true, &|_| false), max_chars);
    }
    shorten(&prose, max_chars)
}

/// Gathers text until there is `enough` of it, in bytes, leaving out the elements that `skip` names; with `to_mark` no
/// farther than to the mark `<!-- more -->`.
fn collect(markdown: &str, enough: usize, to_mark: bool, skip: &dyn Fn(&Tag<'_>) -> bool) -> String {
    let mut text = Text::default();
    let mut skipping = 0_usize;
    // The parser hands out a block line by line, but a tag or a comment may go over several.
    let mut block = String::new();
    for event in Parser::new_ext(markdown, markdown::options()) {
        match event {
            Event::Start(tag) => {
                let skipped = matches!(tag, Tag::FootnoteDefinition(_)) || skip(&tag);
                if skipping > 0 || skipped {
                    skipping += 1;
                } else if !is_inline(&tag.to_end()) {
                    text.space();
                }
            }
            Event::End(_) if skipping > 0 => skipping -= 1,
            _ if skipping > 0 => {}
            Event::End(TagEnd::HtmlBlock) => {
                if text.push_marked(&std::mem::take(&mut block), to_mark) {
                    break;
                }
                text.space();
            }
            Event::End(tag) if !is_inline(&tag) => text.space(),
            Event::Text(it) | Event::Code(it) | Event::InlineMath(it) | Event::DisplayMath(it) => {
                if text.hidden.is_none() {
                    text.push(&it);
                }
            }
            Event::Html(html) => block.push_str(&html),
            Event::InlineHtml(html) => {
                if text.push_marked(&html, to_mark) {
                    break;
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => text.space(),
            Event::End(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
        if text.out.len() > enough {
            break;
        }
    }
    text.out
}

fn is_inline(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
    )
}

/// Text with its whitespace collapsed.
#[derive(Default)]
struct Text {
    out: String,
    space: bool,
    /// The raw text element that is open: nothing is seen until its end tag.
    hidden: Option<String>,
}

impl Text {
    fn space(&mut self) {
        self.space = true;
    }

    fn push(&mut self, text: &str) {
        for char in text.chars() {
            if char.is_whitespace() || char.is_control() {
                self.space = true;
                continue;
            }
            if std::mem::take(&mut self.space) && !self.out.is_empty() {
                self.out.push(' ');
            }
            self.out.push(char);
        }
    }

    /// Pushes HTML; with `to_mark` only as far as to the mark, and says whether that ended the text. A mark above
    /// all text ends nothing.
    fn push_marked(&mut self, html: &str, to_mark: bool) -> bool {
        let Some(mark) = more_mark(html).filter(|_| to_mark) else {
            self.push_html(html);
            return false;
        };
        let (above, below) = html.split_at(mark);
        self.push_html(above);
        if self.hidden.is_none() && !self.out.is_empty() {
            return true;
        }
        self.push_html(below);
        false
    }

    fn push_html(&mut self, html: &str) {
        let mut tokens = Tokens::new(html);
        if let Some(name) = self.hidden.take()
            && !tokens.skip_raw_text(&name)
        {
            self.hidden = Some(name);
            return;
        }
        while let Some(token) = tokens.next() {
            match token {
                Token::Text(text) => self.push_decoded(text),
                Token::Start(tag) | Token::End(tag) => {
                    if BLOCKS.iter().any(|block| tag.name.eq_ignore_ascii_case(block)) {
                        self.space();
                    }
                    let raw = matches!(token, Token::Start(_)) && tokens::is_raw_text(tag.name);
                    if raw && !tokens.skip_raw_text(tag.name) {
                        self.hidden = Some(tag.name.to_owned());
                        return;
                    }
                    if tag.name.eq_ignore_ascii_case("img") {
                        let alternative = tag.attributes().find(|(name, _)| name.eq_ignore_ascii_case("alt"));
                        self.push_decoded(alternative.map_or("", |(_, value)| value));
                    }
                }
            }
        }
    }

    /// Pushes text of HTML: character references by number, and those names that people write by hand.
    fn push_decoded(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = rest.find('&') {
            self.push(&rest[..start]);
            rest = &rest[start + 1..];
            let end = rest.bytes().take(12).position(|byte| byte == b';');
            match end.and_then(|end| Some((end, character(&rest[..end])?))) {
                Some((end, char)) => {
                    self.push(char.encode_utf8(&mut [0; 4]));
                    rest = &rest[end + 1..];
                }
                None => self.push("&"),
            }
        }
        self.push(rest);
    }
}

/// Where the mark `<!-- more -->` stands, in bytes.
fn more_mark(html: &str) -> Option<usize> {
    let mut comments = html.match_indices("<!--");
    let mark = comments.find(|(start, opening)| {
        let inside = html[start + opening.len()..].trim_start();
        inside.strip_prefix(MORE).is_some_and(|rest| rest.trim_start().starts_with("-->"))
    });
    mark.map(|(start, _)| start)
}

fn character(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "copy" => '©',
        _ => return None,
    })
}

/// A text of at most `max_chars` characters, the ellipsis of a cut included. Cut at the end of a word.
pub fn shorten(text: &str, max_chars: usize) -> String {
    let Some((limit, _)) = text.char_indices().nth(max_chars) else { return text.to_owned() };
    let Some(last) = max_chars.checked_sub(1) else { return String::new() };
    // Leave room for the ellipsis; a text without spaces in reach is cut between two characters.
    let room = text.char_indices().nth(last).map_or(limit, |(index, _)| index);
    let cut = match text[..room].rfind(' ') {
        _ if text[room..].starts_with(' ') => room,
        Some(space) if space >= room / 3 => space,
        _ => room,
    };
    let end = [' ', ',', ';', ':', '.', '-', '–', '—', '('];
    format!("{}…", text[..cut].trim_end_matches(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_seen() {
        for (markdown, text) in [
            ("# Title\n\nOne *two* `three`\nfour.\n\n- a\n- b", "Title One two three four. a b"),
            ("[link](/x \"t\") ![alt *text*](y.png)", "link alt text"),
            ("a[^1] b\n\n[^1]: not this", "a b"),
            (
                "<p>raw &amp; <b>bold</b>&#8217;s<br>x</p>\n<style>\np {}\n</style>\n\nafter",
                "raw & bold’s x after",
            ),
            ("a <span class=x>b</span><img alt=\"c &lt; d\"> &nosuch; <3", "a bc < d &nosuch; <3"),
            ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
            ("- [x] done", "done"),
            ("a &lt; b\u{a0}\u{a0}c", "a < b c"),
            ("Hello **world** <script>alert(1)</script>", "Hello world"),
            ("a <STYLE>*b* `c`</style > d", "a d"),
            ("<script>\nif (a<b && \"c\") {}\n\n</scripts>\n</script>\n\nseen", "seen"),
            ("x <title>never closed\n\n# more", "x"),
            ("<!-- a\nnote -->\n\nafter <!-- and *another* -->it", "after it"),
            ("<div\ntitle='a > b'\n>over lines</div>", "over lines"),
            ("one <!-- more --> two", "one two"),
            ("", ""),
        ] {
            assert_eq!(markdown_to_text(markdown), text, "{markdown}");
        }
    }

    #[test]
    fn excerpts_prose() {
        let markdown = "# Title\n\n```\ncode\n```\n\nThe first paragraph, which goes on.\n\nThe second.";
        assert_eq!(excerpt(markdown, 200), "The first paragraph, which goes on. The second.");
        assert_eq!(excerpt(markdown, 24), "The first paragraph…");
        assert_eq!(excerpt(markdown, 9), "The…");
        assert_eq!(excerpt(markdown, 10), "The first…");
        assert_eq!(excerpt("# Only a title", 20), "Only a title");
        assert_eq!(excerpt("日本語の長い文章", 5), "日本語の…");
        assert_eq!(excerpt("anything", 0), "");
        assert_eq!(excerpt("exactly", 7), "exactly");
    }

    #[test]
    fn ends_where_the_author_wants() {
        for (markdown, expected) in [
            ("One.\n\nTwo.\n\n<!-- more -->\n\nThree.", "One. Two."),
            ("One.\n<!--more-->\nTwo.", "One."),
            ("One <!--  more  --> two.", "One"),
            ("<p>One.</p>\n<!-- more -->\n<p>Two.</p>", "One."),
            ("<!-- more -->\n\nOne.\n\nTwo.", "One. Two."),
            ("# Title\n\n<!-- more -->\n\nOne.", "One."),
            ("# Title\n\n<!-- more -->\n\n```\ncode\n```", "Title"),
            ("`<!-- more -->` is the mark.\n\nTwo.", "<!-- more --> is the mark. Two."),
            ("One. <!-- more to say --> Two.", "One. Two."),
            ("One. <script><!-- more --></script> Two.", "One. Two."),
        ] {
            assert_eq!(excerpt(markdown, 200), expected, "{markdown}");
        }
        assert_eq!(excerpt("One and two. <!-- more -->", 4), "One…");
    }

    #[test]
    fn hides_scripts_from_excerpts() {
        assert_eq!(excerpt("Hello **world** <script>alert(1)</script>", 200), "Hello world");
        assert_eq!(excerpt("<style>\np { color: red }\n\nq {}\n</style>\nText.", 200), "Text.");
    }

    #[test]
    fn never_exceeds_its_length() {
        let markdown = "wörter und noch mehr wörter, ".repeat(200);
        for max in 0..100 {
            let excerpt = excerpt(&markdown, max);
            assert!(excerpt.chars().count() <= max, "{max}: {excerpt}");
        }
    }
}
