//! A server on this machine that takes connections and never says a word, for what has to wait.

use std::net::{SocketAddr, TcpListener};

/// Runs until it is dropped.
pub struct Silence {
    address: SocketAddr,
    // The system takes connections for it, which nobody ever looks at.
    _listener: TcpListener,
}

impl Silence {
    /// Begins to be silent.
    ///
    /// # Panics
    /// When there is no port.
    pub fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        Self { address, _listener: listener }
    }

    /// Its address and port, as manifests and `FLEURON_EGRESS_ALLOW` name them.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// A page that never comes.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}
