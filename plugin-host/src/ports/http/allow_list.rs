//! Where a plugin's requests may go.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::pattern::HostPattern;
use crate::ports::PortError;

/// What stands before the key of a setting.
const SETTING: &str = "setting:";

/// One entry of `permissions.http`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpPermission {
    /// Any host at any port (`*`). Whoever sends refuses addresses that are not public, as for every other entry.
    AnyHost,
    /// A host, or all below one.
    Host(HostPattern),
    /// The host of the address that an administrator typed into the plugin's own setting of this key
    /// (`setting:webhook_url`). The setting is declared, as a URL.
    Setting(String),
}

impl FromStr for HttpPermission {
    type Err = String;

    fn from_str(text: &str) -> Result<HttpPermission, String> {
        if text == "*" {
            return Ok(HttpPermission::AnyHost);
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        match text.strip_prefix(SETTING) {
            None => text.parse().map(HttpPermission::Host),
            Some(key) if !key.is_empty() && key.bytes().all(fits) => {
                Ok(HttpPermission::Setting(key.to_owned()))
            }
            Some(_) => Err(format!(
                "is \"{text}\"; the key of a setting stands behind `{SETTING}`, as in \"{SETTING}webhook_url\""
            )),
        }
    }
}

impl fmt::Display for HttpPermission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpPermission::AnyHost => formatter.write_str("*"),
            HttpPermission::Host(pattern) => write!(formatter, "{pattern}"),
            HttpPermission::Setting(key) => write!(formatter, "{SETTING}{key}"),
        }
    }
}

/// The hosts that a plugin may reach with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAllowList {
    any_host: bool,
    patterns: Vec<HostPattern>,
    /// Why settings allow nothing for now.
    gaps: Vec<String>,
}

impl HostAllowList {
    /// The hosts that a manifest's entries name by themselves. What settings name is added at the request, by
    /// [`HostAllowList::add_setting`].
    pub fn new(entries: &[HttpPermission]) -> HostAllowList {
        let patterns = entries.iter().filter_map(|entry| match entry {
            HttpPermission::Host(pattern) => Some(pattern.clone()),
            HttpPermission::AnyHost | HttpPermission::Setting(_) => None,
        });
        HostAllowList {
            any_host: entries.contains(&HttpPermission::AnyHost),
            patterns: patterns.collect(),
            gaps: Vec::new(),
        }
    }

    /// Adds the host and port of the address that an administrator set. A setting that is empty, holds no address or
    /// cannot be read adds nothing but a reason for denials.
    pub fn add_setting(&mut self, key: &str, value: Result<Option<String>, PortError>) {
        let gap = match value {
            Err(error) => format!("cannot be read: {error}"),
            Ok(value) => match value.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
                None => {
                    "is empty: what an administrator sets there opens a host, a default does not".to_owned()
                }
                Some(text) => match HostPattern::of_address(text) {
                    Some(pattern) => return self.patterns.push(pattern),
                    None => "does not hold an http or https address".to_owned(),
                },
            },
        };
        self.gaps.push(format!("the setting `{key}`, whose host it may reach, {gap}"));
    }

    /// Whether a request may go to this address, the first one or one behind a redirect. Only host and port count; a
    /// name's trailing dot and its case do not matter. `*.example.com` covers `a.example.com` and `a.b.example.com`,
    /// not `example.com`.
    ///
    /// # Errors
    /// Says what is not granted, and which settings would have to hold something.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        if self.any_host || self.patterns.iter().any(|pattern| pattern.fits(url)) {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        let wanted = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let mut reason = format!("{wanted} is not granted: the manifest must name it in `permissions.http`");
        for gap in &self.gaps {
            reason.push_str("; ");
            reason.push_str(gap);
        }
        Err(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(texts: &[&str]) -> Vec<HttpPermission> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    fn check(list: &HostAllowList, url: &str) -> Result<(), String> {
        list.check(&Url::parse(url).expect(url))
    }

    #[test]
    fn entries_are_written_as_they_are_read() {
        for text in ["*", "api.example.com", "*.example.com:8443", "setting:webhook_url"] {
            assert_eq!(entries(&[text])[0].to_string(), text);
        }
    }

    #[test]
    fn hosts_are_granted_with_their_ports() {
        let list = HostAllowList::new(&entries(&["api.example.com", "local.example.net:8443"]));
        for url in
            ["https://api.example.com/x", "http://API.example.com:80/", "https://local.example.net:8443/"]
        {
            assert_eq!(check(&list, url), Ok(()), "{url}");
        }
        for (url, words) in [
            ("https://api.example.com:444/", "api.example.com:444 is not granted"),
            ("https://local.example.net/", "local.example.net is not granted"),
            ("https://127.0.0.1/", "127.0.0.1 is not granted"),
        ] {
            let refused = check(&list, url).expect_err(url);
            assert!(refused.starts_with(words), "{refused}");
        }
    }

    #[test]
    fn any_host_is_any_host_and_nothing_is_none() {
        let list = HostAllowList::new(&entries(&["*"]));
        for url in ["https://example.com/", "http://example.com:8080/", "http://[2001:db8::1]/"] {
            assert_eq!(check(&list, url), Ok(()), "{url}");
            assert!(check(&HostAllowList::default(), url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_setting_grants_the_host_that_it_holds() {
        let asked = entries(&["setting:hook", "setting:other"]);
        let mut list = HostAllowList::new(&asked);
        list.add_setting("hook", Ok(Some(" https://hooks.example.com/T1 ".to_owned())));
        list.add_setting("other", Ok(None));
        assert_eq!(check(&list, "https://hooks.example.com/T2"), Ok(()));
        let refused = check(&list, "https://example.com/").expect_err("refused");
        assert!(refused.starts_with("example.com is not granted: "), "{refused}");
        assert!(refused.contains("`other`, whose host it may reach, is empty"), "{refused}");
        assert!(!refused.contains("`hook`"), "{refused}");
    }

    #[test]
    fn a_setting_that_holds_no_address_grants_nothing() {
        for (value, words) in [
            (Ok(None), "is empty"),
            (Ok(Some("  ".to_owned())), "is empty"),
            (Ok(Some("*".to_owned())), "does not hold an http or https address"),
            (Ok(Some("ftp://example.com/".to_owned())), "does not hold an http or https address"),
            (Err(PortError::new("the disk is gone")), "cannot be read: the disk is gone"),
        ] {
            let mut list = HostAllowList::new(&entries(&["setting:hook"]));
            list.add_setting("hook", value);
            let refused = check(&list, "http://example.com/").expect_err("refused");
            assert!(refused.contains(&format!("`hook`, whose host it may reach, {words}")), "{refused}");
        }
    }
}
