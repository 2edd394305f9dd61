//! The walk through all posts that builds the index when the plugin is new, and checks it every night: page after page,
//! each in a transaction that also remembers how far it has come.

use std::collections::HashMap;

use fleuron_plugin::data::{Error, ErrorCode};
use fleuron_plugin::{database, host_api};

use crate::index;

/// Posts on a page: few enough for a transaction, which may be open for five seconds.
const PAGE: i64 = 200;

/// Pages that the job walks through every minute.
pub(crate) const PAGES_A_MINUTE: usize = 3;
/// Pages that a render walks through while there is little in the index yet.
const PAGES_IN_RENDER: usize = 2;
/// Documents with which the index is good enough for renders to leave the rest to the job.
const GOOD_ENOUGH: i64 = PAGES_IN_RENDER as i64 * PAGE;

/// Begins anew, to find what no event told of.
pub(crate) fn restart() -> Result<(), Error> {
    database::execute("UPDATE walk SET position = '', done = 0", &[]).map(drop)
}

/// Goes on by so many pages at most.
pub(crate) fn go_on(pages: usize) -> Result<(), Error> {
    for _ in 0..pages {
        match database::transaction(page)? {
            Step::More => {}
            Step::Nothing => return Ok(()),
            Step::Last => {
                let rows = database::query("SELECT count(*) AS n FROM documents", &[])?;
                let documents = rows.first().map_or(Ok(0), |row| row.integer("n"))?;
                host_api::log("info", &format!("the index is complete: {documents} posts"));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Builds what a render needs, where the index is new: a whole one on most sites, a beginning on large ones. Answers
/// whether anything was to be done.
pub(crate) fn prepare(built: bool, documents: i64) -> Result<bool, Error> {
    let needed = !built && documents < GOOD_ENOUGH;
    if needed {
        go_on(PAGES_IN_RENDER)?;
    }
    Ok(needed)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    More,
    Last,
    /// It was at its end already.
    Nothing,
}

/// Brings one page of posts into line.
fn page() -> Result<Step, Error> {
    let walk = database::query("SELECT position, done FROM walk", &[])?;
    let walk = walk.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the walk has no place"))?;
    if walk.boolean("done")? {
        return Ok(Step::Nothing);
    }
    let after = walk.text("position")?;
    let posts = posts(after)?;
    let last = posts.last().map(|(id, _)| id.clone()).filter(|_| posts.len() as i64 == PAGE);
    let mut known = documents(after, last.as_deref())?;
    let changed = posts.into_iter().filter(|(id, version)| known.remove(id) != Some(*version));
    let changed: Vec<String> = changed.map(|(id, _)| id).collect();
    index::put(&changed)?;
    // What is still there was met on no page of the site.
    index::remove(&known.into_keys().collect::<Vec<_>>())?;
    match last {
        Some(last) => {
            database::execute("UPDATE walk SET position = ?", &[last.into()])?;
            Ok(Step::More)
        }
        None => {
            database::execute("UPDATE walk SET done = 1, built = 1", &[])?;
            Ok(Step::Last)
        }
    }
}

/// The published posts behind an id, with their versions.
fn posts(after: &str) -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT id, version FROM core_posts WHERE id > ? AND status = 'published' ORDER BY id LIMIT ?";
    let rows = database::query(sql, &[after.into(), PAGE.into()])?;
    rows.iter().map(|row| Ok((row.read("id")?, row.integer("version")?))).collect()
}

/// The posts in the index behind an id, up to another or to the end, with their versions.
fn documents(after: &str, last: Option<&str>) -> Result<HashMap<String, i64>, Error> {
    // Every id is less than this.
    let last = last.unwrap_or("\u{7F}");
    let sql = "SELECT post_id, version FROM documents WHERE post_id > ? AND post_id <= ? LIMIT 10000";
    let rows = database::query(sql, &[after.into(), last.into()])?;
    rows.iter().map(|row| Ok((row.read("post_id")?, row.integer("version")?))).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{PAGE, PAGES_A_MINUTE};
    use crate::testing::{about, host, id, number, post, publish, tick, updated};

    const DOCUMENTS: &str = "SELECT count(*) FROM documents";

    #[test]
    fn posts_from_before_the_plugin_come_into_the_index_in_steps() {
        let host = host();
        let posts = 1_000;
        publish(&host, (0..posts).map(|number| about(number, "ships and harbours")));
        let mut minutes = 0;
        while number("SELECT done FROM walk") == 0 {
            tick(&host, "advance");
            assert!(host.statements() < 300, "{} statements", host.statements());
            minutes += 1;
        }
        assert_eq!(minutes, posts / (PAGE as usize * PAGES_A_MINUTE) + 1);
        assert_eq!(number(DOCUMENTS), posts as i64);
        assert!(host.log_lines().contains(&"info: the index is complete: 1000 posts".to_owned()));
        tick(&host, "advance");
        assert!(host.statements() <= 3, "a complete index costs nothing: {} statements", host.statements());
    }

    #[test]
    fn the_nightly_check_finds_what_no_event_told_of() {
        let host = host();
        publish(
            &host,
            [post(1, "Ships", "The harbour."), post(2, "Bread", "The flour."), post(3, "Sea", "The waves.")],
        );
        tick(&host, "advance");
        publish(
            &host,
            [
                post(1, "Ships", "The lighthouse.").with("version", 2),
                post(3, "Sea", "The waves."),
                post(4, "New", "The moon."),
            ],
        );
        tick(&host, "advance");
        assert_eq!(number("SELECT count(*) FROM terms WHERE term = 'lighthous'"), 0);
        tick(&host, "check");
        tick(&host, "advance");
        assert_eq!(number("SELECT count(*) FROM terms WHERE term = 'lighthous'"), 1);
        assert_eq!(number("SELECT count(*) FROM terms WHERE term IN ('flour', 'harbour')"), 0);
        assert_eq!(number(DOCUMENTS), 3);
        assert_eq!(number("SELECT built FROM walk"), 1);
    }

    #[test]
    fn a_check_of_what_is_in_line_reads_no_contents() {
        let host = host();
        publish(&host, (0..500).map(|number| about(number, "ships and harbours")));
        tick(&host, "advance");
        tick(&host, "check");
        tick(&host, "advance");
        assert!(host.statements() < 30, "{} statements", host.statements());
        assert_eq!(number("SELECT done FROM walk"), 1);
    }

    #[test]
    fn everything_may_go_at_once() {
        let host = host();
        publish(&host, (0..450).map(|number| about(number, "ships and harbours")));
        tick(&host, "advance");
        publish(&host, []);
        tick(&host, "check");
        tick(&host, "advance");
        assert_eq!(number(DOCUMENTS), 0);
        assert_eq!(number("SELECT count(*) FROM terms"), 0);
    }

    #[test]
    fn cut_short_anywhere_it_goes_on_where_it_was() {
        let host = host();
        let posts = PAGE as usize + 50;
        publish(&host, (0..posts).map(|number| about(number, "ships and harbours")));
        updated(&host, 7);
        for calls in 0.. {
            host.interrupt_after(calls);
            if catch_unwind(AssertUnwindSafe(|| tick(&host, "advance"))).is_ok() {
                break;
            }
            let expected = "SELECT (SELECT count(*) FROM core_posts WHERE id <= position) FROM walk";
            let documents = number(DOCUMENTS);
            assert!(
                documents == number(expected).max(1) || number("SELECT built FROM walk") == 1,
                "{calls}: {documents}"
            );
        }
        assert_eq!(number(DOCUMENTS), posts as i64);
        assert_eq!(number(&format!("SELECT count(*) FROM documents WHERE post_id = '{}'", id(7))), 1);
    }
}
