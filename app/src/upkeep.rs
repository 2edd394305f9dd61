//! What the site does by itself at set times: the work of the built-in jobs, taken from the services that do it.

use std::sync::Arc;

use crate::{
    auth::AuthService,
    comments::CommentService,
    content::TypeService,
    cron::{BuiltinWork, JobDefinition, builtin_jobs, look, work},
    database::Database,
    error::Result,
    events::{self, EventsConfig},
    posts::{PostService, ViewCounter},
};

/// How long posts and comments stay in the trash, and spam is kept, in seconds.
const TRASH_KEPT: i64 = 30 * 24 * 60 * 60;

/// How long ago a content type must have been changed last before its indexes are looked over, in seconds: somebody may be
/// changing it.
const UNCHANGED: i64 = 5 * 60;

/// Those whose work it is.
pub(crate) struct Upkeep {
    pub(crate) database: Database,
    pub(crate) posts: PostService,
    pub(crate) comments: CommentService,
    pub(crate) content_types: TypeService,
    pub(crate) auth: Arc<AuthService>,
    pub(crate) views: ViewCounter,
    pub(crate) events: Arc<EventsConfig>,
}

impl Upkeep {
    /// The site's own jobs.
    pub(crate) fn jobs(self) -> Result<Vec<JobDefinition>> {
        let Self { database, posts, comments, content_types, auth, views, events } = self;
        let parts = BuiltinWork {
            next_scheduled: look({
                let posts = posts.clone();
                move || {
                    let posts = posts.clone();
                    async move { posts.next_scheduled().await }
                }
            }),
            publish: work({
                let posts = posts.clone();
                move |now| {
                    let posts = posts.clone();
                    async move { Ok(told(posts.publish_due(now).await?, "published")) }
                }
            }),
            purge_trash: work(move |now| {
                let (posts, comments) = (posts.clone(), comments.clone());
                async move {
                    let before = now.plus_seconds(-TRASH_KEPT);
                    let gone = [
                        told(posts.purge_trash(before).await?, "posts and pages removed"),
                        told(comments.purge(before).await?, "comments removed"),
                    ];
                    Ok(joined(&gone))
                }
            }),
            clean_up: work({
                let database = database.clone();
                move |now| {
                    let (database, auth, events) = (database.clone(), Arc::clone(&auth), Arc::clone(&events));
                    let content_types = content_types.clone();
                    async move {
                        let gone = [
                            told(
                                events::clean_up(&database, &events, now).await?,
                                "events and deliveries removed",
                            ),
                            told(auth.purge_sessions(now).await?, "sessions removed"),
                        ];
                        content_types.tidy_indexes(now.plus_seconds(-UNCHANGED)).await?;
                        Ok(joined(&gone))
                    }
                }
            }),
            flush_views: work({
                let database = database.clone();
                move |_now| {
                    let (views, database) = (views.clone(), database.clone());
                    async move { Ok(told(views.flush(&database).await?, "posts' views written")) }
                }
            }),
        };
        builtin_jobs(parts, &database)
    }
}

/// What was done, in words; nothing where nothing was.
fn told(count: u64, what: &str) -> String {
    if count == 0 { String::new() } else { format!("{count} {what}") }
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
}
