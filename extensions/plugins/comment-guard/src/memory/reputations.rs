//! Who has earned trust. An address is known to its owner and the moderators alone, so it proves something; a nickname
//! stands on the site for everybody to copy.

use fleuron_plugin::data::{self, Error, Operator};
use fleuron_plugin::database;

/// Remembers who wrote a comment, until it is known whether it was approved. A repetition changes nothing.
pub(crate) fn sign(comment_id: &str, author: i64, now: i64) -> Result<(), Error> {
    let sql =
        "INSERT INTO signatures (comment_id, author, written_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    database::execute(sql, &[comment_id.into(), author.into(), now.into()]).map(|_| ())
}

/// Takes the signature of a comment: who wrote it, as far as that is known.
pub(crate) fn take_signature(comment_id: &str) -> Result<Option<i64>, Error> {
    let signature = data::table("signatures").equal("comment_id", comment_id).fetch_one()?;
    let Some(signature) = signature else { return Ok(None) };
    data::table("signatures").equal("comment_id", comment_id).delete()?;
    signature.integer("author").map(Some)
}

/// Counts one approved comment more, for an address or a nickname.
pub(crate) fn approve(who: i64, now: i64) -> Result<(), Error> {
    let sql = "INSERT INTO reputations (who, approved, approved_at) VALUES (?, 1, ?) \
        ON CONFLICT (who) DO UPDATE SET approved = approved + 1, approved_at = excluded.approved_at";
    database::execute(sql, &[who.into(), now.into()]).map(|_| ())
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
    use super::{approve, approved, forget, sign, take_signature};
    use crate::memory::testing::host;
    use crate::signals::testing::NOW;

    #[test]
    fn a_signature_is_taken_once() {
        let _host = host();
        sign("c1", -7, NOW).unwrap();
        sign("c1", 8, NOW).unwrap();
        assert_eq!(take_signature("c1"), Ok(Some(-7)), "the first one counts");
        assert_eq!(take_signature("c1"), Ok(None));
    }

    #[test]
    fn approvals_add_up() {
        let _host = host();
        assert_eq!(approved(1), Ok(0));
        approve(1, NOW).unwrap();
        approve(1, NOW + 1).unwrap();
        assert_eq!((approved(1), approved(2)), (Ok(2), Ok(0)));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let _host = host();
        sign("old", 1, NOW).unwrap();
        sign("new", 1, NOW + 10).unwrap();
        approve(1, NOW).unwrap();
        approve(2, NOW + 10).unwrap();
        assert_eq!(forget(NOW + 10, NOW + 10), Ok(2));
        assert_eq!((take_signature("old"), take_signature("new")), (Ok(None), Ok(Some(1))));
        assert_eq!((approved(1), approved(2)), (Ok(0), Ok(1)));
    }
}
