//! Cron expressions: five fields, or six to seven with seconds (and year), Sunday as 0 or 7, and either day field
//! matching where both are set. Pure: the clock belongs to the caller.

use chrono::{DateTime, Timelike, Utc};
use croner::Cron;
use croner::parser::CronParser;

/// A parsed cron expression, in UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Cron);

impl Schedule {
    /// Parses an expression or one of `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
    ///
    /// # Errors
    /// Says what is wrong, also for an expression that is well-formed and never due, such as 30 February.
    pub fn parse(expression: &str) -> Result<Schedule, String> {
        let trimmed = expression.trim();
        let text = if trimmed.eq_ignore_ascii_case("@midnight") { "@daily" } else { trimmed };
        let cron = CronParser::new().parse(text).map_err(|error| {
            format!(
                "`{expression}` is not a cron expression: {error}; write five fields (minute hour day month weekday), \
                 six with leading seconds, or `@daily` and the like"
            )
        })?;
        let schedule = Schedule(cron);
        match schedule.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(format!("`{expression}` is never due")),
        }
    }

    /// The first due time strictly after `time`; none where there is no further one.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Due times are whole seconds; croner would carry a fraction over into its answer.
        self.0.find_next_occurrence(&time.with_nanosecond(0)?, false).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, after: &str) -> String {
        let after = DateTime::parse_from_rfc3339(after).expect("a time").with_timezone(&Utc);
        let schedule = Schedule::parse(expression).expect(expression);
        schedule.next_after(after).expect("a next time").format("%Y-%m-%d %H:%M:%S%.f").to_string()
    }

    #[test]
    fn due_times() {
        // 2026-01-01 is a Thursday.
        let table = [
            ("0 */6 * * *", "2026-01-01T00:00:00Z", "2026-01-01 06:00:00"),
            ("0 */6 * * *", "2026-01-01T05:59:59Z", "2026-01-01 06:00:00"),
            ("0 * * * *", "2026-01-01T05:59:59.700Z", "2026-01-01 06:00:00"),
            ("* * * * * *", "2026-01-01T05:59:58.300Z", "2026-01-01 05:59:59"),
            ("*/15 * * * *", "2026-01-01T00:59:59Z", "2026-01-01 01:00:00"),
            ("*/10 * * * * *", "2026-01-01T00:00:01Z", "2026-01-01 00:00:10"),
            ("30 0 0 1 1 * 2030", "2026-01-01T00:00:00Z", "2030-01-01 00:00:30"),
            ("0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
            ("0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
            ("0 0 * * SUN", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
            ("0 0 * * 6-7", "2026-01-03T12:00:00Z", "2026-01-04 00:00:00"),
            ("0 0 10 * 1", "2026-01-01T00:00:00Z", "2026-01-05 00:00:00"),
            ("0 0 10 * 1", "2026-01-05T00:00:00Z", "2026-01-10 00:00:00"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29 00:00:00"),
            ("0 0 31 * *", "2026-02-01T00:00:00Z", "2026-03-31 00:00:00"),
            ("@daily", "2026-01-01T10:00:00Z", "2026-01-02 00:00:00"),
            ("@midnight", "2026-01-01T10:00:00Z", "2026-01-02 00:00:00"),
            ("@hourly", "2026-01-01T10:00:00Z", "2026-01-01 11:00:00"),
            ("@weekly", "2026-01-01T10:00:00Z", "2026-01-04 00:00:00"),
            ("@monthly", "2026-01-01T10:00:00Z", "2026-02-01 00:00:00"),
            ("@yearly", "2026-01-01T10:00:00Z", "2027-01-01 00:00:00"),
        ];
        for (expression, after, expected) in table {
            assert_eq!(next(expression, after), expected, "{expression} after {after}");
        }
    }

    #[test]
    fn refusals() {
        for bad in
            ["", "* * * *", "61 * * * *", "* 24 * * *", "* * * * 8", "every day", "@sometimes", "0 0 30 2 *"]
        {
            assert!(Schedule::parse(bad).is_err(), "{bad}");
        }
    }
}
