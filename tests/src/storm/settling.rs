//! Waiting until everything is delivered.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::actor::Actor;

/// How long nothing may move. What failed five times in a row, such as an event that found no room, rests for a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(200);
/// How often in a row nothing must be left: what is told of may lead to more.
const QUIET: u32 = 3;

/// Waits until no event waits and no delivery is to be tried again.
///
/// # Errors
/// Where nothing moves any more although something is left.
pub(super) async fn settle(administrator: &Actor, say: &mut impl FnMut(&str)) -> Result<(), String> {
    let (mut last, mut moved, mut told) = (Progress::default(), Instant::now(), Instant::now());
    let mut quiet = 0;
    loop {
        let now = Progress::of(administrator).await;
        quiet = if now.is_over() { quiet + 1 } else { 0 };
        if quiet >= QUIET && nothing_is_listed(administrator).await {
            return Ok(());
        }
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            return Err(format!("nothing has moved for {PATIENCE:?}: {last:?}"));
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            say(&format!("{} events wait, {} deliveries are to be tried again", now.waiting, now.retrying));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    waiting: u64,
    retrying: u64,
    delivered: u64,
}

impl Progress {
    async fn of(administrator: &Actor) -> Self {
        let metrics = administrator.get("/metrics").await.expect(200).text();
        let value = |name: &str| {
            let mut values = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            values.next().and_then(|value| value.parse().ok()).unwrap_or_default()
        };
        Self {
            waiting: value("fleuron_outbox_waiting"),
            retrying: value("fleuron_outbox_retrying"),
            delivered: value(
                "fleuron_event_delivery_attempts_total{listener=\"plugin\",outcome=\"delivered\"}",
            ),
        }
    }

    fn is_over(self) -> bool {
        self.waiting == 0 && self.retrying == 0
    }
}

async fn nothing_is_listed(administrator: &Actor) -> bool {
    let pending = list(administrator, "/api/v1/admin/deliveries?state=pending").await;
    pending.is_empty() && list(administrator, "/api/v1/admin/events?state=waiting").await.is_empty()
}

/// All items of a list, whose path has a query already.
pub(super) async fn list(actor: &Actor, path: &str) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), format!("{path}&limit=100"));
    loop {
        let page = actor.get(&next).await.expect(200);
        items.extend(page.items());
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&limit=100&cursor={cursor}"),
            None => return items,
        }
    }
}
