//! Where requests go, and where they never do.

use super::{
    EgressConfig, EgressError, egress, get,
    names::Names,
    opened, refused, send,
    server::{Server, answer},
};

async fn hello() -> Server {
    Server::answering(|_| answer("200 OK", "X-Kind: test\r\n", "hello")).await
}

#[tokio::test]
async fn an_opened_address_is_reached_under_its_name() {
    let server = hello().await;
    let names = Names::default().with("service.example", &["10.0.0.9", "127.0.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    let url = format!("http://Service.example.:{}/a?b#c", server.port());
    let response = send(&egress, get(url)).await.unwrap();
    assert_eq!((response.status.as_u16(), response.body.as_slice()), (200, &b"hello"[..]));
    assert_eq!(response.headers["x-kind"], "test");
    assert_eq!(response.final_url.as_str(), format!("http://service.example:{}/a?b", server.port()));
    let request = server.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /a?b http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: service.example:{}\r\n", server.port())), "{request}");
    assert!(!request.contains("referer") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn what_is_not_public_is_never_reached() {
    let server = hello().await;
    let port = server.port();
    let names = Names::default()
        .with("localhost", &["127.0.0.1", "::1"])
        .with("inward.example", &["10.0.0.1"])
        .with("metadata.example", &["169.254.169.254"])
        .with("mapped.example", &["::ffff:127.0.0.1"])
        .with("translated.example", &["64:ff9b::7f00:1"]);
    let egress = egress(EgressConfig::default(), &names);
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "0",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
    ] {
        let error = refused(&egress, get(format!("http://{host}:{port}/"))).await;
        assert!(matches!(error, EgressError::NotPublic { .. }), "{host}: {error}");
    }
    assert_eq!(names.asked(), Vec::<String>::new());
    for host in ["localhost", "inward.example", "metadata.example", "mapped.example", "translated.example"] {
        let error = refused(&egress, get(format!("http://{host}:{port}/"))).await;
        assert!(matches!(error, EgressError::ResolvesInward { .. }), "{host}: {error}");
        assert!(error.to_string().starts_with(&format!("{host} resolves to ")), "{error}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn an_opened_address_opens_nothing_beside_it() {
    let (open, closed) = (hello().await, hello().await);
    let egress = egress(opened(&[&open]), &Names::default());
    assert!(send(&egress, get(open.url("/"))).await.is_ok());
    let error = refused(&egress, get(closed.url("/"))).await;
    assert_eq!(error.to_string(), "127.0.0.1 is not a public address");
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/", open.port());
    assert!(matches!(refused(&egress, get(mapped)).await, EgressError::NotPublic { .. }));
    assert_eq!(closed.requests().len(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_checked_each_time() {
    let server = hello().await;
    let names =
        Names::default().with("fickle.example", &["127.0.0.1"]).with("fickle.example", &["192.168.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    let url = format!("http://fickle.example:{}/", server.port());
    assert!(send(&egress, get(&url)).await.is_ok());
    // One request asks once: there is no second look-up whose answer nobody checks.
    assert_eq!(names.asked().len(), 1);
    let error = refused(&egress, get(&url)).await;
    assert_eq!(error.to_string(), "fickle.example resolves to 192.168.0.1, which is not a public address");
    assert_eq!((names.asked().len(), server.requests().len()), (2, 1));
}

#[tokio::test]
async fn tricks_with_users_and_slashes_change_no_host() {
    let server = hello().await;
    let names = Names::default().with("api.example.com", &["10.0.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    let (port, inside) = (server.port(), "127.0.0.1");
    for url in [
        format!("http://api.example.com@{inside}:{port}/"),
        format!("http://api.example.com:x@{inside}:{port}/"),
        format!("http://api.example.com%40@{inside}:{port}/"),
    ] {
        let error = refused(&egress, get(&url)).await;
        assert!(matches!(error, EgressError::Credentials { .. }), "{url}: {error}");
    }
    for url in [
        format!("http://api.example.com\\@{inside}:{port}/"),
        format!("http://api.example.com/@{inside}:{port}/"),
        format!("http://api.example.com#@{inside}:{port}/"),
        format!("http://api.example.com?@{inside}:{port}/"),
        format!("http:\\\\api.exa\tmple.com\n/@{inside}:{port}/"),
    ] {
        let error = refused(&egress, get(&url)).await;
        assert!(matches!(error, EgressError::ResolvesInward { .. }), "{url}: {error}");
    }
    assert_eq!(names.asked(), ["api.example.com"; 5]);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn the_caller_is_asked_about_the_address_that_is_used() {
    let server = hello().await;
    let egress = egress(opened(&[&server]), &Names::default());
    let port = server.port();
    let only = |url: &url::Url| match (url.host_str(), url.port()) {
        (Some("127.0.0.1"), Some(asked)) if asked == port => Ok(()),
        _ => Err(format!("{url} is not granted")),
    };
    assert!(egress.send(get(format!("http://0x7f.1:{port}/")), &only).await.is_ok());
    let error = egress.send(get(format!("http://127.0.0.2:{port}/")), &only).await.unwrap_err();
    assert_eq!(error, EgressError::NotAllowed(format!("http://127.0.0.2:{port}/ is not granted")));
}

#[tokio::test]
async fn failures_name_the_host() {
    let names = Names::default().with("empty.example", &[]);
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let config = EgressConfig { allow_private: vec![closed.into()], ..EgressConfig::default() };
    let egress = egress(config, &names);
    for (url, words) in [
        ("http://none.example/".to_owned(), "none.example cannot be looked up: there is no such name"),
        ("http://empty.example/".to_owned(), "empty.example cannot be looked up: it has no address"),
        (format!("http://{closed}/"), "127.0.0.1 (127.0.0.1:"),
    ] {
        let error = refused(&egress, get(url)).await.to_string();
        assert!(error.starts_with(words), "{error}");
    }
}
