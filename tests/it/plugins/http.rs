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

/// The address is one that the plugin may name, and not one that may be reached.
const NOT_PUBLIC: &str = "not a public address";
/// The manifest does not name it; of some, such as IPv6 addresses, none can.
const NOT_GRANTED: &str = "is not granted: the manifest must name it";
/// It cannot be read as an address.
const NO_ADDRESS: &str = "is not an address";
/// Its scheme is neither http nor https.
const SCHEME: &str = "is not allowed: an address must begin with http:// or https://";
/// It names a user.
const CREDENTIALS: &str = "carries a user name or a password";

/// Asserts that neither call gets anything, and that the log says why of each: which check it was that refused it.
async fn assert_refused(client: &Caller<'_>, url: &str, why: &str) {
    let before = client.log().len();
    let answers = client.run(&[json!(["http-get", url]), json!(["http-post", url, "body"])]).await;
    assert_eq!(answers, [Value::Null, Value::Null], "{url:?}");
    let log = client.log();
    // The ring keeps so many lines; each of these tests stays below.
    let new = log.get(before..).unwrap_or_default();
    for call in ["http-get: ", "http-post: "] {
        let is_told = new.iter().any(|line| line.contains(call) && line.contains(why));
        assert!(is_told, "{url:?}: the log does not say {call}{why}: {new:#?}");
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
    for (path, why) in [
        ("/missing", "answered 404"),
        ("/broken", "answered 500"),
        ("/latin", "is not UTF-8"),
        ("/gzip", "is encoded as `gzip`"),
        ("/nowhere", "127.0.0.1"),
        ("/huge", "is larger than"),
        ("/boast", "127.0.0.1"),
        ("/endless", "is larger than"),
        ("/endless-head", "127.0.0.1"),
        ("/nonsense", "127.0.0.1"),
        ("/hang-up", "127.0.0.1"),
    ] {
        let started = Instant::now();
        assert_refused(&client, &server.url(path), why).await;
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
        "169.254.169.254".to_owned(),
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
    for (target, why) in [
        (inner.url("/plain"), NOT_PUBLIC),
        (format!("http://localhost:{inward}/plain"), NOT_PUBLIC),
        (format!("http://2130706433:{inward}/plain"), NOT_PUBLIC),
        (format!("http://[::1]:{inward}/plain"), NOT_GRANTED),
        (format!("http://[::ffff:127.0.0.1]:{inward}/plain"), NOT_GRANTED),
        (format!("//127.0.0.1:{inward}/plain"), NOT_PUBLIC),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), NOT_PUBLIC),
        ("http://unlisted.example.com/".to_owned(), NOT_GRANTED),
        ("file:///etc/passwd".to_owned(), SCHEME),
        ("ftp://127.0.0.1/".to_owned(), SCHEME),
        ("data:text/plain,hello".to_owned(), SCHEME),
        ("/steps?4".to_owned(), "redirected more than 3 times"),
        ("http://".to_owned(), NO_ADDRESS),
    ] {
        assert_refused(&client, &redirect("redirect", &target), why).await;
        assert_refused(&client, &redirect("keep", &target), why).await;
    }
    assert_refused(&client, &server.url("/steps?4"), "redirected more than 3 times").await;
    assert_refused(&client, &server.url("/steps?1000000"), "redirected more than 3 times").await;
    assert_eq!(inner.requests(), Vec::<String>::new(), "nothing came inside");
    // Where a redirect leads to what was not granted, that is a denial: two kinds of redirects, each asked for once by
    // either call. What is refused for another reason is none.
    let denials = client.denials().await;
    for call in ["http-get", "http-post"] {
        for host in [&format!("[::1]:{inward}"), "unlisted.example.com"] {
            let reason = format!("redirected by 127.0.0.1: {host} {NOT_GRANTED}");
            let counted =
                denials.iter().find(|(denied, text, _)| denied == call && text.starts_with(&reason));
            assert_eq!(counted.map(|(_, _, count)| *count), Some(2), "{call} {host}: {denials:#?}");
        }
    }
    assert_eq!(denials.iter().map(|(_, _, count)| count).sum::<u64>(), 12, "{denials:#?}");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_is_not_public_is_refused_however_it_is_spelled() {
    let inner = Loopback::start().await;
    let app = TestApp::builder().neighbour().spawn().await;
    let port = inner.address.port();
    // Whatever an address can be spelled like that a manifest can name: only its not being public refuses it.
    let names = ["127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "api.example.com"];
    let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    hosts.extend(["127.0.0.1", "api.example.com"].map(str::to_owned));
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
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.0.0.1\\@api.example.com",
        "loc\u{ad}alhost",
    ] {
        assert_refused(&client, &format!("http://{host}:{port}/plain"), NOT_PUBLIC).await;
    }
    for host in [
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
    ] {
        assert_refused(&client, &format!("http://{host}:{port}/plain"), NOT_GRANTED).await;
    }
    for (host, why) in [
        ("user@127.0.0.1", CREDENTIALS),
        ("user:word@127.0.0.1", CREDENTIALS),
        ("api.example.com@127.0.0.1", CREDENTIALS),
        ("api.example.com:80@127.0.0.1", CREDENTIALS),
        ("127.0.0.1%00.example.com", NO_ADDRESS),
        ("[fe80::1%25lo]", NO_ADDRESS),
    ] {
        assert_refused(&client, &format!("http://{host}:{port}/plain"), why).await;
    }
    for (url, why) in [
        (format!("http://127.0.0.1:{port}#@api.example.com/"), NOT_PUBLIC),
        (format!("http://127.0.0.1:{port}?@api.example.com/"), NOT_PUBLIC),
        (format!("http:127.0.0.1:{port}/plain"), NOT_PUBLIC),
        (format!("http:/127.0.0.1:{port}/plain"), NOT_PUBLIC),
        (format!("http:\\\\127.0.0.1:{port}\\plain"), NOT_PUBLIC),
        (format!(" http://127.0.0.1:{port}/plain"), NOT_PUBLIC),
        (format!("ht\ntp://127.0.0.1:{port}/plain"), NOT_PUBLIC),
        (format!("https://127.0.0.1:{port}/plain"), NOT_PUBLIC),
        (format!("//127.0.0.1:{port}/plain"), NO_ADDRESS),
        (format!("127.0.0.1:{port}/plain"), NO_ADDRESS),
    ] {
        assert_refused(&client, &url, why).await;
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
        assert_refused(&client, &format!("http://{address}/"), NOT_PUBLIC).await;
        assert!(started.elapsed() < Duration::from_secs(1), "{address} is refused before anything is sent");
    }
    let long = format!("http://10.0.0.1/{}", "x".repeat(100_000));
    for (url, why) in [
        ("", NO_ADDRESS),
        ("http://", NO_ADDRESS),
        ("http://:80/", NO_ADDRESS),
        ("http:///etc/passwd", NOT_GRANTED),
        ("/etc/passwd", NO_ADDRESS),
        ("file:///etc/passwd", SCHEME),
        ("ftp://10.0.0.1/", SCHEME),
        ("gopher://10.0.0.1/", SCHEME),
        ("data:text/plain,hello", SCHEME),
        ("javascript:alert(1)", SCHEME),
        ("unix:///run/docker.sock", SCHEME),
        ("ws://10.0.0.1/", SCHEME),
        ("http://10.0.0.1:99999/", NO_ADDRESS),
        ("http://10.0.0.1:0/", NOT_GRANTED),
        ("http://[fd00::1]/", NOT_GRANTED),
        ("http://[fe80::1]/", NOT_GRANTED),
        ("http://[fec0::1]/", NOT_GRANTED),
        ("http://[ff02::1]/", NOT_GRANTED),
        ("http://[::ffff:10.0.0.1]/", NOT_GRANTED),
        ("http://[64:ff9b::a00:1]/", NOT_GRANTED),
        ("http://[2001:db8::1]/", NOT_GRANTED),
        ("http://[100::1]/", NOT_GRANTED),
        ("http://[::/", NO_ADDRESS),
        ("http://10.0.0.1:80:80/", NO_ADDRESS),
        ("http://10.0.0.1/\r\nX-More: 1", NOT_PUBLIC),
        ("http://10.0.0.1/\0", NOT_PUBLIC),
        ("not a URL at all", NO_ADDRESS),
        (&long, NO_ADDRESS),
    ] {
        assert_refused(&client, url, why).await;
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
    assert_refused(&client, &other.url("/plain"), NOT_GRANTED).await;
    assert_refused(&client, &format!("http://localhost:{}/plain", server.address.port()), NOT_GRANTED).await;
    assert_refused(&client, &server.url(&format!("/redirect?{}", other.url("/plain"))), NOT_GRANTED).await;
    assert!(other.requests().is_empty());
    let denials = client.denials().await;
    for call in ["http-get", "http-post"] {
        for start in ["127.0.0.1:", "localhost:", "redirected by 127.0.0.1: 127.0.0.1:"] {
            let is_counted = |(denied, reason, count): &(String, String, u64)| {
                denied == call && reason.starts_with(start) && reason.contains(NOT_GRANTED) && *count == 1
            };
            assert!(denials.iter().any(is_counted), "{call} {start}: {denials:#?}");
        }
    }
    assert_eq!(denials.len(), 6, "{denials:#?}");
    // Ten requests to a call.
    let plain = json!(["http-get", server.url("/plain")]);
    let answers = client.run(&vec![plain; 12]).await;
    assert!(answers[..10].iter().all(|answer| *answer == "hello"), "{answers:?}");
    assert_eq!(answers[10..], [Value::Null, Value::Null]);
    app.assert_unharmed().await;
}
