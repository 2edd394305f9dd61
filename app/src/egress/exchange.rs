//! One connection, one request, one answer. Everything happens in the caller's own future: dropping it closes the
//! connection, and nothing goes on behind its back.

use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use url::Host;

use super::{
    error::{EgressError, with_causes},
    seconds,
    target::Target,
    tls::Tls,
};

/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A connection, secure or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Connects to the first address that answers. The time is shared among them, so that a dead one leaves some.
pub(super) async fn connect(
    target: &Target,
    addresses: &[SocketAddr],
    within: Duration,
    tls: &Tls,
) -> Result<Pin<Box<dyn Stream>>, EgressError> {
    let each = within / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut refused =
        EgressError::LookUp { host: target.host_name(), reason: "it has no address".to_owned() };
    for address in addresses {
        let reason = match timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return secured(target, stream, tls).await,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => format!("no answer within {}", seconds(&each)),
        };
        refused = EgressError::Connect { host: target.host_name(), address: *address, reason };
    }
    Err(refused)
}

async fn secured(target: &Target, stream: TcpStream, tls: &Tls) -> Result<Pin<Box<dyn Stream>>, EgressError> {
    if !target.is_secure() {
        return Ok(Box::pin(stream));
    }
    let name = match target.host() {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Ok(Box::pin(tls.secure(&name, stream).await?))
}

/// What one hop answered.
pub(super) enum Answer {
    /// Ask elsewhere. The body was not read.
    Redirect {
        /// Which kind.
        status: StatusCode,
        /// Where, as it was sent.
        location: Vec<u8>,
    },
    /// An answer of any other status.
    Whole {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
        /// Its body, within the limit.
        body: Vec<u8>,
    },
}

/// One exchange with a host.
pub(super) struct Exchange<'a> {
    /// The host, for errors.
    pub(super) host: &'a str,
    /// The largest body, in bytes.
    pub(super) max_body: usize,
}

impl Exchange<'_> {
    pub(super) async fn run(
        &self,
        stream: Pin<Box<dyn Stream>>,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, EgressError> {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_header_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.failed(&error))?;
        let answer = pin!(async {
            let response = sender.send_request(request).await.map_err(|error| self.failed(&error))?;
            self.read(response).await
        });
        match select(answer, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            // The connection is done; what it brought is still to be read, its error too.
            Either::Right((_, answer)) => answer.await,
        }
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Answer, EgressError> {
        let (head, body) = response.into_parts();
        if let Some(location) = head.headers.get(header::LOCATION).filter(|_| redirects(head.status)) {
            return Ok(Answer::Redirect { status: head.status, location: location.as_bytes().to_vec() });
        }
        self.check_encoding(&head.headers)?;
        Ok(Answer::Whole { status: head.status, headers: head.headers, body: self.collect(body).await? })
    }

    /// Nothing is ever unpacked here, so what is packed would only hurt whoever reads it.
    fn check_encoding(&self, headers: &HeaderMap) -> Result<(), EgressError> {
        let encodings = |name, plain: &'static str| {
            headers
                .get_all(name)
                .iter()
                .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
                .map(|encoding| String::from_utf8_lossy(encoding.trim_ascii()).to_ascii_lowercase())
                .find(|encoding| !encoding.is_empty() && encoding != plain)
        };
        let packed = encodings(header::CONTENT_ENCODING, "identity")
            .or_else(|| encodings(header::TRANSFER_ENCODING, "chunked"));
        match packed {
            Some(encoding) => Err(EgressError::Encoded { host: self.host.to_owned(), encoding }),
            None => Ok(()),
        }
    }

    async fn collect(&self, mut body: Incoming) -> Result<Vec<u8>, EgressError> {
        let too_large = || EgressError::BodyTooLarge { host: self.host.to_owned(), limit: self.max_body };
        if body.size_hint().lower() > self.max_body as u64 {
            return Err(too_large());
        }
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.failed(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            if whole.len() + data.len() > self.max_body {
                return Err(too_large());
            }
            whole.extend_from_slice(data);
        }
        Ok(whole)
    }

    fn failed(&self, error: &hyper::Error) -> EgressError {
        EgressError::Exchange { host: self.host.to_owned(), reason: with_causes(error) }
    }
}

fn redirects(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}
