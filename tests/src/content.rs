//! Entries of the content type `event`, as many as one likes: always the same for the same number.

use std::io::{Result, Write};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Builder;

/// The categories of events, each of which has as many.
pub const CATEGORIES: [&str; 5] = ["concert", "talk", "workshop", "exhibition", "other"];
/// What events may have.
pub const TAGS: [&str; 5] = ["free", "outdoors", "family", "online", "accessible"];
/// A word that one event in a hundred has in its text.
pub const RARE: &str = "incunabulum";

const CITIES: [&str; 8] = ["Mainz", "Venice", "Antwerp", "Basel", "Lyon", "Kyoto", "Oxford", "Leipzig"];
const THINGS: [&str; 8] = ["lead", "ink", "paper", "type", "leaves", "margins", "ornaments", "presses"];
const DOINGS: [&str; 8] =
    ["Songs of", "Notes on", "A night of", "The craft of", "All about", "Old", "New", "Drawing with"];
const PLACES: [&str; 6] =
    ["Old Mill", "Town Hall", "Paper House", "Corner Press", "Great Library", "Lead Works"];
const SENTENCES: [&str; 6] = [
    "Doors open half an hour earlier, and *latecomers* wait for the first break.",
    "Bring something to write with; paper is there, as much as you want.",
    "We shall pull a sheet together, and whoever pulls it **keeps** it.",
    "There is soup, and [a map](https://example.com/map) for those who come on foot.",
    "The hall is warm in winter and cool in summer, which is why we are there.",
    "Questions are welcome before, after and in the middle.",
];

/// The first event begins so many seconds after 1970, in 2024.
const BEGINNING: i64 = 1_704_110_400;
/// How many days the events are spread over.
const DAYS: u64 = 1_500;

/// Numbers without any order that are the same every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        let count = u64::try_from(words.len()).unwrap_or(1).max(1);
        let index = usize::try_from(self.below(count)).unwrap_or_default();
        words.get(index).copied().unwrap_or_default()
    }
}

/// The slug of an event.
pub fn slug(number: u64) -> String {
    format!("event-{number}")
}

/// An event as it stands in a line of an export. One in fifty is a draft.
pub fn event(number: u64) -> Value {
    let mut dice = Dice(number.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let created = moment(number % 10_000_000);
    let random = [dice.roll().to_be_bytes(), dice.roll().to_be_bytes()].concat();
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&random[..10]);
    let millis = u64::try_from(created.timestamp_millis()).unwrap_or_default();
    let id = Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
    json!({
        "id": id,
        "type": "event",
        "status": if number.is_multiple_of(50) { "draft" } else { "published" },
        "fields": fields(number, &mut dice),
        "created_at": text(created),
        "updated_at": text(created),
        "published_at": if number.is_multiple_of(50) { Value::Null } else { text(created).into() },
    })
}

/// The values of an event's fields.
fn fields(number: u64, dice: &mut Dice) -> Value {
    let hours = i64::try_from(dice.below(DAYS * 24)).unwrap_or_default();
    let starts_at = moment(0) + Duration::hours(hours);
    let (doing, thing) = (dice.one_of(&DOINGS), dice.one_of(&THINGS));
    let mut fields = json!({
        "title": format!("{doing} {thing}, number {number}"),
        "slug": slug(number),
        "starts_at": text(starts_at),
        "venue": dice.one_of(&PLACES),
        "city": dice.one_of(&CITIES),
        "category": category(number),
        "body": body(number, dice),
    });
    // Some have more to say than others.
    if dice.below(4) > 0 {
        let hours = i64::try_from(1 + dice.below(8)).unwrap_or(1);
        fields["ends_at"] = text(starts_at + Duration::hours(hours)).into();
    }
    if dice.below(5) > 0 {
        fields["price"] = json!(f64::from(u32::try_from(dice.below(200)).unwrap_or_default()) / 2.0);
    }
    if dice.below(3) > 0 {
        fields["capacity"] = json!(10 + 5 * dice.below(100));
    }
    if dice.below(3) > 0 {
        let first = dice.one_of(&TAGS);
        let second = dice.one_of(&TAGS);
        fields["tags"] = if first == second { json!([first]) } else { json!([first, second]) };
    }
    if dice.below(4) == 0 {
        let item = |time: &str, title: &str| json!({ "time": time, "title": title });
        fields["agenda"] = json!([item("19:30", "Doors"), item("20:00", "Beginning"), item("22:00", "Soup")]);
    }
    if dice.below(2) > 0 {
        fields["website"] = json!(format!("https://example.com/events/{number}"));
        fields["contact"] = json!(format!("event-{number}@example.com"));
    }
    fields
}

/// Each category has its turn, so that all are equally large.
fn category(number: u64) -> &'static str {
    let count = u64::try_from(CATEGORIES.len()).unwrap_or(1);
    let index = usize::try_from(number / 50 % count).unwrap_or_default();
    CATEGORIES.get(index).copied().unwrap_or_default()
}

fn body(number: u64, dice: &mut Dice) -> String {
    let mut body = String::new();
    for _ in 0..1 + dice.below(3) {
        for _ in 0..2 + dice.below(4) {
            body.push_str(dice.one_of(&SENTENCES));
            body.push(' ');
        }
        body.push_str("\n\n");
    }
    if number % 100 == 7 {
        body.push_str(&format!("We show an {RARE}.\n"));
    }
    body.trim_end().to_owned()
}

/// So many minutes after the beginning.
fn moment(minutes: u64) -> DateTime<Utc> {
    let beginning = DateTime::from_timestamp(BEGINNING, 0).unwrap_or_default();
    beginning + Duration::minutes(i64::try_from(minutes).unwrap_or_default())
}

fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes the first `count` events as JSON Lines.
///
/// # Errors
/// When they cannot be written.
pub fn write_events(count: u64, output: &mut impl Write) -> Result<()> {
    for number in 1..=count {
        serde_json::to_writer(&mut *output, &event(number))?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn events_are_the_same_every_time_and_all_different() {
        let written = |count| {
            let mut text = Vec::new();
            write_events(count, &mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        let text = written(1_000);
        assert!(text == written(1_000) && text.starts_with(&written(10)));
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let distinct =
            |name: &str| events.iter().map(|event| event[name].to_string()).collect::<HashSet<_>>().len();
        assert_eq!(distinct("id"), 1_000);
        let mut published: HashMap<&str, usize> = HashMap::new();
        for event in events.iter().filter(|event| event["status"] == "published") {
            *published.entry(event["fields"]["category"].as_str().unwrap()).or_default() += 1;
        }
        assert!(CATEGORIES.iter().all(|category| published[category] == 196), "{published:?}");
        assert!(events.iter().any(|event| event["fields"]["body"].as_str().unwrap().contains(RARE)));
    }
}
