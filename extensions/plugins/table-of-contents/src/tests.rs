use super::TableOfContents;
use fleuron_plugin::{Guest, testing::MemoryHost};

/// A heading as the site renders it.
fn heading(level: usize, id: &str, words: &str) -> String {
    format!(
        "<h{level} id=\"{id}\">{words}<a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to this section\">#</a></h{level}>\n"
    )
}

/// Three headings of the second level.
fn three() -> String {
    ["one", "two", "three"].map(|id| heading(2, id, id) + "<p>Text.</p>\n").concat()
}

/// The list of `three()`.
const LIST: &str = "<section class=\"table-of-contents\" aria-label=\"Contents\">\n\
    <p class=\"table-of-contents-title\">Contents</p>\n\
    <ul>\n<li><a href=\"#one\">one</a></li>\n<li><a href=\"#two\">two</a></li>\n<li><a href=\"#three\">three</a></li>\n\
    </ul>\n</section>\n";

fn filtered(html: &str) -> Option<String> {
    TableOfContents::filter_html(html.to_owned())
}

#[test]
fn the_list_follows_the_first_paragraph() {
    let page = format!("<p>Lead.</p>\n<p>More.</p>\n{}", three());
    assert_eq!(filtered(&page), Some(format!("<p>Lead.</p>\n{LIST}<p>More.</p>\n{}", three())));
}

#[test]
fn it_stands_before_the_first_heading_at_the_latest() {
    assert_eq!(filtered(&three()), Some(format!("{LIST}{}", three())));
    let quoted = "<blockquote>\n<p>Motto.</p>\n</blockquote>\n";
    assert_eq!(filtered(&format!("{quoted}{}", three())), Some(format!("{quoted}{LIST}{}", three())));
    let listed =
        "<ul><li><h2 id=\"one\">one</h2><li><h2 id=\"two\">two</h2><li><h2 id=\"three\">three</h2></ul>";
    assert_eq!(filtered(listed), Some(format!("{LIST}{listed}")), "not within the list");
}

#[test]
fn a_mark_says_where_it_goes() {
    let page = format!("<p>Lead.</p>\n{}<p>[toc]</p>\n<p>End.</p>\n<p>[TOC]</p>\n", three());
    assert_eq!(filtered(&page), Some(format!("<p>Lead.</p>\n{}{LIST}<p>End.</p>\n", three())));
    let short = format!("<p>[toc]</p>\n{}", heading(2, "one", "one"));
    let filtered_short = filtered(&short).unwrap_or_default();
    assert!(filtered_short.starts_with("<section"), "it asks for one, however short: {filtered_short}");
    assert_eq!(
        filtered("<p>Lead.</p>\n<p>[toc]</p>\n<p>End.</p>").as_deref(),
        Some("<p>Lead.</p>\n<p>End.</p>")
    );
}

#[test]
fn a_mark_says_that_there_is_to_be_none() {
    let page = format!("<p>Lead.</p>\n{}<p>[no-toc]</p>\n", three());
    assert_eq!(filtered(&page), Some(format!("<p>Lead.</p>\n{}", three())));
    let both = format!("<p>[no-toc]</p>\n<p>[toc]</p>\n{}", three());
    assert_eq!(filtered(&both), Some(three()));
}

#[test]
fn short_pages_stay_as_they_are() {
    let two = format!("<p>Lead.</p>\n{}{}", heading(2, "one", "One"), heading(2, "two", "Two"));
    assert_eq!(filtered(&two), None);
    assert_eq!(filtered(""), None);
    let deep = format!("{two}{}", heading(4, "deep", "Deep"));
    assert_eq!(filtered(&deep), None, "what is not listed does not count");
}

#[test]
fn broken_pages_stay_as_they_are() {
    for end in ["<blockquote>", "</ul>", "<h2>open", "<p", "<!-- ", "<h3>x</h2>"] {
        assert_eq!(filtered(&format!("<p>Lead.</p>\n{}{end}", three())), None, "{end}");
    }
    assert_eq!(filtered("<p>[toc]</p><h2>open"), None);
}

#[test]
fn headings_in_code_and_quotations_are_not_listed() {
    let page = format!(
        "<p>Lead.</p>\n<blockquote><h2 id=\"quoted\">Quoted</h2></blockquote>\n<pre><code>&lt;h2&gt;Code&lt;/h2&gt;</code></pre>\n{}",
        three()
    );
    let filtered = filtered(&page).unwrap_or_default();
    assert_eq!(filtered.replacen(LIST, "", 1), page, "{filtered}");
}

#[test]
fn words_keep_their_emphasis_and_references() {
    let page = [
        heading(2, "a", "Use <code>a &lt; b</code>"),
        heading(2, "b", "<em>Tom</em> &amp; <a href=\"/jerry\">Jerry</a>"),
        heading(3, "c", "x<sup>2</sup>"),
    ]
    .concat();
    let filtered = filtered(&page).unwrap_or_default();
    let list = "<ul>\n<li><a href=\"#a\">Use <code>a &lt; b</code></a></li>\n\
        <li><a href=\"#b\"><em>Tom</em> &amp; Jerry</a>\n<ul>\n<li><a href=\"#c\">x<sup>2</sup></a></li>\n</ul>\n</li>\n</ul>\n";
    assert!(filtered.contains(list), "{filtered}");
}

#[test]
fn headings_without_ids_get_them() {
    let page = "<p>Lead.</p><h2>One</h2><H2 class='x'>Two</H2><h3 id=\"main\" class=\"y\">Three</h3>";
    let filtered = filtered(page).unwrap_or_default();
    for part in [
        "<h2 id=\"section-one\">One</h2>",
        "<H2 id=\"section-two\" class='x'>Two</H2>",
        "<h3 id=\"section-three\" id=\"main\" class=\"y\">",
        "<a href=\"#section-one\">One</a>",
        "<a href=\"#section-two\">Two</a>",
        "<a href=\"#section-three\">Three</a>",
    ] {
        assert!(filtered.contains(part), "{part}: {filtered}");
    }
}

#[test]
fn settings_change_number_depth_and_title() {
    let host = MemoryHost::install();
    let page = format!("<p>Lead.</p>\n{}{}", heading(2, "one", "One"), heading(4, "two", "Two"));
    host.set_config("minimum", "2");
    assert_eq!(filtered(&page), None);
    host.set_config("depth", "4");
    host.set_config("title", " In <this> post ");
    let deep = filtered(&page).unwrap_or_default();
    assert!(
        deep.contains("<a href=\"#two\">Two</a>") && deep.contains(">In &lt;this&gt; post</p>"),
        "{deep}"
    );
    host.set_config("title", "");
    let untitled = filtered(&page).unwrap_or_default();
    assert!(untitled.contains("aria-label=\"Contents\">\n<ul>"), "{untitled}");
    for nonsense in ["0", "-1", "many", ""] {
        host.set_config("minimum", nonsense);
        host.set_config("depth", nonsense);
        assert_eq!(filtered(&page), None, "{nonsense:?}: as without it");
        assert!(filtered(&three()).is_some(), "{nonsense:?}");
    }
}

#[test]
fn what_it_made_it_does_not_list_again() {
    let page = format!("<p>Lead.</p>\n{}", three());
    let once = filtered(&page).unwrap_or_default();
    assert_eq!(once.matches("<li>").count(), 3);
    assert_eq!(once.matches("id=\"one\"").count(), 1);
    // A list has no headings, so a second one, of another plugin, would have the same entries.
    assert_eq!(filtered(&once).unwrap_or_default().matches("<li>").count(), 6);
}

#[test]
fn whatever_it_is_given_it_answers() {
    for part in
        ["<h2>a</h2>", "<h2>", "<p>[toc]</p>", "<blockquote>", "<ul><li>", "<", "&", "<h2 id='", "<em>"]
    {
        let _ = filtered(&part.repeat(20_000));
    }
}

/// Pages put together at random: the answer is the page with a list, ids and without marks, and nothing else is changed.
#[test]
fn nothing_but_the_list_is_changed() {
    const PARTS: [&str; 22] = [
        "<h2>",
        "</h2>",
        "<h2>One</h2>",
        "<h3 id=\"x\">Two</h3>",
        "<h2 class=\"y\">\u{fc}ber</h2>\n",
        "<p>",
        "</p>",
        "<p>Text.</p>\n",
        "<p>[toc]</p>\n",
        "<p>[no-toc]</p>\n",
        "<ul><li>",
        "</ul>",
        "<blockquote>",
        "</blockquote>",
        "<em>",
        "</em>",
        "<!-- ",
        " -->",
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
    ];
    let (mut state, mut lists) = (7_u64, 0);
    for round in 0..50_000 {
        let mut page = String::new();
        for _ in 0..4 + round % 6 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            page.push_str(PARTS[(state >> 33) as usize % PARTS.len()]);
        }
        let Some(mut answer) = filtered(&page) else { continue };
        if let Some((before, rest)) = answer.split_once("<section class=\"table-of-contents\"") {
            let (_, after) = rest.split_once("</section>\n").unwrap();
            answer = format!("{before}{after}");
            lists += 1;
        }
        while let Some((before, rest)) = answer.split_once(" id=\"section-") {
            let (_, after) = rest.split_once('"').unwrap();
            answer = format!("{before}{after}");
        }
        let unmarked = |html: &str| html.replace("<p>[toc]</p>\n", "").replace("<p>[no-toc]</p>\n", "");
        assert_eq!(unmarked(&answer), unmarked(&page), "{page}");
    }
    assert!(lists > 200, "{lists}");
}
