//! Duplicates: the same text, or nearly the same, that came before.

use fleuron_plugin::data::Error;

use crate::assessment::Finding;
use crate::memory::sightings::{self, Sighting};
use crate::settings::Settings;
use crate::submission::Submission;

/// For the same text once before, and for each further time.
const IDENTICAL: (f64, f64) = (4.0, 1.0);
/// For nearly the same text once before, and for each further time.
const SIMILAR: (f64, f64) = (3.0, 1.0);
/// Where such a text was refused.
const REFUSED: f64 = 2.0;
/// For the same text by the same person on the same post: somebody clicked twice.
const CLICKED_TWICE: f64 = 1.0;
const MOST: f64 = 8.0;

/// Looks for texts that are like this one.
pub(super) fn weigh(submission: &Submission<'_>, _: &Settings) -> Result<Option<Finding>, Error> {
    let Some(fingerprint) = &submission.fingerprint else { return Ok(None) };
    let identical = sightings::identical(fingerprint.identical)?;
    let similar = sightings::similar(fingerprint.identical, &fingerprint.bands)?;
    let again = identical.iter().any(|sighting| is_second_try(submission, sighting));
    // Whoever was told to leave out links writes nearly the same text again, and should.
    let others = |sightings: Vec<Sighting>| -> Vec<Sighting> {
        sightings.into_iter().filter(|sighting| !is_second_try(submission, sighting)).collect()
    };
    let (identical, similar) = (others(identical), others(similar));
    let refused = identical.iter().chain(&similar).any(|sighting| sighting.refused);
    let findings = [
        count(identical.len(), IDENTICAL, "the same text"),
        count(similar.len(), SIMILAR, "nearly the same text"),
        if refused { Finding::new(REFUSED, "it was refused before") } else { None },
        if again { Finding::new(CLICKED_TWICE, "sent twice") } else { None },
    ];
    Ok(Finding::join(findings, MOST))
}

fn is_second_try(submission: &Submission<'_>, sighting: &Sighting) -> bool {
    submission.author().is_some()
        && sighting.author == submission.author()
        && sighting.post_id == submission.post_id
}

fn count(times: usize, (first, each_more): (f64, f64), what: &str) -> Option<Finding> {
    let more = times.checked_sub(1)?;
    Finding::new(first + each_more * more as f64, format!("{what}, seen before: {times}"))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::CallContext;

    use super::weigh;
    use crate::assessment::Decision;
    use crate::memory::sightings::record;
    use crate::memory::testing::host;
    use crate::settings::Settings;
    use crate::signals::testing::{NOW, comment};
    use crate::submission::Submission;

    const TEXT: &str = "My cousin earns ninety dollars an hour working from home, and her last cheque was for nine \
        thousand after just a month of it; look here: http://work.example/";

    fn on<T>(post: &str, email: &str, content: &str, see: impl FnOnce(&Submission<'_>) -> T) -> T {
        let context = CallContext { parent_id: Some(post.to_owned()), ..CallContext::default() };
        see(&Submission::new(&comment("Ada", email, content), &context, NOW))
    }

    fn send(post: &str, email: &str, content: &str, decision: Decision) {
        on(post, email, content, |submission| record(submission, decision)).unwrap();
    }

    fn points(post: &str, email: &str, content: &str) -> f64 {
        on(post, email, content, |submission| weigh(submission, &Settings::default()).unwrap())
            .map_or(0.0, |finding| finding.points)
    }

    #[test]
    fn the_same_text_counts_more_each_time() {
        let _host = host();
        assert_eq!(points("a", "x@example.com", TEXT), 0.0);
        send("a", "x@example.com", TEXT, Decision::Pass);
        assert_eq!(points("b", "x@example.com", TEXT), 4.0, "on another post");
        assert_eq!(points("a", "y@example.com", TEXT), 4.0, "by somebody else");
        send("b", "y@example.com", &TEXT.to_uppercase(), Decision::Hold);
        assert_eq!(points("c", "z@example.com", &TEXT.replace("work.example/", "work.example/?17")), 5.0);
        for _ in 0..10 {
            send("b", "y@example.com", TEXT, Decision::Pass);
        }
        assert_eq!(points("c", "z@example.com", TEXT), 8.0);
    }

    #[test]
    fn nearly_the_same_text_counts() {
        let _host = host();
        send("a", "x@example.com", TEXT, Decision::Refuse);
        let changed = TEXT.replace("cousin", "neighbour").replace("home", "bed");
        assert_eq!(points("b", "y@example.com", &changed), 5.0, "similar, and refused before");
    }

    #[test]
    fn who_tries_again_is_not_punished() {
        let _host = host();
        send("a", "x@example.com", TEXT, Decision::Refuse);
        assert_eq!(points("a", "x@example.com", TEXT), 1.0);
        assert_eq!(points("a", "x@example.com", &TEXT.replace("; look here: http://work.example/", "")), 0.0);
    }

    #[test]
    fn many_people_say_thanks() {
        let _host = host();
        send("a", "x@example.com", "Thanks a lot!", Decision::Pass);
        assert_eq!(points("b", "y@example.com", "Thanks a lot!"), 0.0);
    }
}
