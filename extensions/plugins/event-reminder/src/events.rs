//! Which events are near.

use fleuron_plugin::data::{Error, Row, Value};
use fleuron_plugin::database;

use crate::day::{DAY, moment};
use crate::settings::Settings;

/// The index over when events begin finds these and has them in this order.
pub(crate) const NEAR: &str = "SELECT title, starts_at, venue, city FROM core_content_event \
                               WHERE starts_at >= ? AND starts_at < ? ORDER BY starts_at, id LIMIT ?";

/// The same of a type that says of no place.
pub(crate) const NEAR_SOMEWHERE: &str = "SELECT title, starts_at FROM core_content_event \
                                         WHERE starts_at >= ? AND starts_at < ? ORDER BY starts_at, id LIMIT ?";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) title: String,
    /// As the site writes moments.
    pub(crate) starts_at: String,
    /// Venue and city, as far as they are known.
    pub(crate) place: Vec<String>,
}

/// What is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// The events, the earliest first, and one more than the limit where there are more.
    Events(Vec<Event>),
    /// The site has no such content type now, in its words.
    NoType(String),
}

/// The events that begin within the days that the settings say.
pub(crate) fn within(now: i64, settings: &Settings) -> Result<Outlook, Error> {
    let end = now + i64::from(settings.days_ahead) * DAY;
    let params: [Value; 3] = [moment(now).into(), moment(end).into(), (i64::from(settings.limit) + 1).into()];
    let found = match database::query(NEAR, &params) {
        Err(error) if error.message.contains("no such column") => database::query(NEAR_SOMEWHERE, &params),
        found => found,
    };
    match found {
        Ok(rows) => Ok(Outlook::Events(rows.iter().map(event).collect::<Result<_, _>>()?)),
        Err(error) if error.message.contains("no such table") => Ok(Outlook::NoType(error.message)),
        Err(error) => Err(error),
    }
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
