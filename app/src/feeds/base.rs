//! Content leaves the site with a feed, so the addresses in it must not depend on where it is read.

use url::Url;

/// Makes the addresses in sanitised HTML absolute, seen from the page at `page`. Only attributes are touched: text that
/// looks like one stays as it is.
pub(super) fn absolute(html: &str, page: &Url) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 16);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        let (tag, after) = tag.split_at(tag_length(tag));
        out.push_str(before);
        attributes(&mut out, tag, page);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The bytes of the tag that the text begins with; a `>` inside quotes does not end it.
fn tag_length(text: &str) -> usize {
    let mut quoted = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// The sanitiser writes every attribute as ` name="value"`.
fn attributes(out: &mut String, tag: &str, page: &Url) {
    let mut rest = tag;
    while let Some((name, value, after)) = next_attribute(rest) {
        let name_end = rest.len() - after.len() - value.len() - 1;
        out.push_str(&rest[..name_end]);
        match name {
            "href" | "src" | "poster" | "cite" => out.push_str(&joined(value, page)),
            "srcset" => out.push_str(&candidates(value, page)),
            _ => out.push_str(value),
        }
        out.push('"');
        rest = after;
    }
    out.push_str(rest);
}

/// Name and value of the next attribute, and what follows its closing quote.
fn next_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("=\"")?;
    let (value, after) = rest.split_once('"')?;
    let name = before.rsplit([' ', '\t', '\n']).next().unwrap_or(before);
    Some((name, value, after))
}

fn candidates(value: &str, page: &Url) -> String {
    let candidate = |candidate: &str| {
        let candidate = candidate.trim();
        match candidate.split_once(char::is_whitespace) {
            Some((address, size)) => format!("{} {size}", joined(address, page)),
            None => joined(candidate, page),
        }
    };
    value.split(", ").map(candidate).collect::<Vec<_>>().join(", ")
}

/// The value is still escaped for HTML; what escapes it means the same in an address, so it passes through.
fn joined(value: &str, page: &Url) -> String {
    match page.join(value) {
        Ok(address) if Url::parse(value).is_err() => address.into(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn addresses_become_absolute_and_text_stays() {
        let page = "https://example.com/2019/post".parse().unwrap();
        for (html, expected) in [
            ("<a href=\"/x?a=1&amp;b=2\">", "<a href=\"https://example.com/x?a=1&amp;b=2\">"),
            (
                "<a href=\"#note\" rel=\"nofollow\">",
                "<a href=\"https://example.com/2019/post#note\" rel=\"nofollow\">",
            ),
            (
                "<img src=\"a.png\" alt=\"&gt; >\">",
                "<img src=\"https://example.com/2019/a.png\" alt=\"&gt; >\">",
            ),
            ("<a href=\"https://other.example/ü\">ü</a>", "<a href=\"https://other.example/ü\">ü</a>"),
            ("<a href=\"mailto:a@example.com\">", "<a href=\"mailto:a@example.com\">"),
            ("<code> href=\"/x\" </code>", "<code> href=\"/x\" </code>"),
            (
                "<img srcset=\"/a 1x, /b 2x\">",
                "<img srcset=\"https://example.com/a 1x, https://example.com/b 2x\">",
            ),
            ("a < b", "a < b"),
        ] {
            assert_eq!(absolute(html, &page), expected);
        }
    }
}
