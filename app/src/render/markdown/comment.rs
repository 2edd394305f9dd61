//! The plain Markdown of comments.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use crate::render::escape;

/// See [`comment_to_html`](super::comment_to_html).
pub(super) fn to_html(markdown: &str) -> String {
    let mut writer =
        Writer { out: String::with_capacity(markdown.len() * 2), images: 0, links: 0, code: false };
    for event in TextMergeStream::new(Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH)) {
        writer.event(event);
    }
    writer.out
}

struct Writer {
    out: String,
    images: usize,
    links: usize,
    code: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Image { .. }) => self.images += 1,
            Event::End(TagEnd::Image) => self.images = self.images.saturating_sub(1),
            Event::Text(text) => self.text(&text),
            Event::Code(text) if self.images == 0 => {
                self.out.push_str("<code>");
                escape::text(&mut self.out, &text);
                self.out.push_str("</code>");
            }
            Event::Code(text) | Event::InlineHtml(text) => escape::text(&mut self.out, &text),
            Event::Html(html) => self.escaped_lines(&html),
            Event::SoftBreak | Event::HardBreak if self.images > 0 => self.out.push(' '),
            Event::SoftBreak | Event::HardBreak => self.out.push_str("<br>"),
            // Inside an image there is only its description.
            Event::Start(_) | Event::End(_) if self.images > 0 => {}
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Rule
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn escaped_lines(&mut self, html: &str) {
        for line in html.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            escape::text(&mut self.out, text);
            self.out.push_str(if text.len() < line.len() { "<br>" } else { "" });
        }
    }

    fn text(&mut self, text: &str) {
        if self.code || self.links > 0 || self.images > 0 {
            escape::text(&mut self.out, text);
        } else {
            self.linked(text);
        }
    }

    fn block(&mut self, html: &str) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.push_str(html);
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block("<p>"),
            Tag::Heading { .. } => self.block("<p><strong>"),
            Tag::BlockQuote(_) => self.block("<blockquote>\n"),
            Tag::CodeBlock(_) => {
                self.code = true;
                self.block("<pre><code>");
            }
            Tag::List(None) => self.block("<ul>\n"),
            Tag::List(Some(1)) => self.block("<ol>\n"),
            Tag::List(Some(first)) => self.block(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.block("<li>"),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Link { link_type, dest_url, .. } => {
                self.links += 1;
                let scheme = if *link_type == LinkType::Email { "mailto:" } else { "" };
                self.open_link(scheme, dest_url);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out.push_str("</p>\n"),
            TagEnd::HtmlBlock => {
                // The block's last line needs no break after it.
                self.out.truncate(self.out.strip_suffix("<br>").unwrap_or(&self.out).len());
                self.out.push_str("</p>\n");
            }
            TagEnd::Heading(_) => self.out.push_str("</strong></p>\n"),
            TagEnd::BlockQuote(_) => self.block("</blockquote>\n"),
            TagEnd::CodeBlock => {
                self.code = false;
                self.out.push_str("</code></pre>\n");
            }
            TagEnd::List(true) => self.block("</ol>\n"),
            TagEnd::List(false) => self.block("</ul>\n"),
            TagEnd::Item => self.out.push_str("</li>\n"),
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Strikethrough => self.out.push_str("</del>"),
            TagEnd::Link => {
                self.links = self.links.saturating_sub(1);
                self.out.push_str("</a>");
            }
            _ => {}
        }
    }

    fn open_link(&mut self, scheme: &str, url: &str) {
        self.out.push_str("<a href=\"");
        self.out.push_str(scheme);
        escape::href(&mut self.out, url);
        self.out.push_str("\">");
    }

    /// Writes text in which bare web addresses become links.
    fn linked(&mut self, text: &str) {
        let mut written = 0;
        for (start, _) in text.match_indices("http") {
            if start < written || text[..start].ends_with(char::is_alphanumeric) {
                continue;
            }
            let url = &text[start..start + address(&text[start..])];
            if url.is_empty() {
                continue;
            }
            escape::text(&mut self.out, &text[written..start]);
            self.open_link("", url);
            escape::text(&mut self.out, url);
            self.out.push_str("</a>");
            written = start + url.len();
        }
        escape::text(&mut self.out, &text[written..]);
    }
}

/// How many bytes of the beginning of `text` are a web address, not counting punctuation that ends a sentence
/// and brackets that were opened before it.
fn address(text: &str) -> usize {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return 0 };
    if !host.starts_with(|char: char| char.is_alphanumeric() || char == '[') {
        return 0;
    }
    let scheme = text.len() - host.len();
    let end =
        host.find(|char: char| char.is_whitespace() || char == '<' || char == '"').unwrap_or(host.len());
    let mut url = &host[..end];
    let (opened, mut closed) = (url.matches('(').count(), url.matches(')').count());
    loop {
        let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let unopened = shorter.ends_with(')') && closed > opened;
        if unopened {
            closed -= 1;
        }
        let shorter = if unopened { &shorter[..shorter.len() - 1] } else { shorter };
        if shorter.len() == url.len() {
            break;
        }
        url = shorter;
    }
    scheme + url.len()
}
