//! Points in time as the database and the API hold them: whole milliseconds in UTC.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{PartialSchema, ToSchema};

/// A moment in UTC with millisecond precision. In JSON it is an RFC 3339 string, in the database an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The present moment by the system's clock.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    /// The moment `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later (earlier when negative).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1000)
    }

    /// Reads an RFC 3339 date and time, or a bare `YYYY-MM-DD` (midnight UTC). The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let moment = Self::read(text)?;
        // RFC 3339 has four digits for the year.
        if (0..=9999).contains(&moment.to_datetime().year()) {
            Ok(moment)
        } else {
            Err(format!("`{text}` is out of range; the year must have four digits"))
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self(moment.timestamp_millis()));
        }
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|moment| Self(moment.and_utc().timestamp_millis()))
            .ok_or_else(|| format!("`{text}` is not a date; write 2026-01-31 or 2026-01-31T12:00:00Z"))
    }

    /// RFC 3339 with milliseconds and `Z`; a moment outside chrono's range reads as 1970.
    pub fn to_rfc3339(self) -> String {
        self.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The same moment for chrono; one outside chrono's range reads as 1970.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_millis())
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Timestamp {}

/// Where scheduled work gets the time from: the system's clock, or in tests one that is turned by hand.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is turned, forward or back. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.millis())))
    }

    /// Turns it to this moment.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.millis(), Ordering::SeqCst);
    }

    /// Turns it by so many seconds, back when negative.
    pub fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn reads_and_writes_rfc3339() {
        let moment = Timestamp::parse("2026-02-03T04:05:06.789+01:00").unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-02-03T03:05:06.789Z");
        assert_eq!(Timestamp::parse("1970-01-02").unwrap().millis(), 86_400_000);
        assert!(Timestamp::parse("+99999-01-01").is_err());
        assert!(Timestamp::parse("yesterday").unwrap_err().contains("yesterday"));
    }
}
