//! Load on a server: a closed loop, where each connection asks again as soon as it was answered, or an open one, where
//! requests are due at a fixed rate whatever the server does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Answer, Connection, Request};
use crate::process::Process;

/// Makes the next request.
pub(crate) type Source = Arc<dyn Fn() -> Request + Send + Sync>;
/// Looks at the body of an answer and says what is wrong with it.
pub(crate) type Inspect = Arc<dyn Fn(&[u8]) -> std::result::Result<(), String> + Send + Sync>;

/// A connection that was idle for longer is not used again: the server may be about to close it.
const IDLE: Duration = Duration::from_secs(3);
/// How long a connection that failed waits before it is opened again.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is asked what, and by how many.
#[derive(Clone)]
pub(crate) struct Load {
    address: SocketAddr,
    connections: usize,
    source: Source,
    status: u16,
    inspect: Option<Inspect>,
    /// Time between two requests of an open loop.
    pace: Option<Duration>,
}

impl Load {
    /// Requests that must be answered with this status.
    pub(crate) fn new(address: SocketAddr, connections: usize, status: u16, source: Source) -> Self {
        Self { address, connections, source, status, inspect: None, pace: None }
    }

    /// The same few GET requests in turn.
    pub(crate) fn reading(address: SocketAddr, connections: usize, requests: Vec<Request>) -> Self {
        Self::new(address, connections, 200, in_turn(requests))
    }

    /// Has a look at every answer.
    pub(crate) fn inspected(self, inspect: Inspect) -> Self {
        Self { inspect: Some(inspect), ..self }
    }

    /// Makes an open loop of it.
    pub(crate) fn paced(self, per_second: f64) -> Self {
        Self { pace: Some(Duration::from_secs_f64(1.0 / per_second.max(1.0))), ..self }
    }

    /// Goes on until a future is done. Answers are waited for, so that nothing is left half done.
    pub(crate) async fn until<T>(&self, finish: impl Future<Output = T>) -> Result<(Outcome, T)> {
        let shared = Arc::new(Shared {
            load: self.clone(),
            started: Instant::now(),
            taken: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
        });
        let workers: Vec<_> =
            (0..self.connections).map(|_| tokio::spawn(work(Arc::clone(&shared)))).collect();
        let finished = finish.await;
        shared.stopped.store(true, Ordering::Relaxed);
        let elapsed = shared.started.elapsed();
        let mut outcome = Outcome { elapsed, ..Outcome::default() };
        for worker in workers {
            let tally = tokio::time::timeout(PATIENCE, worker)
                .await
                .map_err(|_elapsed| "the server stopped answering")??;
            outcome.latencies.extend(tally.latencies);
            outcome.failures += tally.failures;
            outcome.first_failure = outcome.first_failure.or(tally.first_failure);
        }
        outcome.latencies.sort_unstable();
        Ok((outcome, finished))
    }

    /// Goes on for a while.
    pub(crate) async fn during(&self, time: Duration) -> Result<Outcome> {
        Ok(self.until(tokio::time::sleep(time)).await?.0)
    }

    /// Goes on for a while, after a short warm-up, with an eye on what it costs the server.
    pub(crate) async fn measure(&self, time: Duration, server: &Process) -> Result<Measured> {
        self.during(time / 5).await?;
        let before = server.cpu()?;
        let outcome = self.during(time).await?;
        let spent = server.cpu()?.saturating_sub(before);
        let requests = u32::try_from(outcome.latencies.len()).unwrap_or(u32::MAX).max(1);
        Ok(Measured { cpu: spent / requests, outcome })
    }
}

/// Each request after the other, then from the first again.
pub(crate) fn in_turn(requests: Vec<Request>) -> Source {
    let next = AtomicU32::new(0);
    Arc::new(move || {
        let number = next.fetch_add(1, Ordering::Relaxed) as usize;
        Arc::clone(&requests[number % requests.len()])
    })
}

struct Shared {
    load: Load,
    started: Instant,
    taken: AtomicU32,
    stopped: AtomicBool,
}

impl Shared {
    /// Waits until the next request is due and answers that time, or `None` when it is over.
    async fn next(&self) -> Option<Instant> {
        let due = match self.load.pace {
            None => Instant::now(),
            Some(pace) => {
                let due = self.started + pace * self.taken.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        (!self.stopped.load(Ordering::Relaxed)).then_some(due)
    }

    /// What is wrong with an answer.
    fn fault(&self, answer: &Answer<'_>) -> Option<String> {
        if answer.status != self.load.status {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]);
            return Some(format!("status {}: {body}", answer.status));
        }
        self.load.inspect.as_ref().and_then(|inspect| inspect(answer.body).err())
    }
}

#[derive(Default)]
struct Tally {
    latencies: Vec<Duration>,
    failures: u64,
    first_failure: Option<String>,
}

impl Tally {
    fn failed(&mut self, what: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(what);
    }
}

async fn work(shared: Arc<Shared>) -> Tally {
    let mut tally = Tally::default();
    let mut idle: Option<(Connection, Instant)> = None;
    while let Some(due) = shared.next().await {
        let request = (shared.load.source)();
        let connection = match idle.take().filter(|(_, used)| used.elapsed() < IDLE) {
            Some((connection, _)) => Ok(connection),
            None => Connection::open(shared.load.address).await,
        };
        let failure = match connection {
            Err(error) => error,
            Ok(mut connection) => match connection.exchange(&request).await {
                Err(error) => error,
                Ok(answer) => {
                    // Counted from when it was due, not from when it was sent: a stalled server must not slow its own judge.
                    let latency = due.elapsed();
                    match shared.fault(&answer) {
                        None => tally.latencies.push(latency),
                        Some(fault) => tally.failed(fault),
                    }
                    idle = Some((connection, Instant::now()));
                    continue;
                }
            },
        };
        tally.failed(failure.to_string());
        tokio::time::sleep(PAUSE).await;
    }
    tally
}

/// What came of a load.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Of the requests that went well, in rising order. An open loop counts from when a request was due, to the
    /// timer's millisecond.
    pub(crate) latencies: Vec<Duration>,
    /// Requests that did not.
    pub(crate) failures: u64,
    /// What happened to one of them.
    pub(crate) first_failure: Option<String>,
    elapsed: Duration,
}

impl Outcome {
    /// Requests per second that went well.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that this many of a hundred requests stay within; 100 is the slowest.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        percentile(&self.latencies, percent)
    }
}

/// The value that this many of a hundred stay within. The values must be in rising order; of none it is zero.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// A load, and the CPU time that each of its requests cost the server.
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) cpu: Duration,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::percentile;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 50), Duration::from_millis(100));
        assert_eq!(percentile(&values, 99), Duration::from_millis(198));
        assert_eq!(percentile(&values, 100), Duration::from_millis(200));
        assert_eq!(percentile(&values[..1], 50), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
