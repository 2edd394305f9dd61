//! Answers that are too long, too slow, packed or broken.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use super::{
    EgressConfig, EgressError, EgressRequest, LONG, SHORT, egress, get,
    names::Names,
    opened, refused, send,
    server::{Server, answer},
};

/// Sends `head`, then `chunk` over and over with a pause in between, until the other side has had enough.
async fn endless(head: &'static str, chunk: Vec<u8>, pause: Duration) -> Server {
    let chunk = std::sync::Arc::new(chunk);
    Server::behaving(move |mut stream: TcpStream, _| {
        let chunk = std::sync::Arc::clone(&chunk);
        async move {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&chunk).await.is_ok() {
                sleep(pause).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_wherever_it_shows() {
    let announced =
        endless("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n", vec![b'x'], SHORT).await;
    let unannounced = endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 8192], Duration::ZERO).await;
    let mut chunk = b"1000\r\n".to_vec();
    chunk.extend_from_slice(&[b'x'; 0x1000]);
    chunk.extend_from_slice(b"\r\n");
    let chunked =
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, Duration::ZERO).await;
    for server in [&announced, &unannounced, &chunked] {
        let egress = egress(opened(&[server]), &Names::default());
        let error = refused(&egress, get(server.url("/"))).await;
        assert_eq!(error.to_string(), "the answer of 127.0.0.1 is larger than 65536 bytes");
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_taken() {
    let server = Server::answering(|request| {
        let length = request[5..].split(' ').next().unwrap().parse().unwrap();
        answer("200 OK", "", &"x".repeat(length))
    })
    .await;
    let egress = egress(opened(&[&server]), &Names::default());
    assert_eq!(send(&egress, get(server.url("/65536"))).await.unwrap().body.len(), 65536);
    assert!(matches!(
        refused(&egress, get(server.url("/65537"))).await,
        EgressError::BodyTooLarge { limit: 65536, .. }
    ));
}

#[tokio::test]
async fn slow_answers_end_with_the_time() {
    let pause = Duration::from_millis(20);
    let silent = endless("", Vec::new(), LONG).await;
    let body = endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'], pause).await;
    let head = endless("HTTP/1.1 200 OK\r\n", b"X: y\r\n".to_vec(), pause).await;
    let interim = endless("", b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), pause).await;
    for (what, server) in [("silent", &silent), ("body", &body), ("head", &head), ("interim", &interim)] {
        let config = EgressConfig { timeout: SHORT, ..opened(&[server]) };
        let start = Instant::now();
        let error = refused(&egress(config, &Names::default()), get(server.url("/"))).await;
        assert!(matches!(error, EgressError::Timeout { .. }), "{what}: {error}");
        assert!(start.elapsed() >= SHORT && start.elapsed() < LONG / 2, "{what}: {:?}", start.elapsed());
    }
    // The caller's own end counts too, and one that has passed already.
    let egress = egress(opened(&[&body]), &Names::default());
    for until in [Instant::now() + SHORT, Instant::now()] {
        let start = Instant::now();
        refused(&egress, EgressRequest { until, ..get(body.url("/")) }).await;
        assert!(start.elapsed() < LONG / 2);
    }
}

#[tokio::test]
async fn packed_answers_are_refused() {
    for header in [
        "Content-Encoding: gzip",
        "Content-Encoding: br",
        "Content-Encoding: identity\r\nContent-Encoding: ZSTD",
        "Content-Encoding: identity, deflate",
        "Transfer-Encoding: gzip, chunked",
    ] {
        let server =
            Server::answering(move |_| format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n0\r\n\r\n")).await;
        let egress = egress(opened(&[&server]), &Names::default());
        let error = refused(&egress, get(server.url("/"))).await;
        assert!(matches!(error, EgressError::Encoded { .. }), "{header}: {error}");
    }
    let server = Server::answering(|_| answer("200 OK", "Content-Encoding: Identity\r\n", "plain")).await;
    let egress = egress(opened(&[&server]), &Names::default());
    assert_eq!(send(&egress, get(server.url("/"))).await.unwrap().body, b"plain");
    assert!(server.requests()[0].to_lowercase().contains("accept-encoding: identity\r\n"));
}

#[tokio::test]
async fn broken_answers_are_errors() {
    let long = "x".repeat(200 * 1024);
    let many: String = (0..1000).map(|number| format!("X-{number}: y\r\n")).collect();
    for (what, answer) in [
        ("nothing", String::new()),
        ("not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
        ("half a head", "HTTP/1.1 200 OK\r\nConte".to_owned()),
        ("half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_owned()),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned()),
        ("a long header", format!("HTTP/1.1 200 OK\r\nX: {long}\r\n\r\n")),
        ("many headers", format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
    ] {
        let server = Server::answering(move |_| answer.clone()).await;
        let egress = egress(opened(&[&server]), &Names::default());
        let error = refused(&egress, get(server.url("/"))).await;
        assert!(matches!(error, EgressError::Exchange { .. }), "{what}: {error}");
    }
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let server = Server::answering(|request| {
        let status = request[5..].split(' ').next().unwrap();
        if status == "204" {
            "HTTP/1.1 204 No Content\r\n\r\n".to_owned()
        } else {
            answer(&format!("{status} Whatever"), "", "words")
        }
    })
    .await;
    let egress = egress(opened(&[&server]), &Names::default());
    for (status, body) in [(200, "words"), (204, ""), (404, "words"), (503, "words")] {
        let response = send(&egress, get(server.url(&format!("/{status}")))).await.unwrap();
        assert_eq!((response.status.as_u16(), response.body.as_slice()), (status, body.as_bytes()));
    }
}
