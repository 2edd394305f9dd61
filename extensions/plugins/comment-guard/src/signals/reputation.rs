//! Reputation: what became of earlier comments of the same person.

use fleuron_plugin::data::Error;

use crate::assessment::Finding;
use crate::memory::{reputations, sightings};
use crate::settings::Settings;
use crate::submission::{Submission, nickname_key};

/// For an address under which a comment was approved.
const KNOWN: f64 = -2.0;
/// For one under which several were.
const TRUSTED: f64 = -4.0;
/// How many are several.
const SEVERAL: i64 = 5;
/// For a nickname alone: everybody may use it.
const NAMESAKE: f64 = -0.5;
/// For each refused comment of the address.
const REFUSED: f64 = 1.0;
const MOST_REFUSED: f64 = 3.0;

/// Weighs approved comments against refused ones.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Result<Option<Finding>, Error> {
    let (approved, refused) = match submission.author() {
        Some(author) => (reputations::approved(author)?, sightings::refused_of(author)?),
        None => (0, 0),
    };
    let namesake = if approved == 0 { namesake(submission.nickname)? } else { None };
    let known = match approved {
        0 => None,
        SEVERAL.. => Finding::new(TRUSTED, format!("{approved} comments of the address were approved")),
        _ => Finding::new(KNOWN, format!("{approved} comments of the address were approved")),
    };
    let refused =
        Finding::new((REFUSED * refused as f64).min(MOST_REFUSED), format!("{refused} were refused"));
    Ok(Finding::join([known, namesake, refused], MOST_REFUSED))
}

fn namesake(nickname: &str) -> Result<Option<Finding>, Error> {
    if nickname.is_empty() {
        return Ok(None);
    }
    let approved = reputations::approved(nickname_key(nickname))?;
    Ok((approved > 0).then(|| Finding::new(NAMESAKE, "the nickname is known")).flatten())
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::assessment::Decision;
    use crate::memory::testing::host;
    use crate::memory::{reputations, sightings};
    use crate::settings::Settings;
    use crate::signals::testing::{NOW, comment, look};
    use crate::submission::nickname_key;

    fn points(nickname: &str, email: &str) -> f64 {
        let finding = look(&comment(nickname, email, "Hi"), |submission| {
            weigh(submission, &Settings::default()).unwrap()
        });
        finding.map_or(0.0, |finding| finding.points)
    }

    fn approve(email: &str, times: i64) {
        let author = look(&comment("", email, ""), |submission| submission.author()).unwrap();
        reputations::set(author, times, NOW);
    }

    #[test]
    fn trust_is_earned() {
        let _host = host();
        approve("once@example.com", 1);
        approve("often@example.com", 5);
        reputations::set(nickname_key("Ada L."), 3, NOW);
        for (nickname, email, expected) in [
            ("Bob", "new@example.com", 0.0),
            ("Bob", "once@example.com", -2.0),
            ("Bob", "Often@example.com", -4.0),
            ("ADA L.", "new@example.com", -0.5),
            ("Ada L.", "often@example.com", -4.0),
            ("", "", 0.0),
        ] {
            assert_eq!(points(nickname, email), expected, "{nickname} {email}");
        }
    }

    #[test]
    fn and_lost() {
        let _host = host();
        approve("often@example.com", 9);
        for expected in [-3.0, -2.0, -1.0, -1.0] {
            let refused = comment("Bob", "often@example.com", "Buy!");
            look(&refused, |submission| sightings::record(submission, Decision::Refuse)).unwrap();
            assert_eq!(points("Bob", "often@example.com"), expected);
        }
    }
}
