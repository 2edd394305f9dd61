//! Hosts as manifests name them.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// Endings that the public name system does not serve: what they name is in somebody's own network.
const PRIVATE_ENDINGS: [&str; 6] = ["localhost", "local", "internal", "lan", "home.arpa", "intranet"];

/// A host, `api.example.com`, or all hosts below one, `*.example.com`, each with an optional `:port`. Without a port
/// the scheme's own is meant, 80 or 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// In lower case, without a dot at the end.
    name: String,
    /// Whether the hosts below `name` are meant, and not `name` itself.
    below: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// The host of an address, for requests to where that leads. A secure address stands for its port alone. A plain
    /// one without a port stands for the ports of both schemes, since such servers send to their secure side. None where
    /// the text is no http or https address.
    pub(super) fn of_address(text: &str) -> Option<HostPattern> {
        let url = Url::parse(text).ok()?;
        let port = match url.scheme() {
            "https" => url.port_or_known_default(),
            "http" => url.port(),
            _ => return None,
        };
        Some(HostPattern { name: plain(url.host_str()?), below: false, port })
    }

    /// Whether a request goes where this says.
    pub(super) fn fits(&self, url: &Url) -> bool {
        let port_fits = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            // The parser drops a port that is the scheme's own.
            None => url.port().is_none(),
        };
        let Some(host) = url.host_str().filter(|_| port_fits).map(plain) else { return false };
        if self.below { is_below(&host, &self.name) } else { host == self.name }
    }

    /// Whether every host that `other` means is meant by this one.
    pub(crate) fn covers(&self, other: &HostPattern) -> bool {
        let name_fits = match (self.below, other.below) {
            (true, true) => other.name == self.name || is_below(&other.name, &self.name),
            (true, false) => is_below(&other.name, &self.name),
            (false, true) => false,
            (false, false) => other.name == self.name,
        };
        name_fits && self.port == other.port
    }

    /// Whether this can only mean hosts that have a name in public.
    pub(crate) fn is_public(&self) -> bool {
        let last = self.name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        let is_private =
            PRIVATE_ENDINGS.iter().any(|ending| self.name == *ending || is_below(&self.name, ending));
        let has_parts = self.name.contains('.') || self.below;
        has_parts && !is_number && !is_private
    }

    /// The name without the `*.`, whether that stood before it, and the port.
    pub(crate) fn parts(&self) -> (&str, bool, Option<u16>) {
        (&self.name, self.below, self.port)
    }
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<HostPattern, String> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let (name, below) = match host.strip_prefix("*.") {
            Some(parent) => (parent, true),
            None => (host, false),
        };
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let number = port.map(|port| match port.bytes().all(|byte| byte.is_ascii_digit()) {
            true => port.parse::<u16>().unwrap_or(0),
            false => 0,
        });
        if name.split('.').all(is_label) && number != Some(0) {
            return Ok(HostPattern { name: name.to_ascii_lowercase(), below, port: number });
        }
        Err(format!(
            "is \"{text}\"; name a host such as \"api.example.com\" or \"*.example.com\", without scheme or path, \
             \"setting:KEY\" for the host of an address that the administrator sets, or \"*\" for any public host"
        ))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.below {
            formatter.write_str("*.")?;
        }
        formatter.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}

/// A host's name as names are compared: neither case nor a dot at the end matter.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether `name` is something, a dot and `parent`.
fn is_below(name: &str, parent: &str) -> bool {
    let rest = name.strip_suffix(parent).and_then(|rest| rest.strip_suffix('.'));
    rest.is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap_or_else(|reason| panic!("{text} {reason}"))
    }

    #[test]
    fn patterns_are_read_and_written_the_same() {
        for (text, written) in [
            ("API.example.com", "api.example.com"),
            ("*.Example.org:08443", "*.example.org:8443"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(pattern(text).to_string(), written);
        }
        for bad in [
            "",
            "*",
            "*.",
            ".",
            "a..b",
            "a.",
            "a.*.com",
            "*:443",
            "a:0",
            "a:99999",
            "a:",
            "a:+1",
            "a b",
            "a/b",
            "u@a",
            "https://a",
            "[::1]",
            "ü.example",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_and_ports_are_matched_exactly() {
        for (text, good, bad) in [
            (
                "api.example.com",
                &["https://api.example.com/x", "http://API.example.com.:80/"][..],
                &["https://example.com/", "https://api.example.com:8080/", "http://api.example.com:443/"][..],
            ),
            (
                "*.example.org",
                &["https://a.example.org/", "https://a.b.example.org/"],
                &["https://example.org/", "https://badexample.org/", "https://a.example.org.evil.test/"],
            ),
            (
                "local.example.net:8443",
                &["https://local.example.net:8443/", "http://local.example.net:8443/"],
                &["https://local.example.net/"],
            ),
        ] {
            for url in good {
                assert!(pattern(text).fits(&Url::parse(url).expect(url)), "{text} {url}");
            }
            for url in bad {
                assert!(!pattern(text).fits(&Url::parse(url).expect(url)), "{text} {url}");
            }
        }
    }

    #[test]
    fn an_address_stands_for_its_host_and_port() {
        for (address, good, bad) in [
            (
                "https://Hooks.example.com/T1/B2?c",
                &["https://hooks.example.com/", "https://hooks.example.com:443/x"][..],
                &["http://hooks.example.com/", "https://hooks.example.com:444/", "https://example.com/"][..],
            ),
            (
                "http://hooks.example.com",
                &["http://hooks.example.com/", "https://hooks.example.com/"],
                &["http://hooks.example.com:8080/"],
            ),
            (
                "http://hooks.example.com:8080/",
                &["http://hooks.example.com:8080/"],
                &["http://hooks.example.com/", "https://hooks.example.com/"],
            ),
            ("http://[2001:DB8::1]:81/", &["http://[2001:db8:0::1]:81/"], &["http://[2001:db8::2]:81/"]),
            ("https://bücher.example/", &["https://xn--bcher-kva.example/"], &["https://bucher.example/"]),
            ("http://0x7f.1/", &["http://127.0.0.1/"], &["http://127.0.0.2/"]),
        ] {
            let pattern = HostPattern::of_address(address).expect(address);
            for url in good {
                assert!(pattern.fits(&Url::parse(url).expect(url)), "{address} {url}");
            }
            for url in bad {
                assert!(!pattern.fits(&Url::parse(url).expect(url)), "{address} {url}");
            }
        }
        for bad in ["", "hooks.example.com", "ftp://example.com/", "mailto:a@example.com", "https://"] {
            assert_eq!(HostPattern::of_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn wider_patterns_cover_narrower_ones() {
        for (wide, narrow) in [
            ("a.example.com", "A.example.com"),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "*.a.example.com"),
            ("*.example.com:81", "a.example.com:81"),
        ] {
            assert!(pattern(wide).covers(&pattern(narrow)), "{wide} {narrow}");
        }
        for (wide, other) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "badexample.com"),
            ("*.example.com", "a.example.com:81"),
            ("a.example.com:81", "a.example.com"),
            ("a.example.com", "*.a.example.com"),
            ("*.a.example.com", "*.example.com"),
        ] {
            assert!(!pattern(wide).covers(&pattern(other)), "{wide} {other}");
        }
    }

    #[test]
    fn names_of_the_own_network_are_not_public() {
        for public in ["api.example.com", "*.example.com:81", "1.example.com", "*.com"] {
            assert!(pattern(public).is_public(), "{public}");
        }
        for private in [
            "localhost",
            "intranet",
            "printer.local",
            "*.local",
            "db.internal:5432",
            "router.home.arpa",
            "10.0.0.5",
            "2130706433",
            "127.0x1",
            "*.10",
        ] {
            assert!(!pattern(private).is_public(), "{private}");
        }
    }
}
