//! Many requests at once.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
    time::sleep,
};

use super::{
    Egress, EgressConfig, EgressError, EgressRequest, LONG, SHORT, egress, get,
    names::Names,
    opened, refused, send,
    server::{Server, answer},
};
use crate::egress::Resolve;

fn of(caller: &str, url: String) -> EgressRequest {
    EgressRequest { caller: caller.to_owned(), ..get(url) }
}

#[tokio::test]
async fn one_caller_with_hanging_requests_leaves_places_for_others() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let hanging = Server::behaving(move |mut stream, _| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Until the other side gives up.
            let _ = stream.read(&mut [0]).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await;
    let friendly = Server::answering(|_| answer("200 OK", "", "hello")).await;
    let egress = egress(opened(&[&hanging, &friendly]), &Names::default());

    let hostile = {
        let (egress, url) = (egress.clone(), hanging.url("/"));
        tokio::spawn(
            async move { join_all((0..40).map(|_| refused(&egress, of("hostile", url.clone())))).await },
        )
    };
    while most.load(Ordering::SeqCst) < 8 {
        sleep(Duration::from_millis(5)).await;
    }
    let start = Instant::now();
    let answers = join_all((0..20).map(|_| send(&egress, of("friendly", friendly.url("/"))))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    let errors = hostile.await.unwrap();
    let count = |matching: fn(&EgressError) -> bool| errors.iter().filter(|error| matching(error)).count();
    assert_eq!(count(|error| matches!(error, EgressError::Timeout { .. })), 8);
    assert_eq!(count(|error| matches!(error, EgressError::Busy { .. })), 32);
    assert_eq!(most.load(Ordering::SeqCst), 8);
    // Nobody is left behind, and the places are free again.
    while open.load(Ordering::SeqCst) > 0 {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(send(&egress, of("hostile", friendly.url("/"))).await.is_ok());
}

#[tokio::test]
async fn requests_that_are_given_up_close_their_connections() {
    let gone = Arc::new(Semaphore::new(0));
    let told = Arc::clone(&gone);
    let server = Server::behaving(move |mut stream, _| {
        let told = Arc::clone(&told);
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nx").await;
            let _ = stream.read(&mut [0]).await;
            told.add_permits(1);
        }
    })
    .await;
    let egress = egress(opened(&[&server]), &Names::default());
    for _ in 0..20 {
        let request = send(&egress, get(server.url("/")));
        assert!(tokio::time::timeout(Duration::from_millis(50), request).await.is_err());
    }
    let all = tokio::time::timeout(LONG, gone.acquire_many(20)).await;
    assert!(all.is_ok(), "{} connections were closed", gone.available_permits());
}

/// Hangs until it is let go, whoever waits for it.
struct Stuck {
    asked: AtomicUsize,
    go: Semaphore,
}

#[async_trait]
impl Resolve for Stuck {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _go = self.go.acquire().await;
        Err(io::Error::other("nobody knows"))
    }
}

#[tokio::test]
async fn look_ups_that_nobody_waits_for_keep_their_places() {
    let resolver = Arc::new(Stuck { asked: AtomicUsize::new(0), go: Semaphore::new(0) });
    let config = EgressConfig { timeout: SHORT, per_caller: 2, ..EgressConfig::default() };
    let egress = Egress::with_resolver(config, Arc::clone(&resolver) as Arc<dyn Resolve>).unwrap();
    let ask = || refused(&egress, get("http://slow.example/"));
    let (first, second) = tokio::join!(ask(), ask());
    for error in [first, second] {
        assert!(matches!(error, EgressError::Timeout { .. }), "{error}");
    }
    assert!(matches!(ask().await, EgressError::Busy { .. }));
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 2);
    resolver.go.add_permits(1);
    assert!(matches!(ask().await, EgressError::LookUp { .. }));
}
