//! Markdown to HTML: CommonMark with the extensions people know from GitHub.
//!
//! Tables, footnotes, task lists, strikethrough, alerts, definition lists and heading attributes. Raw HTML passes
//! through untouched: sanitising comes last, after plugins had their say. The writers here put out exactly the form
//! in which the sanitiser writes HTML, so that what needs no cleaning comes out of it unchanged.

mod comment;
mod footnotes;
mod headings;
mod writer;

use pulldown_cmark::{Options, Parser};

/// Ids that pages use for themselves. Headings and authors get others, so that skip links, reply links and the
/// labels of forms keep pointing at the page's own parts.
pub const RESERVED_IDS: [&str; 16] = [
    "comments",
    "comments-title",
    "content",
    "email",
    "email-hint",
    "field-content",
    "field-email",
    "field-nickname",
    "field-website",
    "footer",
    "header",
    "main",
    "navigation",
    "respond",
    "respond-title",
    "tags-label",
];

/// Renders the Markdown of a post or page. The outcome is **not** safe to show before
/// [`sanitize::content`](super::sanitize::content) has cleaned it.
///
/// Headings get unique ids (`## Über uns` becomes `über-uns`; `{#id}` is honoured unless the id is taken or one of
/// [`RESERVED_IDS`]) and a link to themselves. A page has its title as `h1`, so the outermost headings
/// become `h2`, those beneath them `h3`, and so on: whatever levels were written, none is left out. Fenced code in a known language is highlighted.
pub fn to_html(markdown: &str) -> String {
    let mut writer = writer::Writer::new(markdown.len());
    for event in Parser::new_ext(markdown, options()) {
        writer.event(event);
    }
    writer.finish()
}

/// Renders the Markdown of a comment: paragraphs, emphasis, code, quotes, lists and links (bare addresses too).
/// Line breaks are kept. Raw HTML is shown as it was written; headings become bold, images their description,
/// and there are no tables. To be cleaned by [`sanitize::comment`](super::sanitize::comment).
pub fn comment_to_html(markdown: &str) -> String {
    comment::to_html(markdown)
}

/// The extensions that posts and pages are written in.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sanitize;

    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/markdown");

    #[test]
    fn renders_the_fixtures() {
        let mut seen = 0;
        for entry in std::fs::read_dir(FIXTURES).expect("fixtures") {
            let path = entry.expect("entry").path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let markdown = std::fs::read_to_string(&path).expect("markdown");
            let expected = std::fs::read_to_string(path.with_extension("html")).expect("html beside it");
            let html = to_html(&markdown);
            assert_eq!(html, expected, "{}", path.display());
            let safe = sanitize::content(&html).expect("no depth");
            assert_eq!(safe.as_str(), expected, "sanitised: {}", path.display());
            seen += 1;
        }
        assert!(seen >= 8, "{seen} fixtures");
    }

    #[test]
    fn gives_headings_unique_ids() {
        let html = to_html(
            "## One\n\n## One\n\n## One 2\n\n## Über *uns* & `co`\n\n## !?\n\n## X {#one}\n\n## Main",
        );
        for id in ["one", "one-2", "one-2-2", "über-uns-co", "section", "one-3", "main-2"] {
            assert!(html.contains(&format!("<h2 id=\"{id}\">")), "{id}: {html}");
            assert!(html.contains(&format!("href=\"#{id}\"")), "{id}: {html}");
        }
        assert!(to_html("## A {#own .wide}").starts_with("<h2 id=\"own\" class=\"wide\">A<a "));
    }

    #[test]
    fn moves_headings_down_only_below_a_title_of_their_own() {
        assert!(to_html("# A\n\n## B\n\n###### C").contains("<h3 id=\"b\">"));
        assert!(to_html("# A\n\n###### C").contains("<h3 id=\"c\">"));
        let levels = to_html("#### A\n\n#### B\n\n## C\n\n##### D\n\n### E\n\n# F");
        for heading in ["<h2 id=\"a", "<h2 id=\"b", "<h2 id=\"c", "<h3 id=\"d", "<h3 id=\"e", "<h2 id=\"f"] {
            assert!(levels.contains(heading), "{heading}: {levels}");
        }
        assert!(to_html("A\n=\n\nB\n-").contains("<h3 id=\"b\">"));
        assert!(to_html("> - # A\n\n## B").contains("<h3 id=\"b\">"));
        assert!(to_html("```\n# code\n```\n\n## B").contains("<h2 id=\"b\">"));
    }

    #[test]
    fn highlights_fenced_code() {
        let html = to_html("```rust,ignore\nlet x = \"<b>\";\n```");
        assert!(
            html.starts_with("<pre class=\"code\" tabindex=\"0\"><code class=\"language-rust\"><span"),
            "{html}"
        );
        assert!(html.contains("&lt;b&gt;"), "{html}");
        assert_eq!(sanitize::content(&html).expect("shallow").as_str(), html);
    }

    #[test]
    fn takes_odd_input_in_its_stride() {
        for markdown in
            ["", "\0", "\u{feff}# x", "[^1]", "[^1]: alone", "|a|\n|-|", "```", "> ", "- [ ]", "# {#}"]
        {
            let html = to_html(markdown);
            assert!(sanitize::content(&html).is_ok(), "{markdown:?}: {html}");
        }
        assert_eq!(to_html("[^1]: alone"), "");
    }

    #[test]
    fn takes_long_runs_in_linear_time() {
        for run in
            ["[", "*", "`", "_", "![", "<", "&", "[^", "|", "(", "~", "*_", "a*b_", "[](", "<!--", "> "]
        {
            // A word in front: runs of some signs alone are a rule.
            let markdown = format!("a {}", run.repeat(100_000 / run.len()));
            let html = to_html(&markdown);
            assert!(html.len() >= 100 || run == "<!--", "{run}: {}", html.len());
            if let Ok(safe) = sanitize::content(&html) {
                assert!(!safe.as_str().contains("<script"));
            }
        }
        let quotes = to_html(&">".repeat(20_000));
        assert_eq!(quotes.matches("<blockquote>").count(), 20_000);
        assert!(sanitize::content(&quotes).is_err());
    }

    #[test]
    fn renders_comments_plainly() {
        for (markdown, expected) in [
            (
                "Hi *there*,\nyou **all** ~~x~~",
                "<p>Hi <em>there</em>,<br>you <strong>all</strong> <del>x</del></p>\n",
            ),
            ("<b onclick=x>no</b>", "<p>&lt;b onclick=x&gt;no&lt;/b&gt;</p>\n"),
            ("<script>\nx\n</script>", "<p>&lt;script&gt;<br>x<br>&lt;/script&gt;</p>\n"),
            ("# Big", "<p><strong>Big</strong></p>\n"),
            ("![a *b*](x.png)", "<p>a b</p>\n"),
            ("```rust\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"),
            (
                "> q\n\n- a\n- b",
                "<blockquote>\n<p>q</p>\n</blockquote>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n",
            ),
            ("[x](/y \"t\")", "<p><a href=\"/y\">x</a></p>\n"),
            ("a | b\n--|--\n1 | 2", "<p>a | b<br>--|--<br>1 | 2</p>\n"),
            (
                "see https://example.com/a_b?c=1&d=(e). Or <https://x.org>",
                "<p>see <a href=\"https://example.com/a_b?c=1&amp;d=(e)\">https://example.com/a_b?c=1&amp;d=(e)</a>. \
                 Or <a href=\"https://x.org\">https://x.org</a></p>\n",
            ),
            ("(http://a.b/c)", "<p>(<a href=\"http://a.b/c\">http://a.b/c</a>)</p>\n"),
            ("xhttps://a.b https://", "<p>xhttps://a.b https://</p>\n"),
            (
                "`https://a.b` [https://a.b](/c)",
                "<p><code>https://a.b</code> <a href=\"/c\">https://a.b</a></p>\n",
            ),
        ] {
            assert_eq!(comment_to_html(markdown), expected, "{markdown}");
        }
    }
}
