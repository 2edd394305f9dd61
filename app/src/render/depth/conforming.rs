//! The quick proof: HTML in which every element is closed where it should be.
//!
//! For such documents the parser's stack of open elements is the stack of names kept here, so its depth is known
//! and nothing is ever repaired or repeated. The rules are narrower than the standard's: whatever is not plainly
//! harmless is [`Verdict::Unusual`] and left to the exact measure.

use super::{ATTRIBUTE_LIMIT, Excess, LIMIT, TooDeep};
use crate::render::tokens::{Tag, Token, Tokens};

/// What the quick look found.
pub(super) enum Verdict {
    /// Well formed and within all limits.
    Harmless,
    /// Past a limit for certain.
    TooDeep(TooDeep),
    /// Not plainly well formed.
    Unusual,
}

/// The longest name in [`Element::of`].
const LONGEST_NAME: usize = 10;

/// Elements by how they nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// Has no content.
    Void,
    /// A thematic break: void, but it ends a paragraph.
    Rule,
    Anchor,
    /// Stands in running text.
    Phrasing,
    /// Ends an open paragraph.
    Block,
    List,
    DefinitionList,
    ListItem,
    DefinitionItem,
    Heading,
    Paragraph,
    Table,
    TableSection,
    Caption,
    Row,
    Cell,
}

impl Element {
    fn of(tag: &Tag<'_>) -> Option<Self> {
        let mut buffer = [0; LONGEST_NAME];
        let name = buffer.get_mut(..tag.name.len())?;
        name.copy_from_slice(tag.name.as_bytes());
        name.make_ascii_lowercase();
        Some(match &*name {
            b"br" | b"img" | b"wbr" | b"input" | b"source" | b"track" => Self::Void,
            b"hr" => Self::Rule,
            b"a" => Self::Anchor,
            b"abbr" | b"audio" | b"b" | b"bdi" | b"bdo" | b"big" | b"cite" | b"code" | b"data" | b"del"
            | b"dfn" | b"em" | b"font" | b"i" | b"ins" | b"kbd" | b"label" | b"mark" | b"picture" | b"q"
            | b"s" | b"samp" | b"small" | b"span" | b"strike" | b"strong" | b"sub" | b"sup" | b"time"
            | b"tt" | b"u" | b"var" | b"video" => Self::Phrasing,
            b"address" | b"article" | b"aside" | b"blockquote" | b"center" | b"details" | b"div"
            | b"fieldset" | b"figcaption" | b"figure" | b"footer" | b"header" | b"hgroup" | b"main"
            | b"nav" | b"pre" | b"section" | b"summary" => Self::Block,
            b"ul" | b"ol" | b"menu" => Self::List,
            b"dl" => Self::DefinitionList,
            b"li" => Self::ListItem,
            b"dt" | b"dd" => Self::DefinitionItem,
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Self::Heading,
            b"p" => Self::Paragraph,
            b"table" => Self::Table,
            b"thead" | b"tbody" | b"tfoot" => Self::TableSection,
            b"caption" => Self::Caption,
            b"tr" => Self::Row,
            b"td" | b"th" => Self::Cell,
            _ => return None,
        })
    }

    /// Whether only whitespace may stand directly inside.
    fn holds_no_text(self) -> bool {
        matches!(self, Self::Table | Self::TableSection | Self::Row)
    }
}

#[derive(Default)]
struct Open<'a> {
    stack: Vec<(&'a str, Element)>,
    paragraph: bool,
    anchor: bool,
}

impl<'a> Open<'a> {
    fn may_start(&self, element: Element) -> bool {
        let parent = self.stack.last().map(|(_, element)| *element);
        if parent.is_some_and(Element::holds_no_text) {
            return matches!(
                (parent, element),
                (Some(Element::Table), Element::TableSection | Element::Caption)
                    | (Some(Element::TableSection), Element::Row)
                    | (Some(Element::Row), Element::Cell)
            );
        }
        match element {
            Element::Void | Element::Phrasing => true,
            Element::Anchor => !self.anchor,
            Element::TableSection | Element::Caption | Element::Row | Element::Cell => false,
            Element::ListItem => !self.paragraph && parent == Some(Element::List),
            Element::DefinitionItem => !self.paragraph && parent == Some(Element::DefinitionList),
            Element::Heading => !self.paragraph && parent != Some(Element::Heading),
            _ => !self.paragraph,
        }
    }

    fn start(&mut self, name: &'a str, element: Element) {
        match element {
            Element::Void | Element::Rule => return,
            Element::Anchor => self.anchor = true,
            Element::Paragraph => self.paragraph = true,
            _ => {}
        }
        self.stack.push((name, element));
    }

    /// Closes the innermost element, provided that it bears this name.
    fn end(&mut self, name: &str) -> bool {
        match self.stack.pop() {
            Some((open, element)) if open.eq_ignore_ascii_case(name) => {
                match element {
                    Element::Anchor => self.anchor = false,
                    Element::Paragraph => self.paragraph = false,
                    _ => {}
                }
                true
            }
            _ => false,
        }
    }
}

/// Looks over `html` once. What is left open at its end is no fault.
pub(super) fn check(html: &str) -> Verdict {
    let mut open = Open::default();
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => {
                let misplaced = open.stack.last().is_some_and(|(_, element)| element.holds_no_text());
                if misplaced && !text.trim_ascii().is_empty() {
                    return Verdict::Unusual;
                }
            }
            Token::Start(tag) => {
                if tag.attribute_count > ATTRIBUTE_LIMIT {
                    return too_deep(html, &tag, Excess::Attributes);
                }
                let Some(element) = Element::of(&tag).filter(|element| open.may_start(*element)) else {
                    return Verdict::Unusual;
                };
                open.start(tag.name, element);
                if open.stack.len() > LIMIT {
                    return too_deep(html, &tag, Excess::Nesting);
                }
            }
            Token::End(tag) => {
                if tag.attribute_count > ATTRIBUTE_LIMIT {
                    return too_deep(html, &tag, Excess::Attributes);
                }
                if !open.end(tag.name) {
                    return Verdict::Unusual;
                }
            }
        }
    }
    Verdict::Harmless
}

fn too_deep(html: &str, tag: &Tag<'_>, excess: Excess) -> Verdict {
    let line = 1 + html.as_bytes()[..tag.offset].iter().filter(|byte| **byte == b'\n').count();
    Verdict::TooDeep(TooDeep::new(excess, line))
}
