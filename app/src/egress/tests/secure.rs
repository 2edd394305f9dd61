//! Secure connections: who is trusted, and as whom.
//!
//! The certificates are of a made-up authority and for a name that exists nowhere; their keys guard nothing.

use std::{net::SocketAddr, sync::Arc};

use tokio::{io::AsyncWriteExt, net::TcpListener};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::{
    Egress, EgressConfig, EgressError, get,
    names::Names,
    refused, send,
    server::{answer, read_request, redirect},
};
use crate::egress::tls::Tls;

const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBdDCCARugAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZGbGV1cm9u\n\
IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n\
WjAhMR8wHQYDVQQDDBZGbGV1cm9uIHRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0C\n\
AQYIKoZIzj0DAQcDQgAEIIo5hoGfwvWr6cQco3qVMImtiZIyMBTgC3ux0YK2wOqP\n\
d1dDwOOew7RJn2WVo5do3uFJz/Kn6+nyW3hXPcqwm6NCMEAwDwYDVR0TAQH/BAUw\n\
AwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFHyv3WC9rFYp6ILz18H+qM8e\n\
9N/kMAoGCCqGSM49BAMCA0cAMEQCIH8Z2ixD34zCVNyZ+isCJ9eIlHZTc7iJMW0m\n\
WJty6ULcAiB1YYKl+rtuSdTV3nlhY66chWCwsnldwVnz9js2JpDpmA==\n\
-----END CERTIFICATE-----\n";

const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBsjCCAVegAwIBAgIBAjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZGbGV1cm9u\n\
IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n\
WjAbMRkwFwYDVQQDDBB0bHMuZXhhbXBsZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZI\n\
zj0DAQcDQgAEvf85CpPEfCkkwf1nT4jEWLgsqHH1d5K5ynpmTX8Y7GeWCRaK26Y5\n\
dBCJJhOt2GmOV5Gt+VB70KTK/lmN82zfHqOBgzCBgDAbBgNVHREEFDASghB0bHMu\n\
ZXhhbXBsZS50ZXN0MAwGA1UdEwEB/wQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwEw\n\
HQYDVR0OBBYEFF9sU7U3tRswkFIkXAp0txHUiWuuMB8GA1UdIwQYMBaAFHyv3WC9\n\
rFYp6ILz18H+qM8e9N/kMAoGCCqGSM49BAMCA0kAMEYCIQCqJS/T8J2iiuDLRFM2\n\
lKk36e3Uky+8Yk6zEfPYlOhOhgIhAMfkXBCZqkA3gSJk8DQ70C+DzcqTF0go2zfE\n\
nVsQQQPG\n\
-----END CERTIFICATE-----\n";

const KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBjxc2AAMQn9Na0Yv\n\
OCE2rfTtuGw80WpSTLYI15SNQrChRANCAAS9/zkKk8R8KSTB/WdPiMRYuCyocfV3\n\
krnKemZNfxjsZ5YJForbpjl0EIkmE63YaY5Xka35UHvQpMr+WY3zbN8e\n\
-----END PRIVATE KEY-----\n";

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// A server that proves to be `tls.example.test`, and redirects to http where it is asked for `/down`.
async fn server() -> SocketAddr {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate(CERTIFICATE)],
            PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let request = read_request(&mut stream).await;
            let answer = if request.starts_with("GET /down ") {
                redirect("302 Found", "http://tls.example.test/")
            } else {
                answer("200 OK", "", "secure")
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

fn egress(server: SocketAddr, trusted: &[&str]) -> Egress {
    let mut roots = RootCertStore::empty();
    for pem in trusted {
        roots.add(certificate(pem)).unwrap();
    }
    let names =
        Names::default().with("tls.example.test", &["127.0.0.1"]).with("other.example.test", &["127.0.0.1"]);
    let config = EgressConfig { allow_private: vec![server.into()], ..EgressConfig::default() };
    Egress::with_tls(config, names.resolver(), Tls::trusting(roots))
}

#[tokio::test]
async fn a_server_that_proves_its_name_is_asked() {
    let server = server().await;
    let egress = egress(server, &[AUTHORITY]);
    for name in ["tls.example.test", "TLS.example.test."] {
        let response = send(&egress, get(format!("https://{name}:{}/", server.port()))).await.unwrap();
        assert_eq!(response.body, b"secure");
    }
}

#[tokio::test]
async fn nobody_else_is() {
    let server = server().await;
    let (trusting, wary) = (egress(server, &[AUTHORITY]), egress(server, &[]));
    for (egress, host) in
        [(&wary, "tls.example.test"), (&trusting, "other.example.test"), (&trusting, "127.0.0.1")]
    {
        let error = refused(egress, get(format!("https://{host}:{}/", server.port()))).await;
        assert!(matches!(error, EgressError::Tls { .. }), "{host}: {error}");
        assert!(error.to_string().starts_with(&format!("no secure connection to {host}: ")), "{error}");
    }
}

#[tokio::test]
async fn a_secure_request_is_never_continued_in_the_open() {
    let server = server().await;
    let url = format!("https://tls.example.test:{}/down", server.port());
    let error = refused(&egress(server, &[AUTHORITY]), get(url)).await;
    assert_eq!(
        error.to_string(),
        "redirected by tls.example.test: the redirect to http://tls.example.test would give up the secure connection"
    );
}
