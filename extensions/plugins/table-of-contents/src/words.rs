//! What a heading says.

use fleuron_plugin::html::{Piece, Tag};

/// Elements that a list keeps. Links are none of them: the whole entry is one.
const KEPT: [&str; 14] =
    ["b", "cite", "code", "del", "em", "i", "kbd", "mark", "q", "s", "strong", "sub", "sup", "var"];
/// Elements that no reader of the heading gets to see.
const UNSEEN: [&str; 13] = [
    "iframe", "math", "noembed", "noframes", "noscript", "script", "select", "style", "svg", "template",
    "textarea", "title", "xmp",
];

/// The words of a heading, in one line.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// As HTML: text and the emphasis in it, every element closed.
    pub(crate) html: String,
    /// Without elements.
    pub(crate) text: String,
}

impl Words {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// Gathers the words while the heading is read.
#[derive(Default)]
pub(crate) struct Collector<'a> {
    html: String,
    text: String,
    /// The kept elements that are open.
    open: Vec<&'static str>,
    /// The element that is left out with all that is in it, and how many of that name are open.
    unseen: Option<(&'a str, usize)>,
}

impl<'a> Collector<'a> {
    /// Adds the next piece. The heading's own tag adds nothing.
    pub(crate) fn add(&mut self, piece: &Piece<'a>) {
        match (piece, self.unseen) {
            (Piece::Tag(tag), Some((name, depth))) if tag.is(name) => {
                let depth = if tag.is_end { depth - 1 } else { depth + 1 };
                self.unseen = (depth > 0).then_some((name, depth));
            }
            (_, Some(_)) | (Piece::Comment | Piece::Unfinished, None) => {}
            (Piece::Text(text), None) => self.say(text),
            (Piece::Tag(tag), None) if tag.is_end => self.end(tag),
            (Piece::Tag(tag), None) => self.start(tag),
        }
    }

    /// The words, once the heading is at its end.
    pub(crate) fn finish(mut self) -> Words {
        self.close(0);
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Words { html: one_line(&self.html), text: one_line(&self.text) }
    }

    /// Adds text that is HTML already, but for signs that stood alone or in an attribute.
    fn say(&mut self, text: &str) {
        self.html.push_str(&text.replace('<', "&lt;").replace('>', "&gt;"));
        self.text.push_str(text);
    }

    fn start(&mut self, tag: &Tag<'a>) {
        if is_unseen(tag) {
            self.unseen = Some((tag.name, 1));
        } else if tag.is("br") {
            self.say(" ");
        } else if tag.is("img") {
            self.say(tag.attribute("alt").unwrap_or_default());
        } else if let Some(name) = KEPT.into_iter().find(|name| tag.is(name)) {
            self.html.push_str(&format!("<{name}>"));
            self.open.push(name);
        }
    }

    fn end(&mut self, tag: &Tag<'a>) {
        if let Some(place) = self.open.iter().rposition(|name| tag.is(name)) {
            self.close(place);
        }
    }

    /// Closes the elements from this place on.
    fn close(&mut self, place: usize) {
        while self.open.len() > place
            && let Some(name) = self.open.pop()
        {
            self.html.push_str(&format!("</{name}>"));
        }
    }
}

/// What is not shown, the link of a heading to itself, and the numbers of footnotes.
fn is_unseen(tag: &Tag<'_>) -> bool {
    let mut classes = tag.attribute("class").unwrap_or_default().split_ascii_whitespace();
    tag.is_one_of(&UNSEEN)
        || (tag.is("a") && classes.any(|class| class == "anchor"))
        || (tag.is("sup") && classes.any(|class| class.starts_with("footnote")))
}

#[cfg(test)]
mod tests {
    use super::{Collector, Words};
    use fleuron_plugin::html::Pieces;

    fn words(html: &str) -> Words {
        let mut collector = Collector::default();
        Pieces::of(html).for_each(|piece| collector.add(&piece));
        collector.finish()
    }

    #[test]
    fn emphasis_and_code_are_kept_and_the_rest_is_words() {
        for (html, expected) in [
            ("Plain &amp; simple", "Plain &amp; simple"),
            (
                "Use <code class=\"x\">a &lt; b</code>, <EM>really</EM>",
                "Use <code>a &lt; b</code>, <em>really</em>",
            ),
            (
                "A <a href=\"/x\">link <strong>in</strong></a> <span style=\"x\">it</span>",
                "A link <strong>in</strong> it",
            ),
            ("Two<br>lines\n  here", "Two lines here"),
            ("With <img src=x alt='a > b &quot;c&quot;'> picture", "With a &gt; b &quot;c&quot; picture"),
            ("1 < 2", "1 &lt; 2"),
        ] {
            assert_eq!(words(html).html, expected);
        }
        let words = words("Q &amp; A: <code>x</code>");
        assert_eq!(words.text, "Q &amp; A: x");
    }

    #[test]
    fn what_leads_elsewhere_is_left_out() {
        for html in [
            "Title<a class=\"anchor\" href=\"#title\" aria-label=\"Link to this section\">#</a>",
            "Title<sup class=\"footnote-reference\"><a id=\"fnref-1\" href=\"#fn-1\">1</a></sup>",
            "<script>a</script>Title<style>b</style><svg><svg></svg><text>c</text></svg><!-- d -->",
        ] {
            assert_eq!(words(html).html, "Title", "{html}");
        }
        assert_eq!(words("x<sup>2</sup>").html, "x<sup>2</sup>");
    }

    #[test]
    fn every_element_is_closed() {
        for (html, expected) in [
            ("a <em>b <code>c", "a <em>b <code>c</code></em>"),
            ("a</em> b</code>", "a b"),
            ("<em>a <strong>b</em> c</strong>", "<em>a <strong>b</strong></em> c"),
        ] {
            assert_eq!(words(html).html, expected);
        }
    }
}
