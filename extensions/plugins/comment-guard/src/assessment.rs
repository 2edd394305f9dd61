//! What all signals together say of a comment, and what comes of it.

use std::fmt;

use crate::settings::Settings;

/// What one signal found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// How much it counts against the comment; below 0 it speaks for it.
    pub(crate) points: f64,
    /// What was found, for the log.
    pub(crate) reason: String,
}

impl Finding {
    /// A finding; `None` where it counts for nothing.
    pub(crate) fn new(points: f64, reason: impl Into<String>) -> Option<Self> {
        (points != 0.0).then(|| Self { points, reason: reason.into() })
    }

    /// Several as one, which counts no more than `most`; `None` where there are none.
    pub(crate) fn join(findings: impl IntoIterator<Item = Option<Self>>, most: f64) -> Option<Self> {
        let findings: Vec<Self> = findings.into_iter().flatten().collect();
        let points = findings.iter().map(|finding| finding.points).sum::<f64>().min(most);
        let reasons: Vec<String> = findings.into_iter().map(|finding| finding.reason).collect();
        Self::new(points, reasons.join(", "))
    }
}

/// What becomes of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// What would become of it without this plugin.
    Pass,
    /// It waits for a moderator.
    Hold,
    /// It is not stored.
    Refuse,
}

impl Decision {
    /// The word in the log and in the tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Hold => "held",
            Self::Refuse => "refused",
        }
    }
}

/// What all signals found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Assessment {
    findings: Vec<(&'static str, Finding)>,
}

impl Assessment {
    /// Adds what a signal found.
    pub(crate) fn add(&mut self, signal: &'static str, finding: Finding) {
        self.findings.push((signal, finding));
    }

    /// Whether no signal found anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The sum of all points.
    pub(crate) fn score(&self) -> f64 {
        self.score_without("")
    }

    /// The sum without one signal.
    pub(crate) fn score_without(&self, left_out: &str) -> f64 {
        let others = self.findings.iter().filter(|(signal, _)| *signal != left_out);
        others.fold(0.0, |score, (_, finding)| score + finding.points)
    }

    /// What comes of it.
    pub(crate) fn decision(&self, settings: &Settings) -> Decision {
        match self.score() {
            score if score >= settings.refuse_at => Decision::Refuse,
            score if score >= settings.hold_at => Decision::Hold,
            _ => Decision::Pass,
        }
    }
}

/// `score 7.5: links +4.0 (4 links, 2 are allowed); shouting +3.5 (...)`.
impl fmt::Display for Assessment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "score {:.1}", self.score())?;
        for (position, (signal, finding)) in self.findings.iter().enumerate() {
            let separator = if position == 0 { ":" } else { ";" };
            write!(formatter, "{separator} {signal} {:+.1} ({})", finding.points, finding.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Assessment, Decision, Finding};
    use crate::settings::Settings;

    fn assessment(points: &[f64]) -> Assessment {
        let mut assessment = Assessment::default();
        for (signal, points) in ["links", "shouting", "classifier"].into_iter().zip(points) {
            assessment.add(signal, Finding { points: *points, reason: "why".to_owned() });
        }
        assessment
    }

    #[test]
    fn thresholds_decide() {
        let settings = Settings::default();
        for (points, decision) in [
            (&[][..], Decision::Pass),
            (&[4.9], Decision::Pass),
            (&[5.0], Decision::Hold),
            (&[6.0, 3.9], Decision::Hold),
            (&[6.0, 4.0], Decision::Refuse),
            (&[6.0, 4.0, -2.0], Decision::Hold),
        ] {
            assert_eq!(assessment(points).decision(&settings), decision, "{points:?}");
        }
        let strict = Settings { hold_at: 8.0, refuse_at: 3.0, ..settings };
        assert_eq!(assessment(&[4.0]).decision(&strict), Decision::Refuse, "refusing goes before holding");
    }

    #[test]
    fn the_log_says_why() {
        assert_eq!(assessment(&[]).to_string(), "score 0.0");
        let all = assessment(&[4.0, 1.5, -2.0]);
        assert_eq!(
            all.to_string(),
            "score 3.5: links +4.0 (why); shouting +1.5 (why); classifier -2.0 (why)"
        );
        assert_eq!(all.score_without("classifier"), 5.5);
    }

    #[test]
    fn findings_are_joined_up_to_a_limit() {
        let joined = Finding::join([Finding::new(2.0, "a"), None, Finding::new(3.0, "b")], 4.0);
        assert_eq!(joined, Some(Finding { points: 4.0, reason: "a, b".to_owned() }));
        assert_eq!(Finding::join([None, Finding::new(0.0, "c")], 4.0), None);
    }
}
