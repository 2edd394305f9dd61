//! The signals: each looks at a comment in its own way and says how much that counts. None of them can refuse a comment
//! alone but by an administrator's own choice, as with a blocked word.

pub(crate) mod classifier;

mod blocked_words;
mod duplicates;
mod email;
mod flood;
mod links;
mod repetition;
mod reputation;
mod scripts;
mod shouting;

use fleuron_plugin::data::Error;
use fleuron_plugin::host_api;

use crate::assessment::{Assessment, Finding};
use crate::settings::Settings;
use crate::submission::Submission;

type BySight = fn(&Submission<'_>, &Settings) -> Option<Finding>;
type ByMemory = fn(&Submission<'_>, &Settings) -> Result<Option<Finding>, Error>;

/// Signals that need the comment alone.
const BY_SIGHT: [(&str, BySight); 6] = [
    ("links", links::weigh),
    ("blocked words", blocked_words::weigh),
    ("shouting", shouting::weigh),
    ("repetition", repetition::weigh),
    ("scripts", scripts::weigh),
    ("e-mail", email::weigh),
];

/// Signals that need what was remembered.
const BY_MEMORY: [(&str, ByMemory); 4] = [
    ("duplicates", duplicates::weigh),
    ("flood", flood::weigh),
    ("reputation", reputation::weigh),
    (classifier::NAME, classifier::weigh),
];

/// Asks all signals. One whose tables do not answer is left out, and the log says so: the others still know a lot.
pub(crate) fn assess(submission: &Submission<'_>, settings: &Settings) -> Assessment {
    let mut assessment = Assessment::default();
    for (signal, weigh) in BY_SIGHT {
        if let Some(finding) = weigh(submission, settings) {
            assessment.add(signal, finding);
        }
    }
    for (signal, weigh) in BY_MEMORY {
        match weigh(submission, settings) {
            Ok(finding) => finding.into_iter().for_each(|finding| assessment.add(signal, finding)),
            Err(error) => host_api::log("warn", &format!("{signal} was left out: {error}")),
        }
    }
    assessment
}

#[cfg(test)]
pub(crate) mod testing {
    use fleuron_plugin::{CallContext, CommentInput};

    use crate::settings::Settings;
    use crate::submission::Submission;

    /// A moment to write comments at.
    pub(crate) const NOW: i64 = 1_790_000_000;

    /// A comment of a guest.
    pub(crate) fn comment(nickname: &str, email: &str, content: &str) -> CommentInput {
        CommentInput {
            content: content.to_owned(),
            nickname: Some(nickname.to_owned()),
            email: Some(email.to_owned()),
            parent_id: None,
        }
    }

    /// Lets something look at a comment on the post `post`.
    pub(crate) fn look<T>(comment: &CommentInput, see: impl FnOnce(&Submission<'_>) -> T) -> T {
        let context = CallContext { parent_id: Some("post".to_owned()), ..CallContext::default() };
        see(&Submission::new(comment, &context, NOW))
    }

    /// What a signal makes of a text by Ada, in points.
    pub(crate) fn points(weigh: super::BySight, settings: &Settings, content: &str) -> f64 {
        let comment = comment("Ada", "ada@example.com", content);
        look(&comment, |submission| weigh(submission, settings).map_or(0.0, |finding| finding.points))
    }
}
