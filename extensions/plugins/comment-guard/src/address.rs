//! E-mail addresses, taken apart.

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// What stands before the sign, in lower case, without a tag: of `ada+blog` it is `ada`.
    pub(crate) local: String,
    /// The domain, in lower case.
    pub(crate) domain: String,
}

impl Address {
    /// Takes an address apart; `None` where it is none.
    pub(crate) fn parse(email: &str) -> Option<Self> {
        let email = email.trim().to_lowercase();
        let (local, domain) = email.rsplit_once('@')?;
        // A tag is the cheapest way to look like many people.
        let local = local.split_once('+').map_or(local, |(name, _)| name);
        if local.is_empty() || domain.is_empty() {
            return None;
        }
        Some(Self { local: local.to_owned(), domain: domain.to_owned() })
    }

    /// Whether the address is at this domain or below it.
    pub(crate) fn is_at(&self, domain: &str) -> bool {
        self.domain.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    }

    /// The address as text, without its tag.
    pub(crate) fn plain(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn tags_and_case_make_no_other_address() {
        let plain = |email| Address::parse(email).map(|address| address.plain());
        assert_eq!(plain(" Ada+Blog@Example.com "), Some("ada@example.com".to_owned()));
        assert_eq!(plain("\"a@b\"@example.com"), Some("\"a@b\"@example.com".to_owned()));
        for none in ["", "ada", "@example.com", "ada@", "+tag@example.com"] {
            assert_eq!(plain(none), None, "{none}");
        }
    }

    #[test]
    fn domains_are_compared_whole() {
        let address = Address::parse("a@mail.example.com").unwrap();
        assert!(address.is_at("example.com") && address.is_at("mail.example.com"));
        assert!(!address.is_at("ample.com") && !address.is_at("a.mail.example.com"));
    }
}
