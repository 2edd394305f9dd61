//! Puts a list of links to its headings into a rendered post or page.
//!
//! It works on the HTML, so it serves whatever rendered it. Where it does not understand a page (an element is left open,
//! a heading within a heading), it leaves it as it is.

mod ids;
mod list;
mod outline;
mod words;

use std::ops::Range;

use fleuron_plugin::prelude::*;
use outline::Outline;

/// A page with fewer listed headings gets no list of its own accord; the setting `minimum` says otherwise.
const MINIMUM: f64 = 3.0;
/// The deepest level that is listed; the setting `depth` says otherwise.
const DEPTH: f64 = 3.0;
/// What stands above the list; the setting `title` says otherwise.
const TITLE: &str = "Contents";

struct TableOfContents;

impl Guest for TableOfContents {
    fn filter_html(input: String) -> Option<String> {
        let mut outline = Outline::read(&input)?;
        let deepest = number("depth", DEPTH);
        outline.headings.retain(|heading| heading.level <= deepest);
        let edits = edits(&outline);
        (!edits.is_empty()).then(|| edited(&input, edits))
    }
}

export_plugin_hooks!(TableOfContents);

/// What takes the place of a range.
type Edit = (Range<usize>, String);

fn edits(outline: &Outline<'_>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    let place = place(outline);
    for mark in outline.no_toc.iter().chain(&outline.toc) {
        let is_kept = place.as_ref().is_some_and(|place| place.start == mark.start);
        if !is_kept {
            edits.push((mark.clone(), String::new()));
        }
    }
    if let Some(place) = place {
        let targets = ids::assign(outline);
        for (heading, target) in outline.headings.iter().zip(&targets) {
            if target.is_new {
                // Of two ids in one tag the first counts.
                let behind_name = heading.start + "<h2".len();
                edits.push((behind_name..behind_name, format!(" id=\"{}\"", target.id)));
            }
        }
        let title = host_api::get_config("title").unwrap_or_else(|| TITLE.to_owned());
        edits.push((place, list::html(title.trim(), outline, &targets)));
    }
    edits.sort_by_key(|(range, _)| range.start);
    edits
}

/// Where the list goes: in place of the first mark `[toc]`; else behind the first paragraph, or in front of the first
/// heading where that comes earlier. `None` where there is to be no list.
fn place(outline: &Outline<'_>) -> Option<Range<usize>> {
    if outline.headings.is_empty() || !outline.no_toc.is_empty() {
        return None;
    }
    if let Some(mark) = outline.toc.first() {
        return Some(mark.clone());
    }
    if outline.headings.len() < number("minimum", MINIMUM) {
        return None;
    }
    let top_level = outline.headings.iter().find(|heading| heading.is_top_level).map(|heading| heading.start);
    let place = outline.first_paragraph.into_iter().chain(top_level).min().unwrap_or(0);
    Some(place..place)
}

fn edited(input: &str, edits: Vec<Edit>) -> String {
    let growth: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut output = String::with_capacity(input.len() + growth);
    let mut copied = 0;
    for (range, text) in edits {
        output.push_str(&input[copied..range.start]);
        output.push_str(&text);
        copied = range.end;
    }
    output.push_str(&input[copied..]);
    output
}

fn number(key: &str, default: f64) -> usize {
    let number = host_api::get_config(key).and_then(|text| text.trim().parse::<f64>().ok());
    // A cast saturates.
    number.filter(|number| *number >= 1.0).unwrap_or(default) as usize
}

#[cfg(test)]
mod tests;
