//! Addresses that may become cards.

/// Longer ones stay links.
const MAX_LENGTH: usize = 2048;

/// An absolute address with http or https, percent-encoded as it goes over the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    host: String,
}

impl Address {
    /// Reads an address; `None` for what is none, or one that nobody puts on a page in earnest: with a user name, without
    /// a host, with signs that programs read in different ways.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let scheme = ["https://", "http://"].iter().find(|scheme| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })?;
        let doubtful = |c: char| c.is_whitespace() || c.is_control() || "\\\"<>`".contains(c);
        if text.len() > MAX_LENGTH || text.contains(doubtful) {
            return None;
        }
        let authority = text[scheme.len()..].split(['/', '?', '#']).next()?;
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        let host = percent_decoded(host)?.to_lowercase();
        let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
        (is_port && !host.is_empty() && host.chars().all(is_name))
            .then(|| Self { text: percent_encoded(text), host })
    }

    /// The whole address.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case, without port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// What may not stand in an address as it is, percent-encoded. Percent signs stay, so nothing is encoded twice.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>[\\]^`{|}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `None` where it is not encoded well.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn hosts_are_found_however_they_are_written() {
        for (text, host) in [
            ("https://example.com", "example.com"),
            ("HTTP://Example.COM:8080/a?b#c", "example.com"),
            ("https://example.com?x=https://other.example/", "example.com"),
            ("https://example.com#@other.example", "example.com"),
            ("https://b\u{fc}cher.example/", "b\u{fc}cher.example"),
            ("https://b%C3%BCcher.example/", "b\u{fc}cher.example"),
            ("http://127.0.0.1:8080/", "127.0.0.1"),
        ] {
            assert_eq!(Address::parse(text).as_ref().map(Address::host), Some(host), "{text}");
        }
    }

    #[test]
    fn what_goes_over_the_line_is_encoded_once() {
        for (text, expected) in [
            ("https://example.com/\u{fc}?a=1&b=[2]#c", "https://example.com/%C3%BC?a=1&b=%5B2%5D#c"),
            ("https://example.com/%C3%BC", "https://example.com/%C3%BC"),
            ("https://example.com/100%", "https://example.com/100%"),
        ] {
            assert_eq!(Address::parse(text).as_ref().map(Address::as_str), Some(expected));
        }
    }

    #[test]
    fn doubtful_addresses_stay_links() {
        for text in [
            "",
            "example.com",
            "ftp://example.com/",
            "javascript:alert(1)",
            "//example.com/",
            "https:/example.com",
            "https://",
            "https:///path",
            "https://user@example.com/",
            "https://user:word@example.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:/",
            "https://[::1]/",
            "https://other.example\\@example.com/",
            "https://exam ple.com/",
            "https://example.com/a\nb",
            "https://example.com/\"onclick=",
            "https://exa%mple.com/",
            "https://%FF.example/",
            "https://a%2Fb.example/",
            &format!("https://example.com/{}", "x".repeat(2048)),
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }
}
