//! A receiver of webhooks on this machine: it answers as it is told, remembers what came, and checks signatures.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fleuron_tests::eventually;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Runs until it is dropped. Answers `200 OK` unless it is told otherwise.
pub(super) struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    behaviour: Arc<Mutex<Behaviour>>,
    task: JoinHandle<()>,
}

type Behaviour = Box<dyn FnMut(&Received) -> Reply + Send>;

/// What it does with a request.
pub(super) enum Reply {
    /// Answers with this status and further headers, and a body.
    Answer(String, &'static str),
    /// Says nothing and keeps the connection.
    Silence,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Received {
    head: String,
    body: String,
}

/// An answer without a body.
pub(super) fn status(head: &str) -> Reply {
    Reply::Answer(head.to_owned(), "")
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let behaviour: Behaviour = Box::new(|_: &Received| status("200 OK"));
        let behaviour = Arc::new(Mutex::new(behaviour));
        let (seen, asked) = (Arc::clone(&received), Arc::clone(&behaviour));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&asked)));
            }
        });
        Self { address, received, behaviour, task }
    }

    /// The address that it is reached at.
    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it does this.
    pub(super) fn behave(&self, behaviour: impl FnMut(&Received) -> Reply + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// From now on it answers with these one after the other, and with the last one for ever.
    pub(super) fn answer(&self, heads: &'static [&'static str]) {
        let mut next = 0;
        self.behave(move |_| {
            let head = heads[next.min(heads.len() - 1)];
            next += 1;
            status(head)
        });
    }

    /// What came so far.
    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What came, once it is so much.
    pub(super) async fn eventually(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} requests"), async || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        values.next().unwrap_or_else(|| panic!("no header `{name}`: {}", self.head)).trim()
    }

    /// The event's id.
    pub(super) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The event's type.
    pub(super) fn event_type(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The id of what it is about.
    pub(super) fn subject(&self) -> String {
        self.json()["data"]["id"].as_str().unwrap().to_owned()
    }

    /// The title of the post that it is about.
    pub(super) fn title(&self) -> String {
        self.json()["data"]["post"]["title"].as_str().unwrap().to_owned()
    }

    /// Asserts that it was signed just now with each of these secrets, and with no other.
    #[track_caller]
    pub(super) fn assert_signed(&self, secrets: &[&str]) {
        assert!(self.head.starts_with("POST /hook HTTP/1.1\r\n"), "{}", self.head);
        assert_eq!(self.header("content-type"), "application/json");
        let timestamp = self.header("webhook-timestamp");
        let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!(timestamp.parse::<u64>().unwrap().abs_diff(now) < 60, "{timestamp}");
        let message = format!("{}.{timestamp}.{}", self.id(), self.body);
        let expected: Vec<String> = secrets
            .iter()
            .map(|secret| {
                let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
                format!("v1,{}", STANDARD.encode(hmac(&key, message.as_bytes())))
            })
            .collect();
        assert_eq!(self.header("webhook-signature").split(' ').collect::<Vec<_>>(), expected);
    }
}

/// HMAC-SHA256 by its definition, for keys of at most 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> {
        (0..64).map(|position| key.get(position).copied().unwrap_or_default() ^ pad).collect()
    };
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Received>>>, asked: Arc<Mutex<Behaviour>>) {
    let Some(request) = read(&mut stream).await else { return };
    // One after the other, so that the order of what is seen is that of the answers.
    let reply = {
        let mut behaviour = asked.lock().unwrap();
        seen.lock().unwrap().push(request.clone());
        (*behaviour)(&request)
    };
    match reply {
        Reply::Answer(head, body) => {
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        // Until the other side has had enough.
        Reply::Silence => {
            let _ = stream.read(&mut [0; 1]).await;
        }
    }
}

/// A whole request.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(Received { head: format!("{head}\r\n"), body: body.to_owned() });
        }
    }
}
