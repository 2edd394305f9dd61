//! Paragraphs that are nothing but an address.

use std::ops::Range;

use fleuron_plugin::html::{Piece, Pieces, Tag};

use crate::address::{Address, percent_encoded};
use crate::entities::decode;

/// Elements in which links stay links: quotations, lists, tables, and what is no running text at all.
const LEFT_ALONE: [&str; 14] = [
    "blockquote",
    "ul",
    "ol",
    "dl",
    "table",
    "figure",
    "pre",
    "nav",
    "header",
    "footer",
    "template",
    "svg",
    "math",
    "select",
];

/// A paragraph that is nothing but an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BareLink {
    /// Where the paragraph is, in bytes, tags included.
    pub(crate) range: Range<usize>,
    /// Where it leads.
    pub(crate) address: Address,
}

/// The paragraphs of a page that hold a bare link, `<p><a href="X">X</a></p>`, or an address in plain words. A link with
/// words of its own is the author's way to show it, and stays.
pub(crate) fn bare_links(html: &str) -> Vec<BareLink> {
    let mut links = Vec::new();
    let mut pieces = Pieces::of(html);
    let mut depth = 0_usize;
    loop {
        let start = pieces.offset();
        let Some(piece) = pieces.next() else { return links };
        let Piece::Tag(tag) = piece else { continue };
        if tag.is_one_of(&LEFT_ALONE) {
            depth = if tag.is_end { depth.saturating_sub(1) } else { depth + 1 };
        } else if depth == 0 && is_plain(&tag, "p") {
            // A paragraph that is something else may hold what begins one, if it is broken: read on right behind the tag.
            let mut inside = pieces.clone();
            if let Some(address) = sole_address(&mut inside) {
                links.push(BareLink { range: start..inside.offset(), address });
                pieces = inside;
            }
        }
    }
}

/// A start tag of this element without attributes, which some plugin or author would have given it for a reason.
fn is_plain(tag: &Tag<'_>, name: &str) -> bool {
    tag.is(name) && !tag.is_end && tag.attributes().next().is_none()
}

/// The address that is all that comes before the paragraph's end.
fn sole_address(inside: &mut Pieces<'_>) -> Option<Address> {
    let address = match next_solid(inside)? {
        Piece::Tag(tag) if tag.is("a") && !tag.is_end => {
            let Piece::Text(words) = inside.next()? else { return None };
            expect_end(inside.next()?, "a")?;
            linked(&tag, words)?
        }
        Piece::Text(words) => spelled_out(words)?,
        _ => return None,
    };
    expect_end(next_solid(inside)?, "p")?;
    Some(address)
}

/// The next piece that is not just space.
fn next_solid<'a>(pieces: &mut Pieces<'a>) -> Option<Piece<'a>> {
    pieces.find(|piece| !matches!(piece, Piece::Text(text) if text.trim().is_empty()))
}

fn expect_end(piece: Piece<'_>, name: &str) -> Option<()> {
    matches!(piece, Piece::Tag(tag) if tag.is_end && tag.is(name)).then_some(())
}

/// The address of a link that says nothing but its address. A title of its own makes it more than that.
fn linked(tag: &Tag<'_>, words: &str) -> Option<Address> {
    if tag.attribute("title").is_some() {
        return None;
    }
    let (target, words) = (decode(tag.attribute("href")?), decode(words));
    let words = words.trim();
    (words == target || percent_encoded(words) == target).then(|| Address::parse(&target))?
}

/// An address that stands there as text, as Markdown leaves one without angle brackets.
fn spelled_out(words: &str) -> Option<Address> {
    let words = decode(words);
    let words = words.trim();
    (!words.ends_with(['.', ',', ';', ':', '!', '?', ')'])).then(|| Address::parse(words))?
}

#[cfg(test)]
mod tests {
    use super::bare_links;

    /// The addresses that are found.
    fn found(html: &str) -> Vec<String> {
        bare_links(html).into_iter().map(|link| link.address.as_str().to_owned()).collect()
    }

    #[test]
    fn a_bare_link_is_found_with_its_place() {
        let html = "<p>one</p>\n<p><a href=\"https://example.com/\">https://example.com/</a></p>\n<p>two</p>";
        let links = bare_links(html);
        assert_eq!(links.len(), 1);
        assert_eq!(
            &html[links[0].range.clone()],
            "<p><a href=\"https://example.com/\">https://example.com/</a></p>"
        );
    }

    #[test]
    fn links_may_be_written_in_several_ways() {
        for html in [
            "<p><a href=\"https://example.com/?a=1&amp;b=%C3%BC\">https://example.com/?a=1&amp;b=\u{fc}</a></p>",
            "<P> <A HREF='https://example.com/?a=1&amp;b=%C3%BC' rel=nofollow>\n https://example.com/?a=1&amp;b=%C3%BC </A>\n</P>",
            "<p>https://example.com/?a=1&amp;b=\u{fc}</p>",
            "<div><p>\nhttps://example.com/?a=1&amp;b=%C3%BC\n</p></div>",
        ] {
            assert_eq!(found(html), ["https://example.com/?a=1&b=%C3%BC"], "{html}");
        }
    }

    #[test]
    fn what_says_more_than_an_address_stays() {
        for html in [
            "<p><a href=\"https://example.com/\">A page</a></p>",
            "<p><a href=\"https://example.com/\">https://example.org/</a></p>",
            "<p><a href=\"https://example.com/\" title=\"Mine\">https://example.com/</a></p>",
            "<p>See <a href=\"https://example.com/\">https://example.com/</a></p>",
            "<p><a href=\"https://example.com/\">https://example.com/</a>.</p>",
            "<p><a href=\"https://example.com/\"><em>https://example.com/</em></a></p>",
            "<p><a href=\"https://example.com/\">https://example.com/</a><br></p>",
            "<p class=\"x\"><a href=\"https://example.com/\">https://example.com/</a></p>",
            "<p><!-- x --><a href=\"https://example.com/\">https://example.com/</a></p>",
            "<p>https://example.com/ and more</p>",
            "<p>https://example.com/.</p>",
            "<p><a>https://example.com/</a></p>",
            "<p><a href=\"mailto:a@example.com\">mailto:a@example.com</a></p>",
            "<h2>https://example.com/</h2>",
            "<p></p><p> </p>",
        ] {
            assert_eq!(found(html), Vec::<String>::new(), "{html}");
        }
    }

    #[test]
    fn quotations_lists_and_code_are_left_alone() {
        let link = "<p>https://example.com/</p>";
        for element in ["blockquote", "ul", "table", "figure", "pre", "svg"] {
            assert_eq!(found(&format!("<{element}>{link}</{element}>")), Vec::<String>::new(), "{element}");
            assert_eq!(found(&format!("<{element}>x</{element}>{link}")).len(), 1, "{element}");
        }
        assert_eq!(found(&format!("<ul><li><ul><li>x</ul>{link}</ul>")), Vec::<String>::new());
        assert_eq!(found(&format!("<script>'{link}'</script><!-- {link} -->")), Vec::<String>::new());
    }

    #[test]
    fn broken_html_is_survived() {
        for html in [
            "<p>https://example.com/",
            "<p><a href=\"https://example.com/\">https://example.com/",
            "<p><a href=\"https://example.com/\">https://example.com/</p></a>",
            "<p><a href=\"https://example.com/>https://example.com/</a></p>",
            "<p",
        ] {
            assert_eq!(found(html), Vec::<String>::new(), "{html}");
        }
        assert_eq!(found("<p><p>https://example.com/</p></ul></ul><p>https://example.org/</p>").len(), 2);
        assert_eq!(found(&"<p>".repeat(50_000)), Vec::<String>::new());
    }
}
