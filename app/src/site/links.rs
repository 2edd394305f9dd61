//! Addresses of this site. They are made with the configured base URL, never with what a request claims.

use std::borrow::Cow;

use url::{Host, Url};

/// Makes addresses with the site's base URL.
#[derive(Clone, Debug)]
pub struct Links {
    url: Url,
    base: String,
}

impl Links {
    /// Links under this address, for example `https://example.com`.
    pub fn new(base: Url) -> Self {
        let text = base.as_str().trim_end_matches('/').to_owned();
        Self { url: base, base: text }
    }

    /// The base URL without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether readers come by https.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The absolute address of a path on this site. What a URL may not hold literally is percent-encoded; an address
    /// that is absolute already stays as it is.
    pub fn absolute(&self, path: &str) -> String {
        if is_absolute(path) {
            return encode(path).into_owned();
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{}", self.base, encode(path))
    }

    /// Whether an `Origin` or `Referer` header names this site. On loopback the names of the machine count as one.
    pub fn is_own_origin(&self, address: &str) -> bool {
        let Ok(other) = Url::parse(address) else { return false };
        let same_host = other.host() == self.url.host() || (is_loopback(&other) && is_loopback(&self.url));
        same_host
            && other.scheme() == self.url.scheme()
            && other.port_or_known_default() == self.url.port_or_known_default()
    }
}

/// Percent-encodes what an address may not hold literally. Percent signs stay, so nothing is encoded twice.
pub fn encode(address: &str) -> Cow<'_, str> {
    if address.bytes().all(is_plain) {
        return Cow::Borrowed(address);
    }
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(address.len() * 2);
    for byte in address.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    Cow::Owned(encoded)
}

/// Undoes percent-encoding. `None` when the result is not UTF-8 or holds control characters: no address of ours does.
pub fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn is_absolute(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Links, decode, encode};

    fn links(base: &str) -> Links {
        Links::new(base.parse().unwrap())
    }

    #[test]
    fn paths_become_absolute_and_encoded() {
        let links = links("https://example.com");
        assert_eq!(links.base(), "https://example.com");
        assert_eq!(links.absolute("/"), "https://example.com/");
        assert_eq!(links.absolute("/über öl"), "https://example.com/%C3%BCber%20%C3%B6l");
        assert_eq!(links.absolute("media/a.png"), "https://example.com/media/a.png");
        assert_eq!(links.absolute("https://other.example/x"), "https://other.example/x");
        assert!(links.is_https());
    }

    #[test]
    fn decoding_undoes_encoding_and_refuses_nonsense() {
        for path in ["/plain", "/日本語", "/a b/c%d", "/100%"] {
            let encoded = encode(path).into_owned();
            assert!(encoded.is_ascii());
            assert_eq!(decode(&encoded.replace("%d", "%25d")).as_deref(), Some(path));
        }
        assert_eq!(decode("/%ff"), None);
        assert_eq!(decode("/a%00b"), None);
        assert_eq!(decode("/a%zz").as_deref(), Some("/a%zz"));
    }

    #[test]
    fn only_our_own_origin_is_ours() {
        let site = links("https://example.com");
        assert!(site.is_own_origin("https://example.com"));
        assert!(site.is_own_origin("https://example.com/a/page?x"));
        for other in ["http://example.com", "https://example.com:444", "https://evil.example", "null", ""] {
            assert!(!site.is_own_origin(other), "{other}");
        }
        let local = links("http://127.0.0.1:8080");
        assert!(local.is_own_origin("http://localhost:8080"));
        assert!(!local.is_own_origin("http://localhost:9090"));
    }
}
