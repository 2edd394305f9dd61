//! Who is behind with what. A lane is one listener and one entity: after a delivery failed, the later ones of its lane
//! wait behind it, so that each listener hears of each entity in order; everybody else goes on.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use super::Listener;

/// Lanes of webhooks under way at once, and of one webhook, so that a receiver that hangs leaves places for others.
const WEBHOOKS_AT_ONCE: usize = 16;
const OF_ONE_WEBHOOK: usize = 4;
/// Lanes of plugins under way at once.
const PLUGINS_AT_ONCE: usize = 2;

/// One listener and one entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    pub(super) listener: Listener,
    pub(super) entity_id: String,
}

/// A lane that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is looked at again at this moment.
    Due(Instant),
    /// It is being worked on. Whether deliveries have come behind it since.
    Running { more: bool },
}

/// All that is behind.
#[derive(Default)]
pub(super) struct Lanes {
    listeners: HashMap<Listener, OfListener>,
    webhooks_running: usize,
    plugins_running: usize,
}

#[derive(Default)]
struct OfListener {
    lanes: HashMap<String, State>,
    due: BTreeSet<(Instant, String)>,
    running: usize,
}

impl Lanes {
    /// Whether deliveries of this lane must wait.
    pub(super) fn is_behind(&self, listener: &Listener, entity_id: &str) -> bool {
        self.listeners.get(listener).is_some_and(|of| of.lanes.contains_key(entity_id))
    }

    /// The listeners that are behind with this entity.
    pub(super) fn behind_with(&self, entity_id: &str) -> Vec<Listener> {
        let behind = self.listeners.iter().filter(|(_, of)| of.lanes.contains_key(entity_id));
        behind.map(|(listener, _)| listener.clone()).collect()
    }

    /// A delivery of the lane failed, or came behind one that did: the lane is looked at again then, or when it is
    /// already planned to be.
    pub(super) fn add(&mut self, lane: Lane, at: Instant) {
        let of = self.listeners.entry(lane.listener).or_default();
        match of.lanes.get_mut(&lane.entity_id) {
            Some(State::Running { more }) => *more = true,
            Some(State::Due(_)) => {}
            None => of.plan(lane.entity_id, at),
        }
    }

    /// The lane was worked on: it rests until then, or it is done unless more has come meanwhile.
    pub(super) fn finished(&mut self, lane: Lane, next: Option<Instant>) {
        let running = match &lane.listener {
            Listener::Plugin(_) => &mut self.plugins_running,
            Listener::Webhook(_) => &mut self.webhooks_running,
        };
        *running = running.saturating_sub(1);
        let Some(of) = self.listeners.get_mut(&lane.listener) else { return };
        of.running = of.running.saturating_sub(1);
        let more = matches!(of.lanes.get(&lane.entity_id), Some(State::Running { more: true }));
        match next.or_else(|| more.then(Instant::now)) {
            Some(at) => of.plan(lane.entity_id, at),
            None => {
                of.lanes.remove(&lane.entity_id);
                if of.lanes.is_empty() {
                    self.listeners.remove(&lane.listener);
                }
            }
        }
    }

    /// A lane that is due and for which there is a place; it counts as running from now on.
    pub(super) fn start_next(&mut self, now: Instant) -> Option<Lane> {
        let due = self.listeners.iter().filter(|(listener, of)| self.has_place(listener, of));
        let due = due.filter_map(|(listener, of)| {
            let (at, _) = of.due.first().filter(|(at, _)| *at <= now)?;
            Some((of.running, *at, listener))
        });
        // Who has the fewest places comes first, so that receivers that hang do not pass them on among themselves.
        let listener = due.min().map(|(_, _, listener)| listener.clone())?;
        let of = self.listeners.get_mut(&listener)?;
        let (_, entity_id) = of.due.pop_first()?;
        of.lanes.insert(entity_id.clone(), State::Running { more: false });
        of.running += 1;
        match listener {
            Listener::Plugin(_) => self.plugins_running += 1,
            Listener::Webhook(_) => self.webhooks_running += 1,
        }
        Some(Lane { listener, entity_id })
    }

    fn has_place(&self, listener: &Listener, of: &OfListener) -> bool {
        match listener {
            Listener::Plugin(_) => self.plugins_running < PLUGINS_AT_ONCE,
            Listener::Webhook(_) => self.webhooks_running < WEBHOOKS_AT_ONCE && of.running < OF_ONE_WEBHOOK,
        }
    }

    /// When the next lane for which there is a place is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let with_place = self.listeners.iter().filter(|(listener, of)| self.has_place(listener, of));
        with_place.filter_map(|(_, of)| of.due.first()).map(|(at, _)| *at).min()
    }

    /// Everything that a listener is behind with is due now.
    pub(super) fn hurry(&mut self, listener: &Listener, now: Instant) {
        let Some(of) = self.listeners.get_mut(listener) else { return };
        let waiting = std::mem::take(&mut of.due);
        for (_, entity_id) in waiting {
            of.plan(entity_id, now);
        }
    }

    /// Takes over what the database says is behind. What runs goes on; what is not behind any more is forgotten.
    pub(super) fn replan(&mut self, found: impl IntoIterator<Item = (Lane, Instant)>) {
        for of in self.listeners.values_mut() {
            of.due.clear();
            of.lanes.retain(|_, state| matches!(state, State::Running { .. }));
        }
        for (lane, at) in found {
            self.add(lane, at);
        }
        self.listeners.retain(|_, of| !of.lanes.is_empty());
    }
}

impl OfListener {
    fn plan(&mut self, entity_id: String, at: Instant) {
        self.lanes.insert(entity_id.clone(), State::Due(at));
        self.due.insert((at, entity_id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lane(listener: &str, entity_id: &str) -> Lane {
        Lane { listener: listener.parse().unwrap(), entity_id: entity_id.to_owned() }
    }

    fn webhook(number: u8) -> String {
        format!("webhook:01a22053-c701-757e-ab84-a42cdfd2e3{number:02}")
    }

    const PLUGIN: &str = "plugin:com.example.a";

    #[test]
    fn a_lane_holds_back_itself_alone() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        lanes.add(lane(PLUGIN, "post"), now + Duration::from_secs(5));
        assert!(lanes.is_behind(&PLUGIN.parse().unwrap(), "post"));
        assert!(!lanes.is_behind(&PLUGIN.parse().unwrap(), "other"));
        assert!(!lanes.is_behind(&"plugin:com.example.b".parse().unwrap(), "post"));
        assert_eq!(lanes.start_next(now), None, "it rests");
        assert_eq!(lanes.next_due(), Some(now + Duration::from_secs(5)));
        assert_eq!(lanes.start_next(now + Duration::from_secs(5)), Some(lane(PLUGIN, "post")));
        lanes.finished(lane(PLUGIN, "post"), None);
        assert!(!lanes.is_behind(&PLUGIN.parse().unwrap(), "post"));
        assert!(lanes.listeners.is_empty());
    }

    #[test]
    fn what_comes_while_it_runs_is_looked_at_after_it() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        lanes.add(lane(PLUGIN, "post"), now);
        assert!(lanes.start_next(now).is_some());
        lanes.add(lane(PLUGIN, "post"), now + Duration::from_secs(60));
        lanes.finished(lane(PLUGIN, "post"), None);
        assert_eq!(lanes.start_next(Instant::now()), Some(lane(PLUGIN, "post")));
    }

    #[test]
    fn a_webhook_that_hangs_leaves_places_for_others() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for entity in 0..100 {
            lanes.add(lane(&webhook(1), &entity.to_string()), now);
        }
        for entity in 0..100 {
            lanes.add(lane(&webhook(2), &entity.to_string()), now);
        }
        lanes.add(lane(PLUGIN, "post"), now);
        let mut started = Vec::new();
        while let Some(lane) = lanes.start_next(now) {
            started.push(lane.listener.to_string());
        }
        let count = |name: &str| started.iter().filter(|started| *started == name).count();
        assert_eq!((count(&webhook(1)), count(&webhook(2)), count(PLUGIN)), (4, 4, 1));
        assert_eq!(lanes.next_due(), None, "no place for any");
    }

    #[test]
    fn receivers_that_hang_do_not_pass_places_on_among_themselves() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for number in 1..=4 {
            for entity in 0..100 {
                lanes.add(lane(&webhook(number), &entity.to_string()), now);
            }
        }
        let mut running: Vec<Lane> = std::iter::from_fn(|| lanes.start_next(now)).collect();
        assert_eq!(running.len(), WEBHOOKS_AT_ONCE);
        lanes.add(lane(&webhook(5), "post"), now);
        lanes.finished(running.remove(0), None);
        assert_eq!(lanes.start_next(now), Some(lane(&webhook(5), "post")));
    }

    #[test]
    fn replanning_keeps_what_runs() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        lanes.add(lane(PLUGIN, "runs"), now);
        assert!(lanes.start_next(now).is_some());
        lanes.add(lane(PLUGIN, "gone"), now);
        lanes.replan([(lane(PLUGIN, "new"), now), (lane(PLUGIN, "runs"), now)]);
        let plugin = PLUGIN.parse().unwrap();
        let behind = |entity: &str| lanes.is_behind(&plugin, entity);
        assert_eq!((behind("runs"), behind("gone"), behind("new")), (true, false, true));
        assert_eq!(lanes.behind_with("new"), std::slice::from_ref(&plugin));
        lanes.hurry(&plugin, now);
        assert_eq!(lanes.start_next(now), Some(lane(PLUGIN, "new")));
    }
}
