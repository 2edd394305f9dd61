//! Reads the view counts of all posts and books what came to them since the last time.

use fleuron_plugin::data::{Error, ErrorCode};
use fleuron_plugin::database;

/// Posts in one transaction. With this many it takes well under the five seconds that a transaction may be open, and
/// ten thousand posts need five of them.
const PAGE: i64 = 2_000;

/// What the site says now. It is kept, so that what is booked and what is remembered are one reading.
const TAKE: &str = "\
    INSERT INTO page (post_id, views) \
    SELECT id, view_count FROM core_posts WHERE id > ? ORDER BY id LIMIT ?";

/// A post that was not known had its views before the plugin looked. A count that fell, as after a restored backup, is
/// no view taken back.
const BOOK: &str = "\
    INSERT INTO counts (grain, period, post_id, views) \
    SELECT 'day', ?, page.post_id, page.views - readings.views \
    FROM page JOIN readings ON readings.post_id = page.post_id WHERE page.views > readings.views \
    ON CONFLICT (grain, period, post_id) DO UPDATE SET views = views + excluded.views";

const REMEMBER: &str = "\
    INSERT INTO readings (post_id, views) SELECT post_id, views FROM page WHERE true \
    ON CONFLICT (post_id) DO UPDATE SET views = excluded.views WHERE views <> excluded.views";

/// Books the views since the last reading on a day, as in `2026-11-28`, and answers how many posts there are.
///
/// Page after page, each in one transaction: of every post, what is booked and what is remembered are kept together.
/// Cut short, it leaves the rest of the posts to the next reading.
pub(crate) fn read(day: &str) -> Result<i64, Error> {
    let (mut posts, mut after) = (0, String::new());
    loop {
        let (read, last) = database::transaction(|| read_page(&after, day))?;
        posts += read;
        match last {
            Some(last) if read == PAGE => after = last,
            _ => return Ok(posts),
        }
    }
}

/// Reads the posts behind an id; answers how many, and the last one's id.
fn read_page(after: &str, day: &str) -> Result<(i64, Option<String>), Error> {
    database::execute("DELETE FROM page", &[])?;
    database::execute(TAKE, &[after.into(), PAGE.into()])?;
    database::execute(BOOK, &[day.into()])?;
    database::execute(REMEMBER, &[])?;
    let rows = database::query("SELECT count(*) AS posts, max(post_id) AS last FROM page", &[])?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the page has no answer"))?;
    Ok((row.integer("posts")?, row.read("last")?))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::PAGE;
    use crate::testing::{counts, created, host, number, post, publish, run};

    const PAGE_POSTS: usize = PAGE as usize;

    #[test]
    fn the_first_reading_is_where_counting_begins() {
        let host = host();
        publish(&host, [post(1, 500), post(2, 0)]);
        run(&host, "read", "2026-11-27");
        assert!(counts().is_empty(), "these views were there before");
        publish(&host, [post(1, 503), post(2, 1)]);
        run(&host, "read", "2026-11-27");
        publish(&host, [post(1, 504), post(2, 1)]);
        run(&host, "read", "2026-11-27");
        run(&host, "read", "2026-11-28");
        publish(&host, [post(1, 514), post(2, 1)]);
        run(&host, "read", "2026-11-28");
        assert_eq!(
            counts(),
            ["day 2026-11-27 1 views=4", "day 2026-11-27 2 views=1", "day 2026-11-28 1 views=10"]
        );
    }

    #[test]
    fn a_new_post_counts_from_its_first_view() {
        let host = host();
        run(&host, "read", "2026-11-27");
        created(&host, 1, "event", "post");
        publish(&host, [post(1, 9)]);
        run(&host, "read", "2026-11-28");
        assert!(counts().contains(&"day 2026-11-28 1 views=9".to_owned()), "{:?}", counts());
    }

    #[test]
    fn a_count_that_fell_is_remembered_and_books_nothing() {
        let host = host();
        for views in [10, 4, 6] {
            publish(&host, [post(1, views)]);
            run(&host, "read", "2026-11-28");
        }
        assert_eq!(counts(), ["day 2026-11-28 1 views=2"]);
    }

    #[test]
    fn a_post_that_was_away_goes_on_where_it_was() {
        let host = host();
        for posts in [vec![post(1, 3)], vec![], vec![post(1, 5)]] {
            publish(&host, posts);
            run(&host, "read", "2026-11-28");
        }
        assert_eq!(counts(), ["day 2026-11-28 1 views=2"]);
    }

    #[test]
    fn ten_thousand_posts_fit_in_a_call() {
        let host = host();
        publish(&host, (0..10_000).map(|number| post(number, 1)));
        run(&host, "read", "2026-11-28");
        publish(&host, (0..10_000).map(|number| post(number, 3)));
        run(&host, "read", "2026-11-28");
        assert_eq!(number("SELECT count(*) FROM counts WHERE views = 2"), 10_000);
        assert!(host.statements() < 100, "{} statements", host.statements());
    }

    #[test]
    fn pages_end_where_they_should() {
        let host = host();
        for posts in [0, 1, PAGE_POSTS - 1, PAGE_POSTS, PAGE_POSTS + 1, 2 * PAGE_POSTS] {
            publish(&host, (0..posts).map(|number| post(number, 1)));
            assert_eq!(super::read("2026-11-28"), Ok(posts as i64));
        }
    }

    #[test]
    fn cut_short_anywhere_it_neither_loses_nor_doubles() {
        let posts = PAGE_POSTS + 500;
        let host = host();
        publish(&host, (0..posts).map(|number| post(number, 1)));
        run(&host, "read", "2026-11-28");
        let mut total = 0;
        for calls in 0.. {
            publish(&host, (0..posts).map(|number| post(number, 2 + i64::from(calls))));
            host.interrupt_after(calls);
            let ended = catch_unwind(AssertUnwindSafe(|| run(&host, "read", "2026-11-28")));
            let booked = number("SELECT coalesce(sum(views), 0) FROM counts");
            assert!(booked >= total, "nothing is taken back");
            total = booked;
            let remembered = number("SELECT sum(views - 1) FROM readings");
            assert_eq!(booked, remembered, "after {calls} calls: what is booked is what is remembered");
            if ended.is_ok() {
                break;
            }
        }
        run(&host, "read", "2026-11-28");
        let expected = number("SELECT sum(view_count - 1) FROM core_posts");
        assert_eq!(number("SELECT sum(views) FROM counts"), expected);
    }
}
