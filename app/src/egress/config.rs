//! The limits of what goes out, and the places in the own network that an operator opens.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;

use super::address;

/// The limits of outgoing requests.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Destinations that may be reached although they are not public, such as a service in the operator's own
    /// network. Each is open to every caller alike: to any plugin whose manifest names the address or a host that
    /// resolves to it, or asks for `*`, and whoever runs the name server of such a host decides where it leads.
    /// Default: none.
    pub allow_private: Vec<AllowedDestination>,
    /// How long connecting may take, over all addresses of a name. Default 5 s.
    pub connect_timeout: Duration,
    /// How long everything may take, from waiting for a place to the last byte of the last redirect's answer.
    /// Default 10 s.
    pub timeout: Duration,
    /// The largest body that is taken, in bytes. Default 2 MiB.
    pub max_body: usize,
    /// How many redirects are followed. Default 3.
    pub max_redirects: usize,
    /// Requests under way at most. Default 32.
    pub concurrent: usize,
    /// Requests under way for one caller at most, so that one with hanging requests leaves places for others.
    /// Default 8.
    pub per_caller: usize,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            max_body: 2 * 1024 * 1024,
            max_redirects: 3,
            concurrent: 32,
            per_caller: 8,
        }
    }
}

impl EgressConfig {
    /// Reads a comma-separated list for [`Self::allow_private`]; an empty one is an empty list.
    ///
    /// # Errors
    /// Where entries are not destinations: one sentence that names each.
    pub fn parse_allow(list: &str) -> Result<Vec<AllowedDestination>, String> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let (right, wrong): (Vec<_>, Vec<_>) = entries.map(str::parse).partition(Result::is_ok);
        if wrong.is_empty() {
            Ok(right.into_iter().filter_map(Result::ok).collect())
        } else {
            let faults: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
            Err(faults.join("; "))
        }
    }

    /// Whether a connection to this address may be made.
    pub(super) fn may_reach(&self, address: SocketAddr) -> bool {
        address::is_public(address.ip()) || self.allow_private.iter().any(|allowed| allowed.covers(address))
    }
}

/// An address or a network, at one port or at any: `10.0.0.5`, `10.0.0.5:8080`, `[fd00::5]:8080` or `10.1.0.0/16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedDestination {
    network: IpNet,
    port: Option<u16>,
}

impl AllowedDestination {
    fn covers(&self, address: SocketAddr) -> bool {
        self.network.contains(&address.ip()) && self.port.is_none_or(|port| port == address.port())
    }
}

impl From<SocketAddr> for AllowedDestination {
    fn from(address: SocketAddr) -> Self {
        Self { network: address.ip().into(), port: Some(address.port()) }
    }
}

impl FromStr for AllowedDestination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { network: address.into(), port: None });
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return match address.port() {
                0 => Err(format!("`{text}`: a port must be 1 to 65535")),
                _ => Ok(address.into()),
            };
        }
        match text.parse::<IpNet>() {
            Ok(network) if network.trunc() == network => Ok(Self { network, port: None }),
            Ok(network) => {
                Err(format!("`{text}` is not the start of a network: write `{}`", network.trunc()))
            }
            Err(_) => Err(format!(
                "`{text}` is not a destination: write an IP address, with or without a port, or a network such as \
                 10.1.0.0/16"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read() {
        let config = EgressConfig {
            allow_private: EgressConfig::parse_allow(
                "10.0.0.5, 10.0.0.6:8080,, 10.1.0.0/16 ,[fd00::5]:443,fd00:1::/32",
            )
            .unwrap(),
            ..EgressConfig::default()
        };
        for (address, reachable) in [
            ("10.0.0.5:1", true),
            ("10.0.0.6:8080", true),
            ("10.0.0.6:8081", false),
            ("10.1.200.3:25", true),
            ("10.2.0.1:80", false),
            ("[fd00::5]:443", true),
            ("[fd00::5]:80", false),
            ("[fd00:1:2::3]:80", true),
            ("[::ffff:10.0.0.5]:80", false),
            ("1.1.1.1:80", true),
        ] {
            assert_eq!(config.may_reach(address.parse().unwrap()), reachable, "{address}");
        }
        assert_eq!(EgressConfig::parse_allow(" "), Ok(Vec::new()));
    }

    #[test]
    fn every_wrong_destination_is_named() {
        let faults = EgressConfig::parse_allow("10.0.0.1,db.internal,10.0.0.1:0,10.0.0.7/8").unwrap_err();
        for words in ["`db.internal` is not a destination", "a port must be 1", "write `10.0.0.0/8`"] {
            assert!(faults.contains(words), "{faults}");
        }
        assert!(!faults.contains("`10.0.0.1`"), "{faults}");
    }
}
