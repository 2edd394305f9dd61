//! Floods: many comments in a few minutes.

use fleuron_plugin::data::Error;

use crate::assessment::Finding;
use crate::memory::sightings;
use crate::settings::Settings;
use crate::submission::Submission;

/// How far back it looks, in seconds.
const MINUTES: i64 = 10 * 60;
/// So many comments of one person are a conversation.
const BY_AUTHOR: i64 = 3;
/// For that many before, and for each further one.
const AUTHOR_POINTS: (f64, f64) = (2.0, 1.0);
/// So many comments on one post are a lively debate.
const ON_POST: i64 = 20;
/// For that many before: a debate may be livelier.
const POST_POINTS: f64 = 1.0;
const MOST: f64 = 6.0;

/// Counts what the same person wrote lately, and what was written on the same post.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Result<Option<Finding>, Error> {
    let recent = sightings::recent(submission.author(), submission.post_id, submission.now - MINUTES)?;
    let (first, each_more) = AUTHOR_POINTS;
    let more = recent.by_author - BY_AUTHOR;
    let by_author = (more >= 0).then(|| {
        let reason = format!("{} comments by the same person in ten minutes", recent.by_author);
        Finding::new(first + each_more * more as f64, reason)
    });
    let on_post = (recent.on_post >= ON_POST).then(|| {
        Finding::new(POST_POINTS, format!("{} comments on the same post in ten minutes", recent.on_post))
    });
    Ok(Finding::join([by_author.flatten(), on_post.flatten()], MOST))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::CallContext;

    use super::weigh;
    use crate::assessment::Decision;
    use crate::memory::sightings::record;
    use crate::memory::testing::host;
    use crate::settings::Settings;
    use crate::signals::testing::{NOW, comment};
    use crate::submission::Submission;

    fn at<T>(now: i64, email: &str, see: impl FnOnce(&Submission<'_>) -> T) -> T {
        let context = CallContext { parent_id: Some("post".to_owned()), ..CallContext::default() };
        see(&Submission::new(&comment("Ada", email, "Hi"), &context, now))
    }

    fn send(now: i64, email: &str) {
        at(now, email, |submission| record(submission, Decision::Pass)).unwrap();
    }

    fn points(now: i64, email: &str) -> f64 {
        let finding = at(now, email, |submission| weigh(submission, &Settings::default()).unwrap());
        finding.map_or(0.0, |finding| finding.points)
    }

    #[test]
    fn who_writes_a_lot_is_noticed() {
        let _host = host();
        for (before, expected) in [0.0, 0.0, 0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0].into_iter().enumerate() {
            assert_eq!(points(NOW, "x@example.com"), expected, "after {before}");
            send(NOW, "x+tag@example.com");
        }
        assert_eq!(points(NOW, "y@example.com"), 0.0);
        assert_eq!(points(NOW + 600, "x@example.com"), 6.0);
        assert_eq!(points(NOW + 601, "x@example.com"), 0.0, "ten minutes later it is forgiven");
    }

    #[test]
    fn a_post_that_is_flooded_is_noticed() {
        let _host = host();
        for number in 0..20 {
            assert_eq!(points(NOW, "x@example.com"), 0.0);
            send(NOW, &format!("{number}@example.com"));
        }
        assert_eq!(points(NOW, "x@example.com"), 1.0);
    }
}
