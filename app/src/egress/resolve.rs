//! From a name to the addresses that may be connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;

use super::{config::EgressConfig, error::EgressError, target::Target, turns::Turn};

/// Addresses of one name that are tried at most.
const TRIED: usize = 4;

/// Looks names up.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name, in the order in which they should be tried.
    ///
    /// # Errors
    /// Where the name is not known or nobody could be asked.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver, with its hosts file and its search list.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Looks a name up. The look-up cannot be called off once a thread is at it, so it keeps the turn until it is over,
/// also when nobody waits for it any more: slow name servers cannot pile threads up.
pub(super) async fn look_up(
    resolver: &Arc<dyn Resolve>,
    name: &str,
    turn: &Arc<Turn>,
) -> Result<Vec<IpAddr>, EgressError> {
    let (resolver, turn, wanted) = (Arc::clone(resolver), Arc::clone(turn), name.to_owned());
    let asked = tokio::spawn(async move {
        let found = resolver.resolve(&wanted).await;
        drop(turn);
        found
    });
    let failed = |reason: String| EgressError::LookUp { host: name.to_owned(), reason };
    let found = asked.await.map_err(|error| failed(error.to_string()))?;
    let found = found.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() { Err(failed("it has no address".to_owned())) } else { Ok(found) }
}

/// Those of a target's addresses that may be connected to. A name that has both public and other addresses is used at
/// its public ones: that does no harm, and a private address in a public zone is no rarity.
pub(super) fn reachable(
    target: &Target,
    found: &[IpAddr],
    config: &EgressConfig,
) -> Result<Vec<SocketAddr>, EgressError> {
    let reachable: Vec<SocketAddr> = found
        .iter()
        .map(|address| SocketAddr::new(*address, target.port()))
        .filter(|address| config.may_reach(*address))
        .take(TRIED)
        .collect();
    match (found.first(), target.name()) {
        _ if !reachable.is_empty() => Ok(reachable),
        (Some(address), Some(name)) => {
            Err(EgressError::ResolvesInward { host: name.to_owned(), address: *address })
        }
        (Some(address), None) => Err(EgressError::NotPublic { address: *address }),
        (None, _) => {
            Err(EgressError::LookUp { host: target.host_name(), reason: "it has no address".to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, found: &[&str]) -> Result<Vec<SocketAddr>, EgressError> {
        let found: Vec<IpAddr> = found.iter().map(|address| address.parse().unwrap()).collect();
        reachable(&Target::parse(url).unwrap(), &found, &EgressConfig::default())
    }

    #[test]
    fn only_public_addresses_are_used() {
        let addresses =
            chosen("https://example.com:8443/", &["10.0.0.1", "1.1.1.1", "fe80::1", "2606:4700::1"]);
        let expected: Vec<SocketAddr> =
            vec!["1.1.1.1:8443".parse().unwrap(), "[2606:4700::1]:8443".parse().unwrap()];
        assert_eq!(addresses, Ok(expected));
        assert_eq!(chosen("http://example.com", &["1.1.1.1"; 9]).map(|addresses| addresses.len()), Ok(TRIED));
    }

    #[test]
    fn a_name_without_a_public_address_is_refused() {
        let refused = chosen("http://example.com/", &["10.0.0.1", "127.0.0.1"]).unwrap_err();
        assert_eq!(refused.to_string(), "example.com resolves to 10.0.0.1, which is not a public address");
        let refused = chosen("http://127.0.0.1/", &["127.0.0.1"]).unwrap_err();
        assert_eq!(refused.to_string(), "127.0.0.1 is not a public address");
    }
}
