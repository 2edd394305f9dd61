//! The list itself.

use fleuron_plugin::html::escape;

use crate::ids::Target;
use crate::outline::Outline;

/// What the list is called where it has no title.
const UNTITLED: &str = "Contents";

/// The list as HTML, nested as the headings are: one that skips a level stands one level beneath the one before it. It has
/// a line of its own.
pub(crate) fn html(title: &str, outline: &Outline<'_>, targets: &[Target]) -> String {
    let mut html = open(title);
    // The levels of the headings that the one before stands beneath, and its own.
    let mut above: Vec<usize> = Vec::new();
    for (heading, target) in outline.headings.iter().zip(targets) {
        let before = above.len();
        while above.last().is_some_and(|level| *level >= heading.level) {
            above.pop();
        }
        above.push(heading.level);
        if above.len() > before {
            html.push_str(if before == 0 { "<ul>\n" } else { "\n<ul>\n" });
        } else {
            html.push_str("</li>\n");
            html.push_str(&"</ul>\n</li>\n".repeat(before - above.len()));
        }
        html.push_str(&format!("<li><a href=\"#{}\">{}</a>", target.id, heading.words.html));
    }
    html.push_str("</li>\n</ul>\n");
    html.push_str(&"</li>\n</ul>\n".repeat(above.len().saturating_sub(1)));
    html.push_str("</section>\n");
    html
}

fn open(title: &str) -> String {
    let name = escape(if title.is_empty() { UNTITLED } else { title });
    let mut html = format!("<section class=\"table-of-contents\" aria-label=\"{name}\">\n");
    if !title.is_empty() {
        html.push_str(&format!("<p class=\"table-of-contents-title\">{name}</p>\n"));
    }
    html
}

#[cfg(test)]
mod tests {
    use super::html;
    use crate::ids::assign;
    use crate::outline::Outline;

    /// The list of headings of these levels, each with its level as its words and without line feeds.
    fn list(levels: &[usize]) -> String {
        let page: String =
            levels.iter().map(|level| format!("<h{level} id=\"x{level}\">{level}</h{level}>")).collect();
        let outline = Outline::read(&page).unwrap();
        let list = html("", &outline, &assign(&outline)).replace('\n', "");
        let inside =
            list.strip_prefix("<section class=\"table-of-contents\" aria-label=\"Contents\">").unwrap();
        let inside = inside.strip_suffix("</section>").unwrap();
        // Links are told in other tests.
        let mut plain = String::new();
        for part in inside.split("<a ") {
            plain.push_str(
                part.split_once('>').filter(|_| part.starts_with("href")).map_or(part, |(_, rest)| rest),
            );
        }
        plain.replace("</a>", "")
    }

    #[test]
    fn it_is_nested_as_the_headings_are() {
        assert_eq!(list(&[2, 2]), "<ul><li>2</li><li>2</li></ul>");
        assert_eq!(list(&[2, 3, 3, 2]), "<ul><li>2<ul><li>3</li><li>3</li></ul></li><li>2</li></ul>");
        assert_eq!(list(&[2, 3, 4]), "<ul><li>2<ul><li>3<ul><li>4</li></ul></li></ul></li></ul>");
        assert_eq!(
            list(&[2, 3, 4, 2]),
            "<ul><li>2<ul><li>3<ul><li>4</li></ul></li></ul></li><li>2</li></ul>"
        );
    }

    #[test]
    fn levels_may_be_skipped_and_begin_anywhere() {
        assert_eq!(list(&[2, 4, 3]), "<ul><li>2<ul><li>4</li><li>3</li></ul></li></ul>");
        assert_eq!(list(&[4, 2]), "<ul><li>4</li><li>2</li></ul>");
        assert_eq!(
            list(&[3, 4, 2, 3]),
            "<ul><li>3<ul><li>4</li></ul></li><li>2<ul><li>3</li></ul></li></ul>"
        );
        assert_eq!(list(&[1]), "<ul><li>1</li></ul>");
    }

    #[test]
    fn the_title_is_escaped() {
        let outline = Outline::read("<h2 id=\"a\">A</h2>").unwrap();
        let list = html("In \"this\" <post>", &outline, &assign(&outline));
        assert_eq!(
            list,
            "<section class=\"table-of-contents\" aria-label=\"In &quot;this&quot; &lt;post&gt;\">\n\
             <p class=\"table-of-contents-title\">In &quot;this&quot; &lt;post&gt;</p>\n\
             <ul>\n<li><a href=\"#a\">A</a></li>\n</ul>\n</section>\n"
        );
    }
}
