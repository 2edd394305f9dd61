//! Escaping for the HTML that this module writes itself.

/// Appends `text` as character data: `&`, `<` and `>` are escaped.
pub(super) fn text(out: &mut String, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        _ => None,
    });
}

/// Appends `value` as the inside of a double-quoted attribute.
pub(super) fn attribute(out: &mut String, value: &str) {
    escape(out, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        _ => None,
    });
}

/// Appends a URL as the inside of a double-quoted attribute. What a URL may not hold literally is
/// percent-encoded; percent signs stay, so that an encoded URL is not encoded twice.
pub(super) fn href(out: &mut String, url: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in url.bytes() {
        match byte {
            b'&' => out.push_str("&amp;"),
            b'!' | b'#'..=b'%' | b'\''..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

fn escape(out: &mut String, text: &str, replacement: impl Fn(u8) -> Option<&'static str>) {
    let mut written = 0;
    for (index, byte) in text.bytes().enumerate() {
        if let Some(entity) = replacement(byte) {
            out.push_str(&text[written..index]);
            out.push_str(entity);
            written = index + 1;
        }
    }
    out.push_str(&text[written..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(escape: fn(&mut String, &str), input: &str) -> String {
        let mut out = String::new();
        escape(&mut out, input);
        out
    }

    #[test]
    fn escapes_what_would_end_the_context() {
        assert_eq!(with(text, "a < b & \"c\" > ü"), "a &lt; b &amp; \"c\" &gt; ü");
        assert_eq!(with(attribute, "a\"><b>"), "a&quot;&gt;&lt;b&gt;");
    }

    #[test]
    fn encodes_urls_once() {
        assert_eq!(with(href, "/a b?x=1&y=%20#ü\"'"), "/a%20b?x=1&amp;y=%20#%C3%BC%22'");
        assert_eq!(with(href, "<[x]>`{}|\\^"), "%3C%5Bx%5D%3E%60%7B%7D%7C%5C%5E");
    }
}
