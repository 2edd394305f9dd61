//! What the tests share: a site in memory, and what is counted there.

use fleuron_plugin::data::{FromValue, Row};
use fleuron_plugin::testing::MemoryHost;
use fleuron_plugin::{CallContext, CommentInput, Guest, PostOutput, database, row};

use crate::PostStats;

/// A host with the plugin's tables and without posts.
pub(crate) fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.migrate(include_str!("../migrations/0001_counts.sql")).unwrap();
    host.seed_view("core_posts", []).unwrap();
    host
}

/// The id of a post, in the form that the site gives ids.
pub(crate) fn id(number: usize) -> String {
    format!("019a0000-0000-7000-8000-{number:012}")
}

/// A published post with so many views.
pub(crate) fn post(number: usize, views: i64) -> Row {
    row! {
        "id" => id(number), "slug" => format!("post-{number}"), "path" => format!("/post-{number}"),
        "title" => format!("Post {number}"), "status" => "published", "view_count" => views, "version" => 1,
    }
}

/// Makes these the posts that the plugin sees.
pub(crate) fn publish(host: &MemoryHost, posts: impl IntoIterator<Item = Row>) {
    host.clear_view("core_posts").unwrap();
    host.seed_view("core_posts", posts).unwrap();
}

/// Runs a job of the plugin as the site does.
pub(crate) fn run(host: &MemoryHost, job: &str, day: &str) {
    let payload = format!(r#"{{"label":"A job","job_type":"{job}","due":"{day}T12:00:00Z"}}"#);
    host.set_context(CallContext { hook: "on-cron-tick".to_owned(), ..CallContext::default() });
    host.call(|| PostStats::on_cron_tick(Some(payload)));
}

/// Tells the plugin of a post, in the delivery of an event.
pub(crate) fn created(host: &MemoryHost, number: usize, event: &str, kind: &str) {
    host.set_context(CallContext {
        hook: "on-post-created".to_owned(),
        event_id: Some(event.to_owned()),
        kind: Some(kind.to_owned()),
        ..CallContext::default()
    });
    host.call(|| PostStats::on_post_created(PostOutput { id: id(number), ..PostOutput::default() }));
}

/// Tells the plugin that a post is gone.
pub(crate) fn deleted(host: &MemoryHost, number: usize, event: &str) {
    host.set_context(CallContext {
        hook: "on-post-deleted".to_owned(),
        event_id: Some(event.to_owned()),
        kind: Some("post".to_owned()),
        ..CallContext::default()
    });
    host.call(|| PostStats::on_post_deleted(id(number)));
}

/// Tells the plugin of a comment on a post.
pub(crate) fn commented(host: &MemoryHost, number: usize, event: &str) {
    host.set_context(CallContext {
        hook: "on-comment-created".to_owned(),
        event_id: Some(event.to_owned()),
        parent_id: Some(id(number)),
        kind: Some("comment".to_owned()),
        ..CallContext::default()
    });
    host.call(|| PostStats::on_comment_created(CommentInput::default()));
}

/// Books views on a day, past all readings.
pub(crate) fn book(grain: &str, period: &str, post_id: &str, views: i64) {
    let sql = "INSERT INTO counts (grain, period, post_id, views) VALUES (?, ?, ?, ?)";
    database::execute(sql, &[grain.into(), period.into(), post_id.into(), views.into()]).unwrap();
}

/// The one whole number that a statement answers.
pub(crate) fn number(sql: &str) -> i64 {
    let rows = database::query(sql, &[]).unwrap();
    i64::from_value(rows[0].fields()[0].value.clone()).unwrap()
}

/// All counts that are not zero, as `grain period post what=n`, in order.
pub(crate) fn counts() -> Vec<String> {
    let rows = database::query("SELECT * FROM counts ORDER BY grain, period, post_id", &[]).unwrap();
    let line = |row: &Row| {
        let text = |column: &str| row.text(column).unwrap().to_owned();
        let post = text("post_id");
        let post = post.rsplit('-').next().unwrap_or_default().trim_start_matches('0');
        let mut line =
            format!("{} {} {}", text("grain"), text("period"), if post.is_empty() { "-" } else { post });
        for what in ["views", "comments", "created", "deleted"] {
            match row.integer(what).unwrap() {
                0 => {}
                n => line.push_str(&format!(" {what}={n}")),
            }
        }
        line
    };
    rows.iter().map(line).collect()
}

/// Today, as the database tells it.
pub(crate) fn today() -> String {
    days_ago(0)
}

/// The day so many days before today.
pub(crate) fn days_ago(days: u32) -> String {
    let rows = database::query("SELECT date('now', ?) AS day", &[format!("-{days} days").into()]).unwrap();
    rows[0].text("day").unwrap().to_owned()
}
