//! The e-mail address: thrown away after use, or made up by a machine.

use crate::address::Address;
use crate::assessment::Finding;
use crate::settings::Settings;
use crate::submission::Submission;

/// For an address that is meant to be thrown away.
const DISPOSABLE: f64 = 3.0;
/// For one that looks made up.
const MADE_UP: f64 = 1.0;
/// Digits at the end that are more than a year of birth.
const MANY_DIGITS: usize = 5;
/// Consonants in a row that no name has.
const MANY_CONSONANTS: usize = 6;

/// Well-known services of throw-away addresses.
const DISPOSABLE_DOMAINS: [&str; 24] = [
    "10minutemail.com",
    "burnermail.io",
    "dispostable.com",
    "emailondeck.com",
    "fakeinbox.com",
    "getnada.com",
    "grr.la",
    "guerrillamail.com",
    "guerrillamail.info",
    "guerrillamail.net",
    "inboxkitten.com",
    "mailcatch.com",
    "maildrop.cc",
    "mailinator.com",
    "mailnesia.com",
    "mintemail.com",
    "mohmal.com",
    "sharklasers.com",
    "spamgourmet.com",
    "temp-mail.org",
    "tempail.com",
    "throwawaymail.com",
    "trashmail.com",
    "yopmail.com",
];

/// Looks at the address that came with the comment.
pub(super) fn weigh(submission: &Submission<'_>, settings: &Settings) -> Option<Finding> {
    let email = submission.email.as_ref()?;
    Finding::join([disposable(email, settings), made_up(email)], DISPOSABLE + MADE_UP)
}

fn disposable(email: &Address, settings: &Settings) -> Option<Finding> {
    let known = DISPOSABLE_DOMAINS.into_iter().chain(settings.disposable_domains.iter().map(String::as_str));
    let domain = known.into_iter().find(|domain| email.is_at(domain))?;
    Finding::new(DISPOSABLE, format!("{domain} gives throw-away addresses"))
}

fn made_up(email: &Address) -> Option<Finding> {
    let name = email.local.trim_end_matches(|character: char| character.is_ascii_digit());
    // Mail providers of China and others give numbers for names: those are nobody's invention.
    let digits = if name.is_empty() { 0 } else { email.local.len() - name.len() };
    let is_consonant = |character: char| character.is_ascii_alphabetic() && !"aeiouy".contains(character);
    let consonants = email.local.split(|character| !is_consonant(character)).map(str::len).max().unwrap_or(0);
    let looks = digits >= MANY_DIGITS || consonants >= MANY_CONSONANTS;
    looks.then(|| Finding::new(MADE_UP, "the address looks made up"))?
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::settings::Settings;
    use crate::signals::testing::{comment, look};

    fn points(email: &str) -> f64 {
        let settings =
            Settings { disposable_domains: vec!["trash.example".to_owned()], ..Settings::default() };
        look(&comment("Ada", email, "Hello."), |submission| {
            weigh(submission, &settings).map_or(0.0, |finding| finding.points)
        })
    }

    #[test]
    fn addresses_are_looked_at() {
        for (email, expected) in [
            ("ada.lovelace@example.com", 0.0),
            ("ada1815@example.com", 0.0),
            ("123456789@qq.com", 0.0),
            ("schwarzschild@example.com", 0.0),
            ("x@MAILINATOR.com", 3.0),
            ("x@eu.mailinator.com", 3.0),
            ("x@notmailinator.com", 0.0),
            ("x@trash.example", 3.0),
            ("ada918273645@example.com", 1.0),
            ("xkcdqwrt@example.com", 1.0),
            ("kjhgfdsx82736451@yopmail.com", 4.0),
            ("", 0.0),
        ] {
            assert_eq!(points(email), expected, "{email}");
        }
    }
}
