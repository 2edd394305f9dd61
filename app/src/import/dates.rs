//! Dates as people write them in front matter, paths and file names.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::clock::Timestamp;

/// When something was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// Whether only the day is known; then `at` is its midnight in UTC.
    pub(super) whole_day: bool,
}

impl Moment {
    fn day(day: NaiveDate) -> Self {
        let at = Timestamp::from_millis(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
        Self { at, whole_day: true }
    }

    fn exact(millis: i64) -> Self {
        Self { at: Timestamp::from_millis(millis), whole_day: false }
    }

    /// Whether it lies ahead.
    pub(super) fn is_ahead(self) -> bool {
        self.at > Timestamp::now()
    }
}

/// Reads a date, or a date and time; without a zone it is taken for UTC. The error says what was expected.
pub(super) fn parse(text: &str) -> Result<Moment, String> {
    let text = text.trim();
    for format in ["%Y-%m-%d", "%Y/%m/%d"] {
        if let Ok(day) = NaiveDate::parse_from_str(text, format) {
            return Ok(Moment::day(day));
        }
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Ok(Moment::exact(moment.timestamp_millis()));
    }
    for format in
        ["%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M %z"]
    {
        if let Ok(moment) = DateTime::parse_from_str(text, format) {
            return Ok(Moment::exact(moment.timestamp_millis()));
        }
    }
    let local = text.trim_end_matches("UTC").trim_end_matches('Z').trim_end();
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(local, format) {
            return Ok(Moment::exact(moment.and_utc().timestamp_millis()));
        }
    }
    Err(format!("`{text}` is not a date; write 2026-01-31 or 2026-01-31T12:00:00Z"))
}

/// The date in a path: `2019/11/07/a-post` or `posts/2019-11-07-a-post.md`.
pub(super) fn from_path(path: &str) -> Option<Moment> {
    let segments: Vec<&str> = path.split('/').collect();
    let folders = segments.windows(3).find_map(|window| day(window[0], window[1], window[2]));
    folders
        .or_else(|| segments.iter().find_map(|segment| leading_date(segment).map(|(day, _)| day)))
        .map(Moment::day)
}

/// A file's name without the date before it: `2019-11-07-a-post` becomes `a-post`.
pub(super) fn without_date(name: &str) -> &str {
    match leading_date(name) {
        Some((_, rest)) if !rest.is_empty() => rest,
        _ => name,
    }
}

fn leading_date(name: &str) -> Option<(NaiveDate, &str)> {
    let date = name.get(..10)?;
    let mut parts = date.split('-');
    let day = day(parts.next()?, parts.next()?, parts.next()?)?;
    let rest = &name[10..];
    let ends = rest.is_empty() || rest.starts_with(['-', '_', ' ', '.', 'T']);
    ends.then(|| (day, rest.trim_start_matches(['-', '_', ' '])))
}

fn day(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plausible = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    if !plausible || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let year = year.parse().ok().filter(|year| (1970..2200).contains(year))?;
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{from_path, parse, without_date};

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, moment, whole_day) in [
            ("2019-11-07", "2019-11-07T00:00:00.000Z", true),
            ("2019/11/07", "2019-11-07T00:00:00.000Z", true),
            ("2019-11-07T10:11:12Z", "2019-11-07T10:11:12.000Z", false),
            ("2019-11-07T10:11:12", "2019-11-07T10:11:12.000Z", false),
            ("2019-11-07 10:11", "2019-11-07T10:11:00.000Z", false),
            ("2019-11-07 10:11:12 +0100", "2019-11-07T09:11:12.000Z", false),
            ("2019-11-07 10:11:12 +01:00", "2019-11-07T09:11:12.000Z", false),
            ("2019-11-07 10:11:12.5 UTC", "2019-11-07T10:11:12.500Z", false),
            ("Thu, 07 Nov 2019 10:11:12 +0000", "2019-11-07T10:11:12.000Z", false),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.at.to_rfc3339().as_str(), parsed.whole_day), (moment, whole_day), "{text}");
        }
        for wrong in ["", "yesterday", "2019-13-01", "07.11.2019"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn dates_are_found_in_paths() {
        let found = |path: &str| from_path(path).map(|moment| moment.at.to_rfc3339()[..10].to_owned());
        for path in
            ["2019/11/07/a-post", "/blog/2019/11/7/a", "_posts/2019-11-07-a-post.md", "2019-11-07-a/index.md"]
        {
            assert_eq!(found(path).as_deref(), Some("2019-11-07"), "{path}");
        }
        for path in ["a-post", "2019/99/07/a", "v2019-11-07", "2019-11-0789", "1234/56/78"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn names_lose_their_date() {
        assert_eq!(without_date("2019-11-07-a-post"), "a-post");
        assert_eq!(without_date("2019-11-07"), "2019-11-07");
        assert_eq!(without_date("a-post"), "a-post");
    }
}
