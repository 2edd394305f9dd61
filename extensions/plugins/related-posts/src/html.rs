//! Text and addresses as they stand in HTML.

/// Text between tags, or in an attribute within double quotes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A path as the value of an attribute: what an address may not hold is percent-encoded. Percent signs stay, since an
/// address that was imported may hold some.
pub(crate) fn address(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                encoded.push_str(&format!("%{byte:02X}"))
            }
            byte if byte.is_ascii_graphic() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    escape(&encoded)
}

#[cfg(test)]
mod tests {
    use super::{address, escape};

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escape("a <b> & \"c\""), "a &lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(escape("&lt;"), "&amp;lt;");
    }

    #[test]
    fn addresses_hold_what_they_may() {
        assert_eq!(address("/2026/11/a-post"), "/2026/11/a-post");
        assert_eq!(address("/\u{FC}ber uns"), "/%C3%BCber%20uns");
        assert_eq!(address("/?a=1&b=%20"), "/?a=1&amp;b=%20");
        assert_eq!(address("/\"><script>"), "/%22%3E%3Cscript%3E");
    }
}
