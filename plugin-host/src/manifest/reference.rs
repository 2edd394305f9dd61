//! The reference of `manifest.toml` for authors, rendered from the types and tables that read it.

mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::Path;

use super::Manifest;
use crate::consent::{self, Ask};
use crate::hook::{HookKind, HookPoint};
use crate::ports::SiteView;
use table::{Bounds, Key, Presence, SECTIONS, SETTING_TYPES, Section};

/// A manifest that has everything.
const EXAMPLE: &str = include_str!("example.toml");

/// The words for a cron expression, and what they stand for.
const SHORTCUTS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// Cron expressions, and when they are due.
const EXPRESSIONS: [(&str, &str); 6] = [
    ("*/15 * * * *", "every quarter of an hour"),
    ("0 3 * * *", "every night at three"),
    ("30 8 * * MON-FRI", "on working days at half past eight"),
    ("0 0 1,15 * *", "on the first and the fifteenth of each month"),
    ("0 0 1 * MON", "on the first of each month, and on every Monday"),
    ("*/10 * * * * *", "every ten seconds"),
];

/// The contracts, whose functions the hooks are.
const CONTRACTS: [&str; 2] =
    [include_str!("../../../plugin-wit/plugin.wit"), include_str!("../../../plugin-wit/wit/host.wit")];

/// Lines of prose are broken before this many characters.
const WIDTH: usize = 120;

/// Everything that may stand in a manifest, in Markdown.
pub fn reference() -> String {
    let mut page = format!("# The manifest\n\n{}", prose(INTRODUCTION));
    let _ = write!(page, "\n## A complete example\n\n```toml\n{EXAMPLE}```\n");
    page.push_str(&consent_of_example());
    page.push_str("\n## Tables\n\n");
    let headings = ["Key", "Written", "As in", "Required", "Meaning"];
    page.push_str(&rows(&headings, SECTIONS.iter().map(section_row)));
    for section in &SECTIONS {
        page.push_str(&keys_of(section));
    }
    page.push_str(&types());
    page.push_str(&cron());
    page.push_str(&views());
    page.push_str(&hooks());
    page
}

const INTRODUCTION: &str = "\
    `manifest.toml` says who a plugin is, when it runs and what it asks for. It stands beside the code. It may be JSON \
    of the same shape as well, and it may be within the code, as a custom section named `manifest`, where no file \
    stands beside it.\n\n\
    A manifest is read as a whole: all its faults are told at once, each with the file, the key (`plugin.id`, \
    `hooks.filter-html.priority`, `cron[0].cron_expr`) and what would be right. A key that is not known is a fault, \
    too. A plugin whose manifest has one is not loaded, and a version of it that runs already goes on running.\n\n\
    This page is made from the types that read manifests. What hooks are given and what host calls answer is in the \
    [guide](../README.md).";

fn consent_of_example() -> String {
    // A test reads it without faults.
    let Ok(manifest) = Manifest::parse(EXAMPLE, Path::new("manifest.toml")) else { return String::new() };
    let introduction = prose(
        "Whoever installs a plugin is asked to agree to what its manifest wants. For the example above they read this, \
         the riskiest first. The key is what is kept of it: a later version that asks for the same or less needs no \
         further question.",
    );
    let row = |ask: &Ask| {
        let risk = format!("{:?}", ask.risk).to_lowercase();
        vec![ask.sentence.clone(), risk, code(&ask.key)]
    };
    let asks = rows(&["Sentence", "Risk", "Key"], consent::asks(&manifest).iter().map(row));
    let mut text = format!("\n## What people are asked\n\n{introduction}\n{asks}");
    text.push_str("\nBeside that they are warned of what is worse in combination:\n\n");
    for warning in consent::warnings(&manifest) {
        let _ = writeln!(text, "- {warning}");
    }
    text
}

fn section_row(section: &Section) -> Vec<String> {
    let required = if section.is_required { "yes" } else { "no" };
    let (key, header, sample) = (code(section.name), code(section.header), code(section.sample));
    vec![key, header, sample, required.to_owned(), section.meaning.to_owned()]
}

fn keys_of(section: &Section) -> String {
    let mut text = format!("\n### {}\n\n{}", code(section.header), prose(section.notes));
    if !section.keys.is_empty() {
        text.push('\n');
        let headings = ["Key", "Value", "When left out", "Limits", "Meaning", "Example"];
        text.push_str(&rows(&headings, section.keys.iter().map(key_row)));
    }
    text
}

fn key_row(key: &Key) -> Vec<String> {
    let mut limits = match key.bounds {
        Bounds::None => String::new(),
        Bounds::Range(low, high) => format!("{low} to {high}"),
        Bounds::Words(words) => {
            words.iter().map(|word| code(&format!("\"{word}\""))).collect::<Vec<_>>().join(", ")
        }
        Bounds::Text(text) => text.to_owned(),
    };
    if !key.types.is_empty() {
        let types: Vec<String> = key.types.iter().map(|name| code(name)).collect();
        let only = format!("only with type {}", types.join(" or "));
        limits = if limits.is_empty() { only } else { format!("{limits}; {only}") };
    }
    let presence = match key.presence {
        Presence::Required => "required".to_owned(),
        Presence::Default(value) => code(value),
        Presence::Optional(words) => words.to_owned(),
    };
    vec![code(key.name), key.kind.to_owned(), presence, limits, key.meaning.to_owned(), code(key.example)]
}

fn types() -> String {
    let row = |(name, value, form): &(&str, &str, &str)| {
        let keys = SECTIONS.iter().flat_map(|section| section.keys);
        let keys: Vec<String> =
            keys.filter(|key| key.types.contains(name)).map(|key| code(key.name)).collect();
        vec![code(name), (*value).to_owned(), (*form).to_owned(), keys.join(", ")]
    };
    let mut text = String::from("\n## Types of settings\n\n");
    text.push_str(&rows(&["Type", "`default`", "What it is", "More keys"], SETTING_TYPES.iter().map(row)));
    text.push('\n');
    text.push_str(&prose(
        "The plugin reads a value with `get-config`, always as text: what the administrator set, else the default, else \
         nothing. A changed value counts from the next call on. A secret is never shown again, not even where a later \
         version declares the key as another type.",
    ));
    text
}

fn cron() -> String {
    let introduction = prose(
        "Five fields, or six with seconds before them, or seven with the year behind those. A field is `*`, a value, a \
         list (`1,15`), a range (`MON-FRI`) or steps (`*/15`). Times are those of the job's `time_zone`. Where both day \
         fields are set, either is enough. A due time at which the run before is still at work is left out. An expression \
         that is never due is a fault.",
    );
    let changes = prose(
        "An expression that matches every hour, such as `*/15 * * * *` or `0 * * * *`, goes on in real time when a zone's \
         clocks are changed: every quarter of an hour is one, also in the hour that comes twice. Any other one keeps to \
         the clock on the wall. What is due at a time that the clocks leave out is due right after the gap, once; what is \
         due at a time that comes twice is due the first time only.",
    );
    let mut text = format!("\n## Cron expressions\n\n{introduction}\n");
    let fields = [
        ("second", "0-59; only with six or seven fields"),
        ("minute", "0-59"),
        ("hour", "0-23"),
        ("day of the month", "1-31"),
        ("month", "1-12 or `JAN`-`DEC`"),
        ("day of the week", "0-7 or `SUN`-`SAT`; 0 and 7 are Sunday"),
        ("year", "only with seven fields"),
    ];
    let row = |(field, values): &(&str, &str)| vec![(*field).to_owned(), (*values).to_owned()];
    text.push_str(&rows(&["Field", "Values"], fields.iter().map(row)));
    let row = |(expression, due): &(&str, &str)| vec![code(expression), (*due).to_owned()];
    text.push('\n');
    text.push_str(&rows(&["Expression", "Due"], EXPRESSIONS.iter().map(row)));
    let row = |(word, expression): &(&str, &str)| vec![code(word), code(expression)];
    text.push('\n');
    text.push_str(&rows(&["Word", "Stands for"], SHORTCUTS.iter().map(row)));
    let _ = write!(text, "\n### When clocks are changed\n\n{changes}");
    text
}

fn views() -> String {
    let introduction = prose(
        "What `database` may name beside `\"own\"`. Views are tables that can be read in SQL, beside the plugin's own \
         tables, and never written. Their columns are in the [guide](../README.md#views-of-the-site).",
    );
    let mut text = format!("\n## Views of the site\n\n{introduction}\n");
    let row = |view: SiteView| {
        let (tables, meaning) = view_tables(view);
        let tables: Vec<String> = tables.iter().map(|name| code(name)).collect();
        let ask = Ask::of_text(&format!("database:read:{view}"));
        vec![code(&format!("\"read:{view}\"")), tables.join(", "), meaning.to_owned(), ask.sentence]
    };
    let headings = ["Permission", "Tables", "Rows", "What people are asked"];
    text.push_str(&rows(&headings, SiteView::ALL.into_iter().map(row).chain([content_row()])));
    text
}

fn content_row() -> Vec<String> {
    let meaning = "published entries of the content type, and with \"read:drafts\" drafts too; a column for each field that \
                   is not private";
    let ask = Ask::of_text("database:read:content:event");
    let (permission, table) = (code("\"read:content:TYPE\""), code("core_content_TYPE"));
    vec![permission, table, meaning.to_owned(), ask.sentence]
}

fn view_tables(view: SiteView) -> (&'static [&'static str], &'static str) {
    match view {
        SiteView::Posts => (&["core_posts"], "published posts"),
        SiteView::Pages => (&["core_pages"], "published pages"),
        SiteView::Drafts => (
            &["core_posts", "core_pages"],
            "beside \"read:posts\", \"read:pages\" or \"read:content:TYPE\": unpublished ones too, never the trash; opens \
             drafts to `get-post`",
        ),
        SiteView::Comments => (&["core_comments"], "approved comments on published posts"),
        SiteView::Categories => (&["core_categories"], "categories"),
        SiteView::Tags => (&["core_tags", "core_post_tags"], "tags, and which posts carry them"),
        SiteView::Users => (&["core_users"], "names and roles, never addresses or passwords"),
    }
}

fn hooks() -> String {
    let introduction = prose(
        "A hook fires where the manifest lists it and the code exports it. A filter may change what it is given; an \
         action is told what happened. `on_error = \"abort\"` is for filters, `content_types` for the hooks whose name \
         begins with `on-content-`: without it they fire for entries of every content type.",
    );
    let mut text = format!("\n## Hooks\n\n{introduction}\n");
    let row = |point: HookPoint| {
        let kind = match point.kind() {
            HookKind::Filter => "filter",
            HookKind::Action => "action",
        };
        let ask = Ask::of_text(&format!("hook:{point}"));
        let (name, summary) = (code(point.name()), point.summary().to_owned());
        vec![name, kind.to_owned(), summary, code(signature(point)), ask.sentence]
    };
    let headings = ["Hook", "Kind", "What for", "In the contract", "What people are asked"];
    text.push_str(&rows(&headings, HookPoint::ALL.into_iter().map(row)));
    text
}

/// The type of a hook's function, as its contract has it.
fn signature(point: HookPoint) -> &'static str {
    let of_line = |line: &'static str| line.trim().strip_prefix(point.name())?.strip_prefix(": ");
    let found = CONTRACTS.iter().flat_map(|contract| contract.lines()).find_map(of_line);
    found.unwrap_or_default().trim_end_matches(';')
}

/// Paragraphs, which empty lines part, with their lines broken.
fn prose(text: &str) -> String {
    let mut broken = String::new();
    let mut length = 0;
    for (number, paragraph) in text.split("\n\n").enumerate() {
        if number > 0 {
            broken.push_str("\n\n");
            length = 0;
        }
        for word in paragraph.split_whitespace() {
            let wanted = word.chars().count();
            if length > 0 && length + 1 + wanted > WIDTH {
                broken.push('\n');
                length = 0;
            } else if length > 0 {
                broken.push(' ');
                length += 1;
            }
            broken.push_str(word);
            length += wanted;
        }
    }
    broken.push('\n');
    broken
}

/// A table of Markdown.
fn rows(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", headings.join(" | "), " --- |".repeat(headings.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
