//! Cron expressions in a time zone: five fields, or six to seven with seconds (and year), Sunday as 0 or 7, and either
//! day field matching where both are set. Pure: the clock belongs to the caller.
//!
//! What happens when a zone's clocks are changed is decided here, croner only finds times of the calendar. It depends
//! on the field of the hour:
//!
//! - An expression that matches every hour (`*/15 * * * *`, `0 * * * *`) goes on in real time: an hour that the clocks
//!   leave out has no due times, and one that they go through twice has its due times twice.
//! - Any other one keeps to the clock on the wall. What is due at a time that the clocks leave out is due at the very
//!   moment after the gap, once, also where several due times fell into it. What is due at a time that comes twice is
//!   due the first time.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc, offset::LocalResult};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;

/// How far a gap of the clocks is looked through, in minutes: a day was left out where the date line moved.
const LONGEST_GAP: i64 = 25 * 60;

/// A parsed cron expression with its time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
    /// Whether it matches every hour, and so goes on in real time when the clocks are changed.
    every_hour: bool,
}

impl Schedule {
    /// Parses an expression or one of `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`,
    /// in UTC.
    ///
    /// # Errors
    /// Says what is wrong, also for an expression that is well-formed and never due, such as 30 February.
    pub fn parse(expression: &str) -> Result<Schedule, String> {
        parse(expression, Tz::UTC)
    }

    /// Parses an expression in the time zone of this name, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// As [`Self::parse`], and where there is no such zone.
    pub fn parse_in(expression: &str, zone: &str) -> Result<Schedule, String> {
        let zone = time_zone(zone).map_err(|reason| format!("the time zone is {reason}"))?;
        parse(expression, zone)
    }

    /// The name of the time zone.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first due time strictly after `time`; none where there is no further one.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Due times are whole seconds; croner would carry a fraction over into its answer.
        let time = time.with_nanosecond(0)?;
        if self.zone == Tz::UTC {
            return self.next_on_wall(time.naive_utc()).map(|found| found.and_utc());
        }
        if self.every_hour { self.next_in_real_time(time) } else { self.next_on_clock(time) }
    }

    /// The last due time from `from` until `until`, both of them included. Does not go through all that are between.
    pub fn last_between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due_after = |time| self.next_after(time).filter(|due| *due <= until);
        // A due time at the beginning counts.
        let mut low = from.with_nanosecond(0)?.checked_sub_signed(TimeDelta::seconds(1))?;
        let mut last = due_after(low)?;
        let mut high = until;
        while (high - low).num_seconds() > 1 {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            match due_after(middle) {
                Some(due) => (low, last) = (middle, due),
                None => high = middle,
            }
        }
        (last >= from).then_some(last)
    }

    /// The next time of the calendar that matches, strictly after this one, whatever clocks do.
    fn next_on_wall(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        self.cron.find_next_occurrence(&after.and_utc(), false).ok().map(|found| found.naive_utc())
    }

    fn next_on_clock(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = time.with_timezone(&self.zone).naive_local();
        loop {
            wall = self.next_on_wall(wall)?;
            let found = match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(found) => found,
                LocalResult::Ambiguous(one, other) => one.min(other),
                LocalResult::None => self.end_of_gap(wall)?,
            };
            // During the second pass of an hour the due times of the first one are over.
            if found > time {
                return Some(found.with_timezone(&Utc));
            }
        }
    }

    fn next_in_real_time(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = time.with_timezone(&self.zone);
        let ahead = self.first_matching(local.naive_local(), time)?;
        let LocalResult::Ambiguous(one, other) = self.zone.from_local_datetime(&local.naive_local()) else {
            return Some(ahead);
        };
        let (first, second) = (one.min(other), one.max(other));
        if first != time {
            return Some(ahead);
        }
        // In the first pass: the clocks are put back before the calendar has gone on.
        let put_back = self.change_between(first.with_timezone(&Utc), second.with_timezone(&Utc));
        let wall = put_back.with_timezone(&self.zone).naive_local() - TimeDelta::seconds(1);
        let again = self.first_matching(wall, put_back - TimeDelta::seconds(1));
        Some(again.map_or(ahead, |again| again.min(ahead)))
    }

    /// The first moment after `time` whose time of the calendar matches and is after `wall`.
    fn first_matching(&self, mut wall: NaiveDateTime, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        loop {
            wall = self.next_on_wall(wall)?;
            let found = match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(found) => found,
                LocalResult::Ambiguous(one, other) if one.min(other) > time => one.min(other),
                LocalResult::Ambiguous(one, other) => one.max(other),
                LocalResult::None => {
                    wall = self.end_of_gap(wall)?.naive_local() - TimeDelta::seconds(1);
                    continue;
                }
            };
            if found > time {
                return Some(found.with_timezone(&Utc));
            }
        }
    }

    /// The first moment after the gap of the clocks that this time falls into.
    fn end_of_gap(&self, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
        let is_there = |wall: &NaiveDateTime| self.zone.from_local_datetime(wall).earliest().is_some();
        let mut end = (1..=LONGEST_GAP).map(|minutes| wall + TimeDelta::minutes(minutes)).find(is_there)?;
        while is_there(&(end - TimeDelta::seconds(1))) {
            end -= TimeDelta::seconds(1);
        }
        self.zone.from_local_datetime(&end).earliest()
    }

    /// The first moment of another offset from UTC after `low`, where `high` has another one.
    fn change_between(&self, mut low: DateTime<Utc>, mut high: DateTime<Utc>) -> DateTime<Utc> {
        let local = |time: DateTime<Utc>| time.with_timezone(&self.zone).naive_local() - time.naive_utc();
        let before = local(low);
        while (high - low).num_seconds() > 1 {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if local(middle) == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

/// The time zone of this name.
///
/// # Errors
/// Says what would be right, in words that go on where a sentence says what the name is.
pub(crate) fn time_zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_error| {
        format!(
            "\"{name}\", which is no time zone; write a name of the IANA database, such as \"Europe/Berlin\" or \"UTC\""
        )
    })
}

fn parse(expression: &str, zone: Tz) -> Result<Schedule, String> {
    let trimmed = expression.trim();
    let text = if trimmed.eq_ignore_ascii_case("@midnight") { "@daily" } else { trimmed };
    let cron = CronParser::new().parse(text).map_err(|error| {
        format!(
            "`{expression}` is not a cron expression: {error}; write five fields (minute hour day month weekday), six \
             with leading seconds, or `@daily` and the like"
        )
    })?;
    let every_hour = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
    let schedule = Schedule { cron, zone, every_hour };
    match schedule.next_after(DateTime::UNIX_EPOCH) {
        Some(_) => Ok(schedule),
        None => Err(format!("`{expression}` is never due")),
    }
}

#[cfg(test)]
mod tests;
