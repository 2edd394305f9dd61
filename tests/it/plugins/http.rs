//! Requests of plugins to other servers: to those that the manifest names, and never into this machine or its network
//! unless the operator says so.

pub(super) mod loopback;

use std::time::{Duration, Instant};

use fleuron_tests::{Caller, TestApp, caller};
use serde_json::{Value, json};

use loopback::Loopback;

/// A plugin that may reach these hosts.
async fn client<'a>(app: &'a TestApp, hosts: &[&str]) -> Caller<'a> {
    let new = caller("com.example.client").timeout(8000);
    new.permission(&format!("http = {}", json!(hosts))).install(app).await
}

/// A site whose operator lets plugins reach this server, and nothing else that is not public.
async fn open_site(server: &Loopback) -> TestApp {
    TestApp::builder().neighbour().egress_allow(&server.address.to_string()).spawn().await
}

async fn get(client: &Caller<'_>, url: &str) -> Value {
    client.call(json!(["http-get", url])).await
}

/// Asserts that neither call gets anything, and that the log says why.
async fn assert_refused(client: &Caller<'_>, url: &str) {
    let before = client.log().len();
    let answers = client.run(&[json!(["http-get", url]), json!(["http-post", url, "body"])]).await;
    assert_eq!(answers, [Value::Null, Value::Null], "{url:?}");
    let log = client.log();
    // The ring keeps so many lines; each of these tests stays below.
    let new = log.get(before..).unwrap_or_default();
    for call in ["http-get: ", "http-post: "] {
        assert!(new.iter().any(|line| line.contains(call)), "{url:?}: the log says nothing: {new:#?}");
    }
}

#[tokio::test]
async fn what_was_granted_is_reached() {
    let server = Loopback::start().await;
    let app = open_site(&server).await;
    let client = client(&app, &[&server.address.to_string()]).await;
    assert_eq!(get(&client, &server.url("/plain")).await, json!("hello"));
    assert_eq!(get(&client, &server.url("/echo")).await, json!("GET:"));
    assert_eq!(get(&client, &server.url("/empty")).await, json!(""));
    assert_eq!(get(&client, &server.url("/created")).await, json!("made"));
    assert_eq!(get(&client, &server.url("/long")).await.as_str().map(str::len), Some(500_000));
    let post = |path: &str, body: &str| json!(["http-post", server.url(path), body]);
    let answers = client.run(&[post("/echo", "hällo"), post("/echo", "")]).await;
    assert_eq!(answers, [json!("POST:hällo"), json!("POST:")]);
    let first = &server.requests()[0];
    let head = first.to_ascii_lowercase();
    assert!(head.contains("user-agent: fleuron/"), "{first}");
    assert!(head.contains(&format!("host: {}", server.address)), "{first}");
    for header in ["authorization:", "cookie:", "referer:"] {
        assert!(!head.contains(header), "{first}");
    }
    assert_eq!(client.denials().await, []);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn answers_that_are_no_good_are_none() {
    let server = Loopback::start().await;
    let app = open_site(&server).await;
    let client = client(&app, &[&server.address.to_string()]).await;
    for path in [
        "/missing",
        "/broken",
        "/latin",
        "/gzip",
        "/nowhere",
        "/huge",
        "/boast",
        "/endless",
        "/endless-head",
        "/nonsense",
        "/hang-up",
    ] {
        let started = Instant::now();
        assert_refused(&client, &server.url(path)).await;
        assert!(started.elapsed() < Duration::from_secs(7), "{path}: {:?}", started.elapsed());
    }
    assert_eq!(get(&client, &server.url("/plain")).await, json!("hello"));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn nobody_waits_longer_than_the_call_may_take() {
    let server = Loopback::start().await;
    let app = open_site(&server).await;
    let impatient = caller("com.example.impatient").timeout(700);
    let impatient = impatient.permission(&format!("http = [\"{}\"]", server.address)).install(&app).await;
    for path in ["/silent", "/trickle"] {
        let started = Instant::now();
        let (answers, ()) =
            tokio::join!(impatient.try_run(&[json!(["http-get", server.url(path)])]), app.assert_unharmed(),);
        assert!(answers.is_none_or(|answers| answers == [Value::Null]), "{path}");
        assert!(started.elapsed() < Duration::from_secs(4), "{path}: {:?}", started.elapsed());
    }
    assert_eq!(get(&impatient, &server.url("/plain")).await, json!("hello"));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn redirects_are_checked_like_the_first_address() {
    let (server, inner) = (Loopback::start().await, Loopback::start().await);
    let app = open_site(&server).await;
    // The manifest names both, the operator allows one.
    let hosts = [
        server.address.to_string(),
        inner.address.to_string(),
        format!("localhost:{}", inner.address.port()),
    ];
    let client = client(&app, &hosts.each_ref().map(String::as_str)).await;
    let redirect = |kind: &str, target: &str| server.url(&format!("/{kind}?{target}"));
    assert_eq!(get(&client, &redirect("redirect", "/plain")).await, json!("hello"));
    assert_eq!(get(&client, &redirect("redirect", &server.url("/plain"))).await, json!("hello"));
    assert_eq!(get(&client, &server.url("/steps?3")).await, json!("arrived"));
    for (kind, expected) in [("redirect", "GET:"), ("see-other", "GET:"), ("keep", "POST:words")] {
        let post = json!(["http-post", redirect(kind, "/echo"), "words"]);
        assert_eq!(client.call(post).await, json!(expected), "{kind}");
    }
    let inward = inner.address.port();
    for target in [
        inner.url("/plain"),
        format!("http://localhost:{inward}/plain"),
        format!("http://2130706433:{inward}/plain"),
        format!("http://[::1]:{inward}/plain"),
        format!("http://[::ffff:127.0.0.1]:{inward}/plain"),
        format!("//127.0.0.1:{inward}/plain"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://unlisted.example.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        "data:text/plain,hello".to_owned(),
        "/steps?4".to_owned(),
        "http://".to_owned(),
    ] {
        assert_refused(&client, &redirect("redirect", &target)).await;
        assert_refused(&client, &redirect("keep", &target)).await;
    }
    assert_refused(&client, &server.url("/steps?4")).await;
    assert_refused(&client, &server.url("/steps?1000000")).await;
    assert_eq!(inner.requests(), Vec::<String>::new(), "nothing came inside");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_is_not_public_is_refused_however_it_is_spelled() {
    let inner = Loopback::start().await;
    let app = TestApp::builder().neighbour().spawn().await;
    let port = inner.address.port();
    let names =
        ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0", "0.0.0.0", "api.example.com"];
    let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    hosts.extend(
        ["api.example.com", "10.0.0.1", "192.168.1.1", "169.254.169.254", "metadata.google.internal"]
            .map(str::to_owned),
    );
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let client = client(&app, &hosts).await;
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1%25lo]",
        "user@127.0.0.1",
        "user:word@127.0.0.1",
        "api.example.com@127.0.0.1",
        "api.example.com:80@127.0.0.1",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.0.0.1%00.example.com",
        "127.0.0.1\\@api.example.com",
        "loc\u{ad}alhost",
    ] {
        assert_refused(&client, &format!("http://{host}:{port}/plain")).await;
    }
    for url in [
        format!("http://127.0.0.1:{port}#@api.example.com/"),
        format!("http://127.0.0.1:{port}?@api.example.com/"),
        format!("http:127.0.0.1:{port}/plain"),
        format!("http:/127.0.0.1:{port}/plain"),
        format!("http:\\\\127.0.0.1:{port}\\plain"),
        format!(" http://127.0.0.1:{port}/plain"),
        format!("ht\ntp://127.0.0.1:{port}/plain"),
        format!("//127.0.0.1:{port}/plain"),
        format!("127.0.0.1:{port}/plain"),
        format!("https://127.0.0.1:{port}/plain"),
    ] {
        assert_refused(&client, &url).await;
    }
    assert_eq!(inner.requests(), Vec::<String>::new(), "nothing came inside");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn other_networks_and_other_schemes_are_refused() {
    let app = TestApp::builder().neighbour().spawn().await;
    let addresses = [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "0.1.2.3",
    ];
    let client = client(&app, &addresses).await;
    for address in addresses {
        let started = Instant::now();
        assert_refused(&client, &format!("http://{address}/")).await;
        assert!(started.elapsed() < Duration::from_secs(1), "{address} is refused before anything is sent");
    }
    let long = format!("http://10.0.0.1/{}", "x".repeat(100_000));
    for url in [
        "",
        "http://",
        "http://:80/",
        "http:///etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://10.0.0.1/",
        "gopher://10.0.0.1/",
        "data:text/plain,hello",
        "javascript:alert(1)",
        "unix:///run/docker.sock",
        "ws://10.0.0.1/",
        "http://10.0.0.1:99999/",
        "http://10.0.0.1:0/",
        "http://[fd00::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2001:db8::1]/",
        "http://[100::1]/",
        "http://[::/",
        "http://10.0.0.1:80:80/",
        "http://10.0.0.1/\r\nX-More: 1",
        "http://10.0.0.1/\0",
        "not a URL at all",
        &long,
    ] {
        assert_refused(&client, url).await;
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn hosts_that_the_manifest_does_not_name_are_refused() {
    let (server, other) = (Loopback::start().await, Loopback::start().await);
    let allowed = format!("{},{}", server.address, other.address);
    let app = TestApp::builder().neighbour().egress_allow(&allowed).spawn().await;
    let client = client(&app, &[&server.address.to_string()]).await;
    assert_eq!(get(&client, &server.url("/plain")).await, json!("hello"));
    assert_refused(&client, &other.url("/plain")).await;
    assert_refused(&client, &format!("http://localhost:{}/plain", server.address.port())).await;
    assert_refused(&client, &server.url(&format!("/redirect?{}", other.url("/plain")))).await;
    assert!(other.requests().is_empty());
    // Ten requests to a call.
    let plain = json!(["http-get", server.url("/plain")]);
    let answers = client.run(&vec![plain; 12]).await;
    assert!(answers[..10].iter().all(|answer| *answer == "hello"), "{answers:?}");
    assert_eq!(answers[10..], [Value::Null, Value::Null]);
    app.assert_unharmed().await;
}
