//! A theme is tried out on made-up pages before readers see it: what only shows when a page is made (a filter that does
//! not exist, an include that is missing, a misspelt variable) is found here rather than there.

mod content;

use minijinja::{Value, value::Serde};

use super::{
    Fault,
    context::{
        Archive, CommentContext, CommentForm, CommentParent, CommentValues, EntryPage, ErrorContext,
        ErrorPage, FeedContext, FormError, Frame, ListPage, NamedLink, NavigationItem, PageContext, PageLink,
        Pagination, PostContext, SiteContext, Summary, TitledLink,
    },
    set::ThemeSet,
};

const MOMENT: &str = "2026-01-31T12:00:00.000Z";
const ID: &str = "00000000-0000-7000-8000-000000000000";

/// Renders every kind of page, full and as empty as it can be. Each fault is reported once.
pub(super) fn run(set: &ThemeSet, faults: &mut Vec<Fault>) {
    for full in [true, false] {
        for (kind, templates) in super::LISTS {
            attempt(set, templates, Serde(list(kind, full)).into(), faults);
        }
        attempt(set, super::POST, Serde(entry("post", full)).into(), faults);
        attempt(set, super::PAGE, Serde(entry("page", full)).into(), faults);
        attempt(set, super::ERROR, Serde(error(full)).into(), faults);
        // Templates of one content type are not tried: which fields it has is not the theme's to know.
        if set.has(super::CONTENT) {
            attempt(set, super::CONTENT, Serde(content::entry(full)).into(), faults);
        }
        if set.has(super::CONTENT_ARCHIVE) {
            attempt(set, super::CONTENT_ARCHIVE, Serde(content::archive(full)).into(), faults);
        }
    }
}

fn attempt(set: &ThemeSet, templates: &[&str], context: Value, faults: &mut Vec<Fault>) {
    if let Err(fault) = set.try_render(templates, &context)
        && !faults.contains(&fault)
    {
        faults.push(fault);
    }
}

fn some<T>(full: bool, value: impl Into<T>) -> Option<T> {
    full.then(|| value.into())
}

fn many<T: Clone>(full: bool, value: T) -> Vec<T> {
    if full { vec![value.clone(), value] } else { Vec::new() }
}

fn frame(kind: &'static str, full: bool) -> Frame {
    let page = PageContext {
        kind,
        title: "Title".into(),
        description: some(full, "Description").unwrap_or_default(),
        canonical: some(full, "https://example.com/"),
        og_type: if ["post", "content"].contains(&kind) { "article" } else { "website" },
        image: some(full, "/media/image.png"),
        published: some(full, MOMENT),
        modified: some(full, MOMENT),
        robots: full.then_some("noindex"),
        prev: some(full, "/"),
        next: some(full, "/page/2"),
        feed: (full && kind.starts_with("content")).then(|| feed("/things/feed.xml")),
    };
    Frame {
        site: SiteContext {
            title: "Site".into(),
            description: some(full, "About").unwrap_or_default(),
            url: "https://example.com".into(),
            language: "en".into(),
            generator: super::GENERATOR,
        },
        navigation: many(full, NavigationItem { title: "About".into(), url: "/about".into(), current: true }),
        feed: feed("/feed.xml"),
        page,
    }
}

fn feed(url: &str) -> FeedContext {
    FeedContext { title: "Site".into(), url: url.into() }
}

fn link() -> NamedLink {
    NamedLink { name: "Name".into(), url: "/tags/name".into() }
}

fn summary(full: bool) -> Summary {
    Summary {
        title: "Title".into(),
        url: "/title".into(),
        excerpt: some(full, "Excerpt"),
        cover_image: some(full, "/media/image.png"),
        published_at: MOMENT.into(),
        authors: many(full, link()),
        tags: many(full, link()),
        category: full.then(link),
        comment_count: if full { 2 } else { 0 },
    }
}

fn list(kind: &'static str, full: bool) -> ListPage {
    let archive = Archive {
        kind,
        title: "Name".into(),
        description: some(full, "Description"),
        count: u64::from(full),
        parents: many(full, link()),
        children: many(full, link()),
    };
    ListPage {
        frame: frame(kind, full),
        posts: many(full, summary(full)),
        pagination: pagination(full),
        archive: (kind != "home").then_some(archive),
    }
}

fn pagination(full: bool) -> Pagination {
    let link = |number: Option<u64>| PageLink {
        number,
        url: number.map(|_| "/page/2".into()),
        current: false,
        gap: number.is_none(),
    };
    Pagination {
        page: if full { 2 } else { 1 },
        pages: if full { 3 } else { 1 },
        newer: some(full, "/"),
        older: some(full, "/page/3"),
        pages_list: if full { vec![link(Some(1)), link(None), link(Some(3))] } else { Vec::new() },
    }
}

fn entry(kind: &'static str, full: bool) -> EntryPage {
    let neighbour = || TitledLink { title: "Title".into(), url: "/title".into() };
    let is_post = kind == "post";
    EntryPage {
        frame: frame(kind, full),
        post: PostContext {
            summary: summary(full),
            html: Value::from_safe_string("<p>Content</p>".into()),
            id: ID.into(),
            updated_at: "2026-02-28T12:00:00.000Z".into(),
            comments_open: full && is_post,
        },
        previous: (full && is_post).then(neighbour),
        next: (full && is_post).then(neighbour),
        comments: many(full && is_post, comment(vec![comment(Vec::new())])),
        comment_count: if full && is_post { 4 } else { 0 },
        comment_form: form(full),
    }
}

fn comment(replies: Vec<CommentContext>) -> CommentContext {
    CommentContext {
        id: ID.into(),
        author: "Ada".into(),
        avatar_initial: "A".into(),
        date: MOMENT.into(),
        html: Value::from_safe_string("<p>Words</p>".into()),
        replies,
    }
}

fn form(full: bool) -> CommentForm {
    let fault = |field: &str| FormError { field: field.into(), message: "Must not be empty.".into() };
    CommentForm {
        action: format!("/comments/{ID}"),
        token: String::new(),
        parent: full.then(|| CommentParent { id: ID.into(), author: "Ada".into() }),
        values: CommentValues::default(),
        errors: if full { vec![fault("nickname"), fault("")] } else { Vec::new() },
        notice: full.then_some("Thank you."),
    }
}

fn error(full: bool) -> ErrorPage {
    ErrorPage {
        frame: frame("error", full),
        error: ErrorContext {
            status: 404,
            title: "Not found".into(),
            detail: some(full, "There is no such page."),
            request_id: some(full, ID),
        },
    }
}
