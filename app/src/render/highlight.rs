//! Highlights code on the server: coloured text without a script on the page.
//!
//! Every run of text takes one flat span whose classes name what it is (`<span class="hl-keyword hl-control">`),
//! so that a theme colours code with plain CSS and nested scopes neither bloat the page nor count as depth.
//! Highlighting is a courtesy, so it is bounded: what is too long, too slow or unknown stays plain text.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, ScopeStackOp, SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

use super::escape;

/// The longest block that is highlighted, in bytes.
const BLOCK_LIMIT: usize = 64 * 1024;

/// The longest line that is highlighted, in bytes: patterns may take quadratic time in its length.
const LINE_LIMIT: usize = 2_000;

/// How much of one document is highlighted, in bytes.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// How long highlighting one document may take. A safety net that ordinary code does not come near.
const DOCUMENT_TIME: Duration = Duration::from_secs(2);

/// How many atoms of a scope become classes: `entity.name.function`, not what follows.
const ATOM_LIMIT: usize = 3;

/// Names people write on their code blocks that the syntax set does not know.
const ALIASES: [(&str, &str); 12] = [
    ("cjs", "js"),
    ("csharp", "cs"),
    ("docker", "dockerfile"),
    ("golang", "go"),
    ("jsonc", "json"),
    ("mjs", "js"),
    ("node", "js"),
    ("objc", "m"),
    ("python3", "py"),
    ("shell", "bash"),
    ("viml", "vim"),
    ("zsh", "bash"),
];

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// What may still be spent on highlighting one document.
#[derive(Debug)]
pub struct Budget {
    bytes: usize,
    deadline: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: DOCUMENT_LIMIT, deadline: None }
    }
}

impl Budget {
    fn take(&mut self, code: &str) -> Option<Instant> {
        self.bytes = self.bytes.checked_sub(code.len())?;
        Some(*self.deadline.get_or_insert_with(|| Instant::now() + DOCUMENT_TIME))
    }
}

/// The language an info string names: the first word of `rust,ignore`, `rust title="x"` or `{.rust}`, in lower
/// case. None if there is none, or if it could not be part of a class name.
pub fn language(info: &str) -> Option<String> {
    let word = info.split([' ', '\t', ',', ';', '{', '}']).find(|word| !word.is_empty())?;
    let word = word.trim_start_matches('.');
    let nameable =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'#' | b'.');
    (!word.is_empty() && word.bytes().all(nameable)).then(|| word.to_ascii_lowercase())
}

/// Appends `code` to `out` as HTML, highlighted if the language is known and the budget allows, plain if not.
pub fn write(out: &mut String, language: &str, code: &str, budget: &mut Budget) {
    let fits = code.len() <= BLOCK_LIMIT && code.lines().all(|line| line.len() <= LINE_LIMIT);
    let highlighted = syntax(language).filter(|_| fits).and_then(|syntax| {
        let deadline = budget.take(code)?;
        // A syntax definition with a pattern that the regex engine refuses panics inside the library.
        catch_unwind(AssertUnwindSafe(|| highlight(syntax, code, deadline))).ok().flatten()
    });
    match highlighted {
        Some(html) => out.push_str(&html),
        None => escape::text(out, code),
    }
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let known = ALIASES.iter().find(|(alias, _)| *alias == language).map_or(language, |(_, name)| *name);
    let plain = matches!(known, "console" | "none" | "output" | "plain" | "plaintext" | "text" | "txt");
    if plain { None } else { SYNTAXES.find_syntax_by_token(known) }
}

fn highlight(syntax: &SyntaxReference, code: &str, deadline: Instant) -> Option<String> {
    let mut state = ParseState::new(syntax);
    let mut spans = Spans::new(syntax, code.len());
    for line in LinesWithEndings::from(code) {
        if Instant::now() > deadline {
            return None;
        }
        spans.line(line, &state.parse_line(line, &SYNTAXES).ok()?)?;
    }
    Some(spans.finish())
}

/// Writes text under the class of its innermost telling scope, one span for each run.
struct Spans {
    html: String,
    stack: ScopeStack,
    classes: HashMap<Scope, Option<Rc<str>>>,
    open: Option<Rc<str>>,
    language: String,
}

impl Spans {
    fn new(syntax: &SyntaxReference, length: usize) -> Self {
        let scope = syntax.scope.build_string();
        Self {
            html: String::with_capacity(length * 3),
            stack: ScopeStack::new(),
            classes: HashMap::new(),
            open: None,
            language: scope.rsplit('.').next().unwrap_or_default().to_owned(),
        }
    }

    fn line(&mut self, line: &str, operations: &[(usize, ScopeStackOp)]) -> Option<()> {
        let mut written = 0;
        for (index, operation) in operations {
            if *index > written {
                self.text(line.get(written..*index)?);
                written = *index;
            }
            self.stack.apply(operation).ok()?;
        }
        self.text(line.get(written..)?);
        Some(())
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let class = self.class();
        // Blanks look alike in every colour, so they need not end a run.
        if class != self.open && !text.trim_ascii().is_empty() {
            self.close();
            if let Some(class) = &class {
                self.html.push_str("<span class=\"");
                self.html.push_str(class);
                self.html.push_str("\">");
            }
            self.open = class;
        }
        escape::text(&mut self.html, text);
    }

    fn class(&mut self) -> Option<Rc<str>> {
        let Self { stack, classes, language, .. } = self;
        stack.as_slice().iter().rev().find_map(|scope| {
            classes
                .entry(*scope)
                .or_insert_with(|| class(&scope.build_string(), language.as_str()).map(Rc::from))
                .clone()
        })
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
    }

    fn finish(mut self) -> String {
        self.close();
        self.html
    }
}

/// The classes for a scope, none if it says nothing that one would colour. The delimiters of strings and comments
/// take the colour of what they delimit.
fn class(scope: &str, language: &str) -> Option<String> {
    let mut atoms = scope.split('.');
    let telling = match atoms.next()? {
        "comment" | "constant" | "entity" | "invalid" | "keyword" | "markup" | "storage" | "string"
        | "support" | "variable" => true,
        "punctuation" => atoms.next() != Some("definition"),
        _ => false,
    };
    telling.then(|| {
        let mut classes = String::new();
        for atom in scope.split('.').take(ATOM_LIMIT).filter(|atom| *atom != language) {
            if !classes.is_empty() {
                classes.push(' ');
            }
            classes.push_str("hl-");
            escape::attribute(&mut classes, atom);
        }
        classes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(language: &str, code: &str) -> String {
        let mut out = String::new();
        write(&mut out, language, code, &mut Budget::default());
        out
    }

    fn visible(html: &str) -> String {
        let mut inside = false;
        let text: String = html
            .chars()
            .filter(|char| {
                let shown = !inside && *char != '<';
                inside = *char == '<' || (inside && *char != '>');
                shown
            })
            .collect();
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    #[test]
    fn colours_what_it_knows() {
        let rust = html("rust", "fn main() {\n    let x = \"a < b\"; // why\n}\n");
        assert!(
            rust.contains("<span class=\"hl-storage") || rust.contains("<span class=\"hl-keyword"),
            "{rust}"
        );
        assert!(rust.contains("<span class=\"hl-string"), "{rust}");
        assert!(rust.contains("<span class=\"hl-comment"), "{rust}");
        assert!(rust.contains("a &lt; b"), "{rust}");
        assert!(!rust.contains("hl-rust"), "{rust}");
        assert!(html("toml", "[package]\nname = \"x\"\n").contains("<span"));
        assert!(html("py", "def f(): return None\n").contains("<span"));
        assert!(html("golang", "package main\n").contains("<span"));
    }

    #[test]
    fn changes_nothing_but_colours() {
        for (language, code) in [
            ("rust", "fn a<'a>(x: &'a str) -> Vec<Vec<u8>> { vec![] }\n"),
            ("html", "<!doctype html>\n<p class=\"x\">&amp;</p><script>if (1 < 2) {}</script>\n"),
            ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"),
            ("bash", "echo \"$HOME\" | grep -v '^#' # no newline at the end"),
            ("json", "{\"a\": [1, null, \"\\u00fc\"]}"),
            ("rust", "(".repeat(1_000).as_str()),
            ("rust", "/* never closed\n\"nor this\n"),
        ] {
            let html = html(language, code);
            assert_eq!(visible(&html), code, "{html}");
            assert_eq!(html.matches("<span").count(), html.matches("</span>").count());
        }
    }

    #[test]
    fn leaves_the_rest_plain() {
        for language in ["console", "text", "no-such-language", ""] {
            assert_eq!(html(language, "$ a <b>\n"), "$ a &lt;b&gt;\n");
        }
        let long_line = format!("let x = \"{}\";\n", "y".repeat(LINE_LIMIT));
        assert_eq!(html("rust", &long_line), long_line);
        let long_block = "let x = 1;\n".repeat(BLOCK_LIMIT / 8);
        assert_eq!(html("rust", &long_block), long_block);
    }

    #[test]
    fn spends_a_budget() {
        let mut budget = Budget { bytes: 20, deadline: None };
        let mut out = String::new();
        write(&mut out, "rust", "let x = 1;\n", &mut budget);
        assert!(out.contains("<span"));
        out.clear();
        write(&mut out, "rust", "let x = 1;\n", &mut budget);
        assert_eq!(out, "let x = 1;\n");
    }

    #[test]
    fn reads_info_strings() {
        for (info, expected) in [
            ("rust", Some("rust")),
            ("rust,ignore", Some("rust")),
            ("Rust title=\"x\"", Some("rust")),
            ("{.rust .numbered}", Some("rust")),
            ("c++", Some("c++")),
            ("rust{1,3}", Some("rust")),
            ("", None),
            ("\"><script>", None),
            ("...", None),
        ] {
            assert_eq!(language(info).as_deref(), expected, "{info}");
        }
    }
}
