//! What leaves the plugin: requests to other servers, and events.

use super::state::State;
use super::{Permission, SentRequest};
use crate::data::{Error, ErrorCode};
use crate::json::Json;

/// The longest type of an event, in bytes.
const MAX_EVENT_TYPE: usize = 64;
/// The most data of one event, in bytes.
const MAX_EVENT_DATA: usize = 64 << 10;
/// The most events of one call.
const MAX_EVENTS: usize = 32;
const TRANSACTION_OPEN: &str =
    "a transaction is open; commit it or roll it back first, so that nobody waits for it";

impl State {
    /// `http-get` and `http-post`.
    pub(super) fn request(&mut self, call: &str, url: &str, body: Option<&str>) -> Option<String> {
        self.permit(Permission::Http, call).ok()?;
        if self.transaction.is_some() {
            self.complain(call, TRANSACTION_OPEN);
            return None;
        }
        self.requests.push(SentRequest { url: url.to_owned(), body: body.map(str::to_owned) });
        let answer = self.http_answers.get(url).cloned();
        if answer.is_none() {
            self.complain(
                call,
                &format!("{url} does not answer: lay something ready with MemoryHost::answer_http"),
            );
        }
        answer
    }

    /// `emit-event`; answers the event's id.
    pub(super) fn emit(&mut self, event_type: &str, data: &str) -> Result<String, Error> {
        self.permit(Permission::Emit, "emit-event")?;
        if let Err(reason) = self.check_event(event_type, data) {
            self.complain("emit-event", &reason);
            return Err(Error::new(ErrorCode::Invalid, reason));
        }
        let events = self.pending.as_mut().unwrap_or(&mut self.events);
        events.push((event_type.to_owned(), data.to_owned()));
        Ok(self.clock.new_id())
    }

    fn check_event(&self, event_type: &str, data: &str) -> Result<(), String> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if !(1..=MAX_EVENT_TYPE).contains(&event_type.len()) || !event_type.bytes().all(fits) {
            return Err(format!(
                "an event's type has 1 to {MAX_EVENT_TYPE} lower-case letters, digits, `_` and `-`, as in \
                 `order-paid`"
            ));
        }
        if self.transaction.is_some() {
            return Err(TRANSACTION_OPEN.to_owned());
        }
        if self.pending.as_ref().is_some_and(|pending| pending.len() >= MAX_EVENTS) {
            return Err(format!("{MAX_EVENTS} events in one hook call"));
        }
        if data.len() > MAX_EVENT_DATA {
            return Err(format!("the data has {} bytes; at most {MAX_EVENT_DATA} are allowed", data.len()));
        }
        Json::parse(data).map(drop).map_err(|error| format!("the data is not valid JSON: {error}"))
    }
}
