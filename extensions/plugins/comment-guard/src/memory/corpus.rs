//! In how many approved comments (ham) and refused ones (spam) each word was seen.

use std::collections::{BTreeMap, HashMap};

use fleuron_plugin::data::{self, Error, Value};
use fleuron_plugin::database;

use super::{ROWS_PER_STATEMENT, places};

/// What a comment is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What people want to read.
    Ham,
    /// What nobody wants to read.
    Spam,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Ham => "ham",
            Self::Spam => "spam",
        }
    }
}

/// Numbers of comments of either kind: those that were learned from, or those with a certain word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Approved ones.
    pub(crate) ham: i64,
    /// Refused ones.
    pub(crate) spam: i64,
}

/// How many comments were learned from.
pub(crate) fn size() -> Result<Counts, Error> {
    let mut size = Counts::default();
    for row in data::table("corpus").fetch_all()? {
        let documents = row.integer("documents")?;
        if row.text("kind")? == Kind::Ham.word() { size.ham = documents } else { size.spam = documents }
    }
    Ok(size)
}

/// In how many of them each of these words was seen; words that were never seen are left out.
pub(crate) fn counts(tokens: &[String]) -> Result<HashMap<String, Counts>, Error> {
    let mut counts = HashMap::new();
    for tokens in tokens.chunks(ROWS_PER_STATEMENT) {
        let sql = format!("SELECT token, ham, spam FROM tokens WHERE token IN {}", places(1, tokens.len()));
        for row in database::query(&sql, &tokens.iter().map(Value::from).collect::<Vec<_>>())? {
            counts
                .insert(row.read("token")?, Counts { ham: row.integer("ham")?, spam: row.integer("spam")? });
        }
    }
    Ok(counts)
}

/// Learns from comments of one kind, each given by its different words. Belongs into a transaction.
pub(crate) fn learn(kind: Kind, documents: &[Vec<String>], now: i64) -> Result<(), Error> {
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for token in documents.iter().flatten() {
        *totals.entry(token).or_default() += 1;
    }
    let totals: Vec<(&str, i64)> = totals.into_iter().collect();
    for totals in totals.chunks(ROWS_PER_STATEMENT) {
        add(kind, totals, now)?;
    }
    let number = i64::try_from(documents.len()).unwrap_or(i64::MAX);
    data::table("corpus").equal("kind", kind.word()).increment("documents", number).map(|_| ())
}

fn add(kind: Kind, totals: &[(&str, i64)], now: i64) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO tokens (token, ham, spam, seen_at) VALUES {} ON CONFLICT (token) DO UPDATE \
         SET ham = ham + excluded.ham, spam = spam + excluded.spam, seen_at = excluded.seen_at",
        places(totals.len(), 4)
    );
    let row = |(token, count): &(&str, i64)| {
        let (ham, spam) = if kind == Kind::Ham { (*count, 0) } else { (0, *count) };
        [Value::from(*token), ham.into(), spam.into(), now.into()]
    };
    database::execute(&sql, &totals.iter().flat_map(row).collect::<Vec<_>>()).map(|_| ())
}

/// Forgets words that were seen a single time, before a moment, and of the rest all but the `most` that tell most; answers
/// how many rows went.
pub(crate) fn forget(before: i64, most: i64) -> Result<u64, Error> {
    let rare = "DELETE FROM tokens WHERE ham + spam <= 1 AND seen_at < ?";
    let excess = "DELETE FROM tokens WHERE token IN (SELECT token FROM tokens ORDER BY ham + spam, seen_at \
        LIMIT max(0, (SELECT count(*) FROM tokens) - ?))";
    Ok(database::execute(rare, &[before.into()])? + database::execute(excess, &[most.into()])?)
}

/// What a test needs to begin with.
#[cfg(test)]
pub(crate) fn set(size: Counts, tokens: &[(&str, Counts)]) {
    use fleuron_plugin::row;
    for (kind, documents) in [(Kind::Ham, size.ham), (Kind::Spam, size.spam)] {
        data::table("corpus").equal("kind", kind.word()).update(row! { "documents" => documents }).unwrap();
    }
    for (token, Counts { ham, spam }) in tokens {
        data::insert("tokens", row! { "token" => *token, "ham" => *ham, "spam" => *spam, "seen_at" => 0 })
            .unwrap();
    }
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::data;

    use super::{Counts, Kind, counts, forget, learn, size};
    use crate::memory::testing::host;
    use crate::signals::testing::NOW;

    fn document(words: &str) -> Vec<String> {
        words.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn words_are_counted_by_kind() {
        let _host = host();
        learn(Kind::Ham, &[document("a b"), document("b c")], NOW).unwrap();
        learn(Kind::Spam, &[document("b d")], NOW).unwrap();
        learn(Kind::Spam, &[], NOW).unwrap();
        assert_eq!(size(), Ok(Counts { ham: 2, spam: 1 }));
        let found = counts(&document("b d x")).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found["b"], found["d"]), (Counts { ham: 2, spam: 1 }, Counts { ham: 0, spam: 1 }));
        assert!(counts(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_lesson_may_be_long() {
        let _host = host();
        let words: Vec<String> = (0..1_000).map(|number| format!("word{number}")).collect();
        learn(Kind::Ham, &[words.clone(), words.clone()], NOW).unwrap();
        let found = counts(&words).unwrap();
        assert_eq!(found.len(), 1_000);
        assert!(found.values().all(|counts| *counts == Counts { ham: 2, spam: 0 }));
    }

    #[test]
    fn rare_words_are_forgotten_first() {
        let _host = host();
        learn(Kind::Ham, &[document("often rare"), document("often")], NOW).unwrap();
        learn(Kind::Spam, &[document("new")], NOW + 10).unwrap();
        assert_eq!(forget(NOW + 10, 100), Ok(1));
        assert_eq!(counts(&document("often rare new")).unwrap().len(), 2);
        assert_eq!(forget(0, 1), Ok(1));
        assert_eq!(data::table("tokens").fetch_one().unwrap().unwrap().text("token"), Ok("often"));
    }
}
