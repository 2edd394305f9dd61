//! Addresses in raw HTML: just enough of a tokeniser to find the values of attributes that hold one.

use std::ops::Range;

/// Where in `html` the values stand that are addresses, without their quotes. Comments, scripts and styles are passed over.
pub(super) fn addresses(html: &str) -> Vec<Range<usize>> {
    let mut scanner = Scanner { html, bytes: html.as_bytes(), at: 0, found: Vec::new() };
    while let Some(tag) =
        scanner.bytes.get(scanner.at..).and_then(|rest| rest.iter().position(|byte| *byte == b'<'))
    {
        scanner.at += tag;
        scanner.markup();
    }
    scanner.found
}

struct Scanner<'a> {
    html: &'a str,
    bytes: &'a [u8],
    at: usize,
    found: Vec<Range<usize>>,
}

impl Scanner<'_> {
    /// At a `<`.
    fn markup(&mut self) {
        let rest = &self.html[self.at..];
        if rest.starts_with("<!--") {
            self.at += rest.find("-->").map_or(rest.len(), |end| end + 3);
            return;
        }
        self.at += 1;
        let name = self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b':');
        let name = self.html[name].to_ascii_lowercase();
        if !name.starts_with(|character: char| character.is_ascii_alphabetic()) {
            return;
        }
        let silent = matches!(name.as_str(), "script" | "style" | "link" | "iframe");
        while self.attribute(silent) {}
        if matches!(name.as_str(), "script" | "style") {
            let rest = self.html[self.at..].to_ascii_lowercase();
            self.at += rest.find(&format!("</{name}")).unwrap_or(rest.len());
        }
    }

    /// One attribute, or the end of the tag.
    fn attribute(&mut self, silent: bool) -> bool {
        self.take(|byte| byte.is_ascii_whitespace() || byte == b'/');
        let name = self.take(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/'));
        if name.is_empty() {
            self.at += 1;
            return self.bytes.get(self.at - 1).is_some_and(|byte| *byte == b'=');
        }
        self.take(|byte| byte.is_ascii_whitespace());
        if self.bytes.get(self.at) != Some(&b'=') {
            return true;
        }
        self.at += 1;
        self.take(|byte| byte.is_ascii_whitespace());
        let value = match self.bytes.get(self.at) {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.take(|byte| byte != *quote);
                self.at += 1;
                value
            }
            _ => self.take(|byte| !byte.is_ascii_whitespace() && byte != b'>'),
        };
        if !silent {
            self.value(&self.html[name].to_ascii_lowercase(), value);
        }
        true
    }

    fn value(&mut self, name: &str, value: Range<usize>) {
        match name {
            "src" | "href" | "poster" => self.found.push(value),
            "srcset" if !self.html[value.clone()].contains("data:") => {
                let mut start = value.start;
                for candidate in self.html[value].split(',') {
                    let address = candidate.trim_start();
                    let from = start + candidate.len() - address.len();
                    let length = address.find(|character: char| character.is_ascii_whitespace());
                    self.found.push(from..from + length.unwrap_or(address.len()));
                    start += candidate.len() + 1;
                }
            }
            _ => {}
        }
    }

    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at.min(self.bytes.len());
        let length = self.bytes[start..].iter().take_while(|byte| belongs(**byte)).count();
        self.at = start + length;
        start..self.at
    }
}

#[cfg(test)]
mod tests {
    use super::addresses;

    fn found(html: &str) -> Vec<&str> {
        addresses(html).into_iter().map(|range| &html[range]).collect()
    }

    #[test]
    fn values_are_found_however_they_are_quoted() {
        assert_eq!(
            found("<img alt='a > b' src=\"a.png\"><IMG SRC='b.png'/><img src=c.png>"),
            ["a.png", "b.png", "c.png"]
        );
        assert_eq!(found("<a\n  class=x\n  href = \"x.md\" >text</a>"), ["x.md"]);
        assert_eq!(
            found("<source srcset=\"a.png, b.png 2x\"><video poster=p.png controls>"),
            ["a.png", "b.png", "p.png"]
        );
    }

    #[test]
    fn what_is_not_shown_is_passed_over() {
        assert!(
            found("<!-- <img src=a.png> --> 1 < 2 <script src=x.js>'<img src=a.png>'</script>").is_empty()
        );
        assert_eq!(found("<style>a{}</style><img src=\"b.png\">"), ["b.png"]);
    }

    #[test]
    fn broken_markup_ends() {
        for html in [
            "<",
            "<a",
            "<a href",
            "<a href=",
            "<a href=\"x",
            "<img =src>",
            "<a ü=\"ü\" href=ü",
            "<!--",
            "<script>",
        ] {
            addresses(html);
        }
    }
}
