use super::{first_paragraph, introduction, plain_text};

#[test]
fn marks_are_dropped_and_words_are_kept() {
    for (markdown, plain) in [
        ("**bold** and _slanted_ and ~~gone~~", "bold and slanted and gone"),
        ("snake_case stays, 2 * 3 and 4 \\*5", "snake_case stays, 2 * 3 and 4 *5"),
        ("call `main()` or ``a `b` c``", "call main() or a `b` c"),
        ("[a *link*](https://example.com/(x) \"title\"), [b][ref], [c]", "a link, b, c"),
        ("![picture](a.png) after[^1]", "after"),
        ("[![badge](b.svg)](https://example.com) text", "text"),
        ("see <https://example.com> and <b>this</b><br>now", "see https://example.com and this now"),
        ("a < b &amp; c&nbsp;d &unknown; [open", "a < b & c d &unknown; [open"),
        ("line one  \n  line two", "line one line two"),
        ("Hello **world** <script>alert(1)</script>", "Hello world"),
        ("a <STYLE media=x>b > c</style > d <title>never closed", "a d"),
        ("a <!-- > hidden --> b", "a b"),
    ] {
        assert_eq!(plain_text(markdown), plain, "{markdown}");
    }
}

#[test]
fn the_first_paragraph_is_found_behind_other_blocks() {
    for content in [
        "# Heading\nThe text.\n\nMore",
        "Heading\n=======\n\nThe text.",
        "Heading\n---\nThe text.\n# Next",
        "```rust\nfn main() {}\n\n```\nThe text.",
        "~~~\n```\n~~~\n\nThe text.",
        "    indented code\n\nThe text.",
        "- one\n- two\n\nThe text.",
        "1. one\n   more of it\n\nThe text.",
        "> quote\ngoes on\n\nThe text.",
        "| a | b |\n|---|---|\n\nThe text.",
        "<div>\nraw\n</div>\n\nThe text.",
        "<!-- a note -->\n\nThe text.",
        "<!-- a note -->\nThe text.",
        "<!--\na note\n\nin two paragraphs\n-->\nThe text.",
        "<script>\nlet a = 1;\n\nlet b = 2;\n</SCRIPT>\n\nThe text.",
        "<style>p {}</style>\n\nThe text.",
        "[ref]: https://example.com\n[^1]: note\n\nThe text.",
        "![cover](a.png)\n\nThe text.",
        "***\nThe text.\n***\nMore",
        "\u{FEFF}\r\n\r\nThe text.\r\n\r\nMore",
    ] {
        let found = first_paragraph(content).map(|paragraph| plain_text(&paragraph));
        assert_eq!(found.as_deref(), Some("The text."), "{content:?}");
    }
}

#[test]
fn a_paragraph_may_start_with_something_inline() {
    for (content, plain) in [
        ("<em>So</em> it is", "So it is"),
        ("<https://example.com> is it", "https://example.com is it"),
        ("`code` first", "code first"),
        ("*Slanted* first", "Slanted first"),
        ("2024 was a year", "2024 was a year"),
        ("#hashtag first", "#hashtag first"),
    ] {
        let found = first_paragraph(content).map(|paragraph| plain_text(&paragraph));
        assert_eq!(found.as_deref(), Some(plain), "{content:?}");
    }
}

#[test]
fn an_introduction_ends_at_the_mark() {
    for (content, plain) in [
        ("One.\n\n# Title\n\nTwo.\n\n<!-- more -->\n\nThree.", Some("One. Two.")),
        ("One.\n<!--more-->\nTwo.", Some("One.")),
        ("One <!-- more --> two.", Some("One")),
        ("<!-- more -->\n\nOne.", None),
        ("One.\n\nTwo.", None),
        ("One. <!-- more to say -->\n\nTwo.", None),
        ("The mark is `<!-- more -->`.\n\nTwo.", None),
        ("One.\n\n```\n<!-- more -->\n```\n\nTwo.", None),
    ] {
        let found = introduction(content).map(|introduction| plain_text(&introduction));
        assert_eq!(found.as_deref(), plain, "{content:?}");
    }
}

#[test]
fn strange_input_is_survived() {
    for part in
        ["<!--", "<script>", "<!-- more -->", "[", "![", "<", "`", "``a`", "*_", "[a](", "&", "\\", "[[]"]
    {
        let _ = first_paragraph(&part.repeat(100_000));
        let _ = introduction(&format!("a{}<!-- more -->", part.repeat(10_000)));
    }
}
