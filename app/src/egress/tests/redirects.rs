//! Redirects: each is a new address, checked like the first.

use hyper::StatusCode;

use super::{
    EgressConfig, EgressError, EgressRequest, behind, egress, get,
    names::Names,
    opened, post, refused, send,
    server::{Server, answer, redirect},
};

/// A server that redirects to the address in its path.
async fn redirector() -> Server {
    Server::answering(|request| {
        let target = request.split(' ').nth(1).unwrap();
        let (status, location) = target.trim_start_matches('/').split_once('/').unwrap();
        redirect(&format!("{status} Moved"), location)
    })
    .await
}

#[tokio::test]
async fn a_redirect_inward_is_refused() {
    let server = redirector().await;
    let names = Names::default().with("inward.example", &["10.0.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    for location in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
        "http://[::1]:80/",
        "http://inward.example/",
        "//127.0.0.1:1/",
    ] {
        let error = refused(&egress, get(server.url(&format!("/302/{location}")))).await;
        assert!(error.to_string().starts_with("redirected by 127.0.0.1: "), "{error}");
        let error = behind(error);
        let inward = matches!(error, EgressError::NotPublic { .. } | EgressError::ResolvesInward { .. });
        assert!(inward, "{location}: {error}");
    }
}

#[tokio::test]
async fn a_redirect_to_what_is_no_http_address_is_refused() {
    let server = redirector().await;
    let egress = egress(opened(&[&server]), &Names::default());
    for location in
        ["ftp://example.com/", "file:///etc/passwd", "javascript:1", "http://", "http://a@127.0.0.1/"]
    {
        let error = refused(&egress, get(server.url(&format!("/301/{location}")))).await;
        assert!(matches!(error, EgressError::Redirect { .. }), "{location}: {error}");
    }
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn the_caller_is_asked_about_redirects() {
    let server = redirector().await;
    let names = Names::default().with("first.example", &["127.0.0.1"]).with("second.example", &["127.0.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    let port = server.port();
    let url = format!("http://first.example:{port}/302/http://second.example:{port}/");
    let only_first = |url: &url::Url| match url.host_str() {
        Some("first.example") => Ok(()),
        host => Err(format!("{} is not granted", host.unwrap())),
    };
    let error = egress.send(get(url), &only_first).await.unwrap_err();
    assert_eq!(error.to_string(), "redirected by first.example: second.example is not granted");
    assert_eq!(names.asked(), ["first.example"]);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_for_its_own_redirect_is_checked_again() {
    let server = Server::answering(|_| redirect("307 Again", "/secret")).await;
    let names = Names::default().with("fickle.example", &["127.0.0.1"]).with("fickle.example", &["10.0.0.1"]);
    let egress = egress(opened(&[&server]), &names);
    let error = refused(&egress, get(format!("http://fickle.example:{}/", server.port()))).await;
    assert!(matches!(behind(error), EgressError::ResolvesInward { .. }));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn loops_end() {
    let server = Server::answering(|_| redirect("302 Found", "/again")).await;
    let egress = egress(opened(&[&server]), &Names::default());
    let error = refused(&egress, get(server.url("/"))).await;
    assert_eq!(error.to_string(), "the request to 127.0.0.1 was redirected more than 3 times");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_caller_may_want_none_followed() {
    let server = redirector().await;
    let location = "http://169.254.169.254/latest/meta-data/";
    let url = server.url(&format!("/302/{location}"));
    let unfollowed = EgressError::NotFollowed {
        host: "127.0.0.1".to_owned(),
        status: StatusCode::FOUND,
        location: location.to_owned(),
    };
    let names = Names::default();
    let request = EgressRequest { max_redirects: Some(0), ..get(url.as_str()) };
    assert_eq!(refused(&egress(opened(&[&server]), &names), request).await, unfollowed);
    let config = EgressConfig { max_redirects: 0, ..opened(&[&server]) };
    let request = EgressRequest { max_redirects: Some(5), ..get(url) };
    assert_eq!(refused(&egress(config, &names), request).await, unfollowed, "and no more than all may");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn addresses_for_later_are_checked() {
    let server = redirector().await;
    let egress = egress(opened(&[&server]), &Names::default());
    for (text, read) in [
        (server.url("/hook"), Some(server.url("/hook"))),
        ("https://Example.com./hook?a=b#c".to_owned(), Some("https://example.com/hook?a=b".to_owned())),
        ("http://10.0.0.1/".to_owned(), None),
        ("http://2130706433/".to_owned(), None),
        ("http://[::1]/".to_owned(), None),
        ("ftp://example.com/".to_owned(), None),
        ("https://user:secret@example.com/".to_owned(), None),
    ] {
        assert_eq!(egress.check_address(&text).ok().map(String::from), read, "{text}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn three_redirects_are_followed_and_their_bodies_are_not_read() {
    let server = Server::answering(|request| match request.split(' ').nth(1).unwrap() {
        // Larger than is taken, and packed: nobody looks.
        "/1" => answer("301 Moved", "Location: 2\r\nContent-Encoding: gzip\r\n", &"x".repeat(1 << 20)),
        "/2" => redirect("302 Found", "/3"),
        "/3" => redirect("303 See Other", "?4"),
        _ => answer("200 OK", "", "there"),
    })
    .await;
    let egress = egress(opened(&[&server]), &Names::default());
    let response = send(&egress, get(server.url("/1"))).await.unwrap();
    assert_eq!((response.body.as_slice(), response.final_url.query()), (&b"there"[..], Some("4")));
}

#[tokio::test]
async fn a_post_is_repeated_or_becomes_a_get() {
    let server = Server::answering(|request| match request.split(' ').nth(1).unwrap() {
        "/keep" => redirect("307 Temporary Redirect", "/there"),
        "/turn" => redirect("303 See Other", "/there"),
        _ => answer("200 OK", "", ""),
    })
    .await;
    let egress = egress(opened(&[&server]), &Names::default());
    assert!(send(&egress, post(server.url("/keep"), "body")).await.is_ok());
    assert!(send(&egress, post(server.url("/turn"), "body")).await.is_ok());
    let requests = server.requests();
    assert!(requests[1].starts_with("POST /there ") && requests[1].ends_with("\r\n\r\nbody"), "{requests:?}");
    assert!(requests[3].starts_with("GET /there ") && requests[3].ends_with("\r\n\r\n"), "{requests:?}");
}

#[tokio::test]
async fn a_redirect_without_a_location_is_an_answer() {
    let server = Server::answering(|_| answer("302 Found", "", "nowhere")).await;
    let egress = egress(opened(&[&server]), &Names::default());
    let response = send(&egress, get(server.url("/"))).await.unwrap();
    assert_eq!((response.status.as_u16(), response.body.as_slice()), (302, &b"nowhere"[..]));
}
