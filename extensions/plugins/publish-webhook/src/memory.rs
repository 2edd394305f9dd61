//! What is remembered, as key-values: what the receiver was told of each post, and which events were handled lately.

use fleuron_plugin::host_api;

use crate::change::Standing;

/// The ids of the events handled last, one to a line, the newest at the end.
const HANDLED: &str = "handled";
/// How many of them are kept. An event that failed is repeated within a minute; few sites publish that much meanwhile.
const KEPT: usize = 500;

/// Whether an event was handled before, and is only repeated because somebody else did not take it.
pub(crate) fn was_handled(event_id: &str) -> bool {
    handled().lines().any(|id| id == event_id)
}

/// How a post stands, to the receiver's knowledge; `None` where nothing is remembered.
pub(crate) fn standing(post_id: &str) -> Option<Standing> {
    Standing::parse(&host_api::get_data(&key(post_id))?)
}

/// Remembers that an event was handled and how the post stands since. Where it cannot be, a repetition would be told
/// under a wrong name, but with the same id.
pub(crate) fn remember(post_id: &str, standing: Standing, event_id: &str) {
    let handled = handled();
    let mut ids: Vec<&str> = handled.lines().collect();
    ids.push(event_id);
    let kept = ids.split_off(ids.len().saturating_sub(KEPT)).join("\n");
    if !host_api::set_data(HANDLED, &kept) || !host_api::set_data(&key(post_id), standing.word()) {
        host_api::log("error", &format!("it could not be written down that event {event_id} was handled"));
    }
}

fn handled() -> String {
    host_api::get_data(HANDLED).unwrap_or_default()
}

fn key(post_id: &str) -> String {
    format!("post:{post_id}")
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;

    use super::{HANDLED, KEPT, remember, standing, was_handled};
    use crate::change::Standing;

    #[test]
    fn the_latest_events_are_known() {
        let host = MemoryHost::install();
        assert!(!was_handled("0"));
        for number in 0..KEPT + 10 {
            remember("p", Standing::Public, &number.to_string());
        }
        assert_eq!(host.data(HANDLED).map(|ids| ids.lines().count()), Some(KEPT));
        assert!(!was_handled("9") && was_handled("10") && was_handled("509") && !was_handled("50\n51"));
    }

    #[test]
    fn posts_stand_as_they_were_left() {
        let _host = MemoryHost::install();
        assert_eq!(standing("p"), None);
        for state in [Standing::Public, Standing::Hidden, Standing::Gone] {
            remember("p", state, "e");
            assert_eq!((standing("p"), standing("q")), (Some(state), None));
        }
    }
}
