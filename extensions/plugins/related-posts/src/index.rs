//! The index: which posts hold which terms. It holds published posts alone.

use std::collections::HashMap;

use fleuron_plugin::data::Error;
use fleuron_plugin::database;

use crate::document::Document;
use crate::json;

/// Posts that are read at a time, so that an answer stays below 4 MiB.
const READ_AT_ONCE: usize = 40;

/// As many characters as are read of a post; what it is about shows before.
const READ: &str = "\
    SELECT p.id, p.version, p.title, substr(p.content, 1, 20000) AS content \
    FROM json_each(?) AS wanted CROSS JOIN core_posts AS p ON p.id = wanted.value WHERE p.status = 'published'";

const READ_TAGS: &str = "\
    SELECT t.post_id, t.tag_id FROM json_each(?) AS wanted CROSS JOIN core_post_tags AS t ON t.post_id = wanted.value";

/// What was known of a post's terms goes with them; see the triggers.
const FORGET_TERMS: &str = "\
    DELETE FROM postings WHERE document IN \
    (SELECT id FROM documents WHERE post_id IN (SELECT value FROM json_each(?)))";

const ADD_DOCUMENTS: &str = "\
    INSERT INTO documents (post_id, version, words) \
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true \
    ON CONFLICT (post_id) DO UPDATE SET version = excluded.version, words = excluded.words";

const ADD_TERMS: &str = "\
    INSERT INTO terms (term) SELECT DISTINCT value ->> 1 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING";

const ADD_POSTINGS: &str = "\
    INSERT INTO postings (term, document, weight) SELECT t.id, d.id, added.value ->> 2 \
    FROM json_each(?) AS added CROSS JOIN documents AS d ON d.post_id = added.value ->> 0 \
    CROSS JOIN terms AS t ON t.term = added.value ->> 1";

const REMOVE: &str = "DELETE FROM documents WHERE post_id IN (SELECT value FROM json_each(?))";

/// Brings the index in line with what the site says of these posts now: those that are published are in it as they are,
/// the others are not.
pub(crate) fn refresh(ids: &[String]) -> Result<(), Error> {
    database::transaction(|| put(ids))
}

/// As [`refresh`], within a transaction that is open.
pub(crate) fn put(ids: &[String]) -> Result<(), Error> {
    ids.chunks(READ_AT_ONCE).try_for_each(put_some)
}

fn put_some(ids: &[String]) -> Result<(), Error> {
    let posts = read(ids)?;
    let gone = ids.iter().filter(|id| posts.iter().all(|post| post.id != **id));
    let gone: Vec<&String> = gone.collect();
    if !gone.is_empty() {
        remove(&gone)?;
    }
    if posts.is_empty() {
        return Ok(());
    }
    let known = json::texts(posts.iter().map(|post| &post.id));
    database::execute(FORGET_TERMS, &[known.into()])?;
    let documents = posts.iter().map(|post| {
        json::array([json::text(&post.id), post.version.to_string(), post.document.words.to_string()])
    });
    database::execute(ADD_DOCUMENTS, &[json::array(documents).into()])?;
    let postings = json::array(posts.iter().flat_map(Post::postings));
    database::execute(ADD_TERMS, &[postings.as_str().into()])?;
    database::execute(ADD_POSTINGS, &[postings.into()]).map(drop)
}

/// Takes posts out of the index.
pub(crate) fn remove<T: AsRef<str>>(ids: &[T]) -> Result<(), Error> {
    database::execute(REMOVE, &[json::texts(ids).into()]).map(drop)
}

/// A post as it was read.
struct Post {
    id: String,
    version: i64,
    document: Document,
}

impl Post {
    /// Its terms, each as `[post, term, weight]`.
    fn postings(&self) -> impl Iterator<Item = String> {
        let id = json::text(&self.id);
        let posting = move |(term, weight): &(String, f64)| {
            json::array([id.clone(), json::text(term), format!("{weight:.6}")])
        };
        self.document.terms.iter().map(posting)
    }
}

/// The published ones of these posts.
fn read(ids: &[String]) -> Result<Vec<Post>, Error> {
    let ids = json::texts(ids);
    let mut tags: HashMap<String, Vec<String>> = HashMap::new();
    for row in database::query(READ_TAGS, &[ids.as_str().into()])? {
        tags.entry(row.read("post_id")?).or_default().push(row.read("tag_id")?);
    }
    let rows = database::query(READ, &[ids.into()])?;
    let posts = rows.iter().map(|row| {
        let id: String = row.read("id")?;
        let tags = tags.remove(&id).unwrap_or_default();
        let document = Document::of(row.text("title")?, row.text("content")?, &tags);
        Ok(Post { id, version: row.integer("version")?, document })
    });
    posts.collect()
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::Guest;
    use fleuron_plugin::testing::MemoryHost;

    use super::refresh;
    use crate::testing::{about, contents, deleted, host, id, number, post, publish, tag, updated};
    use crate::{RelatedPosts, testing};

    fn is_consistent() {
        let wrong = "SELECT count(*) FROM terms AS t \
                     WHERE documents <> (SELECT count(*) FROM postings WHERE term = t.id) OR documents = 0";
        assert_eq!(number(wrong), 0, "the terms count their documents");
        let lost = "SELECT count(*) FROM postings WHERE document NOT IN (SELECT id FROM documents)";
        assert_eq!(number(lost), 0, "no posting is without its document");
    }

    fn terms(host: &MemoryHost, post: usize) -> Vec<String> {
        contents(host, post).into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn the_index_follows_what_happens_to_posts() {
        let host = host();
        publish(&host, [post(1, "Ships", "The harbour."), post(2, "Bread", "The flour.")]);
        for number in [1, 2] {
            updated(&host, number);
        }
        assert_eq!(terms(&host, 1), ["ship", "harbour"]);
        publish(
            &host,
            [post(1, "Ships", "The lighthouse.").with("version", 2), post(2, "Bread", "The flour.")],
        );
        updated(&host, 1);
        updated(&host, 1);
        assert_eq!(terms(&host, 1), ["ship", "lighthous"]);
        assert_eq!(
            number("SELECT count(*) FROM terms WHERE term = 'harbour'"),
            0,
            "nothing is left of what went"
        );
        assert_eq!(number("SELECT version FROM documents WHERE words = 2 AND version = 2"), 2);
        publish(&host, [post(2, "Bread", "The flour.").with("status", "draft")]);
        deleted(&host, 1);
        updated(&host, 2);
        assert_eq!(number("SELECT count(*) FROM documents"), 0);
        assert_eq!(number("SELECT count(*) FROM postings"), 0);
        assert_eq!(number("SELECT count(*) FROM terms"), 0);
    }

    #[test]
    fn terms_count_their_documents() {
        let host = host();
        publish(&host, (1..=90).map(|number| about(number, "ships and the harbour")));
        refresh(&(1..=90).map(id).collect::<Vec<_>>()).unwrap();
        assert_eq!(number("SELECT count(*) FROM documents"), 90);
        assert_eq!(number("SELECT documents FROM terms WHERE term = 'harbour'"), 90);
        is_consistent();
        publish(&host, (1..=40).map(|number| about(number, "bread and the flour").with("version", 2)));
        refresh(&(1..=80).map(id).collect::<Vec<_>>()).unwrap();
        assert_eq!(number("SELECT documents FROM terms WHERE term = 'harbour'"), 10);
        assert_eq!(number("SELECT documents FROM terms WHERE term = 'flour'"), 40);
        is_consistent();
        assert!(host.log_lines().iter().all(|line| !line.starts_with("warn")), "{:?}", host.log_lines());
    }

    #[test]
    fn tags_are_terms_of_their_own() {
        let host = host();
        publish(&host, [post(1, "Ships", "The harbour.")]);
        tag(&host, 1, "tag-1");
        updated(&host, 1);
        assert_eq!(terms(&host, 1), ["#tag-1", "ship", "harbour"]);
    }

    #[test]
    fn pages_are_not_looked_at() {
        let host = host();
        testing::context(&host, "on-post-created", 1, "page");
        host.call(|| RelatedPosts::on_post_created(testing::output(1)));
        assert_eq!(host.statements(), 0);
    }

    #[test]
    fn cut_short_anywhere_it_is_as_it_was() {
        let host = host();
        publish(&host, [post(1, "Ships", "The harbour.")]);
        updated(&host, 1);
        let before = contents(&host, 1);
        publish(&host, [post(1, "Bread", "The flour.").with("version", 2)]);
        for calls in 0.. {
            host.interrupt_after(calls);
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| updated(&host, 1)));
            is_consistent();
            if ended.is_ok() {
                assert!(calls > 5, "{calls} calls");
                break;
            }
            assert_eq!(contents(&host, 1), before, "after {calls} calls");
        }
        assert_eq!(terms(&host, 1), ["bread", "flour"]);
    }

    #[test]
    fn long_posts_are_read_as_far_as_their_subject_shows() {
        let host = host();
        publish(&host, (1..=50).map(|number| post(number, "Long", &"\u{FC}ber ".repeat(100_000))));
        refresh(&(1..=50).map(id).collect::<Vec<_>>()).unwrap();
        assert_eq!(number("SELECT count(*) FROM documents WHERE words = 4000"), 50);
    }
}
