//! One attempt: a request with an event, and what the receiver made of it.

use std::time::{Duration, Instant};

use chrono::DateTime;
use hyper::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};

use super::{Webhook, signature};
use crate::{
    clock::Timestamp,
    egress::{Egress, EgressError, EgressRequest, EgressResponse},
    error::{ApiError, Result},
    events::{Attempt, EventEnvelope},
};

/// How long a receiver may take, unless the limit of all outgoing requests is shorter.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of its answer is kept, in bytes.
const KEPT: usize = 1024;
/// A receiver that wants to be left alone for longer is asked again after this all the same.
const LONGEST_REST: Duration = Duration::from_secs(12 * 60 * 60);

/// What a receiver made of an event.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The attempt, for the log. It went well where the status is one of 200 to 299.
    pub attempt: Attempt,
    /// When the receiver, which has too much to do, wants to be asked again.
    pub retry_after: Option<Duration>,
    /// Whether the receiver said that it wants no more events.
    pub is_gone: bool,
    /// Whether nothing was sent, since too many requests are under way: that says nothing about the receiver.
    pub is_unsent: bool,
}

/// Sends an event to a webhook, whether that is switched on or not. Redirects are not followed: a receiver that moved
/// must be entered anew.
pub(super) async fn attempt(egress: &Egress, webhook: &Webhook, event: &EventEnvelope) -> Answer {
    let (at, started) = (Timestamp::now(), Instant::now());
    let mut answer = match request(webhook, event, at, started) {
        // The addresses behind the name are checked by the egress; names are an administrator's to choose.
        Ok(request) => read(egress.send(request, &|_| Ok(())).await, at),
        Err(error) => failed(at, None, error.detail().to_owned()),
    };
    answer.attempt.duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    answer
}

fn request(
    webhook: &Webhook,
    event: &EventEnvelope,
    at: Timestamp,
    started: Instant,
) -> Result<EgressRequest> {
    let (id, body) = (event.id.to_string(), event.body());
    let signatures = signature::sign(webhook.secrets(at), &id, at, &body)?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (signature::ID, id),
        (signature::TIMESTAMP, signature::seconds(at).to_string()),
        (signature::SIGNATURE, signatures),
    ] {
        let value = HeaderValue::try_from(value).map_err(ApiError::internal)?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(EgressRequest {
        caller: Webhook::listener(webhook.id),
        method: Method::POST,
        url: webhook.url.clone(),
        headers,
        body: Some(body.into_bytes()),
        max_redirects: Some(0),
        until: started + PATIENCE,
    })
}

fn read(sent: Result<EgressResponse, EgressError>, at: Timestamp) -> Answer {
    let response = match sent {
        Ok(response) => response,
        Err(error) => {
            let status = match &error {
                EgressError::NotFollowed { status, .. } => Some(status.as_u16()),
                _ => None,
            };
            let is_unsent = matches!(&error, EgressError::Busy { .. });
            return Answer { is_unsent, ..failed(at, status, error.to_string()) };
        }
    };
    let (status, host) = (response.status, response.final_url.host_str().unwrap_or_default());
    let mut answer = failed(at, Some(status.as_u16()), format!("{host} answered {status}"));
    if status.is_success() {
        answer.attempt.ok = true;
        answer.attempt.error = None;
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        answer.retry_after = response.headers.get(RETRY_AFTER).and_then(|value| rest(value, at));
    }
    answer.is_gone = status == StatusCode::GONE;
    answer.attempt.response = kept(&response.body);
    answer
}

fn failed(at: Timestamp, status: Option<u16>, error: String) -> Answer {
    let error = Some(printable(&error));
    let attempt = Attempt { at, ok: false, duration_ms: 0, status, error, response: None };
    Answer { attempt, retry_after: None, is_gone: false, is_unsent: false }
}

/// The beginning of an answer as text; none of an empty one.
fn kept(body: &[u8]) -> Option<String> {
    let beginning = String::from_utf8_lossy(body.get(..KEPT).unwrap_or(body));
    // A character that was cut in two is no part of the answer.
    let whole: &str = if body.len() > KEPT { beginning.trim_end_matches('\u{fffd}') } else { &beginning };
    (!whole.is_empty()).then(|| printable(whole))
}

/// Control characters are written out: receivers must not steer the terminal of whoever reads the log.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    printable
}

/// What `Retry-After` asks for: seconds, or a date.
fn rest(value: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let rest = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_error) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
            Duration::from_millis(until.saturating_sub(now.millis()).max(0).unsigned_abs())
        }
    };
    Some(rest.min(LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::testing::{answering, event, webhook};
    use super::*;
    use crate::egress::EgressConfig;

    async fn asked(server: SocketAddr) -> Answer {
        let config = EgressConfig { allow_private: vec![server.into()], ..EgressConfig::default() };
        let egress = Egress::new(config).unwrap();
        attempt(&egress, &webhook(&format!("http://{server}/hook?a=b")), &event()).await
    }

    #[tokio::test]
    async fn what_a_receiver_answers_is_read() {
        for (head, ok, error) in [
            ("200 OK", true, None),
            ("204 No Content", true, None),
            ("304 Not Modified", false, Some("127.0.0.1 answered 304 Not Modified")),
            ("400 Bad Request", false, Some("127.0.0.1 answered 400 Bad Request")),
            ("410 Gone", false, Some("127.0.0.1 answered 410 Gone")),
            ("500 Internal Server Error", false, Some("127.0.0.1 answered 500 Internal Server Error")),
        ] {
            let server = answering(head.to_owned(), b"").await;
            let answer = asked(server).await;
            assert_eq!((answer.attempt.ok, answer.attempt.error.as_deref()), (ok, error), "{head}");
            assert_eq!(answer.attempt.status.map(|status| status.to_string()).as_deref(), Some(&head[..3]));
            assert_eq!((answer.is_gone, answer.attempt.response), (head == "410 Gone", None), "{head}");
        }
    }

    #[tokio::test]
    async fn redirects_are_failures() {
        let location = "http://169.254.169.254/latest/meta-data/";
        let server = answering(format!("307 Temporary Redirect\r\nLocation: {location}"), b"").await;
        let attempt = asked(server).await.attempt;
        assert_eq!((attempt.ok, attempt.status), (false, Some(307)));
        let error = attempt.error.unwrap();
        assert!(error.contains(location) && error.contains("not followed"), "{error}");
    }

    #[tokio::test]
    async fn addresses_within_are_not_reached() {
        let answer = attempt(
            &Egress::new(EgressConfig::default()).unwrap(),
            &webhook("http://127.0.0.1:9/"),
            &event(),
        )
        .await;
        let error = answer.attempt.error.unwrap();
        assert!(error.contains("not a public address") && answer.attempt.status.is_none(), "{error}");
    }

    #[tokio::test]
    async fn the_beginning_of_an_answer_is_kept_and_can_be_shown() {
        let server = answering("200 OK".to_owned(), b"a\0\x1b[31mb\nc\xff").await;
        assert_eq!(asked(server).await.attempt.response.as_deref(), Some("a\\u{0}\\u{1b}[31mb\\nc\u{fffd}"));
        let server = answering("200 OK".to_owned(), &[b'x'; 4096]).await;
        assert_eq!(asked(server).await.attempt.response.map(|text| text.len()), Some(KEPT));
        let cut = format!("{}\u{e9}", "x".repeat(KEPT - 1));
        assert_eq!(kept(cut.as_bytes()), Some("x".repeat(KEPT - 1)));
    }

    #[test]
    fn a_rest_is_seconds_or_a_date_and_has_an_end() {
        let now = Timestamp::parse("2026-02-03T04:05:06Z").unwrap();
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Tue, 03 Feb 2026 04:06:06 GMT", Some(60)),
            ("Mon, 02 Feb 2026 04:05:06 GMT", Some(0)),
            ("999999999", Some(12 * 60 * 60)),
            ("Tue, 03 Feb 2026 23:05:06 GMT", Some(12 * 60 * 60)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let value = HeaderValue::from_str(text).unwrap();
            assert_eq!(rest(&value, now).map(|rest| rest.as_secs()), expected, "{text}");
        }
    }
}
