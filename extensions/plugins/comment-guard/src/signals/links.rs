//! Links: what spam is written for.

use std::collections::BTreeSet;

use crate::assessment::Finding;
use crate::links;
use crate::settings::Settings;
use crate::submission::Submission;

/// For the first link too many.
const TOO_MANY: f64 = 2.0;
/// For each further one.
const EACH_MORE: f64 = 1.5;
/// For a text that is hardly more than its links.
const LITTLE_ELSE: f64 = 2.0;
/// How much of a text may be links, of all its characters.
const SHARE: f64 = 0.5;
/// Links in other markup than Markdown, with points for it. That of forums is what machines write; HTML is also what people
/// are used to from other sites.
const FOREIGN_MARKUP: [(&str, f64); 4] = [("[url=", 5.0), ("[url]", 5.0), ("[link=", 5.0), ("<a href", 3.0)];
/// For a link in the place of a name.
const IN_NAME: f64 = 3.0;
const MOST: f64 = 9.0;

/// Counts links beyond those allowed, texts of links alone, foreign markup and links as names.
pub(super) fn weigh(submission: &Submission<'_>, settings: &Settings) -> Option<Finding> {
    Finding::join(
        [number(submission, settings), share(submission), markup(submission), name(submission)],
        MOST,
    )
}

fn number(submission: &Submission<'_>, settings: &Settings) -> Option<Finding> {
    // `<a href="X">X</a>` is one link.
    let different: BTreeSet<&str> = submission.links.iter().map(|link| link.text).collect();
    let (links, allowed) = (different.len(), settings.max_links);
    let more = links.checked_sub(allowed + 1)?;
    Finding::new(TOO_MANY + EACH_MORE * more as f64, format!("{links} links, {allowed} allowed"))
}

fn share(submission: &Submission<'_>) -> Option<Finding> {
    let linked: usize = submission.links.iter().map(|link| link.text.chars().count()).sum();
    let all = submission.content.chars().filter(|character| !character.is_whitespace()).count();
    let share = linked as f64 / all.max(1) as f64;
    (share > SHARE).then(|| Finding::new(LITTLE_ELSE, format!("{:.0} % of the text", 100.0 * share)))?
}

fn markup(submission: &Submission<'_>) -> Option<Finding> {
    let lower = submission.content.to_ascii_lowercase();
    let (markup, points) = FOREIGN_MARKUP.into_iter().find(|(markup, _)| lower.contains(markup))?;
    Finding::new(points, format!("{markup} is no Markdown"))
}

fn name(submission: &Submission<'_>) -> Option<Finding> {
    let links = links::find(submission.nickname);
    (!links.is_empty()).then(|| Finding::new(IN_NAME, "a link as a name"))?
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::settings::Settings;
    use crate::signals::testing::{comment, look, points};

    fn of(content: &str) -> f64 {
        points(weigh, &Settings::default(), content)
    }

    /// Enough words around links for them not to be all there is.
    fn text_with(links: &[&str]) -> String {
        format!(
            "The author of this post might be interested in what I wrote about the same some years ago: {}",
            links.join(" ")
        )
    }

    #[test]
    fn only_links_beyond_those_allowed_count() {
        assert_eq!(of(&text_with(&[])), 0.0);
        assert_eq!(of(&text_with(&["http://a.example", "http://b.example"])), 0.0);
        assert_eq!(of(&text_with(&["http://a.example", "http://b.example", "http://c.example"])), 2.0);
        assert_eq!(
            of(&text_with(&["http://a.example", "http://b.example", "http://c.example", "www.d.example"])),
            3.5
        );
        assert_eq!(of(&text_with(&["http://a.example"; 4])), 0.0, "the same link again is no other one");
        let none = Settings { max_links: 0, ..Settings::default() };
        assert_eq!(points(weigh, &none, &text_with(&["http://a.example"])), 2.0);
    }

    #[test]
    fn a_bare_link_counts() {
        assert_eq!(of("https://shop.example/pills"), 2.0);
        assert_eq!(of("See https://shop.example/pills"), 2.0);
    }

    #[test]
    fn foreign_markup_counts() {
        assert_eq!(of(&text_with(&["[URL=http://a.example]cheap[/URL]"])), 5.0);
        assert_eq!(of(&text_with(&["<a href=\"http://a.example\">cheap</a>"])), 3.0);
        assert_eq!(of(&text_with(&["[a good page](http://a.example)"])), 0.0);
    }

    #[test]
    fn a_name_is_no_place_for_links() {
        let spam = comment("www.shop.example", "a@example.com", "Nice words.");
        let finding = look(&spam, |submission| weigh(submission, &Settings::default()));
        assert_eq!(
            finding.map(|finding| (finding.points, finding.reason)),
            Some((3.0, "a link as a name".to_owned()))
        );
    }

    #[test]
    fn there_is_an_end() {
        let links: Vec<String> = (0..100).map(|number| format!("http://{number}.example")).collect();
        assert_eq!(of(&links.join(" ")), 9.0);
    }
}
