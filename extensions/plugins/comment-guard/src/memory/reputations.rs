//! Who has earned trust. An address is known to its owner and the moderators alone, so it proves something; a nickname
//! stands on the site for everybody to copy.

use fleuron_plugin::data::{self, Error, Operator, Value};
use fleuron_plugin::database;

use super::{ROWS_PER_STATEMENT, places};

/// Remembers who wrote a comment, until it is known whether it was approved. A repetition changes nothing.
pub(crate) fn sign(comment_id: &str, author: i64, now: i64) -> Result<(), Error> {
    let sql =
        "INSERT INTO signatures (comment_id, author, written_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    database::execute(sql, &[comment_id.into(), author.into(), now.into()]).map(|_| ())
}

/// Takes the signatures of comments: who wrote them, as far as that is known.
pub(crate) fn take_signatures(comment_ids: &[&str]) -> Result<Vec<i64>, Error> {
    let mut authors = Vec::new();
    for ids in comment_ids.chunks(ROWS_PER_STATEMENT) {
        let sql =
            format!("DELETE FROM signatures WHERE comment_id IN {} RETURNING author", places(1, ids.len()));
        for row in database::query(&sql, &ids.iter().copied().map(Value::from).collect::<Vec<_>>())? {
            authors.push(row.integer("author")?);
        }
    }
    Ok(authors)
}

/// Counts approved comments, one for each time that an address or a nickname is named.
pub(crate) fn approve(named: &[i64], now: i64) -> Result<(), Error> {
    for named in named.chunks(ROWS_PER_STATEMENT) {
        let sql = format!(
            "INSERT INTO reputations (who, approved, approved_at) VALUES {} \
             ON CONFLICT (who) DO UPDATE SET approved = approved + 1, approved_at = excluded.approved_at",
            places(named.len(), 3)
        );
        let row = |who: &i64| [Value::from(*who), 1.into(), now.into()];
        database::execute(&sql, &named.iter().flat_map(row).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// How many comments of an address or a nickname were approved.
pub(crate) fn approved(who: i64) -> Result<i64, Error> {
    let row = data::table("reputations").equal("who", who).fetch_one()?;
    row.map_or(Ok(0), |row| row.integer("approved"))
}

/// Forgets signatures and reputations from before a moment each; answers how many rows went.
pub(crate) fn forget(signed_before: i64, approved_before: i64) -> Result<u64, Error> {
    let signatures =
        data::table("signatures").filter("written_at", Operator::Less, signed_before).delete()?;
    let reputations =
        data::table("reputations").filter("approved_at", Operator::Less, approved_before).delete()?;
    Ok(signatures + reputations)
}

/// What a test needs to begin with.
#[cfg(test)]
pub(crate) fn set(who: i64, approved: i64, now: i64) {
    use fleuron_plugin::row;
    data::insert("reputations", row! { "who" => who, "approved" => approved, "approved_at" => now }).unwrap();
}

#[cfg(test)]
mod tests {
    use super::{approve, approved, forget, sign, take_signatures};
    use crate::memory::testing::host;
    use crate::signals::testing::NOW;

    #[test]
    fn a_signature_is_taken_once() {
        let _host = host();
        sign("c1", -7, NOW).unwrap();
        sign("c1", 8, NOW).unwrap();
        sign("c2", 9, NOW).unwrap();
        sign("c3", 10, NOW).unwrap();
        let mut taken = take_signatures(&["c1", "c2", "unsigned"]).unwrap();
        taken.sort_unstable();
        assert_eq!(taken, [-7, 9], "the first one counts");
        assert_eq!(take_signatures(&["c1", "c2"]), Ok(vec![]));
        assert_eq!(take_signatures(&[]), Ok(vec![]));
    }

    #[test]
    fn approvals_add_up() {
        let _host = host();
        assert_eq!(approved(1), Ok(0));
        approve(&[1, 3, 1], NOW).unwrap();
        approve(&[1], NOW + 1).unwrap();
        approve(&[], NOW).unwrap();
        assert_eq!((approved(1), approved(2), approved(3)), (Ok(3), Ok(0), Ok(1)));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let _host = host();
        sign("old", 1, NOW).unwrap();
        sign("new", 1, NOW + 10).unwrap();
        approve(&[1], NOW).unwrap();
        approve(&[2], NOW + 10).unwrap();
        assert_eq!(forget(NOW + 10, NOW + 10), Ok(2));
        assert_eq!(take_signatures(&["old", "new"]), Ok(vec![1]));
        assert_eq!((approved(1), approved(2)), (Ok(0), Ok(1)));
    }
}
