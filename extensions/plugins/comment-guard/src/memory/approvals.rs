//! Approved comments of the site that were not learned from yet.
//!
//! They are found by the time of their last change, since a comment may wait for days until somebody approves it. What
//! was learned is remembered by id, so that a later change of a comment does not count it twice.

use fleuron_plugin::data::{Error, Operator, Value};
use fleuron_plugin::{data, database, host_api};

use super::places;

/// Under this key-value is the time of the last change of the newest comment that was learned from.
const LEARNED_UNTIL: &str = "learned-until";

/// An approved comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    /// The comment.
    pub(crate) id: String,
    /// The name on it.
    pub(crate) nickname: String,
    /// The text.
    pub(crate) content: String,
    updated_at: String,
}

/// The next ones to learn from, those changed longest ago first.
///
/// The inner query picks them without reading the texts of all others. It begins some minutes before the last lesson
/// ended, because a change may become visible a little after the time that it bears.
pub(crate) fn unlearned(limit: i64) -> Result<Vec<Approval>, Error> {
    let sql = "SELECT c.id, c.nickname, c.content, c.updated_at FROM \
        (SELECT id, updated_at FROM core_comments \
        WHERE updated_at >= coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', ?, '-10 minutes'), '') \
        AND NOT EXISTS (SELECT 1 FROM lessons WHERE lessons.comment_id = core_comments.id) \
        ORDER BY updated_at, id LIMIT ?) AS next \
        JOIN core_comments AS c ON c.id = next.id ORDER BY c.updated_at, c.id";
    let until = host_api::get_data(LEARNED_UNTIL).unwrap_or_default();
    let rows = database::query(sql, &[until.into(), limit.into()])?;
    let approval = |row: &data::Row| {
        Ok(Approval {
            id: row.read("id")?,
            nickname: row.read("nickname")?,
            content: row.read("content")?,
            updated_at: row.read("updated_at")?,
        })
    };
    rows.iter().map(approval).collect()
}

/// Remembers that these were learned from. Belongs into the transaction of the lesson.
pub(crate) fn mark_learned(approvals: &[Approval], now: i64) -> Result<(), Error> {
    let Some(last) = approvals.last() else { return Ok(()) };
    let sql = format!(
        "INSERT INTO lessons (comment_id, learned_at) VALUES {} ON CONFLICT DO NOTHING",
        places(approvals.len(), 2)
    );
    let params: Vec<Value> =
        approvals.iter().flat_map(|approval| [Value::from(&approval.id), Value::from(now)]).collect();
    database::execute(&sql, &params)?;
    let until = host_api::get_data(LEARNED_UNTIL).unwrap_or_default().max(last.updated_at.clone());
    match host_api::set_data(LEARNED_UNTIL, &until) {
        true => Ok(()),
        false => {
            Err(Error::new(data::ErrorCode::Failed, "it could not be written down how far the lesson went"))
        }
    }
}

/// Forgets which comments were learned from before a moment; answers how many rows went.
pub(crate) fn forget(before: i64) -> Result<u64, Error> {
    data::table("lessons").filter("learned_at", Operator::Less, before).delete()
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::row;
    use fleuron_plugin::testing::MemoryHost;

    use super::{LEARNED_UNTIL, forget, mark_learned, unlearned};
    use crate::memory::testing::host;
    use crate::signals::testing::NOW;

    fn approve(host: &MemoryHost, id: &str, updated_at: &str) {
        let row = row! {
            "id" => id, "nickname" => "Ada", "content" => format!("Text of {id}"), "updated_at" => updated_at,
        };
        host.seed_view("core_comments", [row]).unwrap();
    }

    fn ids(limit: i64) -> Vec<String> {
        unlearned(limit).unwrap().into_iter().map(|approval| approval.id).collect()
    }

    #[test]
    fn comments_come_once_and_in_the_order_of_their_changes() {
        let host = host();
        assert_eq!(ids(10), [""; 0]);
        approve(&host, "c", "2026-11-03T10:00:00.000Z");
        approve(&host, "a", "2026-11-01T10:00:00.000Z");
        approve(&host, "b", "2026-11-02T10:00:00.000Z");
        let first = unlearned(2).unwrap();
        assert_eq!(first[1].content, "Text of b");
        mark_learned(&first, NOW).unwrap();
        assert_eq!(host.data(LEARNED_UNTIL).as_deref(), Some("2026-11-02T10:00:00.000Z"));
        assert_eq!(ids(10), ["c"]);
        mark_learned(&unlearned(10).unwrap(), NOW).unwrap();
        assert_eq!(ids(10), [""; 0]);
    }

    #[test]
    fn what_becomes_visible_late_is_not_missed() {
        let host = host();
        approve(&host, "a", "2026-11-01T10:00:00.000Z");
        mark_learned(&unlearned(10).unwrap(), NOW).unwrap();
        approve(&host, "late", "2026-11-01T09:55:00.000Z");
        approve(&host, "ages ago", "2026-11-01T09:45:00.000Z");
        assert_eq!(ids(10), ["late"]);
        mark_learned(&unlearned(10).unwrap(), NOW).unwrap();
        assert_eq!(
            host.data(LEARNED_UNTIL).as_deref(),
            Some("2026-11-01T10:00:00.000Z"),
            "it never goes back"
        );
    }

    #[test]
    fn lessons_are_forgotten_in_the_end() {
        let host = host();
        approve(&host, "a", "2026-11-01T10:00:00.000Z");
        mark_learned(&unlearned(10).unwrap(), NOW).unwrap();
        mark_learned(&[], NOW).unwrap();
        assert_eq!((forget(NOW), forget(NOW + 1)), (Ok(0), Ok(1)));
    }
}
