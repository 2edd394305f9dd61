//! Just enough Markdown to find the first paragraph and to read it as plain text.
//!
//! Not a parser: a construct it does not know stays in the excerpt as the author typed it, which does no harm there.

/// No excerpt needs more of a paragraph, and no strange input may cost more than this. In bytes.
const LONGEST: usize = 4096;

/// The lines of the first paragraph that has text in it, joined by spaces. Headings, lists, quotes, tables, code, raw HTML and
/// definitions are no paragraphs.
pub(crate) fn first_paragraph(content: &str) -> Option<String> {
    let mut blocks = Blocks::new(content, false);
    while let Some(mut block) = blocks.next_block() {
        block.truncate(block.floor_char_boundary(LONGEST));
        if !plain_text(&block).is_empty() {
            return Some(block);
        }
    }
    None
}

/// The paragraphs above the author's mark `<!-- more -->`, joined by spaces. `None` without a mark or text above it.
pub(crate) fn introduction(content: &str) -> Option<String> {
    mark(content)?;
    let mut blocks = Blocks::new(content, true);
    let mut introduction = String::new();
    while let Some(block) = blocks.next_block() {
        if introduction.len() < LONGEST {
            introduction.push_str(&block[..block.floor_char_boundary(LONGEST)]);
            introduction.push(' ');
        }
    }
    (blocks.marked && !plain_text(&introduction).is_empty()).then_some(introduction)
}

/// Where the mark begins that ends an introduction.
fn mark(text: &str) -> Option<usize> {
    let mut comments = text.match_indices("<!--");
    let mark = comments.find(|(start, opening)| {
        let inside = text[start + opening.len()..].trim_start();
        inside.strip_prefix("more").is_some_and(|rest| rest.trim_start().starts_with("-->"))
    });
    mark.map(|(start, _)| start)
}

struct Blocks<'a> {
    lines: std::str::Lines<'a>,
    fence: Option<&'a str>,
    /// What ends the raw HTML that the lines are in.
    raw_end: Option<&'static str>,
    to_mark: bool,
    /// The mark was reached; there are no more blocks.
    marked: bool,
}

impl<'a> Blocks<'a> {
    fn new(content: &'a str, to_mark: bool) -> Self {
        let lines = content.trim_start_matches('\u{FEFF}').lines();
        Self { lines, fence: None, raw_end: None, to_mark, marked: false }
    }

    fn next_block(&mut self) -> Option<String> {
        let mut paragraph: Vec<&str> = Vec::new();
        let mut other = false;
        loop {
            let Some(line) = self.next_line() else {
                return (!paragraph.is_empty()).then(|| paragraph.join(" "));
            };
            let trimmed = line.trim();
            if self.inside_raw(trimmed, paragraph.is_empty())
                || self.inside_fence(trimmed)
                || trimmed.is_empty()
            {
                if !paragraph.is_empty() {
                    return Some(paragraph.join(" "));
                }
                other = false;
            } else if is_underline(trimmed) {
                paragraph.clear();
                other = false;
            } else if !paragraph.is_empty() && (starts_heading(trimmed) || is_break(trimmed)) {
                return Some(paragraph.join(" "));
            } else if paragraph.is_empty() && (other || starts_other_block(line)) {
                // These end with their line; any other block goes on to the next blank line.
                other = !starts_heading(trimmed) && !is_break(trimmed);
            } else {
                paragraph.push(trimmed);
            }
        }
    }

    /// The next line, as far as to the mark.
    fn next_line(&mut self) -> Option<&'a str> {
        if self.marked {
            return None;
        }
        let line = self.lines.next()?;
        if !self.to_mark || self.fence.is_some() || self.raw_end.is_some() {
            return Some(line);
        }
        // After an odd number of backticks it is code that shows the mark.
        let Some(at) = mark(line).filter(|at| line[..*at].matches('`').count().is_multiple_of(2)) else {
            return Some(line);
        };
        self.marked = true;
        Some(&line[..at])
    }

    /// Keeps track of scripts, styles and comments, which blank lines do not end; true for every line of them.
    fn inside_raw(&mut self, line: &str, may_start: bool) -> bool {
        if self.fence.is_some() {
            return false;
        }
        if self.raw_end.is_none() && may_start {
            self.raw_end = raw_end(line);
        }
        let Some(end) = self.raw_end else { return false };
        if find_ignoring_case(line, end).is_some() {
            self.raw_end = None;
        }
        true
    }

    /// Keeps track of fenced code; true for every line of it.
    fn inside_fence(&mut self, line: &'a str) -> bool {
        let first = line.bytes().next().filter(|byte| matches!(byte, b'`' | b'~'));
        let length = line.bytes().take_while(|byte| Some(*byte) == first).count();
        let marker = &line[..length];
        match self.fence {
            Some(open) => {
                if marker.starts_with(open) && length == line.len() {
                    self.fence = None;
                }
                true
            }
            None if length >= 3 && !line[length..].contains('`') => {
                self.fence = Some(marker);
                true
            }
            None => false,
        }
    }
}

/// Elements whose content is no text, with their end tags as far as to the name's end.
const RAW_TEXT: [(&str, &str); 9] = [
    ("iframe", "</iframe"),
    ("noembed", "</noembed"),
    ("noframes", "</noframes"),
    ("noscript", "</noscript"),
    ("script", "</script"),
    ("style", "</style"),
    ("textarea", "</textarea"),
    ("title", "</title"),
    ("xmp", "</xmp"),
];

/// What ends the raw text or comment that the line begins with.
fn raw_end(line: &str) -> Option<&'static str> {
    let inside = line.strip_prefix('<')?;
    if inside.starts_with("!--") { Some("-->") } else { raw_text_end(inside) }
}

/// What ends the raw text element that this is the tag of, seen from behind its `<`.
fn raw_text_end(tag: &str) -> Option<&'static str> {
    let length = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    let element = RAW_TEXT.iter().find(|(name, _)| name.eq_ignore_ascii_case(&tag[..length]));
    element.map(|(_, end)| *end)
}

/// Where the ASCII text begins in `text`, whatever the case of either.
fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// A line of `=` or `-`: what stands above it is a heading.
fn is_underline(line: &str) -> bool {
    consists_of(line, '=') || consists_of(line, '-')
}

/// A line across the page.
fn is_break(line: &str) -> bool {
    line.len() >= 3 && (consists_of(line, '*') || consists_of(line, '_'))
}

fn consists_of(line: &str, mark: char) -> bool {
    line.starts_with(mark) && line.chars().all(|character| character == mark || character == ' ')
}

fn starts_heading(line: &str) -> bool {
    let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
    (1..=6).contains(&hashes) && line[hashes..].chars().next().is_none_or(char::is_whitespace)
}

fn starts_other_block(line: &str) -> bool {
    let trimmed = line.trim_start();
    line.starts_with("    ")
        || line.starts_with('\t')
        || starts_heading(trimmed)
        || is_break(trimmed)
        || trimmed.starts_with(['>', '|'])
        || starts_html_block(trimmed)
        || starts_list(trimmed)
        || starts_definition(trimmed)
}

/// `<` and a letter, a slash, `!` or `?`, unless it is an address in angle brackets or an inline element.
fn starts_html_block(line: &str) -> bool {
    const INLINE: [&str; 16] = [
        "a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span",
        "strong",
    ];
    let Some(inside) = line.strip_prefix('<') else { return false };
    let inside = inside.trim_start_matches('/');
    let name = &inside[..inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len())];
    let rest = &inside[name.len()..];
    if name.is_empty() {
        return rest.starts_with(['!', '?']);
    }
    !rest.starts_with([':', '@', '.']) && !INLINE.iter().any(|inline| inline.eq_ignore_ascii_case(name))
}

fn starts_list(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marker = &line[digits..];
    let after = match digits {
        0 => marker.strip_prefix(['-', '*', '+']),
        1..=9 => marker.strip_prefix(['.', ')']),
        _ => None,
    };
    after.is_some_and(|text| text.is_empty() || text.starts_with([' ', '\t']))
}

/// `[name]: address` and `[^name]: footnote`.
fn starts_definition(line: &str) -> bool {
    line.starts_with('[') && line.find("]:").is_some_and(|end| !line[1..end].contains(['[', ']']))
}

/// Inline Markdown as plain text: marks dropped, the text of links kept, images and footnote marks dropped, white
/// space made single spaces.
pub(crate) fn plain_text(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    append_plain(markdown, &mut text);
    let mut words = text.split_whitespace();
    let mut plain = words.next().unwrap_or_default().to_owned();
    for word in words {
        plain.push(' ');
        plain.push_str(word);
    }
    plain
}

/// Works in one pass; only the text of a link is looked at again, and that is shorter than the link.
fn append_plain(markdown: &str, text: &mut String) {
    let mut rest = markdown;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = match character {
            '\\' => append_escaped(after, text),
            '`' => append_code(rest, text),
            '!' if after.starts_with('[') => skip_image(after, text),
            '[' => append_link(after, text),
            '<' => append_angle(after, text),
            '&' => append_reference(after, text),
            '*' if !stands_alone(text, after) => after,
            '_' if !joins_word(text, after) => after,
            '~' if after.starts_with('~') => &after[1..],
            other => {
                text.push(other);
                after
            }
        };
    }
}

fn append_escaped<'a>(after: &'a str, text: &mut String) -> &'a str {
    match after.chars().next() {
        Some(escaped) if escaped.is_ascii_punctuation() => {
            text.push(escaped);
            &after[1..]
        }
        _ => {
            text.push('\\');
            after
        }
    }
}

fn append_code<'a>(rest: &'a str, text: &mut String) -> &'a str {
    let marks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let (marker, after) = rest.split_at(marks);
    match after.find(marker) {
        Some(end) => {
            text.push_str(&after[..end]);
            after[end + marks..].trim_start_matches('`')
        }
        None => after,
    }
}

/// `rest` starts at the image's opening bracket.
fn skip_image<'a>(rest: &'a str, text: &mut String) -> &'a str {
    match link(&rest[1..]) {
        Some(Link { after, .. }) => after,
        None => {
            text.push('!');
            rest
        }
    }
}

fn append_link<'a>(after: &'a str, text: &mut String) -> &'a str {
    match link(after) {
        Some(Link { label, after }) if label.starts_with('^') => after,
        Some(Link { label, after }) => {
            append_plain(label, text);
            after
        }
        None => {
            text.push('[');
            after
        }
    }
}

struct Link<'a> {
    label: &'a str,
    after: &'a str,
}

/// Reads `label](address)`, `label][name]` or `label]`; what follows the label is dropped.
fn link(text: &str) -> Option<Link<'_>> {
    let end = closing(text, b'[', b']')?;
    let (label, after) = (&text[..end], &text[end + 1..]);
    let rest = if let Some(address) = after.strip_prefix('(') {
        closing(address, b'(', b')').map_or(after, |end| &address[end + 1..])
    } else if let Some(name) = after.strip_prefix('[') {
        closing(name, b'[', b']').map_or(after, |end| &name[end + 1..])
    } else {
        after
    };
    Some(Link { label, after: rest })
}

/// Where the bracket closes that stands before `text`; nested pairs are stepped over, as far as a label may reach.
fn closing(text: &str, open: u8, close: u8) -> Option<usize> {
    const FARTHEST: usize = 1024;
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().take(FARTHEST) {
        if escaped {
            escaped = false;
        } else if byte == b'\\' {
            escaped = true;
        } else if byte == open {
            depth += 1;
        } else if byte == close {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}

/// An address in angle brackets is text, a tag is not, anything else is a sign.
fn append_angle<'a>(after: &'a str, text: &mut String) -> &'a str {
    if let Some((_, rest)) = after.strip_prefix("!--").and_then(|inside| inside.split_once("-->")) {
        return rest;
    }
    if let Some(end) = raw_text_end(after) {
        let rest = find_ignoring_case(after, end).map_or("", |at| &after[at + end.len()..]);
        return rest.split_once('>').map_or("", |(_, rest)| rest);
    }
    let inside_end = after.find('>');
    match inside_end.map(|end| (&after[..end], &after[end + 1..])) {
        Some((inside, rest)) if is_address(inside) => {
            text.push_str(inside);
            rest
        }
        Some((inside, rest))
            if inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) =>
        {
            if matches!(inside, "br" | "br/" | "br /") {
                text.push(' ');
            }
            rest
        }
        _ => {
            text.push('<');
            after
        }
    }
}

fn is_address(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && (text.contains("://") || (text.contains('@') && !text.contains('=')))
}

fn append_reference<'a>(after: &'a str, text: &mut String) -> &'a str {
    const NAMED: [(&str, char); 8] = [
        ("amp;", '&'),
        ("lt;", '<'),
        ("gt;", '>'),
        ("quot;", '"'),
        ("#39;", '\''),
        ("nbsp;", ' '),
        ("mdash;", '\u{2014}'),
        ("hellip;", '\u{2026}'),
    ];
    for (name, character) in NAMED {
        if let Some(rest) = after.strip_prefix(name) {
            text.push(character);
            return rest;
        }
    }
    text.push('&');
    after
}

/// An underscore between two letters, as in `snake_case`, is no emphasis.
fn joins_word(before: &str, after: &str) -> bool {
    before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
}

/// A mark between two spaces, as in `2 * 3`, is no emphasis.
fn stands_alone(before: &str, after: &str) -> bool {
    before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace)
}

#[cfg(test)]
mod tests;
