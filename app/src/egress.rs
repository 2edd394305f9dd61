//! The one way out: whatever the server sends to other servers, for itself or for a plugin, goes through here.
//!
//! Addresses come from people and plugins, names from whoever runs the name server; none of them may point the
//! server at its own network. So each hop is parsed once, by the `url` crate, looked up once, checked, and then
//! connected to the very address that was checked. Connections are never kept: a name that changes its mind between
//! two requests, or between a request and its redirect, is looked up and checked again.

mod address;
mod config;
mod error;
mod exchange;
mod hop;
mod resolve;
mod target;
mod tls;
mod turns;

#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{HeaderMap, Method, StatusCode};
use tokio::time::timeout_at;
use url::{Host, Url};

pub use config::{AllowedDestination, EgressConfig};
pub use error::EgressError;
pub use resolve::{Resolve, SystemResolver};

use exchange::{Answer, Exchange};
use hop::Hop;
use target::Target;
use tls::Tls;
use turns::{Turn, Turns};

/// A request to another server.
#[derive(Clone, Debug)]
pub struct EgressRequest {
    /// On whose account: requests of one caller have a share of the places and no more.
    pub caller: String,
    /// The method.
    pub method: Method,
    /// The address, as it was given.
    pub url: String,
    /// Further headers. Those that belong to the connection (`Host`, `Content-Length`, `Accept-Encoding` and so on)
    /// are refused. A redirect to another origin keeps only what describes the content.
    pub headers: HeaderMap,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
    /// How many redirects are followed at most, also where [`EgressConfig::max_redirects`] would allow more; none:
    /// as many as that allows.
    pub max_redirects: Option<usize>,
    /// When all must be over, also where [`EgressConfig::timeout`] would allow more.
    pub until: Instant,
}

/// What the other server answered, whatever its status.
#[derive(Clone, Debug)]
pub struct EgressResponse {
    /// The status of the last hop.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, at most [`EgressConfig::max_body`] bytes, never compressed.
    pub body: Vec<u8>,
    /// Where the answer came from, after redirects.
    pub final_url: Url,
}

/// Says of each address on the way, the first and those of redirects, whether the caller may go there; the reason
/// where it may not. The address is parsed already: it has a host and is http or https.
pub type Allowed<'a> = &'a (dyn Fn(&Url) -> Result<(), String> + Send + Sync);

/// Sends requests to other servers. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    shared: Arc<Shared>,
}

struct Shared {
    config: EgressConfig,
    resolver: Arc<dyn Resolve>,
    turns: Turns,
    tls: Tls,
}

impl Egress {
    /// With the machine's own resolver. The machine's root certificates are read at the first request that needs them.
    ///
    /// # Errors
    /// Where secure connections cannot be set up.
    pub fn new(config: EgressConfig) -> Result<Self, EgressError> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// With another resolver. What it answers is checked like the answers of any other.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_resolver(config: EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self, EgressError> {
        Ok(Self::with_tls(config, resolver, Tls::new()?))
    }

    fn with_tls(config: EgressConfig, resolver: Arc<dyn Resolve>, tls: Tls) -> Self {
        let turns = Turns::new(config.concurrent, config.per_caller);
        Self { shared: Arc::new(Shared { config, resolver, turns, tls }) }
    }

    /// Reads an address to be asked later, and refuses one that no request could go to. A name is not looked up: where
    /// it leads by then is checked by then.
    ///
    /// # Errors
    /// Where it is not an address, or names a place that is not public and that the operator has not opened.
    pub fn check_address(&self, text: &str) -> Result<Url, EgressError> {
        let target = Target::parse(text)?;
        let address: IpAddr = match target.host() {
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
            Host::Domain(_) => return Ok(target.into_url()),
        };
        resolve::reachable(&target, &[address], &self.shared.config)?;
        Ok(target.into_url())
    }

    /// Sends a request, follows its redirects and answers the last response, whatever its status.
    ///
    /// # Errors
    /// Where the address, a redirect or the answer breaks a rule, a limit is reached, or the other server fails.
    pub async fn send(
        &self,
        request: EgressRequest,
        allowed: Allowed<'_>,
    ) -> Result<EgressResponse, EgressError> {
        let start = Instant::now();
        let deadline = request.until.min(start + self.shared.config.timeout);
        let caller = request.caller.clone();
        let allowed_redirects = self.shared.config.max_redirects;
        let redirects = request.max_redirects.unwrap_or(allowed_redirects).min(allowed_redirects);
        let hop = Hop::first(request)?;
        check(&hop, allowed)?;

        let host = hop.target.host_name();
        let until = deadline.into();
        let waited = deadline.saturating_duration_since(start);
        let turn = timeout_at(until, self.shared.turns.take(&caller))
            .await
            .ok()
            // A place that comes free at the last moment is of no use.
            .filter(|_| Instant::now() < deadline)
            .ok_or_else(|| EgressError::Busy { host: host.clone(), waited })?;
        timeout_at(until, Box::pin(self.shared.follow(hop, redirects, allowed, &Arc::new(turn))))
            .await
            .map_err(|_elapsed| EgressError::Timeout { host, waited })?
    }
}

fn check(hop: &Hop, allowed: Allowed<'_>) -> Result<(), EgressError> {
    allowed(hop.target.url()).map_err(EgressError::NotAllowed)
}

impl Shared {
    /// From hop to hop, over at most `limit` redirects, until an answer is none. The first hop is allowed already.
    async fn follow(
        &self,
        mut hop: Hop,
        limit: usize,
        allowed: Allowed<'_>,
        turn: &Arc<Turn>,
    ) -> Result<EgressResponse, EgressError> {
        let first = hop.target.host_name();
        let mut redirected_by: Option<String> = None;
        for _ in 0..=limit {
            let answer = self.send_once(&hop, turn).await;
            let answer = answer.map_err(|error| on_the_way(redirected_by.as_ref(), error))?;
            let (status, location) = match answer {
                Answer::Whole { status, headers, body } => {
                    return Ok(EgressResponse { status, headers, body, final_url: hop.target.into_url() });
                }
                Answer::Redirect { status, location } => (status, location),
            };
            let from = hop.target.host_name();
            if limit == 0 {
                return Err(EgressError::NotFollowed { host: from, status, location: quoted(&location) });
            }
            hop = hop
                .redirected(status, &location)
                .and_then(|hop| check(&hop, allowed).map(|()| hop))
                .map_err(|error| on_the_way(Some(&from), error))?;
            redirected_by = Some(from);
        }
        Err(EgressError::TooManyRedirects { host: first, limit })
    }

    /// One hop: look up, check, connect to what was checked, ask.
    async fn send_once(&self, hop: &Hop, turn: &Arc<Turn>) -> Result<Answer, EgressError> {
        let addresses = self.addresses(&hop.target, turn).await?;
        let stream =
            exchange::connect(&hop.target, &addresses, self.config.connect_timeout, &self.tls).await?;
        Exchange { host: &hop.target.host_name(), max_body: self.config.max_body }
            .run(stream, hop.to_request()?)
            .await
    }

    /// The addresses of a target that may be connected to, at least one.
    async fn addresses(&self, target: &Target, turn: &Arc<Turn>) -> Result<Vec<SocketAddr>, EgressError> {
        let found = match target.host() {
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(name) => resolve::look_up(&self.resolver, name, turn).await?,
        };
        resolve::reachable(target, &found, &self.config)
    }
}

/// Tells which redirect led to an error.
fn on_the_way(redirected_by: Option<&String>, error: EgressError) -> EgressError {
    match redirected_by {
        None => error,
        Some(host) => EgressError::Redirect { host: host.clone(), source: Box::new(error) },
    }
}

/// Where a redirect leads, for a log: whoever redirects may write anything there.
fn quoted(location: &[u8]) -> String {
    const QUOTED: usize = 200;
    String::from_utf8_lossy(location).chars().take(QUOTED).flat_map(char::escape_default).collect()
}

/// A length of time in words for a log.
fn seconds(time: &Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
