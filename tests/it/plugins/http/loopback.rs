//! A server on this machine that answers well or badly, as the path asks for, and remembers who came.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A page whose head is out to get onto other pages.
const HARMFUL: &str = "<title>Plain</title>\
    <meta property='og:title' content='&lt;script&gt;alert(1)&lt;/script&gt;\"><script>alert(2)</script>'>\
    <meta name=description content='<img src=x onerror=alert(3)>&amp;lt;b&amp;gt;'>\
    <meta property='og:site_name' content='</p></blockquote><iframe>'>";

/// Runs until it is dropped.
pub(crate) struct Loopback {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Loopback {
    pub(crate) async fn start() -> Loopback {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        Loopback { address, requests, task }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    // Connections are counted although nothing may follow.
    let place = {
        let mut seen = seen.lock().unwrap();
        seen.push(String::new());
        seen.len() - 1
    };
    let Some(request) = read(&mut stream).await else { return };
    let mut line = request.split_whitespace();
    let (method, path) =
        (line.next().unwrap_or_default().to_owned(), line.next().unwrap_or_default().to_owned());
    seen.lock().unwrap()[place].clone_from(&request);
    // Whoever asked may have hung up long ago.
    let _ = answer(&mut stream, &method, &path, &request).await;
    let _ = stream.shutdown().await;
}

/// A whole request: head and body.
async fn read(stream: &mut TcpStream) -> Option<String> {
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
            return Some(text);
        }
    }
}

async fn answer(stream: &mut TcpStream, method: &str, path: &str, request: &str) -> std::io::Result<()> {
    let (name, argument) = path.split_once('?').unwrap_or((path, ""));
    match name {
        "/plain" => plain(stream, "200 OK", "", b"hello").await,
        "/echo" => {
            let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            plain(stream, "200 OK", "", format!("{method}:{body}").as_bytes()).await
        }
        "/long" => plain(stream, "200 OK", "", &vec![b'x'; 500_000]).await,
        "/empty" => plain(stream, "200 OK", "", b"").await,
        "/created" => plain(stream, "201 Created", "", b"made").await,
        "/missing" => plain(stream, "404 Not Found", "", b"nothing here").await,
        "/broken" => plain(stream, "500 Internal Server Error", "", b"broken").await,
        "/latin" => plain(stream, "200 OK", "", b"caf\xe9").await,
        "/gzip" => {
            // As a body of its own accord; nobody asked for it.
            let bytes = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00";
            plain(stream, "200 OK", "Content-Encoding: gzip\r\n", bytes).await
        }
        "/redirect" => plain(stream, "302 Found", &format!("Location: {argument}\r\n"), b"elsewhere").await,
        "/see-other" => plain(stream, "303 See Other", &format!("Location: {argument}\r\n"), b"").await,
        "/keep" => plain(stream, "307 Temporary Redirect", &format!("Location: {argument}\r\n"), b"").await,
        "/nowhere" => plain(stream, "302 Found", "", b"").await,
        "/steps" => {
            let left: u32 = argument.parse().unwrap_or(0);
            match left.checked_sub(1) {
                Some(left) => plain(stream, "302 Found", &format!("Location: /steps?{left}\r\n"), b"").await,
                None => plain(stream, "200 OK", "", b"arrived").await,
            }
        }
        "/titled" => {
            let page = format!("<!DOCTYPE html><head><title>Page {argument}</title></head>");
            plain(stream, "200 OK", "Content-Type: text/html\r\n", page.as_bytes()).await
        }
        "/harmful" => plain(stream, "200 OK", "Content-Type: text/html\r\n", HARMFUL.as_bytes()).await,
        "/huge" => plain(stream, "200 OK", "", &vec![b'x'; 3 << 20]).await,
        "/boast" => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx").await,
        "/endless" => {
            endless(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n", 0x400).await
        }
        "/endless-head" => endless(stream, b"HTTP/1.1 200 OK\r\n", b"X-More: ", 1000).await,
        "/silent" => std::future::pending().await,
        "/trickle" => trickle(stream).await,
        "/nonsense" => stream.write_all(b"this is not HTTP\r\n\r\n").await,
        _ => Ok(()),
    }
}

async fn plain(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

async fn endless(stream: &mut TcpStream, head: &[u8], before: &[u8], length: usize) -> std::io::Result<()> {
    stream.write_all(head).await?;
    let mut piece = before.to_vec();
    piece.extend(std::iter::repeat_n(b'x', length));
    piece.extend_from_slice(b"\r\n");
    loop {
        stream.write_all(&piece).await?;
    }
}

async fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await?;
    loop {
        stream.write_all(b"x").await?;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
