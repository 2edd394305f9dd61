//! Comments that were judged: when, by whom, on which post, with what outcome, and what tells their texts again.

use fleuron_plugin::data::{self, Error, Operator, Row, Value};
use fleuron_plugin::{database, row};

use super::places;
use crate::assessment::Decision;
use crate::fingerprint::SHARED_BANDS;
use crate::submission::Submission;

/// How many sightings of one text are looked at: more would tell nothing new.
const ENOUGH: i64 = 50;

/// An earlier comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Who wrote it.
    pub(crate) author: Option<i64>,
    /// What it was about.
    pub(crate) post_id: String,
    /// Whether it was refused.
    pub(crate) refused: bool,
}

/// How many comments came lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    /// From the same person.
    pub(crate) by_author: i64,
    /// On the same post.
    pub(crate) on_post: i64,
}

/// Remembers a comment. The bands of a text that is remembered already would tell nothing new: a thousand times the same
/// text takes a thousand short rows and one set of bands.
pub(crate) fn record(submission: &Submission<'_>, decision: Decision) -> Result<(), Error> {
    let fingerprint = submission.fingerprint.as_ref();
    database::transaction(|| {
        let is_new = match fingerprint {
            Some(print) => data::table("sightings").equal("fingerprint", print.identical).count()? == 0,
            None => false,
        };
        let sighting = data::insert(
            "sightings",
            row! {
                "seen_at" => submission.now,
                "post_id" => submission.post_id,
                "author" => submission.author(),
                "fingerprint" => fingerprint.map(|print| print.identical),
                "outcome" => decision.word(),
            },
        )?;
        match fingerprint {
            Some(print) if is_new && !print.bands.is_empty() => insert_bands(sighting, &print.bands),
            _ => Ok(()),
        }
    })
}

fn insert_bands(sighting: i64, bands: &[i64]) -> Result<(), Error> {
    let sql = format!("INSERT OR IGNORE INTO bands (band, sighting_id) VALUES {}", places(bands.len(), 2));
    let params: Vec<Value> =
        bands.iter().flat_map(|band| [Value::from(*band), Value::from(sighting)]).collect();
    database::execute(&sql, &params).map(|_| ())
}

/// Earlier comments with the same words, the latest first.
pub(crate) fn identical(fingerprint: i64) -> Result<Vec<Sighting>, Error> {
    let sql =
        "SELECT author, post_id, outcome FROM sightings WHERE fingerprint = ? ORDER BY seen_at DESC LIMIT ?";
    database::query(sql, &[fingerprint.into(), ENOUGH.into()])?.iter().map(sighting).collect()
}

/// Earlier comments with other words that share most bands, the latest first.
pub(crate) fn similar(fingerprint: i64, bands: &[i64]) -> Result<Vec<Sighting>, Error> {
    if bands.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT s.author, s.post_id, s.outcome FROM bands AS b JOIN sightings AS s ON s.id = b.sighting_id \
         WHERE b.band IN {} AND s.fingerprint <> ? GROUP BY s.id HAVING count(*) >= {SHARED_BANDS} \
         ORDER BY s.id DESC LIMIT ?",
        places(1, bands.len())
    );
    let values = bands.iter().copied().chain([fingerprint, ENOUGH]);
    database::query(&sql, &values.map(Value::from).collect::<Vec<_>>())?.iter().map(sighting).collect()
}

/// How many comments came since a moment.
pub(crate) fn recent(author: Option<i64>, post_id: &str, since: i64) -> Result<Recent, Error> {
    let later = |column: &str, value: Value| {
        data::table("sightings")
            .equal(column, value)
            .filter("seen_at", Operator::GreaterOrEqual, since)
            .count()
    };
    let by_author = author.map_or(Ok(0), |author| later("author", author.into()))?;
    let on_post = later("post_id", post_id.into())?;
    Ok(Recent { by_author: by_author.cast_signed(), on_post: on_post.cast_signed() })
}

/// How many comments of somebody were refused.
pub(crate) fn refused_of(author: i64) -> Result<i64, Error> {
    let refused = data::table("sightings").equal("author", author).equal("outcome", Decision::Refuse.word());
    Ok(refused.count()?.cast_signed())
}

/// Forgets what was seen before a moment, and of the rest all but the newest `most`; answers how many rows went.
pub(crate) fn forget(before: i64, most: i64) -> Result<u64, Error> {
    let old = data::table("sightings").filter("seen_at", Operator::Less, before).delete()?;
    let excess =
        "DELETE FROM sightings WHERE id <= (SELECT id FROM sightings ORDER BY id DESC LIMIT 1 OFFSET ?)";
    Ok(old + database::execute(excess, &[most.into()])?)
}

fn sighting(row: &Row) -> Result<Sighting, Error> {
    Ok(Sighting {
        author: row.read("author")?,
        post_id: row.read("post_id")?,
        refused: row.text("outcome")? == Decision::Refuse.word(),
    })
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::data;

    use super::{Recent, forget, identical, recent, record, refused_of, similar};
    use crate::assessment::Decision;
    use crate::memory::testing::host;
    use crate::signals::testing::{NOW, comment, look};
    use crate::submission::Submission;

    const TEXT: &str =
        "I read this with great pleasure and would like to know where the second picture was taken";

    fn see(email: &str, content: &str, decision: Decision) {
        look(&comment("Ada", email, content), |submission| record(submission, decision)).unwrap();
    }

    fn with<T>(content: &str, ask: impl FnOnce(&Submission<'_>, i64, &[i64]) -> T) -> T {
        look(&comment("Ada", "ada@example.com", content), |submission| {
            let print = submission.fingerprint.clone().unwrap();
            ask(submission, print.identical, &print.bands)
        })
    }

    #[test]
    fn texts_are_known_again() {
        let _host = host();
        assert!(with(TEXT, |_, identical_to, _| identical(identical_to)).unwrap().is_empty());
        see("a@example.com", TEXT, Decision::Pass);
        see("b@example.com", TEXT, Decision::Refuse);
        let found = with(TEXT, |_, fingerprint, _| identical(fingerprint)).unwrap();
        assert_eq!(found.len(), 2);
        assert!(
            found.iter().any(|sighting| sighting.refused)
                && found.iter().all(|sighting| sighting.post_id == "post")
        );
        assert_ne!(found[0].author, found[1].author);
        let changed = TEXT.replace("great pleasure", "much delight");
        let alike = with(&changed, |_, fingerprint, bands| similar(fingerprint, bands)).unwrap();
        assert_eq!(alike.len(), 1, "the bands of a text are kept once");
        let same = with(TEXT, |_, fingerprint, bands| similar(fingerprint, bands)).unwrap();
        assert!(same.is_empty(), "what is identical is not counted as similar, too");
        let other =
            with("something else that has eleven words or so in it", |_, print, bands| similar(print, bands));
        assert!(other.unwrap().is_empty());
    }

    #[test]
    fn comments_are_counted_by_author_and_post() {
        let _host = host();
        for number in 0..3 {
            see("a+tag@example.com", &format!("Number {number}"), Decision::Pass);
        }
        see("b@example.com", "Hello", Decision::Refuse);
        let author = |email: &str| look(&comment("Ada", email, ""), |submission| submission.author());
        let counted = recent(author("A@example.com"), "post", NOW - 60).unwrap();
        assert_eq!(counted, Recent { by_author: 3, on_post: 4 });
        assert_eq!(
            recent(author("a@example.com"), "other", NOW).unwrap(),
            Recent { by_author: 3, on_post: 0 }
        );
        assert_eq!(recent(None, "post", NOW + 1).unwrap(), Recent::default());
        let refused = |email| refused_of(author(email).unwrap()).unwrap();
        assert_eq!((refused("a@example.com"), refused("b@example.com")), (0, 1));
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let host = host();
        see("a@example.com", TEXT, Decision::Pass);
        assert_eq!(data::table("bands").count().unwrap(), 16);
        assert_eq!(forget(NOW, 10).unwrap(), 0);
        assert_eq!(forget(NOW + 1, 10).unwrap(), 1);
        assert_eq!(data::table("bands").count().unwrap(), 0, "bands go with their sighting");
        for number in 0..5 {
            see("a@example.com", &format!("{TEXT} {number} times"), Decision::Pass);
        }
        assert_eq!(forget(0, 2).unwrap(), 3);
        assert_eq!(data::table("sightings").count().unwrap(), 2);
        assert!(host.log_lines().is_empty(), "{:?}", host.log_lines());
    }
}
