//! What is sent to one target, and what becomes of it when that target redirects.

use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};

use super::{EgressRequest, error::EgressError, target::Target};

static USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Fleuron/", env!("CARGO_PKG_VERSION")));
static PLAIN: HeaderValue = HeaderValue::from_static("identity");
static CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Headers that say how the message travels, or that would lend the request an origin or a session it has not.
static RESERVED: [HeaderName; 17] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::REFERER,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
];

/// Headers that a redirect to another origin keeps: what describes the content, and nothing that could be a secret.
static HARMLESS: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::CONTENT_TYPE];

/// One request to one target.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) target: Target,
    method: Method,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Hop {
    /// The hop that a caller asks for.
    pub(super) fn first(request: EgressRequest) -> Result<Self, EgressError> {
        let EgressRequest { method, url, headers, body, .. } = request;
        if let Some(name) = headers.keys().find(|name| RESERVED.contains(name)) {
            let reason = "it is the server's own";
            return Err(EgressError::Header { name: name.to_string(), reason });
        }
        Ok(Self { target: Target::parse(&url)?, method, headers, body: body.map(Bytes::from) })
    }

    /// The hop that follows when this one's target answers with a redirect.
    pub(super) fn redirected(self, status: StatusCode, location: &[u8]) -> Result<Self, EgressError> {
        let target = self.target.redirected(location)?;
        let Self { target: from, mut method, mut headers, mut body } = self;
        if becomes_get(status, &method) {
            method = Method::GET;
            body = None;
            headers.remove(header::CONTENT_TYPE);
            headers.remove(header::CONTENT_LANGUAGE);
            headers.remove(header::CONTENT_ENCODING);
        }
        if !from.same_origin(&target) {
            headers =
                HARMLESS.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
        }
        Ok(Self { target, method, headers, body })
    }

    /// The message, as it goes over the line.
    pub(super) fn to_request(&self) -> Result<Request<Full<Bytes>>, EgressError> {
        let unfit = |what: &str| EgressError::NotAnAddress {
            url: self.target.host_name(),
            reason: format!("its {what} cannot be sent"),
        };
        let uri: Uri = self.target.path_and_query().parse().map_err(|_error| unfit("path or query"))?;
        let host: HeaderValue = self.target.authority().parse().map_err(|_error| unfit("host"))?;
        let mut request = Request::new(Full::new(self.body.clone().unwrap_or_default()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(header::HOST, host);
        headers.extend(self.headers.clone());
        headers.insert(header::USER_AGENT, USER_AGENT.clone());
        headers.insert(header::ACCEPT_ENCODING, PLAIN.clone());
        headers.insert(header::CONNECTION, CLOSE.clone());
        if let Some(body) = &self.body {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        Ok(request)
    }
}

/// As every client does it: 303 always asks anew, 301 and 302 do for a POST, 307 and 308 repeat the request.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn hop(method: Method, headers: &[(&'static str, &'static str)]) -> Result<Hop, EgressError> {
        Hop::first(EgressRequest {
            caller: "test".to_owned(),
            method,
            url: "https://example.com:8443/a?b#c".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
            body: Some(b"{}".to_vec()),
            max_redirects: None,
            until: Instant::now(),
        })
    }

    #[test]
    fn the_message_is_complete() {
        let request =
            hop(Method::POST, &[("content-type", "application/json")]).unwrap().to_request().unwrap();
        assert_eq!(request.uri(), "/a?b");
        let mut headers: Vec<String> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        assert_eq!(
            headers,
            [
                "accept-encoding: identity",
                "connection: close",
                "content-length: 2",
                "content-type: application/json",
                "host: example.com:8443",
                concat!("user-agent: Fleuron/", env!("CARGO_PKG_VERSION")),
            ]
        );
    }

    #[test]
    fn headers_of_the_connection_are_refused() {
        for name in ["host", "content-length", "transfer-encoding", "accept-encoding", "cookie", "connection"]
        {
            let error = hop(Method::GET, &[(name, "1")]).expect_err(name);
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn a_redirect_changes_the_method_where_clients_do() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (302, Method::PUT, Method::PUT),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ] {
            let hop = hop(method, &[("content-type", "text/plain")]).unwrap();
            let hop = hop.redirected(StatusCode::from_u16(status).unwrap(), b"/d").unwrap();
            assert_eq!(hop.method, expected, "{status}");
            assert_eq!(hop.body.is_none(), expected == Method::GET, "{status}");
            assert_eq!(hop.headers.is_empty(), expected == Method::GET, "{status}");
        }
    }

    #[test]
    fn another_origin_gets_no_secrets() {
        let headers = [("authorization", "Bearer 1"), ("x-signature", "2"), ("content-type", "text/plain")];
        let here = hop(Method::POST, &headers).unwrap();
        let status = StatusCode::TEMPORARY_REDIRECT;
        assert_eq!(here.clone().redirected(status, b"/d").unwrap().headers.len(), 3);
        for elsewhere in ["https://example.com/a", "https://other.example:8443/a"] {
            let hop = here.clone().redirected(status, elsewhere.as_bytes()).unwrap();
            let kept: Vec<&str> = hop.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(kept, ["content-type"], "{elsewhere}");
        }
    }
}
