//! What a cron job is to do, and for which day.

use fleuron_plugin::data::{Error, ErrorCode};
use fleuron_plugin::database;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Read the view counts.
    Read,
    /// Make months of old days, and years of old months.
    RollUp,
}

/// A job that came due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) job: Job,
    /// The day on which it came due, as in `2026-11-28`, in UTC. A job that begins late still belongs to that day.
    pub(crate) day: String,
}

impl Tick {
    /// Reads what the site hands to a job whose manifest entry has no payload.
    pub(crate) fn read(payload: Option<&str>) -> Result<Tick, Error> {
        // A guest has neither a clock nor a reader of JSON; its database has both.
        let sql = "SELECT coalesce(json_extract(value, '$.job_type'), '') AS job, \
                   coalesce(date(json_extract(value, '$.due')), date('now')) AS day FROM (SELECT ? AS value)";
        let rows = database::query(sql, &[payload.unwrap_or("{}").into()])?;
        let row = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the payload has no answer"))?;
        let job = match row.text("job")? {
            "read" => Job::Read,
            "roll-up" => Job::RollUp,
            other => return Err(Error::new(ErrorCode::Invalid, format!("there is no job `{other}`"))),
        };
        Ok(Tick { job, day: row.text("day")?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, Tick};
    use crate::testing::{host, today};

    #[test]
    fn the_day_is_the_one_on_which_the_job_was_due() {
        host();
        let tick = |job: &str, due: &str| {
            let payload = format!(r#"{{"label":"x","job_type":"{job}","due":"{due}"}}"#);
            Tick::read(Some(&payload)).unwrap()
        };
        let expected = Tick { job: Job::Read, day: "2026-11-28".to_owned() };
        assert_eq!(tick("read", "2026-11-28T23:59:00Z"), expected);
        let expected = Tick { job: Job::RollUp, day: "2028-02-29".to_owned() };
        assert_eq!(tick("roll-up", "2028-02-29T02:20:00Z"), expected);
        assert_eq!(tick("read", "whenever").day, today());
    }

    #[test]
    fn what_is_no_job_is_refused() {
        host();
        for payload in [None, Some(""), Some("full"), Some("{}"), Some(r#"{"job_type":"sweep"}"#)] {
            assert!(Tick::read(payload).is_err(), "{payload:?}");
        }
    }
}
