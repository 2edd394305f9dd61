//! `fleuron:host`: `verdict` and `context`.

use super::own_bindings::fleuron::host::{context, verdict};
use crate::call::Verdict;
use crate::guest_state::GuestState;
use crate::hook::HookPoint;
use crate::ports::LogLevel;

/// The longest code of a refusal, in bytes.
const MAX_CODE: usize = 64;
/// The longest message of a refusal, in characters.
const MAX_MESSAGE: usize = 500;
/// The code where the plugin gives none that fits.
const DEFAULT_CODE: &str = "refused";

impl GuestState {
    fn decide(&mut self, call: &str, verdict: Verdict) {
        if self.call.takes_verdicts() {
            self.call.outcome.verdict = Some(verdict);
        } else {
            let hook = self.call.hook.map_or("the start of an instance", HookPoint::name);
            self.log.guest(LogLevel::Warn, &format!("{call}: has no effect in {hook}"));
        }
    }
}

impl verdict::Host for GuestState {
    fn refuse(&mut self, code: String, message: String) -> wasmtime::Result<()> {
        self.call.spend_host_call()?;
        let code = if code_fits(&code) {
            code
        } else {
            let reason = format!(
                "the code has 1 to {MAX_CODE} lower-case letters, digits, `-` and `_`; `{DEFAULT_CODE}` is used"
            );
            self.complain("refuse", &reason);
            DEFAULT_CODE.to_owned()
        };
        self.decide("refuse", Verdict::Refused { code, message: presentable(&message) });
        Ok(())
    }

    fn hold(&mut self) -> wasmtime::Result<()> {
        self.call.spend_host_call()?;
        self.decide("hold", Verdict::Held);
        Ok(())
    }
}

impl context::Host for GuestState {
    fn current(&mut self) -> wasmtime::Result<context::CallContext> {
        self.call.spend_host_call()?;
        let known = &self.call.context;
        Ok(context::CallContext {
            hook: self.call.hook.map_or("", HookPoint::name).to_owned(),
            event_id: known.event_id.clone(),
            attempt: known.attempt,
            entity_id: known.entity_id.clone(),
            entity_version: known.entity_version,
            parent_id: known.parent_id.clone(),
            kind: known.kind.clone(),
            acting_user: known.acting_user.clone(),
        })
    }
}

fn code_fits(code: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(fits)
}

/// One line without control characters, of a length that fits a page; never empty.
fn presentable(message: &str) -> String {
    let line: String = message
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(MAX_MESSAGE)
        .collect();
    match line.trim() {
        "" => "A plugin refused this without saying why.".to_owned(),
        line => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_messages_are_made_presentable() {
        assert!(code_fits("too-many_links2"));
        for bad in ["", "Spam", "a b", "ü", &"x".repeat(65)] {
            assert!(!code_fits(bad), "{bad}");
        }
        assert_eq!(presentable(" two\nlines\u{7}"), "two lines");
        assert_eq!(presentable("\n\t"), "A plugin refused this without saying why.");
        assert_eq!(presentable(&"ä".repeat(1000)).chars().count(), MAX_MESSAGE);
    }
}
