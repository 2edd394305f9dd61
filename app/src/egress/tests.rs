//! Against servers on the loopback, whose addresses are opened one by one, and a resolver that says what it is told.

mod addresses;
mod bodies;
mod names;
mod redirects;
mod secure;
mod server;
mod sharing;

use std::time::{Duration, Instant};

use hyper::{HeaderMap, Method};

use super::{Egress, EgressConfig, EgressError, EgressRequest, EgressResponse};
use names::Names;
use server::Server;

/// A limit that no test should come near, and one that is waited for.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// Limits under which these servers may be reached, and nothing else that is not public.
fn opened(servers: &[&Server]) -> EgressConfig {
    EgressConfig {
        allow_private: servers.iter().map(|server| server.address().into()).collect(),
        timeout: LONG,
        max_body: 64 * 1024,
        ..EgressConfig::default()
    }
}

fn get(url: impl Into<String>) -> EgressRequest {
    EgressRequest {
        caller: "test".to_owned(),
        method: Method::GET,
        url: url.into(),
        headers: HeaderMap::new(),
        body: None,
        max_redirects: None,
        until: Instant::now() + LONG,
    }
}

fn post(url: impl Into<String>, body: &str) -> EgressRequest {
    EgressRequest { method: Method::POST, body: Some(body.as_bytes().to_vec()), ..get(url) }
}

/// Sends a request of somebody who may go anywhere.
async fn send(egress: &Egress, request: EgressRequest) -> Result<EgressResponse, EgressError> {
    egress.send(request, &|_| Ok(())).await
}

async fn refused(egress: &Egress, request: EgressRequest) -> EgressError {
    let url = request.url.clone();
    match send(egress, request).await {
        Ok(response) => panic!("{url} was answered with {}", response.status),
        Err(error) => error,
    }
}

/// The error behind redirects.
fn behind(error: EgressError) -> EgressError {
    match error {
        EgressError::Redirect { source, .. } => behind(*source),
        other => other,
    }
}

fn egress(config: EgressConfig, names: &Names) -> Egress {
    Egress::with_resolver(config, names.resolver()).unwrap()
}
