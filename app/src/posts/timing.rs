//! When a post comes out: at once, or when a date that lies ahead has come.

use super::{Post, PostPatch, PostStatus};
use crate::{clock::Timestamp, error::FieldError};

/// A date that lies ahead by so many seconds at most is now: clocks differ, and requests are on their way for a while.
const NOW: i64 = 1;

/// The date of publication that a post is to have, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    at: Option<Timestamp>,
    /// Whether the post is to wait for its date.
    is_ahead: bool,
    /// Whether a post with this date may be called scheduled.
    may_be_scheduled: bool,
}

impl Timing {
    /// Of a post that is new.
    pub(super) fn of_new(at: Option<Timestamp>, now: Timestamp) -> Self {
        let is_ahead = lies_ahead(at, now);
        Self { at, is_ahead, may_be_scheduled: is_ahead }
    }

    /// Of a post that is changed. The date stays, with two exceptions of what is scheduled: taken back, or published
    /// without a new date, it has none any more.
    pub(super) fn of_change(base: &Post, patch: &PostPatch, now: Timestamp) -> Self {
        let is_scheduled = base.status == PostStatus::Scheduled;
        let is_void = is_scheduled && matches!(patch.status, Some(PostStatus::Draft | PostStatus::Published));
        let at = patch.published_at.or(base.published_at.filter(|_| !is_void));
        // What is public stays so until it is given a date that lies ahead: earlier versions took one of up to a day.
        let is_kept_public = base.is_public() && patch.published_at.is_none();
        let is_ahead = lies_ahead(at, now) && !is_kept_public;
        // A scheduled post may be edited at the very moment at which it is due.
        let is_kept_scheduled = is_scheduled && patch.status.is_none() && patch.published_at.is_none();
        Self { at, is_ahead, may_be_scheduled: is_ahead || is_kept_scheduled }
    }

    /// The date to be stored, if there is one yet.
    pub(super) fn date(self) -> Option<Timestamp> {
        self.at
    }

    /// What a status that is asked for comes to: a post is not published before its date.
    pub(super) fn settle(self, status: PostStatus) -> PostStatus {
        if status == PostStatus::Published && self.is_ahead { PostStatus::Scheduled } else { status }
    }

    /// Why a post with this date cannot have this status.
    pub(super) fn fault(self, status: PostStatus) -> Option<FieldError> {
        let is_wrong = status == PostStatus::Scheduled && !self.may_be_scheduled;
        is_wrong.then(|| {
            let message =
                "Must lie ahead for a scheduled post. With the status `published` it comes out at once.";
            FieldError::new("published_at", message)
        })
    }
}

fn lies_ahead(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| at > now.plus_seconds(NOW))
}

#[cfg(test)]
mod tests {
    use super::Timing;
    use crate::{
        clock::Timestamp,
        posts::{
            Post, PostKind, PostPatch,
            PostStatus::{self, Draft, Published, Scheduled, Trash},
            write,
        },
    };

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const PAST: Timestamp = NOW.plus_seconds(-60);
    const AHEAD: Timestamp = NOW.plus_seconds(60);
    const LATER: Timestamp = NOW.plus_seconds(3600);

    fn base(status: PostStatus, at: Option<Timestamp>) -> Post {
        Post { status, published_at: at, ..write::blank(PostKind::Post) }
    }

    #[test]
    fn new_posts_wait_for_a_date_that_lies_ahead() {
        for (status, at, settled, is_right) in [
            (Draft, None, Draft, true),
            (Draft, Some(AHEAD), Draft, true),
            (Published, None, Published, true),
            (Published, Some(PAST), Published, true),
            (Published, Some(NOW.plus_seconds(1)), Published, true),
            (Published, Some(AHEAD), Scheduled, true),
            (Scheduled, Some(AHEAD), Scheduled, true),
            (Scheduled, Some(PAST), Scheduled, false),
            (Scheduled, None, Scheduled, false),
            (Trash, Some(AHEAD), Trash, true),
        ] {
            let timing = Timing::of_new(at, NOW);
            assert_eq!(timing.settle(status), settled, "{status:?} {at:?}");
            assert_eq!(timing.fault(settled).is_none(), is_right, "{status:?} {at:?}");
            assert_eq!(timing.date(), at);
        }
    }

    #[test]
    fn changes_reschedule_take_back_and_publish() {
        for (before, status, at, settled, date) in [
            // A scheduled post.
            ((Scheduled, Some(AHEAD)), None, None, Scheduled, Some(AHEAD)),
            ((Scheduled, Some(PAST)), None, None, Scheduled, Some(PAST)),
            ((Scheduled, Some(AHEAD)), None, Some(LATER), Scheduled, Some(LATER)),
            ((Scheduled, Some(AHEAD)), Some(Scheduled), Some(LATER), Scheduled, Some(LATER)),
            ((Scheduled, Some(AHEAD)), Some(Published), None, Published, None),
            ((Scheduled, Some(AHEAD)), Some(Published), Some(PAST), Published, Some(PAST)),
            ((Scheduled, Some(AHEAD)), Some(Published), Some(LATER), Scheduled, Some(LATER)),
            ((Scheduled, Some(AHEAD)), Some(Draft), None, Draft, None),
            ((Scheduled, Some(AHEAD)), Some(Draft), Some(LATER), Draft, Some(LATER)),
            ((Scheduled, Some(AHEAD)), Some(Trash), None, Trash, Some(AHEAD)),
            // Others.
            ((Draft, Some(AHEAD)), Some(Published), None, Scheduled, Some(AHEAD)),
            ((Draft, Some(PAST)), Some(Published), None, Published, Some(PAST)),
            ((Draft, None), None, Some(AHEAD), Draft, Some(AHEAD)),
            ((Trash, Some(AHEAD)), Some(Published), None, Scheduled, Some(AHEAD)),
            ((Published, Some(PAST)), None, Some(AHEAD), Scheduled, Some(AHEAD)),
            ((Published, Some(AHEAD)), None, None, Published, Some(AHEAD)),
            ((Published, Some(AHEAD)), Some(Published), None, Published, Some(AHEAD)),
        ] {
            let patch = PostPatch { status, published_at: at, ..PostPatch::default() };
            let timing = Timing::of_change(&base(before.0, before.1), &patch, NOW);
            let words = format!("{before:?} {status:?} {at:?}");
            let result = timing.settle(status.unwrap_or(before.0));
            assert_eq!((result, timing.date()), (settled, date), "{words}");
            assert_eq!(timing.fault(result), None, "{words}");
        }
    }

    #[test]
    fn nothing_is_scheduled_without_a_date_that_lies_ahead() {
        for (before, status, at) in [
            ((Scheduled, Some(AHEAD)), None, Some(PAST)),
            ((Scheduled, Some(PAST)), Some(Scheduled), None),
            ((Draft, None), Some(Scheduled), None),
            ((Published, Some(PAST)), Some(Scheduled), None),
        ] {
            let patch = PostPatch { status, published_at: at, ..PostPatch::default() };
            let timing = Timing::of_change(&base(before.0, before.1), &patch, NOW);
            let fault = timing.fault(Scheduled).map(|fault| fault.field);
            assert_eq!(fault.as_deref(), Some("published_at"), "{before:?} {status:?} {at:?}");
        }
    }
}
