//! Which post a file became in an earlier import, if any.
//!
//! A mark says so. It is written after the post, so an import that was killed leaves posts without one; these are told
//! by their address and date and completed rather than doubled. A file that was moved keeps its post the same way.

use std::collections::{HashMap, HashSet};

use super::{
    document::Document,
    repo::{KnownPost, Mark},
};
use crate::ids::PostId;

/// Posts of one day are kept in order by milliseconds, so dates are compared by the second.
const SAME_TIME: u64 = 1000;

/// What is known of a file's post.
#[derive(Clone, Debug)]
pub(super) enum Match {
    /// There is none.
    New,
    /// There is one, written by an import that did not come to mark it.
    Unfinished(KnownPost),
    /// There is one.
    Known(KnownPost),
    /// Another file of the same name became this post.
    Foreign(KnownPost),
}

/// Finds the posts of the documents, in their order.
pub(super) fn find(documents: &[Document], known: &[KnownPost]) -> Vec<Match> {
    let sources: HashSet<&str> = documents.iter().map(|document| document.source.name.as_str()).collect();
    let of_source: HashMap<&str, &KnownPost> =
        known.iter().filter_map(|post| post.mark.as_ref().map(|mark| (mark.source.as_str(), post))).collect();
    let is_free = |mark: Option<&Mark>| mark.is_none_or(|mark| !sources.contains(mark.source.as_str()));
    let free: Vec<&KnownPost> = known.iter().filter(|post| is_free(post.mark.as_ref())).collect();
    let by_permalink: HashMap<&str, &KnownPost> =
        free.iter().filter_map(|post| post.permalink.as_deref().map(|path| (path, *post))).collect();
    let by_slug: HashMap<&str, &KnownPost> =
        free.iter().filter(|post| post.permalink.is_none()).map(|post| (post.slug.as_str(), *post)).collect();
    let mut taken: HashSet<PostId> = HashSet::new();
    let one = |document: &Document| {
        if let Some(post) = of_source.get(document.source.name.as_str()) {
            return if is_same(document, post) {
                Match::Known((*post).clone())
            } else {
                Match::Foreign((*post).clone())
            };
        }
        let found = match &document.permalink {
            Some(path) => {
                by_permalink.get(path.as_str()).filter(|post| post.mark.is_none() || is_same(document, post))
            }
            None => by_slug.get(document.slug.as_str()).filter(|post| is_same_time(document, post)),
        };
        match found {
            Some(post) if !taken.insert(post.id) => Match::New,
            Some(post) if post.mark.is_none() => Match::Unfinished((*post).clone()),
            Some(post) => Match::Known((*post).clone()),
            None => Match::New,
        }
    };
    documents.iter().map(one).collect()
}

/// Any two of a post's address, title and date may change; all three together make it another post.
fn is_same(document: &Document, post: &KnownPost) -> bool {
    let same_address = document.permalink.is_some() && document.permalink == post.permalink;
    same_address || document.title == post.title || is_same_time(document, post)
}

fn is_same_time(document: &Document, post: &KnownPost) -> bool {
    let at = document.date.map_or(document.modified, |date| date.at);
    // An update moves the date of publication, never that of creation.
    let mut times = std::iter::once(post.created_at).chain(post.published_at);
    times.any(|time| at.millis().abs_diff(time.millis()) < SAME_TIME)
}

#[cfg(test)]
mod tests {
    use super::{Match, find};
    use crate::{
        clock::Timestamp,
        ids::PostId,
        import::{
            document::{self, Document},
            repo::{KnownPost, Mark},
            source::SourceFile,
        },
    };

    fn document(name: &str, head: &str) -> Document {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.md");
        std::fs::write(&file, format!("---\n{head}\n---\nText")).unwrap();
        document::read(SourceFile { name: name.to_owned(), file }).unwrap()
    }

    fn post(slug: &str, permalink: Option<&str>, date: &str, source: Option<&str>) -> KnownPost {
        KnownPost {
            id: PostId::generate(),
            slug: slug.to_owned(),
            permalink: permalink.map(str::to_owned),
            title: "Title".to_owned(),
            created_at: Timestamp::parse(date).unwrap(),
            published_at: None,
            trashed: false,
            mark: source.map(|source| Mark { source: source.to_owned(), fingerprint: String::new() }),
        }
    }

    #[test]
    fn posts_are_found_again() {
        let documents = [
            document("a.md", "title: Changed\ndate: 2020-01-01"),
            document("b.md", "title: B\npath: 2020/01/02/b"),
            document("c.md", "title: C\ndate: 2020-01-03"),
            document("moved/d.md", "title: D\npath: 2020/01/04/d"),
            document("e.md", "title: E\ndate: 2020-01-05"),
            document("f.md", "title: F\ndate: 2020-01-06"),
        ];
        let known = [
            post("a", None, "2020-01-01", Some("a.md")),
            post("b", Some("/2020/01/02/b"), "2020-01-02", None),
            post("c", None, "2020-01-03", None),
            post("d", Some("/2020/01/04/d"), "2020-01-04", Some("d.md")),
            post("e", None, "1999-01-01", Some("e.md")),
            post("f", None, "1999-01-01", None),
        ];
        let found = find(&documents, &known);
        assert!(matches!(&found[0], Match::Known(post) if post.id == known[0].id));
        assert!(matches!(&found[1], Match::Unfinished(post) if post.id == known[1].id));
        assert!(matches!(&found[2], Match::Unfinished(post) if post.id == known[2].id));
        assert!(matches!(&found[3], Match::Known(post) if post.id == known[3].id));
        assert!(matches!(&found[4], Match::Foreign(post) if post.id == known[4].id));
        assert!(matches!(&found[5], Match::New));
    }
}
