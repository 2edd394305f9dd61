//! A server inside of the test's process, on a thread of its own: actix-web brings its own kind of runtime.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use fleuron::config::Config;
use fleuron::services::Services;
use fleuron::startup::Application;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::wait::PATIENCE;

/// A running server. It is stopped when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) setup_link: Option<String>,
    /// The server's own runtime: connections to the database must not outlive the runtime that opened them.
    pub(crate) runtime: Handle,
    services: Option<Arc<Services>>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    ended: mpsc::Receiver<()>,
}

impl Server {
    /// Starts a server and waits until it is bound. The error is what a user of the program would be told.
    pub(crate) async fn start(config: Config) -> Result<Self, String> {
        let (ready, started) = oneshot::channel();
        let (ending, ended) = mpsc::channel();
        let thread = std::thread::Builder::new().name("site".to_owned()).spawn(move || {
            System::new().block_on(Box::pin(run(config, ready)));
            drop(ending);
        });
        let thread = thread.expect("a thread can be started");
        let started = started.await.expect("the server says how its start went")?;
        let Started { address, setup_link, runtime, services, handle } = started;
        let services = Some(services);
        Ok(Self { address, setup_link, runtime, services, handle, thread: Some(thread), ended })
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        self.services.as_ref().expect("the services are there until the server is dropped")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The last holder closes them, and that should be the server.
        drop(self.services.take());
        // Not gracefully, which would wait for the connections that the test's clients keep alive.
        drop(self.handle.stop(false));
        let timed_out = self.ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
        let failed = !timed_out && self.thread.take().is_some_and(|thread| thread.join().is_err());
        if !std::thread::panicking() {
            assert!(!timed_out, "the server did not stop within {PATIENCE:?}");
            assert!(!failed, "the server's thread panicked");
        }
    }
}

struct Started {
    address: SocketAddr,
    setup_link: Option<String>,
    runtime: Handle,
    services: Arc<Services>,
    handle: ServerHandle,
}

async fn run(config: Config, ready: oneshot::Sender<Result<Started, String>>) {
    let application = match Box::pin(Application::build(config)).await {
        Ok(application) => application,
        Err(error) => {
            let _ = ready.send(Err(error.to_string()));
            return;
        }
    };
    let started = Started {
        address: application.address(),
        setup_link: application.setup_link().map(str::to_owned),
        runtime: Handle::current(),
        services: application.services(),
        handle: application.handle(),
    };
    // A test that has gone meanwhile drops the handle with the message; then nobody stops the server.
    if ready.send(Ok(started)).is_ok() {
        Box::pin(application.run()).await.expect("the server runs until it is stopped");
    }
}
