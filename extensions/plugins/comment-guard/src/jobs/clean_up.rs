//! The clean-up: nothing is remembered for ever, and no table grows without end.

use fleuron_plugin::data::Error;

use crate::memory::{approvals, corpus, refusals, reputations, sightings};
use crate::settings::Settings;

const DAY: i64 = 24 * 60 * 60;
/// So many comments are remembered at most, about 40 MB.
const MOST_SIGHTINGS: i64 = 50_000;
/// So many words are remembered at most, about 5 MB.
const MOST_TOKENS: i64 = 50_000;
/// A word that was seen once is chance after so long.
const RARE_TOKEN_DAYS: i64 = 60;
/// A comment that was not approved after so long never will be.
const SIGNATURE_DAYS: i64 = 90;
/// Whoever wrote nothing for so long is a stranger again.
const REPUTATION_DAYS: i64 = 730;
/// A comment that was approved so long ago is not changed any more, and if it is, it counts twice.
const LESSON_DAYS: i64 = 365;

/// Forgets what is old or too much; says how many rows went.
pub(super) fn run(settings: &Settings, now: i64) -> Result<String, Error> {
    let ago = |days: i64| now - days * DAY;
    let remembered = ago(settings.remember_days);
    let forgotten = [
        sightings::forget(remembered, MOST_SIGHTINGS)?,
        refusals::forget(remembered)?,
        reputations::forget(ago(SIGNATURE_DAYS), ago(REPUTATION_DAYS))?,
        approvals::forget(ago(LESSON_DAYS))?,
        corpus::forget(ago(RARE_TOKEN_DAYS), MOST_TOKENS)?,
    ];
    Ok(format!("forgot {} rows", forgotten.iter().sum::<u64>()))
}

#[cfg(test)]
mod tests {
    use super::{DAY, run};
    use crate::assessment::Decision;
    use crate::memory::testing::host;
    use crate::memory::{reputations, sightings};
    use crate::settings::Settings;
    use crate::signals::testing::{NOW, comment, look};

    #[test]
    fn each_table_forgets_in_its_own_time() {
        let _host = host();
        look(&comment("Ada", "ada@example.com", "Hello"), |submission| {
            sightings::record(submission, Decision::Pass)
        })
        .unwrap();
        reputations::sign("c", 1, NOW).unwrap();
        reputations::approve(&[1], NOW).unwrap();
        let settings = Settings { remember_days: 7, ..Settings::default() };
        for (day, forgotten) in [(0, 0), (7, 0), (8, 1), (90, 0), (91, 1), (730, 0), (731, 1)] {
            assert_eq!(run(&settings, NOW + day * DAY), Ok(format!("forgot {forgotten} rows")), "day {day}");
        }
    }
}
