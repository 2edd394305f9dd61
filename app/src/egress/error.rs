//! Why a request was not sent or its answer not taken, in words for the log of whoever asked for it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hyper::StatusCode;

use super::seconds;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Nothing can be sent at all.
    #[error("secure connections cannot be set up: {reason}")]
    Setup {
        /// What the TLS library says.
        reason: String,
    },
    /// The text is not a URL.
    #[error("`{url}` is not an address: {reason}")]
    NotAnAddress {
        /// The text, cut where it is long.
        url: String,
        /// What the parser says.
        reason: String,
    },
    /// The URL is not http or https.
    #[error("`{scheme}` is not allowed: an address must begin with http:// or https://")]
    Scheme {
        /// Its scheme.
        scheme: String,
    },
    /// The URL names a user.
    #[error("the address of {host} carries a user name or a password: put credentials into a header")]
    Credentials {
        /// Its host.
        host: String,
    },
    /// The host is no name that a name server could know.
    #[error("`{host}` is not a host name")]
    HostName {
        /// The host.
        host: String,
    },
    /// The caller may not go there.
    #[error("{0}")]
    NotAllowed(String),
    /// A header that belongs to the connection or cannot be sent.
    #[error("the header `{name}` cannot be set: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// The name could not be looked up.
    #[error("{host} cannot be looked up: {reason}")]
    LookUp {
        /// The name.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// The URL names an address that is not public.
    #[error("{address} is not a public address")]
    NotPublic {
        /// The address.
        address: IpAddr,
    },
    /// The name stands for addresses of which none is public.
    #[error("{host} resolves to {address}, which is not a public address")]
    ResolvesInward {
        /// The name.
        host: String,
        /// The first of them.
        address: IpAddr,
    },
    /// There were too many requests until the time was up.
    #[error("the request to {host} waited {} for a place among the requests under way", seconds(waited))]
    Busy {
        /// The host.
        host: String,
        /// How long it waited.
        waited: Duration,
    },
    /// The time was up.
    #[error("the request to {host} was not over within {}", seconds(waited))]
    Timeout {
        /// The host that was asked first.
        host: String,
        /// How long it took at least.
        waited: Duration,
    },
    /// No connection.
    #[error("{host} ({address}) cannot be reached: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// The address tried last.
        address: SocketAddr,
        /// What the network says.
        reason: String,
    },
    /// No trustworthy connection.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection broke or the answer is not HTTP.
    #[error("the exchange with {host} failed: {reason}")]
    Exchange {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The body is larger than is taken.
    #[error("the answer of {host} is larger than {limit} bytes")]
    BodyTooLarge {
        /// The host.
        host: String,
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// The body is compressed although that was not asked for.
    #[error("the answer of {host} is encoded as `{encoding}`; only plain answers are taken")]
    Encoded {
        /// The host.
        host: String,
        /// How it is encoded.
        encoding: String,
    },
    /// A redirect from https to http.
    #[error("the redirect to http://{host} would give up the secure connection")]
    Downgrade {
        /// Where it would have gone.
        host: String,
    },
    /// The redirects did not come to an end.
    #[error("the request to {host} was redirected more than {limit} times")]
    TooManyRedirects {
        /// The host that was asked first.
        host: String,
        /// How many are followed.
        limit: usize,
    },
    /// The answer is a redirect, and the caller wants none followed.
    #[error("{host} answered {status}, a redirect to `{location}`, and redirects are not followed")]
    NotFollowed {
        /// The host.
        host: String,
        /// Which kind of redirect.
        status: StatusCode,
        /// Where it leads, cut where it is long.
        location: String,
    },
    /// Something is wrong with where a redirect leads.
    #[error("redirected by {host}: {source}")]
    Redirect {
        /// The host that redirected.
        host: String,
        /// What is wrong.
        source: Box<EgressError>,
    },
}

/// An error with its causes, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.contains(&next) {
            words = format!("{words}: {next}");
        }
        cause = error.source();
    }
    words
}
