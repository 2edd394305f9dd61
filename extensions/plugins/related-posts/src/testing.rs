//! What the tests share: a site in memory with posts about this and that.

use fleuron_plugin::data::{FromValue, Row};
use fleuron_plugin::testing::MemoryHost;
use fleuron_plugin::{CallContext, Guest, PostOutput, database, row};

use crate::RelatedPosts;

/// A host with the plugin's tables and without posts.
pub(crate) fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.migrate(include_str!("../migrations/0001_index.sql")).unwrap();
    host.seed_view("core_posts", []).unwrap();
    host.seed_view("core_post_tags", []).unwrap();
    host
}

/// The id of a post, in the form that the site gives ids.
pub(crate) fn id(number: usize) -> String {
    format!("019a0000-0000-7000-8000-{number:012}")
}

/// A published post; those with greater numbers are later.
pub(crate) fn post(number: usize, title: &str, content: &str) -> Row {
    row! {
        "id" => id(number), "slug" => format!("post-{number}"), "path" => format!("/post-{number}"),
        "title" => title, "content" => content, "status" => "published", "version" => 1,
        "published_at" => format!("{}-01-01T00:00:00.000Z", 2000 + number),
    }
}

/// A published post of some length about something.
pub(crate) fn about(number: usize, subject: &str) -> Row {
    post(
        number,
        &format!("About {subject}"),
        &format!("This is what there is to say of {subject}. ").repeat(6),
    )
}

/// Makes these the posts of the site.
pub(crate) fn publish(host: &MemoryHost, posts: impl IntoIterator<Item = Row>) {
    host.clear_view("core_posts").unwrap();
    host.seed_view("core_posts", posts).unwrap();
}

/// Gives a post a tag.
pub(crate) fn tag(host: &MemoryHost, post: usize, tag: &str) {
    host.seed_view("core_post_tags", [row! { "post_id" => id(post), "tag_id" => tag }]).unwrap();
}

/// Says what the next call is about.
pub(crate) fn context(host: &MemoryHost, hook: &str, post: usize, kind: &str) {
    host.set_context(CallContext {
        hook: hook.to_owned(),
        entity_id: Some(id(post)),
        kind: Some(kind.to_owned()),
        ..CallContext::default()
    });
}

/// A post as events carry it; what it holds is not read.
pub(crate) fn output(post: usize) -> PostOutput {
    PostOutput { id: id(post), ..PostOutput::default() }
}

/// Tells the plugin that a post was changed.
pub(crate) fn updated(host: &MemoryHost, post: usize) {
    context(host, "on-post-updated", post, "post");
    host.call(|| RelatedPosts::on_post_updated(output(post)));
}

/// Tells the plugin that a post is gone.
pub(crate) fn deleted(host: &MemoryHost, post: usize) {
    context(host, "on-post-deleted", post, "post");
    host.call(|| RelatedPosts::on_post_deleted(id(post)));
}

/// Runs a job.
pub(crate) fn tick(host: &MemoryHost, payload: &str) {
    host.set_context(CallContext { hook: "on-cron-tick".to_owned(), ..CallContext::default() });
    host.call(|| RelatedPosts::on_cron_tick(Some(payload.to_owned())));
}

/// Renders a post's page, where the version that it shows is known or not; `None` where the plugin adds nothing.
pub(crate) fn render(host: &MemoryHost, post: usize, version: Option<i64>) -> Option<String> {
    host.set_context(CallContext {
        hook: "filter-html".to_owned(),
        entity_id: Some(id(post)),
        entity_version: version,
        kind: Some("post".to_owned()),
        ..CallContext::default()
    });
    host.call(|| RelatedPosts::filter_html("<p>The page.</p>".to_owned()))
}

/// The numbers of the posts that a page lists, in its order.
pub(crate) fn listed(host: &MemoryHost, post: usize) -> Vec<usize> {
    let page = render(host, post, Some(1)).unwrap_or_default();
    page.split("href=\"/post-").skip(1).map(|link| link.split('"').next().unwrap().parse().unwrap()).collect()
}

/// The one whole number that a statement answers.
pub(crate) fn number(sql: &str) -> i64 {
    let rows = database::query(sql, &[]).unwrap();
    i64::from_value(rows[0].fields()[0].value.clone()).unwrap()
}

/// What the index has of a post, the heaviest terms first.
pub(crate) fn contents(_host: &MemoryHost, post: usize) -> Vec<(String, f64)> {
    let sql = "SELECT t.term, p.weight FROM documents AS d JOIN postings AS p ON p.document = d.id \
               JOIN terms AS t ON t.id = p.term WHERE d.post_id = ? ORDER BY p.weight DESC, t.term";
    let rows = database::query(sql, &[id(post).into()]).unwrap();
    rows.iter().map(|row| (row.read("term").unwrap(), row.real("weight").unwrap())).collect()
}
