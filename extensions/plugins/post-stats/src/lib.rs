//! Counts views, comments and posts by day, keeps the counts small as they age, and lists the most read posts.

mod booking;
mod digest;
mod popular;
mod ranking;
mod reading;
mod roll_up;
#[cfg(test)]
mod testing;
mod tick;

use fleuron_plugin::prelude::*;

use tick::{Job, Tick};

struct PostStats;

impl Guest for PostStats {
    fn filter_html(input: String) -> Option<String> {
        or_fail(popular::filter(&input))
    }

    fn on_post_created(output: PostOutput) {
        or_fail(booking::post_created(&output));
    }

    fn on_post_deleted(id: String) {
        or_fail(booking::post_deleted(&id));
    }

    fn on_comment_created(_input: CommentInput) {
        or_fail(booking::comment_created());
    }

    fn on_cron_tick(payload: Option<String>) {
        let tick = or_fail(Tick::read(payload.as_deref()));
        match tick.job {
            Job::Read => {
                let posts = or_fail(reading::read(&tick.day));
                host_api::log("debug", &format!("view counts of {posts} posts read"));
            }
            Job::RollUp => {
                let periods = or_fail(roll_up::roll_up(&tick.day));
                host_api::log("info", &format!("{periods} old days and months rolled up"));
            }
        }
        or_fail(digest::write(&tick.day));
    }
}

export_plugin_hooks!(PostStats);

/// Ends the call with the reason. Then the site delivers the event again, renders the page again before long, or notes
/// that the job failed: in each case nothing is lost.
fn or_fail<T>(outcome: Result<T, data::Error>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}
