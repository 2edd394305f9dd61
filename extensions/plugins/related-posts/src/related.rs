//! Which posts are about the same as one.

use fleuron_plugin::data::{Error, ErrorCode, Row};
use fleuron_plugin::database;

use crate::json;
use crate::settings::Settings;
use crate::{index, walk};

/// Terms of a post that are compared: those that tell it apart from others. The effort of a render is the number of
/// posts that hold them.
const COMPARED: usize = 40;

/// More candidates than wanted, for those among them that are not published any more.
const SPARE: u32 = 5;

const OWN: &str = "\
    SELECT d.id, d.version, d.words, walk.built, (SELECT count(*) FROM documents) AS total \
    FROM walk LEFT JOIN documents AS d ON d.post_id = ?";

/// Those of the latest posts that the index does not have as they are.
const BEHIND: &str = "\
    SELECT p.id FROM (SELECT id, version FROM core_posts WHERE status = 'published' \
      ORDER BY published_at DESC LIMIT 20) AS p \
    LEFT JOIN documents AS d ON d.post_id = p.id WHERE d.version IS NOT p.version";

const TERMS: &str = "\
    SELECT t.id, t.documents, p.weight FROM postings AS p JOIN terms AS t ON t.id = p.term WHERE p.document = ?";

const SIMILAR: &str = "\
    SELECT d.post_id FROM ( \
      SELECT p.document, sum(p.weight * (q.value ->> 1)) AS similarity \
      FROM json_each(?) AS q CROSS JOIN postings AS p ON p.term = q.value ->> 0 \
      WHERE p.document <> ? GROUP BY p.document HAVING sum(p.weight * (q.value ->> 1)) >= ? \
      ORDER BY similarity DESC, p.document DESC LIMIT ? \
    ) AS s JOIN documents AS d ON d.id = s.document ORDER BY s.similarity DESC, s.document DESC";

const LINKS: &str = "\
    SELECT p.title, coalesce(p.path, '/' || p.slug) AS path \
    FROM json_each(?) AS s CROSS JOIN core_posts AS p ON p.id = s.value WHERE p.status = 'published' \
    ORDER BY s.key LIMIT ?";

/// A post in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) title: String,
    pub(crate) path: String,
}

/// The posts most similar to a post, the most similar first. None where the post is too short, is not published, or has
/// nothing in common with any other.
pub(crate) fn to(id: &str, version: Option<i64>, settings: &Settings) -> Result<Vec<Link>, Error> {
    let Some(own) = up_to_date(id, version)? else { return Ok(Vec::new()) };
    if own.words < settings.minimum_words {
        return Ok(Vec::new());
    }
    let terms = compared(&own)?;
    let limit = settings.count + SPARE;
    let params = [terms.into(), own.id.into(), settings.minimum_similarity.into(), limit.into()];
    let similar = database::query(SIMILAR, &params)?;
    if similar.is_empty() {
        return Ok(Vec::new());
    }
    let ids = similar.iter().map(|row| row.text("post_id")).collect::<Result<Vec<_>, _>>()?;
    let links = database::query(LINKS, &[json::texts(ids).into(), settings.count.into()])?;
    links.iter().map(|row| Ok(Link { title: row.read("title")?, path: row.read("path")? })).collect()
}

/// A post in the index.
struct Own {
    id: i64,
    version: i64,
    words: i64,
    /// Documents in the index.
    total: i64,
}

/// The post as the index has it, after the index was brought up to date with it and the latest posts: a page may be
/// rendered before the site has told of the change that it shows, and of what was published just before, and the first
/// pages before there is an index.
fn up_to_date(id: &str, version: Option<i64>) -> Result<Option<Own>, Error> {
    let (mut own, built, total) = find(id)?;
    if walk::prepare(built, total)? {
        own = find(id)?.0;
    }
    let rows = database::query(BEHIND, &[])?;
    let mut behind = rows.iter().map(|row| row.read("id")).collect::<Result<Vec<String>, _>>()?;
    let is_current = own.as_ref().is_some_and(|own| version.is_none_or(|version| version == own.version));
    if !is_current && behind.iter().all(|other| other != id) && is_published(id)? {
        behind.push(id.to_owned());
    }
    if behind.is_empty() {
        return Ok(own.filter(|_| is_current));
    }
    index::refresh(&behind)?;
    Ok(find(id)?.0)
}

/// The post, whether the index has ever been complete, and how many documents there are.
fn find(id: &str) -> Result<(Option<Own>, bool, i64), Error> {
    let rows = database::query(OWN, &[id.into()])?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the index has no answer"))?;
    let total = row.integer("total")?;
    let own = match row.read::<Option<i64>>("id")? {
        Some(id) => Some(Own { id, version: row.integer("version")?, words: row.integer("words")?, total }),
        None => None,
    };
    Ok((own, row.boolean("built")?, total))
}

fn is_published(id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 AS there FROM core_posts WHERE id = ? AND status = 'published'";
    Ok(!database::query(sql, &[id.into()])?.is_empty())
}

/// The terms that tell a post apart, each as `[term, weight]`: a vector of length 1 before it is cut.
fn compared(own: &Own) -> Result<String, Error> {
    let rows = database::query(TERMS, &[own.id.into()])?;
    let mut terms = rows.iter().map(|row| weighed(row, own.total)).collect::<Result<Vec<_>, _>>()?;
    let length = terms.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    terms.sort_by(|(one, heavy), (other, light)| light.total_cmp(heavy).then_with(|| one.cmp(other)));
    terms.truncate(COMPARED);
    Ok(json::array(terms.iter().map(|(term, weight)| format!("[{term},{:.6}]", weight / length))))
}

/// A term with its weight in the post, the heavier the fewer documents have it.
fn weighed(row: &Row, total: i64) -> Result<(i64, f64), Error> {
    let rarity = ((total + 1) as f64 / row.integer("documents")?.max(1) as f64).ln();
    Ok((row.integer("id")?, row.real("weight")? * rarity))
}
