//! A keep-alive HTTP/1.1 connection that does as little as a client can, so that one thread of it loads a server.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// More than any header that the servers here send.
const HEAD_LIMIT: usize = 16 * 1024;

/// A request as it goes over the wire.
pub(crate) type Request = Arc<[u8]>;

/// A connection to one server.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    chunk: Vec<u8>,
}

/// An answer, until the next request on its connection.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(CHUNK), chunk: vec![0; CHUNK] })
    }

    /// Sends a request and waits for its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.received.clear();
        self.send(request).await?;
        let head = self.receive_head().await?;
        while self.received.len() < head.length + head.body {
            self.receive().await?;
        }
        Ok(Answer { status: head.status, body: &self.received[head.length..head.length + head.body] })
    }

    async fn send(&self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<()> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut self.chunk) {
                Ok(0) => {
                    return Err(Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
                }
                Ok(count) => {
                    self.received.extend_from_slice(&self.chunk[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn receive_head(&mut self) -> Result<Head> {
        loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.received)? {
                return Ok(head);
            }
            if self.received.len() > HEAD_LIMIT {
                return Err(invalid("the header has no end"));
            }
        }
    }
}

/// What a header says about its answer: where it ends and how long the body is.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body: usize,
}

impl Head {
    /// `None` while the header is incomplete.
    fn parse(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&received[..end]).map_err(|error| invalid(&error.to_string()))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| invalid("the answer has no status"))?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let body = match length {
            Some((_, value)) => {
                value.trim().parse().map_err(|error| invalid(&format!("content-length: {error}")))?
            }
            None if matches!(status, 204 | 304) => 0,
            None => return Err(invalid("the answer has no content-length")),
        };
        Ok(Some(Self { status, length: end + 4, body }))
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

/// A GET request.
pub(crate) fn get(path: &str) -> Request {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes().into()
}

/// A POST request with a JSON body, signed in when there is a token.
pub(crate) fn post(path: &str, token: Option<&str>, body: &serde_json::Value) -> Request {
    let body = body.to_string();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
    .into()
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_says_where_the_answer_ends() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        let head = Head::parse(answer).unwrap().unwrap();
        assert_eq!(head, Head { status: 201, length: answer.len() - 5, body: 5 });
        assert_eq!(Head::parse(&answer[..30]).unwrap(), None);
        assert_eq!(Head::parse(b"HTTP/1.1 304 Not Modified\r\n\r\n").unwrap().unwrap().body, 0);
        for wrong in [
            &b"HTTP/1.1 200 OK\r\n\r\n"[..],
            b"HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(Head::parse(wrong).is_err());
        }
    }
}
