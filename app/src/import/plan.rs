//! What is to be done, worked out before anything is written. A dry run ends here.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use super::{
    document::{self, Document},
    library::{Entry, Library},
    links::{self, Files, Links},
    matching::{self, Match},
    repo::{KnownPost, Mark},
    source,
    summary::Note,
};
use crate::{clock::Timestamp, posts::Slug};

/// Everything that is to be done, and what is to be said about it.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) work: Vec<Work>,
    pub(super) unchanged: usize,
    pub(super) skipped: Vec<Note>,
    pub(super) warnings: Vec<Note>,
}

/// A post to be written.
pub(super) struct Work {
    pub(super) document: Document,
    pub(super) links: Links,
    pub(super) action: Action,
    /// Also when it was published, or is to be, unless it is a draft.
    pub(super) created_at: Timestamp,
    /// What a new post is to get.
    pub(super) slug: Slug,
}

/// How a post is to be written.
pub(super) enum Action {
    Create,
    /// An earlier import was killed before it could mark this post.
    Complete(KnownPost),
    Update(KnownPost),
}

impl Work {
    /// What the post is to be marked with.
    pub(super) fn mark(&self) -> Mark {
        Mark { source: self.document.source.name.clone(), fingerprint: self.links.fingerprint.clone() }
    }
}

impl Plan {
    /// How many distinct files the posts need.
    pub(super) fn media(&self) -> usize {
        self.work.iter().flat_map(|work| work.links.files()).collect::<HashSet<_>>().len()
    }

    fn skip(&mut self, source: &str, text: impl Into<String>) {
        self.skipped.push(Note { source: source.to_owned(), text: text.into() });
    }

    fn warn(&mut self, source: &str, texts: &[String]) {
        self.warnings.extend(texts.iter().map(|text| Note { source: source.to_owned(), text: text.clone() }));
    }
}

/// A document, its post from an earlier import, and what both will be.
struct Settled {
    document: Document,
    found: Match,
    slug: Slug,
    path: String,
    created_at: Timestamp,
}

/// Reads the folder and compares it with what is known.
pub(super) fn make(folder: &Path, known: &[KnownPost]) -> io::Result<Plan> {
    let mut plan = Plan::default();
    let mut documents = read(folder, &mut plan)?;
    drop_doubles(&mut documents, &mut plan);
    let found = matching::find(&documents, known);
    let mut settled = settle(documents, found, known, &mut plan);
    settle_aliases(&mut settled);
    let entries = settled.iter().map(|settled| Entry {
        source: settled.document.source.name.clone(),
        path: settled.path.clone(),
        aliases: settled.document.aliases.clone(),
    });
    let library = Library::new(folder, entries.collect())?;
    let mut files = Files::default();
    for (index, settled) in settled.into_iter().enumerate() {
        let links = links::resolve(&settled.document, index, &library, &mut files);
        plan.warn(&settled.document.source.name, &settled.document.warnings);
        plan.warn(&settled.document.source.name, &links.warnings);
        let action = match settled.found {
            Match::Unfinished(post) => Action::Complete(post),
            Match::Known(post) if is_unchanged(&post, &settled.document, &links) => {
                plan.unchanged += 1;
                continue;
            }
            Match::Known(post) => Action::Update(post),
            Match::New | Match::Foreign(_) => Action::Create,
        };
        let Settled { document, slug, created_at, .. } = settled;
        plan.work.push(Work { document, links, action, created_at, slug });
    }
    Ok(plan)
}

fn is_unchanged(post: &KnownPost, document: &Document, links: &Links) -> bool {
    let mark = post.mark.as_ref();
    mark.is_some_and(|mark| mark.fingerprint == links.fingerprint && mark.source == document.source.name)
}

fn read(folder: &Path, plan: &mut Plan) -> io::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for source in source::walk(folder)? {
        let name = source.name.clone();
        match document::read(source) {
            Ok(document) => documents.push(document),
            Err(reason) => plan.skip(&name, reason),
        }
    }
    Ok(documents)
}

/// Two files cannot live at one address: the first keeps it.
fn drop_doubles(documents: &mut Vec<Document>, plan: &mut Plan) {
    let mut owners: HashMap<String, String> = HashMap::new();
    documents.retain(|document| {
        let Some(path) = &document.permalink else { return true };
        if let Some(owner) = owners.get(path) {
            plan.skip(&document.source.name, format!("{owner} has the same path, {path}"));
            return false;
        }
        owners.insert(path.clone(), document.source.name.clone());
        true
    });
}

/// Gives every document its slug, its address and its place among the posts of a day.
fn settle(documents: Vec<Document>, found: Vec<Match>, known: &[KnownPost], plan: &mut Plan) -> Vec<Settled> {
    let mut taken: HashSet<String> = known.iter().map(|post| post.slug.clone()).collect();
    let mut days: HashMap<i64, i64> = HashMap::new();
    let mut settled = Vec::with_capacity(documents.len());
    for (document, found) in documents.into_iter().zip(found) {
        let (slug, shown) = match &found {
            Match::Foreign(post) => {
                let reason = format!(
                    "another file of this name became the post \"{}\" in an earlier import; rename this file or delete that post",
                    post.title
                );
                plan.skip(&document.source.name, reason);
                continue;
            }
            Match::New => {
                let slug = free_slug(&document.slug, &taken);
                (slug.clone(), slug.to_string())
            }
            Match::Unfinished(post) | Match::Known(post) => {
                let shown = if document.slug_chosen { document.slug.to_string() } else { post.slug.clone() };
                (document.slug.clone(), shown)
            }
        };
        taken.insert(shown.clone());
        let created_at = match document.date {
            Some(date) if date.whole_day => {
                let before = days.entry(date.at.millis()).or_default();
                *before += 1;
                Timestamp::from_millis(date.at.millis() + *before - 1)
            }
            Some(date) => date.at,
            None => document.modified,
        };
        let path = document.permalink.clone().unwrap_or_else(|| format!("/{shown}"));
        settled.push(Settled { document, found, slug, path, created_at });
    }
    settled
}

fn free_slug(slug: &Slug, taken: &HashSet<String>) -> Slug {
    if !taken.contains(slug.as_str()) {
        return slug.clone();
    }
    let mut number = 2;
    while taken.contains(slug.numbered(number).as_str()) {
        number += 1;
    }
    slug.numbered(number)
}

/// An alias leads to one post, and never away from another.
fn settle_aliases(settled: &mut [Settled]) {
    let mut owners: HashMap<String, String> =
        settled.iter().map(|settled| (settled.path.clone(), settled.document.source.name.clone())).collect();
    for Settled { document, path, .. } in settled {
        let Document { aliases, warnings, source, .. } = document;
        aliases.retain(|alias| {
            if alias == path {
                return false;
            }
            if let Some(owner) = owners.get(alias) {
                warnings.push(format!("alias {alias} belongs to {owner}; it is left out"));
                return false;
            }
            owners.insert(alias.clone(), source.name.clone());
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Action, Plan, make};
    use crate::import::{
        links::Replacement,
        repo::{KnownPost, Mark},
    };

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn imported(folder: &Path) -> Vec<KnownPost> {
        let work = make(folder, &[]).unwrap().work;
        let posts = work.iter().map(|work| KnownPost {
            id: crate::ids::PostId::generate(),
            slug: work.slug.to_string(),
            permalink: work.document.permalink.clone(),
            title: work.document.title.clone(),
            created_at: work.created_at,
            published_at: None,
            trashed: false,
            mark: Some(Mark { source: work.mark().source, fingerprint: work.mark().fingerprint }),
        });
        posts.collect()
    }

    fn outcome(plan: &Plan) -> (usize, usize, usize) {
        (plan.work.len(), plan.unchanged, plan.skipped.len())
    }

    #[test]
    fn what_did_not_change_is_left_alone() {
        let folder = folder(&[
            ("a/index.md", "---\ntitle: A\ndate: 2020-01-01\n---\n![x](pic.png) [b](../b.md#part)\n"),
            ("b.md", "---\ntitle: B\ndate: 2020-01-01\npath: 2020/b\naliases: [/2020/b/, old/b]\n---\n"),
        ]);
        let known = imported(folder.path());
        assert_eq!(outcome(&make(folder.path(), &known).unwrap()), (0, 2, 0));
        // A picture that was missing arrives: its post is written again, the other is not.
        std::fs::write(folder.path().join("a/pic.png"), PNG).unwrap();
        let plan = make(folder.path(), &known).unwrap();
        assert_eq!(outcome(&plan), (1, 1, 0));
        assert!(matches!(plan.work[0].action, Action::Update(_)));
        let changes = &plan.work[0].links.changes;
        assert!(matches!(&changes[0].replacement, Replacement::File(file) if file.ends_with("a/pic.png")));
        assert_eq!(changes[1].replacement, Replacement::Address("/2020/b".into()));
        assert_eq!(changes[1].suffix, "#part");
    }

    #[test]
    fn an_import_that_was_killed_is_completed() {
        let folder = folder(&[
            ("a.md", "---\ntitle: A\ndate: 2020-01-01\n---\n"),
            ("b.md", "---\ntitle: B\ndate: 2020-01-01\npath: 2020/b\n---\n"),
        ]);
        let mut known = imported(folder.path());
        for post in &mut known {
            post.mark = None;
        }
        let plan = make(folder.path(), &known).unwrap();
        assert!(plan.work.iter().all(|work| matches!(work.action, Action::Complete(_))));
        assert_eq!(outcome(&plan), (2, 0, 0));
    }

    #[test]
    fn conflicts_are_told() {
        let folder = folder(&[
            ("a.md", "---\ntitle: A\npath: 2020/01/01/x\naliases: [2020/01/01/x, old]\n---\n"),
            ("b.md", "---\ntitle: B\npath: 2020/01/01/x\n---\n"),
            ("c.md", "---\ntitle: C\ndate: 2020-01-01\naliases: [old]\n---\n"),
            ("d/c.md", "---\ntitle: C\ndate: 2020-01-01\n---\n[none](none.md)\n"),
        ]);
        let plan = make(folder.path(), &[]).unwrap();
        assert_eq!(outcome(&plan), (3, 0, 1));
        assert!(plan.skipped[0].text.contains("a.md has the same path"));
        let warnings: Vec<_> =
            plan.warnings.iter().map(|note| (note.source.as_str(), note.text.as_str())).collect();
        assert_eq!(warnings[0], ("c.md", "alias /old belongs to a.md; it is left out"));
        assert!(warnings[1].0 == "d/c.md" && warnings[1].1.contains("none.md"));
        assert_eq!(plan.work[0].document.aliases, ["/old"]);
        assert_eq!(plan.work[2].slug.as_str(), "c-2");
        let times: Vec<_> = plan.work.iter().map(|work| work.created_at.millis() % 1000).collect();
        assert_eq!(times, [0, 1, 2]);
    }
}
