//! Events as they are committed, for those who follow them at this moment. It is in memory only: what nobody follows is
//! not kept, and whoever was away for too long is told to start afresh.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, futures::OwnedNotified};
use uuid::Uuid;

use super::{DomainEvent, EventEnvelope, Origin};
use crate::{
    auth::{Actor, Permission},
    ids::UserId,
};

/// Events that are kept for those who come back, and bytes of their data.
const KEPT: usize = 1_000;
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that are handed over at once, but for an event that is larger by itself.
const AT_ONCE: usize = 256 * 1024;
/// So long after the last follower has gone they are kept.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// Who may see an event: whoever has the permission, and the user who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    permission: Permission,
    user: Option<UserId>,
}

impl Audience {
    /// Who may see this event: what is public, everybody who writes; the rest, those who could read it in the API.
    pub(super) fn of(event: &DomainEvent) -> Self {
        let by = |permission, origin: &Origin| Self { permission, user: origin.user };
        let only = |permission| Self { permission, user: None };
        match event {
            DomainEvent::PostCreated { post, origin, .. }
            | DomainEvent::PostUpdated { post, origin, .. }
            | DomainEvent::PostPublished { post, origin, .. } => {
                let is_public = post.status == "published";
                by(if is_public { Permission::WritePosts } else { Permission::EditOthers }, origin)
            }
            DomainEvent::PostDeleted { origin, .. } | DomainEvent::PostUnpublished { origin, .. } => {
                by(Permission::EditOthers, origin)
            }
            DomainEvent::CommentCreated { origin, .. }
            | DomainEvent::CommentUpdated { origin, .. }
            | DomainEvent::CommentDeleted { origin, .. } => by(Permission::ModerateComments, origin),
            // Entries are told with their private fields, whoever may see those of their type.
            // Whoever did it may have done so to entries that they cannot see, by removing what those refer to.
            DomainEvent::ContentCreated { .. }
            | DomainEvent::ContentUpdated { .. }
            | DomainEvent::ContentDeleted { .. }
            | DomainEvent::ContentPublished { .. }
            | DomainEvent::ContentUnpublished { .. } => only(Permission::ManageContentTypes),
            DomainEvent::UserLoggedIn { .. } => only(Permission::ManageUsers),
            DomainEvent::PluginEmitted { .. } => only(Permission::ManageOperations),
        }
    }

    /// Whether this actor is among them.
    pub fn includes(self, actor: &Actor) -> bool {
        let did_it = self.user.is_some() && self.user == actor.user_id();
        actor.may(self.permission) || (did_it && actor.may(Permission::WritePosts))
    }
}

/// An event on the stream.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Its place, from 1, within this process.
    pub number: u64,
    /// Who may see it.
    pub audience: Audience,
    /// Its type.
    pub event_type: String,
    /// Itself as JSON, with `id`, `type`, `timestamp` and `data`.
    pub text: String,
}

/// Where somebody is on the stream: behind the event of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    stream: Uuid,
    pub(super) number: u64,
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Next {
    /// These events, and where they end.
    Events(Vec<Arc<LiveEvent>>, Place),
    /// Some are lost: read anew what is shown, and go on from here.
    Reset(Place),
    /// The stream is over, since the server stops.
    End,
}

/// The stream. Cheap to clone.
#[derive(Clone)]
pub struct LiveFeed {
    inner: Arc<Inner>,
}

struct Inner {
    stream: Uuid,
    followers: AtomicUsize,
    is_kept: AtomicBool,
    ended: AtomicBool,
    ring: Mutex<Ring>,
    news: Arc<Notify>,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<LiveEvent>>,
    bytes: usize,
    /// Events ever put here, and what was passed over while nobody followed counts as one.
    written: u64,
    left_at: Option<Instant>,
}

/// Somebody who follows; counted until it is dropped.
pub struct Follower {
    feed: LiveFeed,
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                stream: Uuid::now_v7(),
                followers: AtomicUsize::new(0),
                is_kept: AtomicBool::new(false),
                ended: AtomicBool::new(false),
                ring: Mutex::default(),
                news: Arc::default(),
            }),
        }
    }
}

impl LiveFeed {
    /// Whether anybody follows, or did a moment ago. Costs one load.
    pub fn is_followed(&self) -> bool {
        self.inner.is_kept.load(Ordering::Acquire)
    }

    /// Shows an event.
    pub fn push(&self, envelope: EventEnvelope, audience: Audience) {
        let text = envelope.with_id();
        let event_type = envelope.event_type;
        let mut ring = self.ring();
        if self.inner.followers.load(Ordering::Acquire) == 0
            && ring.left_at.is_none_or(|left| left.elapsed() > KEPT_FOR)
        {
            // Whoever comes back from now on has missed something.
            self.inner.is_kept.store(false, Ordering::Release);
            ring.events.clear();
            ring.bytes = 0;
            ring.written += 1;
            return;
        }
        ring.written += 1;
        ring.bytes += text.len();
        let number = ring.written;
        ring.events.push_back(Arc::new(LiveEvent { number, audience, event_type, text }));
        while ring.events.len() > KEPT || (ring.bytes > KEPT_BYTES && ring.events.len() > 1) {
            let Some(oldest) = ring.events.pop_front() else { break };
            ring.bytes -= oldest.text.len();
        }
        drop(ring);
        self.inner.news.notify_waiters();
    }

    /// Follows from now on.
    pub fn follow(&self) -> Follower {
        let mut ring = self.ring();
        if !self.inner.is_kept.swap(true, Ordering::AcqRel) {
            // What happened since it was last kept is not known.
            ring.written += 1;
        }
        self.inner.followers.fetch_add(1, Ordering::AcqRel);
        ring.left_at = None;
        Follower { feed: self.clone() }
    }

    /// Ends all streams: the server stops.
    pub fn end(&self) {
        self.inner.ended.store(true, Ordering::Release);
        self.inner.news.notify_waiters();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.inner.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// The end of the stream as it is now.
    pub fn now(&self) -> Place {
        Place { stream: self.feed.inner.stream, number: self.feed.ring().written }
    }

    /// What comes after this place; waits for it.
    pub async fn after(&self, place: Place) -> Next {
        loop {
            let news = {
                let ring = self.feed.ring();
                let end = Place { stream: self.feed.inner.stream, number: ring.written };
                let oldest = ring.events.front().map_or(ring.written + 1, |event| event.number);
                if place.stream != end.stream || place.number > end.number || place.number + 1 < oldest {
                    return Next::Reset(end);
                }
                if place.number < end.number {
                    return ring.after(place, end);
                }
                listening(&self.feed.inner.news)
            };
            if self.feed.inner.ended.load(Ordering::Acquire) {
                return Next::End;
            }
            news.await;
        }
    }
}

impl Ring {
    /// What comes after a place, as much as is handed over at once.
    fn after(&self, place: Place, end: Place) -> Next {
        let (mut events, mut bytes) = (Vec::new(), 0);
        for event in self.events.iter().filter(|event| event.number > place.number) {
            if bytes > AT_ONCE {
                break;
            }
            bytes += event.text.len();
            events.push(Arc::clone(event));
        }
        let reached = events.last().map_or(end, |last: &Arc<LiveEvent>| end.at(last.number));
        Next::Events(events, reached)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut ring = self.feed.ring();
        if self.feed.inner.followers.fetch_sub(1, Ordering::AcqRel) == 1 {
            ring.left_at = Some(Instant::now());
        }
    }
}

impl Place {
    /// The place of an event on the same stream.
    pub fn at(self, number: u64) -> Self {
        Self { number, ..self }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.stream.simple(), self.number)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once('-').and_then(|(stream, number)| {
            Some(Self { stream: stream.parse().ok()?, number: number.parse().ok()? })
        });
        place.ok_or_else(|| format!("`{text}` is no event's id on this stream"))
    }
}

/// Hears of every event from now on, before it is waited for.
fn listening(news: &Arc<Notify>) -> Pin<Box<OwnedNotified>> {
    let mut notified = Box::pin(Arc::clone(news).notified_owned());
    notified.as_mut().enable();
    notified
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Role, clock::Timestamp, ids::EventId};

    const EVERYBODY: Audience = Audience { permission: Permission::WritePosts, user: None };

    fn push(feed: &LiveFeed, event_type: &str) {
        let event_type = event_type.to_owned();
        let (id, at) = (EventId::generate(), Timestamp::now());
        feed.push(EventEnvelope { id, event_type, at, data: serde_json::Value::Null }, EVERYBODY);
    }

    async fn names(follower: &Follower, place: Place) -> (Vec<String>, Place) {
        match follower.after(place).await {
            Next::Events(events, place) => {
                (events.iter().map(|event| event.event_type.clone()).collect(), place)
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn followers_see_what_comes_and_go_on_where_they_were() {
        let feed = LiveFeed::default();
        assert!(!feed.is_followed());
        let follower = feed.follow();
        let start = follower.now();
        push(&feed, "a");
        push(&feed, "b");
        let (seen, place) = names(&follower, start).await;
        assert_eq!(seen, ["a", "b"]);
        drop(follower);
        push(&feed, "c");
        let place: Place = place.to_string().parse().unwrap();
        assert_eq!(names(&feed.follow(), place).await.0, ["c"], "it was away for a moment only");
    }

    #[tokio::test]
    async fn who_missed_something_is_reset() {
        let feed = LiveFeed::default();
        let follower = feed.follow();
        let start = follower.now();
        for _ in 0..=KEPT {
            push(&feed, "a");
        }
        assert!(matches!(follower.after(start).await, Next::Reset(_)));
        let elsewhere = LiveFeed::default().follow().now();
        assert!(matches!(follower.after(elsewhere).await, Next::Reset(_)), "another process");
        drop(follower);
        let place = feed.follow().now();
        feed.ring().left_at = Instant::now().checked_sub(KEPT_FOR * 2);
        push(&feed, "b");
        assert!(!feed.is_followed());
        assert!(matches!(feed.follow().after(place).await, Next::Reset(_)));
    }

    #[tokio::test]
    async fn large_events_take_no_more_room_than_there_is() {
        let feed = LiveFeed::default();
        let follower = feed.follow();
        let start = follower.now();
        for _ in 0..20 {
            let data = serde_json::Value::String("x".repeat(KEPT_BYTES / 8));
            let (id, at) = (EventId::generate(), Timestamp::now());
            feed.push(EventEnvelope { id, event_type: "large".to_owned(), at, data }, EVERYBODY);
        }
        assert!(feed.ring().bytes <= KEPT_BYTES && feed.ring().events.len() == 7);
        let Next::Reset(end) = follower.after(start).await else { panic!("some are lost") };
        let (seen, place) = names(&follower, end.at(end.number - 3)).await;
        assert_eq!((seen.len(), place), (1, end.at(end.number - 2)), "one at a time");
    }

    #[tokio::test]
    async fn streams_end_with_the_server() {
        let feed = LiveFeed::default();
        let follower = feed.follow();
        feed.end();
        assert!(matches!(follower.after(follower.now()).await, Next::End));
    }

    #[test]
    fn drafts_are_for_editors_and_their_author() {
        let author = UserId::generate();
        let audience = Audience { permission: Permission::EditOthers, user: Some(author) };
        let user = |id, role| Actor::User { id, role };
        assert!(audience.includes(&user(author, Role::Author)));
        assert!(!audience.includes(&user(UserId::generate(), Role::Author)));
        assert!(audience.includes(&user(UserId::generate(), Role::Editor)));
        assert!(
            !Audience { permission: Permission::ManageUsers, user: None }
                .includes(&user(author, Role::Editor))
        );
        assert!(!audience.includes(&user(author, Role::Subscriber)));
        assert!(!audience.includes(&Actor::Anonymous));
    }
}
