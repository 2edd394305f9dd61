//! Puts the list of the most viewed posts where a page asks for it.

use fleuron_plugin::data::{Error, Row};
use fleuron_plugin::{database, html};

use crate::ranking::{MONTH, top};

/// Posts in a list that does not say how many it wants.
const USUAL: u32 = 10;
/// Posts in a list at most.
const MOST: u32 = 50;

const START: &str = "<p>[popular-posts";
const END: &str = "]</p>";

/// A paragraph that is replaced by a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    end: usize,
    posts: u32,
}

/// The HTML with a list in place of each paragraph that holds nothing but `[popular-posts]` or `[popular-posts 5]`;
/// `None` where there is none.
pub(crate) fn filter(html: &str) -> Result<Option<String>, Error> {
    let places = places(html);
    let Some(most) = places.iter().map(|place| place.posts).max() else { return Ok(None) };
    let today = database::query("SELECT date('now') AS day", &[])?;
    let today = today.first().map_or(Ok(""), |row| row.text("day"))?;
    let posts = top(MONTH, today, most)?;
    let mut filtered = String::with_capacity(html.len() + places.len() * posts.len() * 96);
    let mut rest = 0;
    for place in places {
        filtered.push_str(&html[rest..place.start]);
        filtered.push_str(&list(posts.iter().take(place.posts as usize))?);
        rest = place.end;
    }
    filtered.push_str(&html[rest..]);
    Ok(Some(filtered))
}

fn places(html: &str) -> Vec<Place> {
    let found = html.match_indices(START).filter_map(|(start, _)| {
        let inside = &html[start + START.len()..];
        let length = inside.find(END)?;
        let posts = number(&inside[..length])?;
        Some(Place { start, end: start + START.len() + length + END.len(), posts })
    });
    found.collect()
}

/// How many posts are wanted, from what stands behind the name.
fn number(argument: &str) -> Option<u32> {
    if argument.is_empty() {
        return Some(USUAL);
    }
    let digits = argument.strip_prefix(' ')?.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|posts| is_number && (1..=MOST).contains(posts))
}

/// The list; nothing where nothing was viewed yet.
fn list<'a>(posts: impl Iterator<Item = &'a Row>) -> Result<String, Error> {
    let items = posts.map(|post| {
        let (path, title) = (html::address(post.text("path")?), html::escape(post.text("title")?));
        Ok(format!("<li><a href=\"{path}\">{title}</a></li>\n"))
    });
    let items = items.collect::<Result<String, Error>>()?;
    Ok(if items.is_empty() { items } else { format!("<ol class=\"popular-posts\">\n{items}</ol>") })
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::Guest;
    use fleuron_plugin::testing::{MemoryHost, Permission};

    use super::{MOST, USUAL, number, places};
    use crate::PostStats;
    use crate::testing::{book, days_ago, host, id, post, publish};

    fn filter(host: &MemoryHost, html: &str) -> Option<String> {
        host.call(|| PostStats::filter_html(html.to_owned()))
    }

    #[test]
    fn a_paragraph_becomes_the_list() {
        let host = host();
        let odd =
            post(3, 0).with("title", "A <b> & \"C\"").with("path", "/old/\u{FC}?p=\"1").with("slug", "three");
        publish(&host, [post(1, 0), post(2, 0).with("path", None::<String>), odd]);
        for (number, days, views) in [(1, 0, 1), (2, 29, 5), (3, 3, 3), (1, 30, 100)] {
            book("day", &days_ago(days), &id(number), views);
        }
        let page = "<h2>Read</h2>\n<p>[popular-posts]</p>\n<p>And</p>\n<p>[popular-posts 2]</p>";
        let (second, third, first) = (
            "<li><a href=\"/post-2\">Post 2</a></li>\n",
            "<li><a href=\"/old/%C3%BC?p=%221\">A &lt;b&gt; &amp; &quot;C&quot;</a></li>\n",
            "<li><a href=\"/post-1\">Post 1</a></li>\n",
        );
        let expected = format!(
            "<h2>Read</h2>\n<ol class=\"popular-posts\">\n{second}{third}{first}</ol>\n<p>And</p>\n\
             <ol class=\"popular-posts\">\n{second}{third}</ol>"
        );
        assert_eq!(filter(&host, page), Some(expected));
        assert!(host.statements() <= 4, "{} statements for two lists", host.statements());
    }

    #[test]
    fn nothing_to_list_leaves_nothing() {
        let host = host();
        assert_eq!(
            filter(&host, "<p>a</p><p>[popular-posts]</p><p>b</p>").as_deref(),
            Some("<p>a</p><p>b</p>")
        );
    }

    #[test]
    fn other_pages_cost_nothing() {
        let host = host();
        for html in [
            "",
            "<p>Hello.</p>",
            "<p>[popular-posts</p>",
            "<p>See [popular-posts].</p>",
            "<p>[popular-posts]x</p>",
            "<p>[popular-posts five]</p>",
            "<p>[popular-posts-2]</p>",
            "<pre>[popular-posts]</pre>",
            "<p><code>[popular-posts]</code></p>",
            "<p>[popular-posts <b>1</b>]</p>",
        ] {
            assert_eq!(filter(&host, html), None, "{html}");
            assert_eq!(host.statements(), 0, "{html}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number(""), Some(USUAL));
        for (argument, posts) in [(" 1", 1), (" 50", MOST), ("  7 ", 7)] {
            assert_eq!(number(argument), Some(posts), "{argument}");
        }
        for argument in [" 0", " 51", " +3", " -1", " ", "3", " 3 4", " 99999999999"] {
            assert_eq!(number(argument), None, "{argument}");
        }
        assert_eq!(places("<p>[popular-posts 0]</p>"), []);
    }

    #[test]
    fn without_its_tables_the_page_stays_as_it_is_and_is_rendered_again() {
        let host = host();
        host.deny(Permission::View("core_posts"));
        let page = || filter(&host, "<p>[popular-posts]</p>");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(page));
        assert!(outcome.is_err(), "a failed render is not kept for long");
    }
}
