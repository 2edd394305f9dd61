//! Which events are near.

use fleuron_plugin::data::{Error, Row, Value};
use fleuron_plugin::database;

use crate::day::{DAY, date, moment};
use crate::settings::Settings;

/// The index over when events begin finds these and has them in this order: from the beginning of the day on, of which
/// those that begin at a time are told from then on, and those that begin on a day all day long.
pub(crate) const NEAR: &str = "SELECT title, starts_at, venue, city FROM core_content_event \
                               WHERE starts_at >= ? AND starts_at < ? \
                               AND (length(starts_at) = 10 OR starts_at >= ?) ORDER BY starts_at, id LIMIT ?";

/// The same of a type that says of no place.
pub(crate) const NEAR_SOMEWHERE: &str = "SELECT title, starts_at FROM core_content_event \
                                         WHERE starts_at >= ? AND starts_at < ? \
                                         AND (length(starts_at) = 10 OR starts_at >= ?) \
                                         ORDER BY starts_at, id LIMIT ?";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) title: String,
    /// As the site writes moments, or days.
    pub(crate) starts_at: String,
    /// Venue and city, as far as they are known.
    pub(crate) place: Vec<String>,
}

/// What is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// The events, the earliest first, and one more than the limit where there are more.
    Events(Vec<Event>),
    /// The site has no such content type now, or one that lacks what is needed, in its words.
    NoType(String),
}

/// The events that begin within the days that the settings say.
pub(crate) fn within(now: i64, settings: &Settings) -> Result<Outlook, Error> {
    let params = bounds(now, settings);
    let found = match database::query(NEAR, &params) {
        Err(error) if error.message.contains("no such column") => database::query(NEAR_SOMEWHERE, &params),
        found => found,
    };
    match found {
        Ok(rows) => Ok(Outlook::Events(rows.iter().map(event).collect::<Result<_, _>>()?)),
        Err(error) if is_no_type(&error) => Ok(Outlook::NoType(error.message)),
        Err(error) => Err(error),
    }
}

/// The values of the statements. A day sorts before all of its moments, as its text is where theirs begin.
fn bounds(now: i64, settings: &Settings) -> [Value; 4] {
    let end = now + i64::from(settings.days_ahead) * DAY;
    [date(now).into(), moment(end).into(), moment(now).into(), (i64::from(settings.limit) + 1).into()]
}

/// Whether the type is not there, or has no public `title` or `starts_at`.
fn is_no_type(error: &Error) -> bool {
    ["no such table", "no such column"].iter().any(|reason| error.message.contains(reason))
}

fn event(row: &Row) -> Result<Event, Error> {
    let place = ["venue", "city"].into_iter().filter(|column| row.get(column).is_some());
    let place = place.map(|column| row.read::<Option<String>>(column)).collect::<Result<Vec<_>, _>>()?;
    let title: Option<String> = row.read("title")?;
    Ok(Event {
        title: title.unwrap_or_else(|| "(untitled)".to_owned()),
        starts_at: row.read("starts_at")?,
        place: place.into_iter().flatten().filter(|part| !part.is_empty()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Settings, Value, bounds};
    use crate::day::DAY;

    /// Seven in the morning of the 28th of November 2026.
    const MORNING: i64 = 20_785 * DAY + 7 * 60 * 60 * 1000;

    fn text(value: &Value) -> &str {
        match value {
            Value::Text(text) => text,
            _ => "",
        }
    }

    #[test]
    fn today_is_near_all_day_long() {
        let values = bounds(MORNING, &Settings { days_ahead: 7, limit: 100 });
        let [day, end, moment, _] = &values;
        // What the statement says.
        let is_near = |starts_at: &str| {
            starts_at >= text(day)
                && starts_at < text(end)
                && (starts_at.len() == 10 || starts_at >= text(moment))
        };
        for (starts_at, expected) in [
            ("2026-11-27", false),
            ("2026-11-28", true),
            ("2026-11-28T06:59:59.999Z", false),
            ("2026-11-28T07:00:00.000Z", true),
            ("2026-12-05", true),
            ("2026-12-05T06:59:59.999Z", true),
            ("2026-12-05T07:00:00.000Z", false),
            ("2026-12-06", false),
        ] {
            assert_eq!(is_near(starts_at), expected, "{starts_at}");
        }
    }
}
