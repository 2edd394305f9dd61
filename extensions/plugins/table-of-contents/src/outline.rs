//! The headings of a page, and the places that a list of them may go to.

use std::ops::Range;

use fleuron_plugin::html::{Piece, Pieces, Tag};

use crate::words::{Collector, Words};

/// Elements that must be closed: where one is left open, nothing is known of what stands in it.
const STRICT: [&str; 22] = [
    "aside",
    "blockquote",
    "details",
    "dl",
    "figure",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "ol",
    "pre",
    "script",
    "select",
    "style",
    "svg",
    "table",
    "template",
    "textarea",
    "title",
    "ul",
    "xmp",
];
/// Those of them whose headings are not the page's own.
const FOREIGN: [&str; 6] = ["blockquote", "math", "pre", "select", "svg", "template"];
/// Elements of headings, in the order of their levels.
const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// What a page is made of, as far as a list of its headings needs to know. Places are in bytes.
#[derive(Debug, Default)]
pub(crate) struct Outline<'a> {
    /// Its headings in their order, without those in quotations and those that say nothing.
    pub(crate) headings: Vec<Heading>,
    /// The ids of all its elements, as they are written.
    pub(crate) ids: Vec<&'a str>,
    /// Where the first paragraph at the top level ends, with its line.
    pub(crate) first_paragraph: Option<usize>,
    /// The paragraphs `[toc]`, with their lines.
    pub(crate) toc: Vec<Range<usize>>,
    /// The paragraphs `[no-toc]`, with their lines.
    pub(crate) no_toc: Vec<Range<usize>>,
}

/// A heading.
#[derive(Debug)]
pub(crate) struct Heading {
    /// From 1 to 6.
    pub(crate) level: usize,
    /// Where its tag begins.
    pub(crate) start: usize,
    /// Which of the page's ids is its own.
    pub(crate) id: Option<usize>,
    /// Whether it stands in no list, table or the like.
    pub(crate) is_top_level: bool,
    /// What it says.
    pub(crate) words: Words,
}

impl<'a> Outline<'a> {
    /// Reads a page; `None` where it is too broken to be understood.
    pub(crate) fn read(html: &'a str) -> Option<Self> {
        let mut reader = Reader { html, ..Reader::default() };
        let mut pieces = Pieces::of(html);
        loop {
            let start = pieces.offset();
            let Some(piece) = pieces.next() else { break };
            match piece {
                Piece::Tag(tag) => reader.tag(&tag, start, &mut pieces)?,
                Piece::Unfinished => return None,
                Piece::Text(_) | Piece::Comment => {}
            }
            if let Some(heading) = &mut reader.heading {
                heading.words.add(&piece);
            }
        }
        (reader.open.is_empty() && reader.heading.is_none()).then_some(reader.outline)
    }
}

/// Where the reading is.
#[derive(Default)]
struct Reader<'a> {
    html: &'a str,
    outline: Outline<'a>,
    /// The elements that must be closed and are not yet.
    open: Vec<&'a str>,
    /// How many of them are none of the page's own text.
    foreign: usize,
    heading: Option<OpenHeading<'a>>,
    in_paragraph: bool,
}

struct OpenHeading<'a> {
    level: usize,
    start: usize,
    id: Option<usize>,
    /// How many elements were open around it.
    depth: usize,
    words: Collector<'a>,
}

impl<'a> Reader<'a> {
    /// Takes note of a tag; `None` where it cannot stand here.
    fn tag(&mut self, tag: &Tag<'a>, start: usize, pieces: &mut Pieces<'a>) -> Option<()> {
        let id = tag.attribute("id").filter(|_| !tag.is_end).map(|id| {
            self.outline.ids.push(id);
            self.outline.ids.len() - 1
        });
        if tag.is_one_of(&STRICT) {
            return self.strict(tag);
        }
        if self.foreign > 0 {
            return Some(());
        }
        if let Some(index) = HEADINGS.iter().position(|name| tag.is(name)) {
            return if tag.is_end {
                self.end_heading(index + 1)
            } else {
                self.start_heading(index + 1, start, id)
            };
        }
        if tag.is("p") && self.heading.is_none() {
            self.paragraph(tag, start, pieces);
        }
        Some(())
    }

    fn strict(&mut self, tag: &Tag<'a>) -> Option<()> {
        let foreign = usize::from(tag.is_one_of(&FOREIGN));
        if tag.is_end {
            self.open.pop().filter(|opened| tag.is(opened))?;
            self.foreign -= foreign;
        } else {
            self.open.push(tag.name);
            self.foreign += foreign;
        }
        Some(())
    }

    fn start_heading(&mut self, level: usize, start: usize, id: Option<usize>) -> Option<()> {
        let heading = OpenHeading { level, start, id, depth: self.open.len(), words: Collector::default() };
        // None stands within another.
        self.heading.replace(heading).is_none().then_some(())
    }

    fn end_heading(&mut self, level: usize) -> Option<()> {
        let OpenHeading { level: started, start, id, depth, words } = self.heading.take()?;
        if level != started || depth != self.open.len() {
            return None;
        }
        let words = words.finish();
        if !words.is_empty() {
            self.outline.headings.push(Heading { level, start, id, is_top_level: depth == 0, words });
        }
        Some(())
    }

    fn paragraph(&mut self, tag: &Tag<'a>, start: usize, pieces: &mut Pieces<'a>) {
        if !tag.is_end {
            let marks = match mark(pieces.clone()) {
                Some((Mark::Toc, after)) => Some((&mut self.outline.toc, after)),
                Some((Mark::NoToc, after)) => Some((&mut self.outline.no_toc, after)),
                None => None,
            };
            match marks {
                Some((marks, after)) => {
                    marks.push(start..end_of_line(self.html, after.offset()));
                    *pieces = after;
                }
                None => self.in_paragraph = true,
            }
        } else if self.in_paragraph {
            self.in_paragraph = false;
            if self.open.is_empty() {
                let end = end_of_line(self.html, pieces.offset());
                self.outline.first_paragraph.get_or_insert(end);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Mark {
    Toc,
    NoToc,
}

/// The mark that a paragraph consists of, if it does, and what comes behind the paragraph.
fn mark(mut inside: Pieces<'_>) -> Option<(Mark, Pieces<'_>)> {
    let Piece::Text(text) = inside.next()? else { return None };
    let mark = match text.trim().to_ascii_lowercase().as_str() {
        "[toc]" => Mark::Toc,
        "[no-toc]" => Mark::NoToc,
        _ => return None,
    };
    let is_all = matches!(inside.next()?, Piece::Tag(tag) if tag.is_end && tag.is("p"));
    is_all.then_some((mark, inside))
}

/// Behind the line feed that follows at once, if one does.
fn end_of_line(html: &str, position: usize) -> usize {
    position + usize::from(html[position..].starts_with('\n'))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::Outline;

    /// The headings of a page as `level words`; `!` where it is not understood.
    fn headings(html: &str) -> Vec<String> {
        let Some(outline) = Outline::read(html) else { return vec!["!".to_owned()] };
        outline.headings.iter().map(|heading| format!("{} {}", heading.level, heading.words.html)).collect()
    }

    #[test]
    fn headings_are_found_with_their_levels() {
        let html = "<h1>A</h1><p>x</p><H2 class=\"y\">B</H2 ><h6>C</h6><hr><header>x</header><h7>no</h7>";
        assert_eq!(headings(html), ["1 A", "2 B", "6 C"]);
    }

    #[test]
    fn quotations_and_code_have_headings_of_their_own() {
        for element in ["blockquote", "pre", "template", "svg"] {
            let html = format!("<{element}><h2>Not this</h2></{element}><h2>This</h2>");
            assert_eq!(headings(&html), ["2 This"], "{element}");
        }
        assert_eq!(
            headings("<pre><code>&lt;h2&gt;x&lt;/h2&gt;</code></pre><script>'<h2>'</script>"),
            [""; 0]
        );
        assert_eq!(headings("<ul><li><h2>In a list</h2></ul><!-- <h2> -->"), ["2 In a list"]);
    }

    #[test]
    fn headings_that_say_nothing_are_none() {
        assert_eq!(
            headings("<h2></h2><h2> <br></h2><h2><img src=x></h2><h2><script>x</script></h2>"),
            [""; 0]
        );
    }

    #[test]
    fn what_is_broken_is_not_understood() {
        for html in [
            "<h2>open",
            "<h2>A<h2>B</h2></h2>",
            "<h2>A</h3>",
            "</h2>",
            "<blockquote><p>x</p>",
            "</blockquote>",
            "<ul><li>x</ol>",
            "<h2><ul></h2></ul>",
            "<h2><blockquote></h2></blockquote>",
            "<p",
            "<h2>A</h2><p class=\"x>",
            "<!-- x",
            "<script>x",
        ] {
            assert_eq!(headings(html), ["!"], "{html}");
        }
        for html in ["<p>x", "<div><h2>A</h2>", "<li>x<li>y", "</p></div>", "<p><em>x</p></em>", "1 < 2"] {
            assert_ne!(headings(html), ["!"], "{html}");
        }
    }

    #[test]
    fn the_first_paragraph_stands_at_the_top() {
        let end_of = |html: &str| Outline::read(html).and_then(|outline| outline.first_paragraph);
        assert_eq!(end_of("<p>x</p>\n<p>y</p>"), Some(9));
        assert_eq!(end_of("<p>x</p><p>y</p>"), Some(8));
        assert_eq!(end_of("<blockquote><p>x</p></blockquote><ul><li><p>x</p></ul><p>y</p>"), Some(62));
        assert_eq!(end_of("</p><h2>x</h2>"), None);
        assert_eq!(end_of("<p>[toc]</p><p>y</p>"), Some(20), "a mark is no paragraph");
    }

    #[test]
    fn marks_stand_alone() {
        let marks = |html| {
            let outline = Outline::read(html).unwrap();
            let marked =
                |ranges: Vec<Range<usize>>| ranges.into_iter().map(|range| &html[range]).collect::<Vec<_>>();
            (marked(outline.toc), marked(outline.no_toc))
        };
        let nothing: (Vec<&str>, Vec<&str>) = Default::default();
        assert_eq!(marks("<p>[toc]</p>\nx"), (vec!["<p>[toc]</p>\n"], vec![]));
        assert_eq!(
            marks("<p class=x>\n [TOC] </p>x<p>[No-Toc]</p>"),
            (vec!["<p class=x>\n [TOC] </p>"], vec!["<p>[No-Toc]</p>"])
        );
        for html in [
            "<p>a [toc]</p>",
            "<p>[toc] <b>x</b></p>",
            "[toc]",
            "<p><code>[toc]</code></p>",
            "<pre><p>[toc]</p></pre>",
        ] {
            assert_eq!(marks(html), nothing, "{html}");
        }
    }
}
