//! The lesson: approved comments of the site are ham, what was refused here is spam.
//!
//! Each batch is one transaction, so that a comment counts once whatever happens: its words, the trust that its author
//! earned and the note that it was learned from are kept together or not at all.

use fleuron_plugin::data::Error;
use fleuron_plugin::database;

use crate::memory::corpus::{self, Kind};
use crate::memory::{approvals, refusals, reputations};
use crate::signals::classifier::tokens;
use crate::submission::nickname_key;

/// Comments in one transaction.
const BATCH: u32 = 50;
/// Batches of either kind in one lesson: as much as fits into the time of a call.
const BATCHES: usize = 10;

/// Learns what is there to be learned, some hundred comments at most; says how many it were.
pub(super) fn run(now: i64) -> Result<String, Error> {
    let approved = in_batches(|| learn_approved(now))?;
    let refused = in_batches(|| learn_refused(now))?;
    Ok(format!("learned from {approved} approved and {refused} refused comments"))
}

/// Goes on until a batch is not full.
fn in_batches(batch: impl Fn() -> Result<usize, Error>) -> Result<usize, Error> {
    let mut all = 0;
    for _ in 0..BATCHES {
        let learned = database::transaction(&batch)?;
        all += learned;
        if learned < BATCH as usize {
            break;
        }
    }
    Ok(all)
}

fn learn_approved(now: i64) -> Result<usize, Error> {
    let approved = approvals::unlearned(BATCH.into())?;
    let ids: Vec<&str> = approved.iter().map(|approval| approval.id.as_str()).collect();
    let nicknames = approved.iter().map(|approval| nickname_key(&approval.nickname));
    let named: Vec<i64> = nicknames.chain(reputations::take_signatures(&ids)?).collect();
    reputations::approve(&named, now)?;
    let documents: Vec<Vec<String>> =
        approved.iter().map(|approval| tokens(&approval.content, &approval.nickname)).collect();
    corpus::learn(Kind::Ham, &documents, now)?;
    approvals::mark_learned(&approved, now)?;
    Ok(approved.len())
}

fn learn_refused(now: i64) -> Result<usize, Error> {
    let refused = refusals::oldest(BATCH)?;
    let documents: Vec<Vec<String>> =
        refused.iter().map(|refusal| tokens(&refusal.content, &refusal.nickname)).collect();
    corpus::learn(Kind::Spam, &documents, now)?;
    refusals::remove(&refused)?;
    Ok(refused.len())
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;
    use fleuron_plugin::{data, row};

    use super::{BATCH, BATCHES, run};
    use crate::memory::corpus::{self, Counts};
    use crate::memory::testing::host;
    use crate::memory::{refusals, reputations};
    use crate::signals::testing::{NOW, comment, look};
    use crate::submission::nickname_key;

    fn approve(host: &MemoryHost, id: usize, content: &str) {
        let row = row! {
            "id" => format!("{id:05}"), "nickname" => "Ada", "content" => content,
            "updated_at" => format!("2026-11-01T{:02}:{:02}:00.000Z", id / 60, id % 60),
        };
        host.seed_view("core_comments", [row]).unwrap();
    }

    fn refuse(content: &str) {
        look(&comment("Spammer", "x@example.com", content), refusals::keep).unwrap();
    }

    #[test]
    fn both_kinds_are_learned_once() {
        let host = host();
        approve(&host, 1, "A good question about charts");
        approve(&host, 2, "Charts again");
        refuse("Cheap pills");
        assert_eq!(run(NOW), Ok("learned from 2 approved and 1 refused comments".to_owned()));
        assert_eq!(run(NOW), Ok("learned from 0 approved and 0 refused comments".to_owned()));
        assert_eq!(corpus::size(), Ok(Counts { ham: 2, spam: 1 }));
        let words = ["charts", "pills", "name:ada", "name:spammer"].map(str::to_owned);
        let counts = corpus::counts(&words).unwrap();
        assert_eq!(
            (counts["charts"], counts["pills"]),
            (Counts { ham: 2, spam: 0 }, Counts { ham: 0, spam: 1 })
        );
        assert_eq!(
            (counts["name:ada"], counts["name:spammer"]),
            (Counts { ham: 2, spam: 0 }, Counts { ham: 0, spam: 1 })
        );
        assert_eq!(data::table("refusals").count(), Ok(0), "no text is kept longer than needed");
    }

    #[test]
    fn trust_goes_to_who_signed() {
        let host = host();
        reputations::sign("00001", 77, NOW).unwrap();
        approve(&host, 1, "Signed");
        approve(&host, 2, "From before the plugin was there");
        run(NOW).unwrap();
        assert_eq!(reputations::approved(77), Ok(1));
        assert_eq!(reputations::approved(nickname_key("ada")), Ok(2));
        assert_eq!(data::table("signatures").count(), Ok(0));
    }

    #[test]
    fn a_lesson_has_an_end_and_the_next_goes_on() {
        let host = host();
        for id in 0..620 {
            approve(&host, id, "Word");
        }
        assert_eq!(run(NOW), Ok("learned from 500 approved and 0 refused comments".to_owned()));
        assert_eq!(run(NOW), Ok("learned from 120 approved and 0 refused comments".to_owned()));
        assert_eq!(corpus::size().unwrap().ham, 620);
    }

    /// A site ends a call that makes more than 2 000 statements.
    #[test]
    fn the_longest_lesson_fits_into_a_call() {
        let host = host();
        for id in 0..BATCH as usize {
            let text = |kind| (0..150).map(|word| format!("{kind}{id}x{word} ")).collect::<String>();
            approve(&host, id, &text("good"));
            reputations::sign(&format!("{id:05}"), 77, NOW).unwrap();
            refuse(&text("bad"));
        }
        let learned = host.call(|| run(NOW)).unwrap();
        assert_eq!(learned, format!("learned from {BATCH} approved and {BATCH} refused comments"));
        assert_eq!(reputations::approved(77), Ok(BATCH.into()));
        let statements = host.statements() as usize * BATCHES;
        assert!(statements < 2_000, "{statements}");
    }

    #[test]
    fn a_batch_that_fails_leaves_nothing_behind() {
        let host = host();
        approve(&host, 1, "Good words");
        // The note of what was learned comes last.
        let broken = "CREATE TRIGGER full BEFORE INSERT ON lessons BEGIN SELECT RAISE(ABORT, 'no room'); END";
        host.migrate(broken).unwrap();
        assert_eq!(run(NOW).map_err(|error| error.message), Err("no room".to_owned()));
        assert_eq!(corpus::size(), Ok(Counts::default()));
        assert_eq!((data::table("tokens").count(), data::table("reputations").count()), (Ok(0), Ok(0)));
    }
}
