//! The texts of refused comments, from which the classifier learns what spam is. Each goes as soon as it was learned from.

use fleuron_plugin::data::{self, Error, Operator, Value};
use fleuron_plugin::database;

use super::places;
use crate::submission::Submission;

/// How much of a text is kept, in characters.
const LENGTH: usize = 2_000;
/// How many are kept at once, so that a flood of spam fills no disk; about an hour's lesson.
const MOST: i64 = 500;

/// A refused comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    id: i64,
    /// The name that was given.
    pub(crate) nickname: String,
    /// The text, or its beginning.
    pub(crate) content: String,
}

/// Keeps a text to learn from, while there is room.
pub(crate) fn keep(submission: &Submission<'_>) -> Result<(), Error> {
    let content: String = submission.content.chars().take(LENGTH).collect();
    let sql = "INSERT INTO refusals (refused_at, nickname, content) \
        SELECT ?, ?, ? WHERE (SELECT count(*) FROM refusals) < ?";
    let params = [submission.now.into(), submission.nickname.into(), content.into(), MOST.into()];
    database::execute(sql, &params).map(|_| ())
}

/// The oldest of them.
pub(crate) fn oldest(limit: u32) -> Result<Vec<Refusal>, Error> {
    let rows = data::table("refusals").order_by("id").limit(limit).fetch_all()?;
    let refusal = |row: &data::Row| {
        Ok(Refusal { id: row.integer("id")?, nickname: row.read("nickname")?, content: row.read("content")? })
    };
    rows.iter().map(refusal).collect()
}

/// Removes texts that were learned from.
pub(crate) fn remove(refusals: &[Refusal]) -> Result<(), Error> {
    if refusals.is_empty() {
        return Ok(());
    }
    let sql = format!("DELETE FROM refusals WHERE id IN {}", places(1, refusals.len()));
    let ids: Vec<Value> = refusals.iter().map(|refusal| refusal.id.into()).collect();
    database::execute(&sql, &ids).map(|_| ())
}

/// Forgets what was refused before a moment; answers how many rows went.
pub(crate) fn forget(before: i64) -> Result<u64, Error> {
    data::table("refusals").filter("refused_at", Operator::Less, before).delete()
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, MOST, forget, keep, oldest, remove};
    use crate::memory::testing::host;
    use crate::signals::testing::{NOW, comment, look};

    fn refuse(content: &str) {
        look(&comment("Spammer", "x@example.com", content), keep).unwrap();
    }

    #[test]
    fn texts_wait_in_order_until_they_are_learned() {
        let _host = host();
        for content in ["one", "two", "three"] {
            refuse(content);
        }
        let first = oldest(2).unwrap();
        assert_eq!(first.iter().map(|refusal| refusal.content.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        remove(&first).unwrap();
        remove(&[]).unwrap();
        assert_eq!(oldest(10).unwrap().len(), 1);
        assert_eq!((forget(NOW), forget(NOW + 1)), (Ok(0), Ok(1)));
    }

    #[test]
    fn neither_long_texts_nor_many_fill_the_disk() {
        let _host = host();
        refuse(&"\u{FC}".repeat(LENGTH + 1));
        assert_eq!(oldest(1).unwrap()[0].content.chars().count(), LENGTH);
        for number in 0..MOST + 10 {
            refuse(&number.to_string());
        }
        assert_eq!(oldest(10_000).unwrap().len() as i64, MOST);
    }
}
