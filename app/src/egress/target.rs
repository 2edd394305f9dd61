//! Where a hop goes, as the `url` crate reads it. Nothing else ever parses the address: what is checked is what is
//! connected to and what is sent as `Host`.

use url::{Host, Url};

use super::error::EgressError;

/// The longest address, in bytes.
const MAX_LENGTH: usize = 8 * 1024;
/// The longest name and the longest part of one that the name system knows, in bytes.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// How much of an address that cannot be read is quoted, in characters.
const QUOTED: usize = 100;

/// An http or https URL without user, fragment and trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, EgressError> {
        check_length(text)?;
        Self::of(Url::parse(text).map_err(|error| not_an_address(text, &error.to_string()))?)
    }

    /// Where a `Location` header leads from here.
    pub(super) fn redirected(&self, location: &[u8]) -> Result<Self, EgressError> {
        let text = String::from_utf8_lossy(location);
        check_length(&text)?;
        let url = self.url.join(&text).map_err(|error| not_an_address(&text, &error.to_string()))?;
        let target = Self::of(url)?;
        if self.is_secure() && !target.is_secure() {
            return Err(EgressError::Downgrade { host: target.host_name() });
        }
        Ok(target)
    }

    fn of(mut url: Url) -> Result<Self, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Scheme { scheme: url.scheme().to_owned() });
        }
        without_trailing_dot(&mut url)?;
        url.set_fragment(None);
        let (Some(host), Some(port)) = (url.host().map(|host| host.to_owned()), url.port_or_known_default())
        else {
            return Err(not_an_address(url.as_str(), "it has no host"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Credentials { host: host.to_string() });
        }
        match &host {
            Host::Domain(name) if !is_name(name) => Err(EgressError::HostName { host: quoted(name) }),
            _ => Ok(Self { url, host, port }),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn into_url(self) -> Url {
        self.url
    }

    /// The host: a name in ASCII, or the address that the URL names.
    pub(super) fn host(&self) -> Host<&str> {
        match &self.host {
            Host::Domain(name) => Host::Domain(name),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        }
    }

    /// The host's name; none where the URL names an address.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    /// The host in words.
    pub(super) fn host_name(&self) -> String {
        self.host.to_string()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// What is asked for at the host.
    pub(super) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    pub(super) fn same_origin(&self, other: &Target) -> bool {
        self.url.origin() == other.url.origin()
    }
}

/// `example.com.` is `example.com`, also for certificates and for whoever compares names.
fn without_trailing_dot(url: &mut Url) -> Result<(), EgressError> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    let Some(name) = name.strip_suffix('.').map(str::to_owned) else { return Ok(()) };
    url.set_host(Some(&name)).map_err(|error| not_an_address(&name, &error.to_string()))
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('.').all(|label| (1..=MAX_LABEL).contains(&label.len()))
}

fn check_length(text: &str) -> Result<(), EgressError> {
    if text.len() > MAX_LENGTH {
        return Err(not_an_address(text, &format!("it is longer than {MAX_LENGTH} bytes")));
    }
    Ok(())
}

fn not_an_address(text: &str, reason: &str) -> EgressError {
    EgressError::NotAnAddress { url: quoted(text), reason: reason.to_owned() }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Target {
        Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn disguises_of_an_address_are_that_address() {
        for text in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.0x1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http:\\\\127.0.0.1\\",
            "http:127.0.0.1",
            "http:////127.0.0.1/",
            "  http://127.0.0.1/",
            "ht\ntp://12\t7.0.0.1/",
            "http://127.0.0.1#@api.example.com/",
            "http://127.0.0.1?@api.example.com/",
            "http://127.0.0.1\\@api.example.com/",
        ] {
            assert_eq!(parsed(text).host_name(), "127.0.0.1", "{text}");
        }
        assert_eq!(parsed("http://[::FFFF:127.0.0.1]/").host_name(), "[::ffff:7f00:1]");
    }

    #[test]
    fn names_are_in_ascii_without_a_trailing_dot() {
        let target = parsed("https://Bücher.Example.:8443/a b?q=ü#part");
        assert_eq!(target.authority(), "xn--bcher-kva.example:8443");
        assert_eq!(target.path_and_query(), "/a%20b?q=%C3%BC");
        assert_eq!(target.url().as_str(), "https://xn--bcher-kva.example:8443/a%20b?q=%C3%BC");
        assert_eq!(parsed("https://example.com:443").authority(), "example.com");
        assert_eq!(parsed("http://example.com:443").authority(), "example.com:443");
        assert_eq!(parsed("http://api.example.com\\@127.0.0.1/").name(), Some("api.example.com"));
    }

    #[test]
    fn what_is_no_target() {
        for (text, words) in [
            ("", "is not an address"),
            ("/path", "is not an address"),
            ("//example.com/", "is not an address"),
            ("http://", "is not an address"),
            ("http:///", "is not an address"),
            ("http://exa mple.com/", "is not an address"),
            ("http://[::1", "is not an address"),
            ("http://[fe80::1%25eth0]/", "is not an address"),
            ("http://example.com:99999/", "is not an address"),
            ("http://256.0.0.1/", "is not an address"),
            ("http://1.2.3.4.5/", "is not an address"),
            ("ftp://example.com/", "`ftp` is not allowed"),
            ("file:///etc/passwd", "`file` is not allowed"),
            ("gopher://127.0.0.1:6379/_FLUSHALL", "`gopher` is not allowed"),
            ("data:text/plain,hello", "`data` is not allowed"),
            ("unix:/run/docker.sock", "`unix` is not allowed"),
            ("http://api.example.com@127.0.0.1/", "the address of 127.0.0.1 carries a user name"),
            ("http://user:secret@example.com/", "the address of example.com carries a user name"),
            ("http://:secret@example.com/", "the address of example.com carries a user name"),
            ("http://example.com../", "is not a host name"),
            ("http://a..example.com/", "is not a host name"),
            ("http://./", "is not"),
        ] {
            let error = Target::parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let long = format!("http://example.com/{}", "a".repeat(MAX_LENGTH));
        assert!(Target::parse(&long).unwrap_err().to_string().len() < 300);
        let label = format!("http://{}.com/", "a".repeat(64));
        assert!(Target::parse(&label).is_err());
    }

    #[test]
    fn a_redirect_is_read_from_where_it_comes() {
        let here = parsed("https://example.com/a/b?c");
        for (location, expected) in [
            ("d", "https://example.com/a/d"),
            ("/d#e", "https://example.com/d"),
            ("?f", "https://example.com/a/b?f"),
            ("//other.example/", "https://other.example/"),
            ("\\\\other.example\\", "https://other.example/"),
            ("https://other.example:8443", "https://other.example:8443/"),
        ] {
            let target = here.redirected(location.as_bytes()).unwrap();
            assert_eq!(target.url().as_str(), expected);
        }
        assert_eq!(
            here.redirected(b"http://example.com/").unwrap_err(),
            EgressError::Downgrade { host: "example.com".to_owned() }
        );
        assert!(parsed("http://example.com").redirected(b"https://example.com/").is_ok());
        for location in
            [&b"ftp://example.com/"[..], b"javascript:alert(1)", b"https://a@b/", b"http://[\xff]/"]
        {
            assert!(here.redirected(location).is_err(), "{location:?}");
        }
    }
}
