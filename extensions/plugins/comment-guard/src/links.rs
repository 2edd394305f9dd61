//! Links in the text of a comment, however they are marked up.

/// What a link begins with.
const STARTS: [&str; 3] = ["http://", "https://", "www."];

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// The address as it stands in the text.
    pub(crate) text: &'a str,
    /// The host in lower case, without `www.`, user and port.
    pub(crate) host: String,
}

/// All links, in order: what begins with `http://`, `https://` or `www.`, also within Markdown and HTML.
pub(crate) fn find(text: &str) -> Vec<Link<'_>> {
    let lower = text.to_ascii_lowercase();
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(at) = next_start(&lower, from) {
        let end = text[at..].find(ends_link).map_or(text.len(), |length| at + length);
        let address = text[at..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let host = host(&lower[at..at + address.len()]);
        if host.contains('.') {
            links.push(Link { at, text: address, host: host.to_owned() });
        }
        from = end;
    }
    links
}

/// The text with each link replaced.
pub(crate) fn replace<'a>(
    text: &str,
    links: &'a [Link<'_>],
    with: impl Fn(&'a Link<'_>) -> &'a str,
) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    for link in links {
        replaced.push_str(&text[from..link.at]);
        replaced.push_str(with(link));
        from = link.at + link.text.len();
    }
    replaced.push_str(&text[from..]);
    replaced
}

fn next_start(lower: &str, from: usize) -> Option<usize> {
    let starts = STARTS.iter().filter_map(|start| lower[from..].find(start));
    starts.min().map(|offset| from + offset)
}

fn ends_link(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '<' | '>' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '`')
}

fn host(address: &str) -> &str {
    let behind_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::{find, replace};

    fn hosts(text: &str) -> Vec<String> {
        find(text).into_iter().map(|link| link.host).collect()
    }

    #[test]
    fn links_are_found_in_any_markup() {
        for (text, expected) in [
            ("no link, e.g. this one", vec![]),
            ("see https://example.com/a?b=c.", vec!["example.com"]),
            ("HTTP://WWW.Example.COM and www.example.org!", vec!["example.com", "example.org"]),
            ("[text](http://example.com/x) <https://example.org>", vec!["example.com", "example.org"]),
            (
                "<a href=\"http://a.example\">x</a>[url=http://b.example]y[/url]",
                vec!["a.example", "b.example"],
            ),
            ("http://user:word@evil.example:8080/", vec!["evil.example"]),
            ("http:// https://, www.", vec![]),
            ("https://b\u{FC}cher.example/\u{FC}", vec!["b\u{FC}cher.example"]),
        ] {
            assert_eq!(hosts(text), expected, "{text}");
        }
    }

    #[test]
    fn links_are_replaced() {
        let text = "Buy at http://www.shop.example/?id=17, or at https://shop.example/18 \u{2014} now";
        assert_eq!(
            replace(text, &find(text), |link| &link.host),
            "Buy at shop.example, or at shop.example \u{2014} now"
        );
        assert_eq!(replace("www.a.example", &find("www.a.example"), |_| ""), "");
        assert_eq!(replace("none", &[], |_| ""), "none");
    }
}
