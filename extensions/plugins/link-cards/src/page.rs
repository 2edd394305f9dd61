//! What a page tells about itself in its head, and the card that is made of it.

use fleuron_plugin::html::{Piece, Pieces, Tag, escape};

use crate::address::Address;
use crate::entities::decode;

/// So much of a page is read, in bytes.
const MAX_HTML: usize = 512 * 1024;
/// So much of one text is looked at, in bytes, before it is tidied.
const MAX_RAW: usize = 8 * 1024;
/// The longest texts of a card, in characters.
const MAX_TITLE: usize = 150;
const MAX_DESCRIPTION: usize = 300;
const MAX_SITE: usize = 60;

/// What a page tells about itself. Each text is one line, without character references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Never empty.
    pub(crate) title: String,
    /// Empty where the page has none.
    pub(crate) description: String,
    /// The name of the site; empty where the page does not tell.
    pub(crate) site: String,
}

impl Page {
    /// Reads the head of a page; `None` where it has no title.
    pub(crate) fn read(html: &str) -> Option<Self> {
        let mut head = Head::default();
        head.read(&html[..html.floor_char_boundary(MAX_HTML)]);
        let first = |texts: [String; 3]| texts.into_iter().find(|text| !text.is_empty());
        let title = first([head.og_title, head.twitter_title, head.title])?;
        let description = first([head.og_description, head.description, head.twitter_description]);
        let description = description.filter(|description| *description != title).unwrap_or_default();
        Some(Self { title, description, site: head.site })
    }

    /// The card as HTML. Everything in it is text of the page, escaped, or the address.
    pub(crate) fn card(&self, address: &Address) -> String {
        let site = match self.site.as_str() {
            "" => address.host().trim_start_matches("www."),
            site => site,
        };
        let (href, title) = (escape(address.as_str()), escape(&self.title));
        let mut card = format!("<p class=\"link-card-title\"><a href=\"{href}\">{title}</a></p>\n");
        if !self.description.is_empty() {
            card += &format!("<p class=\"link-card-text\">{}</p>\n", escape(&self.description));
        }
        card += &format!("<p class=\"link-card-site\">{}</p>\n", escape(site));
        format!("<blockquote class=\"link-card\">\n{card}</blockquote>")
    }
}

/// The texts of a head, tidied; of several in one place the first that says something.
#[derive(Default)]
struct Head {
    og_title: String,
    twitter_title: String,
    title: String,
    og_description: String,
    twitter_description: String,
    description: String,
    site: String,
}

impl Head {
    fn read(&mut self, html: &str) {
        let mut pieces = Pieces::of(html);
        let mut drawings = 0_usize;
        while let Some(piece) = pieces.next() {
            let Piece::Tag(tag) = piece else { continue };
            if tag.is("svg") {
                // Drawings have titles too.
                drawings = if tag.is_end { drawings.saturating_sub(1) } else { drawings + 1 };
            } else if tag.is("body") || (tag.is("head") && tag.is_end) {
                return;
            } else if tag.is("meta") {
                self.meta(&tag);
            } else if tag.is("title") && !tag.is_end && drawings == 0 {
                // What comes next is the text, or the end tag.
                if let Some(Piece::Text(text)) = pieces.next() {
                    keep(&mut self.title, text, MAX_TITLE);
                }
            }
        }
    }

    fn meta(&mut self, tag: &Tag<'_>) {
        let Some(content) = tag.attribute("content") else { return };
        for key in ["property", "name"] {
            let Some(name) = tag.attribute(key) else { continue };
            let (place, limit) = match name.trim().to_ascii_lowercase().as_str() {
                "og:title" => (&mut self.og_title, MAX_TITLE),
                "twitter:title" => (&mut self.twitter_title, MAX_TITLE),
                "og:description" => (&mut self.og_description, MAX_DESCRIPTION),
                "twitter:description" => (&mut self.twitter_description, MAX_DESCRIPTION),
                "description" => (&mut self.description, MAX_DESCRIPTION),
                "og:site_name" => (&mut self.site, MAX_SITE),
                _ => continue,
            };
            keep(place, content, limit);
        }
    }
}

fn keep(place: &mut String, raw: &str, limit: usize) {
    if place.is_empty() {
        *place = tidy(raw, limit);
    }
}

/// One line of at most `limit` characters, cut between two words where it is longer.
fn tidy(raw: &str, limit: usize) -> String {
    let text = decode(&raw[..raw.floor_char_boundary(MAX_RAW)]);
    let visible: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(*c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(limit) else { return line };
    // One character is for the ellipsis.
    let cut = line[..end].char_indices().next_back().map_or("", |(last, _)| &line[..last]);
    let whole_words =
        cut.rfind(' ').filter(|space| *space > cut.len() / 2).map_or(cut, |space| &cut[..space]);
    format!(
        "{}\u{2026}",
        whole_words.trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation())
    )
}

/// Signs that nobody sees and that turn the direction of the text around them.
fn turns(character: char) -> bool {
    matches!(character,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{MAX_HTML, Page, tidy};
    use crate::address::Address;

    fn page(title: &str, description: &str, site: &str) -> Option<Page> {
        let [title, description, site] = [title, description, site].map(str::to_owned);
        Some(Page { title, description, site })
    }

    #[test]
    fn the_best_of_a_head_is_taken() {
        let html = "<!DOCTYPE html><html><head><meta charset=utf-8><title>Plain &ndash; title</title>
            <meta name=\"description\" content=\"Plain description\">
            <meta name=\"twitter:title\" content=\"Twitter title\">
            <meta property='OG:Title' content='Open &amp; graph'/><meta property=og:title content=second>
            <META PROPERTY=\"og:description\" CONTENT=\"A   description\nin two lines\">
            <meta property=\"og:site_name\" content=\"Example\"></head><body>";
        assert_eq!(Page::read(html), page("Open & graph", "A description in two lines", "Example"));
        assert_eq!(
            Page::read(
                "<title>\n Plain \u{2013} title\n</title><meta name=description content='Said plainly.'>"
            ),
            page("Plain \u{2013} title", "Said plainly.", "")
        );
        assert_eq!(
            Page::read(
                "<title>x</title><meta name=twitter:title content=t><meta property=og:title content='  '>"
            ),
            page("t", "", "")
        );
        assert_eq!(
            Page::read("<title>Same</title><meta name=description content=Same>"),
            page("Same", "", ""),
            "what the title says is not said twice"
        );
    }

    #[test]
    fn only_the_head_counts() {
        for html in [
            "",
            "plain text",
            "{\"title\": \"JSON\"}",
            "<head></head><title>late</title>",
            "<body><meta property=og:title content=late>",
            "<!-- <title>comment</title> --><script>'<title>script</title>'</script>",
            "<noscript><title>none</title></noscript>",
            "<svg><title>logo</title></svg>",
            "<title></title>",
            "<title> &#32;&nbsp; </title>",
            "<meta content=x><meta property=og:title>",
        ] {
            assert_eq!(Page::read(html), None, "{html}");
        }
        assert_eq!(Page::read("<svg><title>logo</title></svg><title>Page</title>"), page("Page", "", ""));
        assert_eq!(Page::read("<header><title>Page"), page("Page", "", ""), "a header is no head");
    }

    #[test]
    fn a_page_may_be_anything() {
        let far = format!("<script>{}</script><title>far</title>", "x".repeat(MAX_HTML));
        assert_eq!(Page::read(&far), None);
        let wide = format!("<title>{}", "\u{1f600}".repeat(MAX_HTML));
        assert_eq!(Page::read(&wide).map(|page| page.title.chars().count()), Some(150));
        for part in [
            "<title>",
            "<meta ",
            "<meta property=\"og:title\" content='",
            "</",
            "&#x",
            "\u{0}",
            "<svg>",
            "<!-",
            "'\">",
        ] {
            let _ = Page::read(&part.repeat(MAX_HTML / part.len() + 10));
            let _ = Page::read(&format!("<head><title>{part}"));
        }
    }

    #[test]
    fn texts_become_one_short_line() {
        assert_eq!(tidy(" a\t\n b&nbsp;&nbsp;c\u{7}d ", 20), "a b c d");
        assert_eq!(tidy("\u{202e}evil\u{2066} \u{feff}", 20), "evil");
        assert_eq!(tidy("twelve chars", 12), "twelve chars");
        assert_eq!(tidy("twelve chars, more", 14), "twelve chars\u{2026}");
        assert_eq!(tidy("unbreakable-word", 8), "unbreak\u{2026}");
        assert_eq!(tidy(&"\u{e4}".repeat(100), 10), format!("{}\u{2026}", "\u{e4}".repeat(9)));
        assert_eq!(tidy("&lt;b&gt;", 20), "<b>");
    }

    #[test]
    fn a_card_is_escaped() {
        let page = Page::read(
            "<title>&lt;script&gt;alert(\"1\")&lt;/script&gt;</title>\
             <meta name=description content='\"&gt;&lt;img src=x onerror=alert(1)&gt;'>",
        );
        let address = Address::parse("https://www.example.com/?a=1&b='2'").unwrap();
        assert_eq!(
            page.unwrap().card(&address),
            "<blockquote class=\"link-card\">\n\
             <p class=\"link-card-title\"><a href=\"https://www.example.com/?a=1&amp;b='2'\">\
             &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</a></p>\n\
             <p class=\"link-card-text\">&quot;&gt;&lt;img src=x onerror=alert(1)&gt;</p>\n\
             <p class=\"link-card-site\">example.com</p>\n</blockquote>"
        );
    }
}
