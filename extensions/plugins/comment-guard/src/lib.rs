//! Spam protection for comments.
//!
//! Independent signals each look at a comment and give points for what speaks against it, or take some for what speaks for
//! it. The sum decides whether it passes, waits for a moderator or is refused, and the log says why. What came of it is
//! remembered, by hashes rather than texts and addresses, and a lesson every hour teaches a classifier the words of
//! approved and of refused comments.
//!
//! ```text
//! comment -> submission -> signals -> assessment -> decision
//!                             ^                        |
//!                             +------- memory <--------+ <- jobs
//! ```

mod address;
mod assessment;
mod fingerprint;
mod hash;
mod jobs;
mod links;
mod memory;
mod settings;
mod signals;
mod submission;
mod text;

use fleuron_plugin::data::Error;
use fleuron_plugin::prelude::*;

use address::Address;
use assessment::{Assessment, Decision};
use memory::{refusals, reputations, sightings};
use settings::Settings;
use signals::classifier;
use submission::Submission;

struct CommentGuard;

impl Guest for CommentGuard {
    fn on_comment_creating(input: CommentInput) -> Option<CommentInput> {
        let (settings, context) = (Settings::load(), context::current());
        if context.acting_user.is_some() && !settings.check_members {
            return None;
        }
        let submission = Submission::new(&input, &context, clock::unix_seconds());
        let assessment = signals::assess(&submission, &settings);
        let decision = assessment.decision(&settings);
        report(&submission, &assessment, decision);
        if let Err(error) = remember(&submission, &assessment, decision, &settings) {
            host_api::log("warn", &format!("the comment could not be remembered: {error}"));
        }
        match decision {
            Decision::Pass => {}
            Decision::Hold => verdict::hold(),
            Decision::Refuse => verdict::refuse("spam", &settings.message),
        }
        None
    }

    /// Whose comment it is can be told now alone: later, the site shows comments without their addresses.
    fn on_comment_created(input: CommentInput) {
        let author = input.email.as_deref().and_then(Address::parse);
        let (Some(author), Some(comment)) = (author, context::current().entity_id) else { return };
        if let Err(error) =
            reputations::sign(&comment, submission::author_key(&author), clock::unix_seconds())
        {
            panic!("who wrote the comment could not be remembered: {error}");
        }
    }

    fn on_cron_tick(payload: Option<String>) {
        jobs::run(payload.as_deref().unwrap_or_default(), &Settings::load(), clock::unix_seconds());
    }
}

export_plugin_hooks!(CommentGuard);

/// Neither the text nor the address goes to the log.
fn report(submission: &Submission<'_>, assessment: &Assessment, decision: Decision) {
    let level = if assessment.is_empty() { "debug" } else { "info" };
    host_api::log(level, &format!("{} a comment on {}: {assessment}", decision.word(), submission.post_id));
}

fn remember(
    submission: &Submission<'_>,
    assessment: &Assessment,
    decision: Decision,
    settings: &Settings,
) -> Result<(), Error> {
    sightings::record(submission, decision)?;
    // What only the classifier takes for spam would teach it its own mistakes.
    if settings.learn && assessment.score_without(classifier::NAME) >= settings.refuse_at {
        refusals::keep(submission)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
