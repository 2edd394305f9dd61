//! Where Markdown refers to something: links, images, definitions and raw HTML, as ranges of the source, so that an
//! address can be exchanged while every other byte stays. Code is never touched.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::html;

/// An address in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Where it stands; whoever exchanges it leaves what is around it.
    pub(super) range: Range<usize>,
    /// What it says, without escapes.
    pub(super) address: String,
}

/// What a text refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// In the order of the text; none overlaps another.
    pub(super) references: Vec<Reference>,
    /// How many template tags (`{{ … }}`, `{% … %}`) stand outside code.
    pub(super) template_tags: usize,
}

/// The extensions that change what is a link or code.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_HEADING_ATTRIBUTES)
    .union(Options::ENABLE_GFM)
    .union(Options::ENABLE_DEFINITION_LIST);

struct Open {
    link_type: LinkType,
    address: String,
    /// Where its text ends, as far as it was seen.
    text_end: usize,
}

/// Finds every reference.
pub(super) fn find(markdown: &str) -> Found {
    let events = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    let definitions = events.reference_definitions().iter();
    let mut references: Vec<Reference> = definitions
        .filter_map(|(_, definition)| in_definition(markdown, definition.span.clone(), &definition.dest))
        .collect();
    let mut code = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for (event, range) in events {
        if let Event::End(TagEnd::Link | TagEnd::Image) = event {
            let Some(link) = open.pop() else { continue };
            if link.link_type == LinkType::Inline {
                references.extend(in_link(markdown, link.text_end..range.end, link.address));
            }
            continue;
        }
        if let Some(link) = open.last_mut() {
            link.text_end = link.text_end.max(range.end);
        }
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                open.push(Open { link_type, address: dest_url.into_string(), text_end: range.start + 1 });
            }
            Event::Start(Tag::Image { link_type, dest_url, .. }) => {
                open.push(Open { link_type, address: dest_url.into_string(), text_end: range.start + 2 });
            }
            Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                references.extend(in_html(markdown, range))
            }
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) => code.push(range),
            _ => {}
        }
    }
    references.sort_by_key(|reference| reference.range.start);
    references.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    Found { references, template_tags: template_tags(markdown, &code) }
}

/// The source with the addresses exchanged. The ranges are in order and do not overlap.
pub(super) fn exchange(markdown: &str, changes: &[(Range<usize>, String)]) -> String {
    let mut text = String::with_capacity(markdown.len() + changes.len() * 32);
    let mut at = 0;
    for (range, address) in changes {
        text.push_str(&markdown[at..range.start]);
        text.push_str(address);
        at = range.end;
    }
    text.push_str(&markdown[at..]);
    text
}

/// Title and rest of a text that begins with a heading of the first level.
pub(super) fn leading_title(markdown: &str) -> Option<(String, &str)> {
    let mut events = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    let (first, range) = events.next()?;
    if !matches!(first, Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. })) {
        return None;
    }
    let mut title = String::new();
    for (event, _) in events {
        match event {
            Event::Text(text) | Event::Code(text) => title.push_str(&text),
            Event::SoftBreak | Event::HardBreak => title.push(' '),
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    let title = title.trim().to_owned();
    (!title.is_empty()).then(|| (title, markdown[range.end..].trim_start_matches('\n')))
}

/// `](address "title")`, somewhere behind the text of a link.
fn in_link(markdown: &str, tail: Range<usize>, address: String) -> Option<Reference> {
    let opening = markdown.get(tail.clone())?.find("](")?;
    let range = destination(markdown, tail.start + opening + 2)?;
    confirmed(markdown, range, address)
}

/// `[label]: address "title"`
fn in_definition(markdown: &str, span: Range<usize>, address: &str) -> Option<Reference> {
    let definition = markdown.get(span.clone())?;
    // A label may hold an escaped bracket, but no bare one.
    let colon = definition.match_indices("]:").find(|(at, _)| !definition[..*at].ends_with('\\'))?.0;
    let range = destination(markdown, span.start + colon + 2)?;
    confirmed(markdown, range, address.to_owned())
}

/// Where the destination of a link stands that begins at `start` or after white space, without `<` and `>`.
fn destination(markdown: &str, start: usize) -> Option<Range<usize>> {
    let bytes = markdown.as_bytes();
    let spaces = bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let pointed = bytes.get(start + spaces) == Some(&b'<');
    let from = start + spaces + usize::from(pointed);
    let mut depth = 0_usize;
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'>' if pointed => break,
            _ if pointed => {}
            b'(' => depth += 1,
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            byte if byte.is_ascii_whitespace() => break,
            _ => {}
        }
        at += 1;
    }
    let at = at.min(bytes.len());
    (at > from && markdown.is_char_boundary(at)).then_some(from..at)
}

/// What was found by hand must be what the parser read; otherwise it is left alone.
fn confirmed(markdown: &str, range: Range<usize>, address: String) -> Option<Reference> {
    let source = &markdown[range.clone()];
    (source == address || source.contains(['\\', '&'])).then_some(Reference { range, address })
}

fn in_html(markdown: &str, block: Range<usize>) -> Vec<Reference> {
    let start = block.start;
    let html = &markdown[block];
    let shifted = |range: Range<usize>| Reference {
        address: html[range.clone()].trim().replace("&amp;", "&"),
        range: start + range.start..start + range.end,
    };
    html::addresses(html).into_iter().filter(|range| !range.is_empty()).map(shifted).collect()
}

fn template_tags(markdown: &str, code: &[Range<usize>]) -> usize {
    let tags = markdown.match_indices("{{").chain(markdown.match_indices("{%"));
    tags.filter(|(at, _)| !code.iter().any(|range| range.contains(at))).count()
}

#[cfg(test)]
mod tests {
    use super::{exchange, find, leading_title};

    fn addresses(markdown: &str) -> Vec<String> {
        find(markdown).references.into_iter().map(|reference| reference.address).collect()
    }

    /// Every address becomes `X`.
    fn exchanged(markdown: &str) -> String {
        let found = find(markdown).references.into_iter();
        exchange(markdown, &found.map(|reference| (reference.range, "X".to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn links_and_images_are_exchanged_in_place() {
        for (before, after) in [
            ("See ![a *b*](pic.png \"a ](title)\").", "See ![a *b*](X \"a ](title)\")."),
            ("[![alt](a.png)](b.md)", "[![alt](X)](X)"),
            ("[](a.md) and [x\\]y]( <a b.md> )", "[](X) and [x\\]y]( <X> )"),
            ("[a](b(c).md) [d](e\\).md)", "[a](X) [d](X)"),
            (
                "[a][1] ![b]\n\n[1]: a.md 'title'\n[b]:\n  <b.png>\n",
                "[a][1] ![b]\n\n[1]: X 'title'\n[b]:\n  <X>\n",
            ),
            ("> - [ü](ü.md)\n>   ![y](y.png)\n", "> - [ü](X)\n>   ![y](X)\n"),
            ("| a |\n|---|\n| [x](y.md) |\n", "| a |\n|---|\n| [x](X) |\n"),
            (
                "a <img src=\"a.png\"> b\n\n<p>\n<a href='b.md'>x</a>\n</p>\n",
                "a <img src=\"X\"> b\n\n<p>\n<a href='X'>x</a>\n</p>\n",
            ),
        ] {
            assert_eq!(exchanged(before), after);
        }
    }

    #[test]
    fn code_is_untouched() {
        let text =
            "`[a](b.md)`\n\n```html\n<img src=\"a.png\">\n[a](b.md)\n[c]: d.md\n```\n\n    ![x](y.png)\n";
        assert_eq!(find(text).references, []);
        assert_eq!(find("`{{ x }}` {{ y }} {% z %}\n\n```\n{{ code }}\n```\n").template_tags, 2);
    }

    #[test]
    fn addresses_are_read_without_escapes() {
        assert_eq!(addresses("[a](x\\_y.md) [b](c&amp;d.md) <https://e.example>"), ["x_y.md", "c&d.md"]);
    }

    #[test]
    fn a_leading_heading_can_be_the_title() {
        assert_eq!(leading_title("\n# A `b`\n\nText"), Some(("A b".to_owned(), "Text")));
        assert_eq!(leading_title("Text\n\n# A"), None);
        assert_eq!(leading_title("## A"), None);
    }
}
