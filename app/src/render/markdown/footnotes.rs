//! Footnotes: numbered in the order of their first mention, listed at the end of the document.

use std::collections::HashMap;
use std::fmt::Write;

/// Gathers references and definitions, in whatever order they come.
#[derive(Debug, Default)]
pub(super) struct Footnotes {
    /// How often each note is mentioned, in the order of the first mention.
    mentions: Vec<(String, usize)>,
    numbers: HashMap<String, usize>,
    definitions: HashMap<String, String>,
}

impl Footnotes {
    /// The number of the note, from 1, without mentioning it.
    pub(super) fn number(&mut self, label: &str) -> usize {
        let label = label.to_lowercase();
        let mentions = &mut self.mentions;
        *self.numbers.entry(label).or_insert_with_key(|label| {
            mentions.push((label.clone(), 0));
            mentions.len()
        })
    }

    /// Writes a mention: a raised number that leads to the note.
    pub(super) fn reference(&mut self, out: &mut String, label: &str) {
        let number = self.number(label);
        let Some((_, mentions)) = self.mentions.get_mut(number - 1) else { return };
        *mentions += 1;
        out.push_str("<sup class=\"footnote-reference\"><a id=\"fnref-");
        push_reference(out, number, *mentions);
        push(out, format_args!("\" href=\"#fn-{number}\" role=\"doc-noteref\" "));
        push(out, format_args!("aria-label=\"Footnote {number}\">{number}</a></sup>"));
    }

    /// Keeps what a note says. Of two notes with one label, the first counts.
    pub(super) fn define(&mut self, label: &str, html: String) {
        self.definitions.entry(label.to_lowercase()).or_insert(html);
    }

    /// Writes the list of the notes that are mentioned, each with links back to its mentions.
    pub(super) fn write(mut self, out: &mut String) {
        if self.mentions.is_empty() {
            return;
        }
        out.push_str("<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Footnotes\">\n<ol>\n");
        for (index, (label, mentions)) in self.mentions.iter().enumerate() {
            let number = index + 1;
            let html = self.definitions.remove(label).unwrap_or_default();
            push(out, format_args!("<li id=\"fn-{number}\">\n"));
            match html.trim_end().strip_suffix("</p>") {
                Some(body) => {
                    out.push_str(body);
                    back_links(out, number, *mentions);
                    out.push_str("</p>\n");
                }
                None => {
                    out.push_str(&html);
                    back_links(out, number, *mentions);
                    out.push('\n');
                }
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n</section>\n");
    }
}

fn back_links(out: &mut String, number: usize, mentions: usize) {
    for mention in 1..=mentions {
        out.push_str(" <a class=\"footnote-backref\" href=\"#fnref-");
        push_reference(out, number, mention);
        out.push_str("\" role=\"doc-backlink\" aria-label=\"Back to reference ");
        push_reference(out, number, mention);
        out.push_str("\">↩</a>");
    }
}

fn push_reference(out: &mut String, number: usize, mention: usize) {
    push(out, format_args!("{number}"));
    if mention > 1 {
        push(out, format_args!("-{mention}"));
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
