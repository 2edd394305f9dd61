//! Secure connections: rustls with ring, trusting what the machine trusts.

use std::sync::Arc;

use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier, crypto::ring, pki_types::ServerName,
    },
};

use super::error::{EgressError, with_causes};

/// Reads the machine's root certificates when they are first needed, and again for as long as there are none:
/// a site that never asks anyone pays nothing. Certificates that come later need a restart.
pub(super) struct Tls {
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(super) fn new() -> Result<Self, EgressError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| EgressError::Setup { reason: error.to_string() })?;
        Ok(Self { builder, connector: OnceCell::new() })
    }

    /// Trusts these roots and no others.
    #[cfg(test)]
    pub(super) fn trusting(roots: RootCertStore) -> Self {
        let tls = Self::new().unwrap();
        let connector = OnceCell::new_with(Some(tls.connector(roots)));
        Self { connector, ..tls }
    }

    /// Makes a connection secure, where the other side proves that it is `host`: a name or an address without brackets.
    pub(super) async fn secure(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, EgressError> {
        let failed = |reason: String| EgressError::Tls { host: host.to_owned(), reason };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let connector = self.connector.get_or_try_init(|| self.load()).await.map_err(failed)?;
        connector.connect(name, stream).await.map_err(|error| failed(with_causes(&error)))
    }

    async fn load(&self) -> Result<TlsConnector, String> {
        let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
        let found = read.await.map_err(|error| error.to_string())?;
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate of this machine cannot be read");
        }
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(
                "this machine has no root certificates: install its package of CA certificates or name a \
                        file of them in SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        Ok(self.connector(roots))
    }

    fn connector(&self, roots: RootCertStore) -> TlsConnector {
        let mut config = self.builder.clone().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}
