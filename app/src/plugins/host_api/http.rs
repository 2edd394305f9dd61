//! `http-get` and `http-post`: requests of plugins, over the server's one way out.

use std::time::Instant;

use fleuron_plugin_host::{
    PluginId,
    ports::{HostAllowList, HttpError, HttpPort, HttpRequest},
};
use hyper::{
    HeaderMap, Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use serde::de::IgnoredAny;

use crate::egress::{Egress, EgressError, EgressRequest};

pub(super) struct PluginHttp {
    egress: Egress,
}

impl PluginHttp {
    pub(super) fn new(egress: Egress) -> Self {
        Self { egress }
    }
}

#[async_trait::async_trait]
impl HttpPort for PluginHttp {
    async fn send(
        &self,
        plugin: &PluginId,
        request: HttpRequest,
        allowed: &HostAllowList,
        until: Instant,
    ) -> Result<String, HttpError> {
        let sent = self.egress.send(outgoing(plugin, request, until), &|url| allowed.check(url)).await;
        let response = sent.map_err(|error| match is_denied(&error) {
            true => HttpError::NotGranted(error.to_string()),
            false => HttpError::Failed(error.to_string()),
        })?;
        let host = response.final_url.host_str().unwrap_or_default();
        if !response.status.is_success() {
            return Err(HttpError::Failed(format!("{host} answered {}", response.status)));
        }
        String::from_utf8(response.body)
            .map_err(|error| HttpError::Failed(format!("the answer of {host} is not UTF-8: {error}")))
    }
}

fn outgoing(plugin: &PluginId, request: HttpRequest, until: Instant) -> EgressRequest {
    let HttpRequest { url, body } = request;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    if let Some(body) = &body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(body)));
    }
    EgressRequest {
        caller: plugin.to_string(),
        method: if body.is_some() { Method::POST } else { Method::GET },
        url,
        headers,
        body: body.map(String::into_bytes),
        max_redirects: None,
        until,
    }
}

/// Whether it was the manifest that forbade it, at the first address or behind redirects.
fn is_denied(error: &EgressError) -> bool {
    match error {
        EgressError::NotAllowed(_) => true,
        EgressError::Redirect { source, .. } => is_denied(source),
        _ => false,
    }
}

/// The contract says nothing of a content type, so the body has to.
fn content_type(body: &str) -> &'static str {
    match serde_json::from_str::<IgnoredAny>(body) {
        Ok(_) => "application/json",
        Err(_) => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::egress::EgressConfig;

    /// A server that gives every request the same answer.
    async fn answering(status: &str, body: &[u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
            }
        });
        address
    }

    /// What a plugin gets that may reach `granted` and asks this server.
    async fn asked(server: SocketAddr, granted: &str) -> Result<String, String> {
        send(server, granted).await.map_err(|error| error.to_string())
    }

    async fn send(server: SocketAddr, granted: &str) -> Result<String, HttpError> {
        let config = EgressConfig { allow_private: vec![server.into()], ..EgressConfig::default() };
        let port = PluginHttp::new(Egress::new(config).unwrap());
        let plugin: PluginId = "com.example.asker".parse().unwrap();
        let request = HttpRequest { url: format!("http://{server}/"), body: None };
        let allowed = HostAllowList::new(&[granted.parse().unwrap()]);
        let until = Instant::now() + Duration::from_secs(10);
        port.send(&plugin, request, &allowed, until).await
    }

    /// A server that sends every request elsewhere.
    async fn redirecting(location: &str) -> SocketAddr {
        answering(&format!("302 Found\r\nLocation: {location}"), b"").await
    }

    #[tokio::test]
    async fn a_redirect_to_what_is_not_granted_is_a_denial() {
        let server = redirecting("http://elsewhere.example.com/").await;
        let error = send(server, &server.to_string()).await.unwrap_err();
        let HttpError::NotGranted(reason) = error else { panic!("{error:?}") };
        assert!(reason.contains("redirected by 127.0.0.1"), "{reason}");
        assert!(reason.contains("elsewhere.example.com is not granted"), "{reason}");
        let server = redirecting("ftp://elsewhere.example.com/").await;
        let error = send(server, &server.to_string()).await.unwrap_err();
        assert!(matches!(error, HttpError::Failed(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_redirect_obeys_a_setting_like_the_first_address() {
        let target = answering("200 OK", b"hello").await;
        let server = redirecting(&format!("http://{target}/")).await;
        let config =
            EgressConfig { allow_private: vec![server.into(), target.into()], ..EgressConfig::default() };
        let port = PluginHttp::new(Egress::new(config).unwrap());
        let plugin: PluginId = "com.example.asker".parse().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        for (setting, answer) in
            [(Some(format!("http://{target}/hook")), Ok("hello")), (None, Err("is empty"))]
        {
            let mut allowed = HostAllowList::new(&[server.to_string().parse().unwrap()]);
            allowed.add_setting("target", Ok(setting));
            let request = HttpRequest { url: format!("http://{server}/"), body: None };
            match (port.send(&plugin, request, &allowed, until).await, answer) {
                (Ok(body), Ok(expected)) => assert_eq!(body, expected),
                (Err(HttpError::NotGranted(reason)), Err(words)) => {
                    assert!(reason.contains(words), "{reason}")
                }
                (outcome, _) => panic!("{outcome:?}"),
            }
        }
    }

    #[tokio::test]
    async fn any_host_is_any_public_one() {
        let server = answering("200 OK", b"hello").await;
        let port = PluginHttp::new(Egress::new(EgressConfig::default()).unwrap());
        let plugin: PluginId = "com.example.asker".parse().unwrap();
        let request = HttpRequest { url: format!("http://{server}/"), body: None };
        let allowed = HostAllowList::new(&["*".parse().unwrap()]);
        let until = Instant::now() + Duration::from_secs(10);
        let error = port.send(&plugin, request, &allowed, until).await.unwrap_err();
        assert_eq!(error, HttpError::Failed("127.0.0.1 is not a public address".to_owned()));
        assert_eq!(asked(server, "*").await, Ok("hello".to_owned()), "the operator opened it");
    }

    #[tokio::test]
    async fn only_good_answers_of_granted_hosts_reach_a_plugin() {
        let server = answering("200 OK", "grüße".as_bytes()).await;
        let granted = server.to_string();
        assert_eq!(asked(server, &granted).await, Ok("grüße".to_owned()));
        for wrong in ["127.0.0.1", "127.0.0.1:1", "api.example.com"] {
            let error = asked(server, wrong).await.expect_err(wrong);
            assert!(error.starts_with(&format!("{server} is not granted")), "{error}");
        }
        let missing = answering("404 Not Found", b"nothing").await;
        assert_eq!(
            asked(missing, &missing.to_string()).await,
            Err("127.0.0.1 answered 404 Not Found".to_owned())
        );
        let binary = answering("200 OK", b"\xff\xfe").await;
        let error = asked(binary, &binary.to_string()).await.unwrap_err();
        assert!(error.starts_with("the answer of 127.0.0.1 is not UTF-8"), "{error}");
    }

    #[test]
    fn the_content_type_is_that_of_the_body() {
        for (body, expected) in [
            (r#"{"a":[1,2]}"#, "application/json"),
            ("12", "application/json"),
            ("", "text/plain; charset=utf-8"),
            ("a=b&c=d", "text/plain; charset=utf-8"),
            ("{} {}", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(content_type(body), expected, "{body}");
        }
    }
}
