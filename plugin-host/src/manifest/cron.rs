//! The jobs of a manifest.

use std::collections::BTreeSet;
use std::time::Duration;

use super::faults::Faults;
use super::section::Section;
use crate::cron::{self, Schedule};

/// The largest `timeout_ms` of a job.
pub(super) const MAX_JOB_TIMEOUT_MS: i64 = 600_000;
/// The largest `job_type` and `label`, in bytes.
const MAX_JOB_TYPE: usize = 100;
const MAX_LABEL: usize = 200;

/// One `[[cron]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct CronEntry {
    /// The name that people read.
    pub label: String,
    /// The name that the plugin knows it by; unique within the plugin.
    pub job_type: String,
    /// What the hook is handed; none: JSON of label, job type and due time.
    pub payload: Option<String>,
    /// The expression as written.
    pub cron_expr: String,
    /// The expression, parsed, in the job's time zone.
    pub schedule: Schedule,
    /// Whether it runs unless an administrator says otherwise; true by default.
    pub enabled: bool,
    /// Wall time of one run (`timeout_ms`); none: that of the plugin's other calls.
    pub time_limit: Option<Duration>,
    /// What becomes of runs that were missed.
    pub catch_up: CatchUp,
}

/// What becomes of due times that are over for more than a minute, because no server ran. Until then they still count
/// as due; where the first of several is over for more than five seconds, only the last one is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// However many were missed, there is one run for all (`"once"`).
    #[default]
    Once,
    /// They are left out (`"skip"`).
    Skip,
}

impl CatchUp {
    /// The word in manifests and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            CatchUp::Once => "once",
            CatchUp::Skip => "skip",
        }
    }
}

/// The entries `[[cron]]`.
pub(super) fn cron(sections: Vec<Section>, faults: &mut Faults<'_>) -> Vec<CronEntry> {
    let mut entries = Vec::new();
    let mut job_types = BTreeSet::new();
    for section in sections {
        let key = section.key("job_type");
        let (job_type, entry) = entry(section, faults);
        if !job_type.is_empty() && !job_types.insert(job_type.clone()) {
            faults.add(key, format!("is \"{job_type}\" a second time; give each job its own"));
        }
        entries.extend(entry);
    }
    entries
}

/// An entry, unless its due times are not known, and its job type.
fn entry(mut section: Section, faults: &mut Faults<'_>) -> (String, Option<CronEntry>) {
    let label = name(&mut section, "label", "Scheduled task", MAX_LABEL, faults);
    let job_type = name(&mut section, "job_type", "my_task", MAX_JOB_TYPE, faults);
    let payload = section.string("payload", faults);
    let cron_expr = section.required("cron_expr", "0 */6 * * *", faults);
    let schedule = schedule(&mut section, &cron_expr, faults);
    let enabled = section.boolean("enabled", faults).unwrap_or(true);
    let time_limit = section.integer("timeout_ms", 1..=MAX_JOB_TIMEOUT_MS, faults);
    let time_limit = time_limit.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    let words = [CatchUp::Once, CatchUp::Skip].map(|catch_up| (catch_up.as_str(), catch_up));
    let catch_up = section.choice("catch_up", &words, faults).unwrap_or_default();
    section.finish(faults);
    let entry = schedule.map(|schedule| {
        let job_type = job_type.clone();
        CronEntry { label, job_type, payload, cron_expr, schedule, enabled, time_limit, catch_up }
    });
    (job_type, entry)
}

/// A string that must be there, in one line that a list and an index have room for.
fn name(
    section: &mut Section,
    key: &'static str,
    example: &str,
    longest: usize,
    faults: &mut Faults<'_>,
) -> String {
    let text = section.required(key, example, faults);
    if text.len() > longest {
        let reason = format!("has {} bytes; it has {longest} at most", text.len());
        faults.add(section.key(key), reason);
    }
    if text.chars().any(char::is_control) {
        faults.add(section.key(key), "has a control character, such as a line break; leave it out");
    }
    text
}

fn schedule(section: &mut Section, cron_expr: &str, faults: &mut Faults<'_>) -> Option<Schedule> {
    let zone = section.string("time_zone", faults).unwrap_or_else(|| "UTC".to_owned());
    let zone = match cron::time_zone(&zone) {
        Ok(zone) => zone.name(),
        Err(reason) => {
            faults.add(section.key("time_zone"), format!("is {reason}"));
            // What is wrong with the expression is told all the same.
            "UTC"
        }
    };
    if cron_expr.is_empty() {
        return None;
    }
    let schedule = Schedule::parse_in(cron_expr, zone);
    schedule.map_err(|reason| faults.add(section.key("cron_expr"), reason)).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Manifest, ManifestErrors};
    use super::*;

    fn parse(job: &str) -> Result<Manifest, ManifestErrors> {
        let plugin = "[plugin]\nid = \"a.b\"\nname = \"B\"\nversion = \"1.0.0\"\n[[cron]]\nlabel = \"A job\"\n\
                      job_type = \"job\"\n";
        Manifest::parse(&format!("{plugin}{job}"), Path::new("manifest.toml"))
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let manifest = parse("cron_expr = \"0 3 * * *\"").expect("a good manifest");
        let job = &manifest.cron[0];
        assert_eq!((job.schedule.zone(), job.enabled, job.time_limit), ("UTC", true, None));
        assert_eq!(job.catch_up, CatchUp::Once);
    }

    #[test]
    fn everything_is_read() {
        let manifest = parse(
            "cron_expr = \"0 3 * * *\"\ntime_zone = \"Europe/Berlin\"\nenabled = false\ntimeout_ms = 30000\n\
             catch_up = \"skip\"",
        );
        let manifest = manifest.expect("a good manifest");
        let job = &manifest.cron[0];
        assert_eq!((job.schedule.zone(), job.enabled), ("Europe/Berlin", false));
        assert_eq!((job.time_limit, job.catch_up), (Some(Duration::from_secs(30)), CatchUp::Skip));
    }

    #[test]
    fn faults_come_all_at_once() {
        let errors = parse(
            "cron_expr = \"every day\"\ntime_zone = \"Berlin\"\nenabled = \"yes\"\ntimeout_ms = 0\ncatch_up = \"all\"\n\
             colour = \"blue\"",
        );
        let faults = errors.expect_err("faults").0;
        for (key, words) in [
            ("time_zone", "is \"Berlin\", which is no time zone; write a name of the IANA database"),
            ("cron_expr", "`every day` is not a cron expression"),
            ("enabled", "true or false belongs here"),
            ("timeout_ms", "from 1 to 600000"),
            ("catch_up", "it is one of \"once\", \"skip\""),
            (
                "colour",
                "known here: catch_up, cron_expr, enabled, job_type, label, payload, time_zone, timeout_ms",
            ),
        ] {
            let found = faults.iter().find(|fault| fault.key == format!("cron[0].{key}"));
            let found = found.unwrap_or_else(|| panic!("{key} is not among {faults:?}"));
            assert!(found.reason.contains(words), "{found}");
        }
        assert_eq!(faults.len(), 6, "{faults:?}");
    }

    #[test]
    fn names_are_short_and_have_one_line() {
        let parse = |label: &str, job_type: &str| {
            let text = format!(
                "[plugin]\nid = \"a.b\"\nname = \"B\"\nversion = \"1.0.0\"\n[[cron]]\nlabel = \"{label}\"\n\
                 job_type = \"{job_type}\"\ncron_expr = \"0 3 * * *\""
            );
            let errors = Manifest::parse(&text, Path::new("manifest.toml")).err();
            errors.map(|errors| errors.0).unwrap_or_default()
        };
        assert!(parse(&"l".repeat(200), &"j".repeat(100)).is_empty());
        let long = parse(&"l".repeat(201), &"\u{e4}".repeat(51));
        let told: Vec<&str> = long.iter().map(|fault| fault.reason.as_str()).collect();
        assert_eq!(told, ["has 201 bytes; it has 200 at most", "has 102 bytes; it has 100 at most"]);
        let broken = parse("a\\nb", "a\\u0000");
        let keys: Vec<&str> = broken.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["cron[0].label", "cron[0].job_type"], "{broken:?}");
    }
}
