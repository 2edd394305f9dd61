//! Counts what the site tells of: posts that come and go, and comments. Every event once, however often it is told.

use fleuron_plugin::data::Error;
use fleuron_plugin::{PostOutput, context, database};

/// Moves what was counted of a post to the site as a whole, so that no sum changes.
const GIVE_TO_SITE: &str = "\
    INSERT INTO counts (grain, period, post_id, views, comments, created, deleted) \
    SELECT grain, period, '', views, comments, created, deleted FROM counts WHERE post_id = ? \
    ON CONFLICT (grain, period, post_id) DO UPDATE SET \
        views = views + excluded.views, comments = comments + excluded.comments, \
        created = created + excluded.created, deleted = deleted + excluded.deleted";

/// A post was created. Its views count from here, so that none of them is taken for one from before the plugin.
pub(crate) fn post_created(post: &PostOutput) -> Result<(), Error> {
    once(|| {
        if is_page() {
            return Ok(());
        }
        let first = "INSERT INTO readings (post_id, views) VALUES (?, ?) ON CONFLICT DO NOTHING";
        database::execute(first, &[post.id.as_str().into(), post.view_count.into()])?;
        count("created", "")
    })
}

/// A post was deleted for good. What was counted of it stays in the sums of the site.
pub(crate) fn post_deleted(id: &str) -> Result<(), Error> {
    once(|| {
        if is_page() {
            return Ok(());
        }
        database::execute(GIVE_TO_SITE, &[id.into()])?;
        database::execute("DELETE FROM counts WHERE post_id = ?", &[id.into()])?;
        database::execute("DELETE FROM readings WHERE post_id = ?", &[id.into()])?;
        count("deleted", "")
    })
}

/// A comment was written on the post that the call's context names.
pub(crate) fn comment_created() -> Result<(), Error> {
    let post = context::current().parent_id.unwrap_or_default();
    once(|| count("comments", &post))
}

/// Does the work unless the event of this call was booked before. The event and what comes of it are kept together or
/// not at all.
fn once(work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let event = context::current().event_id;
    database::transaction(|| {
        let first = "INSERT INTO booked (event_id, day) VALUES (?, date('now')) ON CONFLICT DO NOTHING";
        match event {
            Some(event) if database::execute(first, &[(&event).into()])? == 0 => Ok(()),
            _ => work(),
        }
    })
}

/// Adds one to a column of today.
fn count(column: &str, post_id: &str) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO counts (grain, period, post_id, {column}) VALUES ('day', date('now'), ?, 1) \
         ON CONFLICT (grain, period, post_id) DO UPDATE SET {column} = {column} + 1"
    );
    database::execute(&sql, &[post_id.into()]).map(drop)
}

fn is_page() -> bool {
    context::current().kind.as_deref() == Some("page")
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::testing::{
        book, commented, counts, created, deleted, host, number, post, publish, run, today,
    };

    #[test]
    fn each_event_counts_once() {
        let host = host();
        for _ in 0..3 {
            created(&host, 1, "event-1", "post");
            commented(&host, 1, "event-2");
        }
        commented(&host, 1, "event-3");
        created(&host, 2, "event-4", "page");
        let today = today();
        assert_eq!(counts(), [format!("day {today} - created=1"), format!("day {today} 1 comments=2")]);
        assert_eq!(number("SELECT count(*) FROM readings"), 1, "a page has no views to be read");
    }

    #[test]
    fn an_event_is_booked_with_what_it_counts_or_not_at_all() {
        let host = host();
        for calls in 0.. {
            host.interrupt_after(calls);
            let ended = catch_unwind(AssertUnwindSafe(|| commented(&host, 1, "event")));
            if ended.is_ok() {
                assert!(calls >= 4, "begin, the event, the count, commit");
                break;
            }
            assert!(counts().is_empty(), "after {calls} calls");
            assert_eq!(number("SELECT count(*) FROM booked"), 0, "after {calls} calls");
        }
        commented(&host, 1, "event");
        assert_eq!(counts(), [format!("day {} 1 comments=1", today())]);
    }

    #[test]
    fn a_deleted_post_leaves_its_counts_to_the_site() {
        let host = host();
        book("day", "2026-11-01", &crate::testing::id(1), 5);
        book("day", "2026-11-01", "", 2);
        book("month", "2026-09", &crate::testing::id(1), 7);
        book("month", "2026-09", &crate::testing::id(2), 1);
        publish(&host, [post(1, 12)]);
        run(&host, "read", "2026-11-02");
        for _ in 0..2 {
            deleted(&host, 1, "gone");
        }
        let expected = ["day 2026-11-01 - views=7".to_owned(), format!("day {} - deleted=1", today())]
            .into_iter()
            .chain(["month 2026-09 - views=7", "month 2026-09 2 views=1"].map(str::to_owned));
        assert_eq!(counts(), expected.collect::<Vec<_>>());
        assert_eq!(number("SELECT count(*) FROM readings"), 0);
    }

    #[test]
    fn a_failure_ends_the_call_so_that_the_event_comes_again() {
        let host = host();
        host.deny(fleuron_plugin::testing::Permission::Database);
        assert!(catch_unwind(AssertUnwindSafe(|| commented(&host, 1, "event"))).is_err());
        host.grant(fleuron_plugin::testing::Permission::Database);
        commented(&host, 1, "event");
        assert_eq!(counts(), [format!("day {} 1 comments=1", today())]);
    }
}
