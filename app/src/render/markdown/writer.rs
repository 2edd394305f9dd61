//! Writes the events of the Markdown parser as HTML.

use std::borrow::Cow;
use std::mem;

use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd,
};

use super::footnotes::Footnotes;
use super::headings::Ids;
use crate::render::{escape, highlight};

/// Builds the HTML of one document.
pub(super) struct Writer<'a> {
    out: String,
    /// The levels, as written, of the headings that the text stands beneath.
    outline: Vec<usize>,
    ids: Ids,
    heading: Option<Heading<'a>>,
    /// How many images surround the event; their text is an `alt` attribute.
    images: usize,
    /// The title of the outermost image, written when its `alt` is complete.
    image_title: CowStr<'a>,
    code: Option<Code>,
    table: Table,
    footnotes: Footnotes,
    /// The definitions being written: their label, and what was written before them.
    definitions: Vec<(CowStr<'a>, String)>,
    budget: highlight::Budget,
}

struct Heading<'a> {
    start: usize,
    text: String,
    id: Option<CowStr<'a>>,
    classes: Vec<CowStr<'a>>,
}

struct Code {
    language: Option<String>,
    text: String,
}

#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    cell: usize,
    in_head: bool,
    has_body: bool,
}

impl<'a> Writer<'a> {
    /// A writer for a document of that many bytes.
    pub(super) fn new(length: usize) -> Self {
        Self {
            out: String::with_capacity(length + length / 2),
            outline: Vec::new(),
            ids: Ids::default(),
            heading: None,
            images: 0,
            image_title: CowStr::Borrowed(""),
            code: None,
            table: Table::default(),
            footnotes: Footnotes::default(),
            definitions: Vec::new(),
            budget: highlight::Budget::default(),
        }
    }

    /// The document, with its footnotes at the end.
    pub(super) fn finish(mut self) -> String {
        self.footnotes.write(&mut self.out);
        self.out
    }

    /// Writes the next event.
    pub(super) fn event(&mut self, event: Event<'a>) {
        if self.images > 0 {
            self.alternative(event);
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => {
                if let Some(heading) = &mut self.heading {
                    heading.text.push_str(&text);
                }
                self.out.push_str("<code>");
                escape::text(&mut self.out, &text);
                self.out.push_str("</code>");
            }
            Event::Html(html) | Event::InlineHtml(html) => self.out.push_str(&html),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::SoftBreak => self.line_break("\n"),
            Event::HardBreak => self.line_break("<br>\n"),
            Event::Rule => self.block("<hr>\n"),
            Event::FootnoteReference(label) => self.footnotes.reference(&mut self.out, &label),
            Event::TaskListMarker(done) => self.task(done),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.text.push_str(text);
            return;
        }
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(text);
        }
        escape::text(&mut self.out, text);
    }

    fn line_break(&mut self, html: &str) {
        if let Some(heading) = &mut self.heading {
            heading.text.push(' ');
        }
        self.out.push_str(html);
    }

    /// Writes what begins on a line of its own.
    fn block(&mut self, html: &str) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.push_str(html);
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { id, classes, .. } => {
                self.block("");
                self.heading = Some(Heading { start: self.out.len(), text: String::new(), id, classes });
            }
            Tag::BlockQuote(kind) => self.quote(kind),
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => highlight::language(info),
                    CodeBlockKind::Indented => None,
                };
                self.code = Some(Code { language, text: String::new() });
            }
            Tag::HtmlBlock => self.block(""),
            Tag::List(None) => self.block("<ul>\n"),
            Tag::List(Some(1)) => self.block("<ol>\n"),
            Tag::List(Some(first)) => self.block(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.block("<li>"),
            Tag::FootnoteDefinition(label) => self.definitions.push((label, mem::take(&mut self.out))),
            Tag::DefinitionList => self.block("<dl>\n"),
            Tag::DefinitionListTitle => self.block("<dt>"),
            Tag::DefinitionListDefinition => self.block("<dd>"),
            Tag::Table(alignments) => {
                self.table = Table { alignments, ..Table::default() };
                self.block("<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">\n<table>\n");
            }
            Tag::TableHead => {
                self.table.cell = 0;
                self.table.in_head = true;
                self.out.push_str("<thead>\n<tr>");
            }
            Tag::TableRow => self.row(),
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Superscript => self.out.push_str("<sup>"),
            Tag::Subscript => self.out.push_str("<sub>"),
            Tag::Link { link_type, dest_url, title, .. } => self.link(link_type, &dest_url, &title),
            Tag::Image { dest_url, title, .. } => {
                self.images = 1;
                self.image_title = title;
                self.out.push_str("<img src=\"");
                escape::href(&mut self.out, &dest_url);
                self.out.push_str("\" alt=\"");
            }
            Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out.push_str("</p>\n"),
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::BlockQuote(_) => self.block("</blockquote>\n"),
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => self.block(""),
            TagEnd::List(true) => self.block("</ol>\n"),
            TagEnd::List(false) => self.block("</ul>\n"),
            TagEnd::Item => self.out.push_str("</li>\n"),
            TagEnd::FootnoteDefinition => {
                if let Some((label, before)) = self.definitions.pop() {
                    let definition = mem::replace(&mut self.out, before);
                    self.footnotes.define(&label, definition);
                }
            }
            TagEnd::DefinitionList => self.block("</dl>\n"),
            TagEnd::DefinitionListTitle => self.out.push_str("</dt>\n"),
            TagEnd::DefinitionListDefinition => self.out.push_str("</dd>\n"),
            TagEnd::Table => {
                let body = if self.table.has_body { "</tbody>\n" } else { "" };
                self.out.push_str(body);
                self.out.push_str("</table>\n</div>\n");
            }
            TagEnd::TableHead => {
                self.table.in_head = false;
                self.out.push_str("</tr>\n</thead>\n");
            }
            TagEnd::TableRow => self.out.push_str("</tr>\n"),
            TagEnd::TableCell => {
                self.table.cell += 1;
                self.out.push_str(if self.table.in_head { "</th>" } else { "</td>" });
            }
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Strikethrough => self.out.push_str("</del>"),
            TagEnd::Superscript => self.out.push_str("</sup>"),
            TagEnd::Subscript => self.out.push_str("</sub>"),
            TagEnd::Link => self.out.push_str("</a>"),
            TagEnd::Image | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// The level of a heading among those it stands beneath, with the page's title as the first.
    fn nest(&mut self, written: usize) -> usize {
        while self.outline.last().is_some_and(|above| *above >= written) {
            self.outline.pop();
        }
        self.outline.push(written);
        (self.outline.len() + 1).min(6)
    }

    /// Puts the heading's tag before its text, now that the text, and with it the id, is known.
    fn end_heading(&mut self, level: HeadingLevel) {
        let Some(heading) = self.heading.take() else { return };
        let level = self.nest(level as usize);
        let id = self.ids.assign(heading.id.as_deref(), &heading.text);
        let mut tag = format!("<h{level} id=\"");
        escape::attribute(&mut tag, &id);
        if !heading.classes.is_empty() {
            tag.push_str("\" class=\"");
            escape::attribute(&mut tag, &heading.classes.join(" "));
        }
        tag.push_str("\">");
        self.out.insert_str(heading.start, &tag);
        self.out.push_str("<a class=\"anchor\" href=\"#");
        escape::attribute(&mut self.out, &id);
        self.out.push_str(&format!("\" aria-label=\"Link to this section\">#</a></h{level}>\n"));
    }

    fn quote(&mut self, kind: Option<BlockQuoteKind>) {
        let Some(kind) = kind else { return self.block("<blockquote>\n") };
        let (class, title) = match kind {
            BlockQuoteKind::Note => ("note", "Note"),
            BlockQuoteKind::Tip => ("tip", "Tip"),
            BlockQuoteKind::Important => ("important", "Important"),
            BlockQuoteKind::Warning => ("warning", "Warning"),
            BlockQuoteKind::Caution => ("caution", "Caution"),
        };
        self.block(&format!(
            "<blockquote class=\"markdown-alert markdown-alert-{class}\">\n\
             <p class=\"markdown-alert-title\">{title}</p>\n"
        ));
    }

    fn end_code(&mut self) {
        let Some(Code { language, text }) = self.code.take() else { return };
        self.block("<pre class=\"code\" tabindex=\"0\"><code");
        match &language {
            Some(language) => {
                self.out.push_str(" class=\"language-");
                self.out.push_str(language);
                self.out.push_str("\">");
                highlight::write(&mut self.out, language, &text, &mut self.budget);
            }
            None => {
                self.out.push('>');
                escape::text(&mut self.out, &text);
            }
        }
        self.out.push_str("</code></pre>\n");
    }

    fn row(&mut self) {
        self.table.cell = 0;
        if !mem::replace(&mut self.table.has_body, true) {
            self.out.push_str("<tbody>\n");
        }
        self.out.push_str("<tr>");
    }

    fn cell(&mut self) {
        self.out.push_str(if self.table.in_head { "<th" } else { "<td" });
        // An attribute rather than a style: no inline style survives the sanitiser, and every theme aligns alike.
        self.out.push_str(match self.table.alignments.get(self.table.cell) {
            Some(Alignment::Left) => " align=\"left\">",
            Some(Alignment::Center) => " align=\"center\">",
            Some(Alignment::Right) => " align=\"right\">",
            Some(Alignment::None) | None => ">",
        });
    }

    fn link(&mut self, link_type: LinkType, url: &str, title: &str) {
        self.out.push_str("<a href=\"");
        if link_type == LinkType::Email {
            self.out.push_str("mailto:");
        }
        escape::href(&mut self.out, url);
        self.out.push('"');
        self.title(title);
        self.out.push('>');
    }

    fn title(&mut self, title: &str) {
        if !title.is_empty() {
            self.out.push_str(" title=\"");
            escape::attribute(&mut self.out, title);
            self.out.push('"');
        }
    }

    /// Writes an event inside an image: its text alone, for the `alt` attribute.
    fn alternative(&mut self, event: Event<'a>) {
        let text: Cow<'_, str> = match event {
            Event::Start(Tag::Image { .. }) => {
                self.images += 1;
                return;
            }
            Event::End(TagEnd::Image) => {
                self.images -= 1;
                if self.images == 0 {
                    let title = mem::replace(&mut self.image_title, CowStr::Borrowed(""));
                    self.out.push('"');
                    self.title(&title);
                    self.out.push_str(" loading=\"lazy\" decoding=\"async\">");
                }
                return;
            }
            Event::Text(ref text) | Event::Code(ref text) => Cow::Borrowed(&**text),
            Event::SoftBreak | Event::HardBreak => Cow::Borrowed(" "),
            Event::FootnoteReference(ref label) => Cow::Owned(format!("[{}]", self.footnotes.number(label))),
            _ => return,
        };
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(&text);
        }
        escape::attribute(&mut self.out, &text);
    }

    /// Writes a task's box and marks its list item, which is the last thing written.
    fn task(&mut self, done: bool) {
        let paragraph = self.out.ends_with("<li>\n<p>");
        if paragraph || self.out.ends_with("<li>") {
            let bare = if paragraph { "<li>\n<p>" } else { "<li>" };
            self.out.truncate(self.out.len() - bare.len());
            self.out.push_str("<li class=\"task-list-item\">");
            self.out.push_str(if paragraph { "\n<p>" } else { "" });
        }
        self.out.push_str(if done {
            "<input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"Done\"> "
        } else {
            "<input type=\"checkbox\" disabled=\"\" aria-label=\"To do\"> "
        });
    }
}
