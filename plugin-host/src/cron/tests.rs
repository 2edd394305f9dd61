//! Due times against tables: fields, calendars, and what happens when the clocks are changed.

use super::*;

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";

fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect(text).with_timezone(&Utc)
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn next(expression: &str, after: &str) -> String {
    let schedule = Schedule::parse(expression).expect(expression);
    shown(schedule.next_after(moment(after)).expect("a next time"))
}

/// All due times after `after` and before `before`.
fn all(expression: &str, zone: &str, after: &str, before: &str) -> Vec<String> {
    let schedule = Schedule::parse_in(expression, zone).expect(expression);
    let (mut time, end) = (moment(after), moment(before));
    let mut due = Vec::new();
    while let Some(found) = schedule.next_after(time).filter(|found| *found < end) {
        assert!(found > time, "{expression} in {zone}: {found} after {time}");
        due.push(found.format("%dT%H:%M").to_string());
        time = found;
    }
    due
}

/// An expression; a zone with the times between which it is looked at; when it is due there.
type Row = (&'static str, (&'static str, &'static str, &'static str), &'static [&'static str]);

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
        ("30 15 10 * * *", "2026-01-01T10:15:30Z", "2026-01-02 10:15:30"),
        ("30 0 0 1 1 * 2030", "2026-01-01T00:00:00Z", "2030-01-01 00:00:30"),
        ("0 0 12 * * * 2027-2028", "2026-01-01T00:00:00Z", "2027-01-01 12:00:00"),
        ("0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
        ("0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
        ("0 0 * * SUN", "2026-01-01T00:00:00Z", "2026-01-04 00:00:00"),
        ("0 0 * * 6-7", "2026-01-03T12:00:00Z", "2026-01-04 00:00:00"),
        ("30 8 * * MON-FRI", "2026-01-02T08:30:00Z", "2026-01-05 08:30:00"),
        ("0 0 1 FEB,aug *", "2026-02-01T00:00:00Z", "2026-08-01 00:00:00"),
        ("0 0 10 * 1", "2026-01-01T00:00:00Z", "2026-01-05 00:00:00"),
        ("0 0 10 * 1", "2026-01-05T00:00:00Z", "2026-01-10 00:00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29 00:00:00"),
        ("0 0 31 * *", "2026-02-01T00:00:00Z", "2026-03-31 00:00:00"),
        ("0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28 00:00:00"),
        ("0 0 L 2 *", "2027-03-01T00:00:00Z", "2028-02-29 00:00:00"),
        ("0 0 * * 5L", "2026-01-01T00:00:00Z", "2026-01-30 00:00:00"),
        ("0 0 * * 1#2", "2026-01-01T00:00:00Z", "2026-01-12 00:00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:58Z", "2026-12-31 23:59:59"),
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
    for bad in ["", "Berlin", "europe/berlin", "+01:00"] {
        let words = Schedule::parse_in("@daily", bad).expect_err(bad);
        assert!(words.contains("Europe/Berlin"), "{words}");
    }
}

#[test]
fn times_are_those_of_the_zone() {
    let table = [
        ("0 8 * * *", BERLIN, "2026-01-01T00:00:00Z", "2026-01-01 07:00:00"),
        ("0 8 * * *", BERLIN, "2026-07-01T00:00:00Z", "2026-07-01 06:00:00"),
        ("0 8 * * *", NEW_YORK, "2026-01-01T00:00:00Z", "2026-01-01 13:00:00"),
        ("0 8 * * *", NEW_YORK, "2026-07-01T00:00:00Z", "2026-07-01 12:00:00"),
        ("0 8 * * *", "Asia/Kolkata", "2026-07-01T00:00:00Z", "2026-07-01 02:30:00"),
        // The day, its name and the month are the zone's, too.
        ("0 0 1 * *", BERLIN, "2026-01-01T00:00:00Z", "2026-01-31 23:00:00"),
        ("0 20 * * SUN", NEW_YORK, "2026-01-01T00:00:00Z", "2026-01-05 01:00:00"),
        ("0 0 29 2 *", "Pacific/Auckland", "2026-01-01T00:00:00Z", "2028-02-28 11:00:00"),
        ("0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "2027-01-01 00:00:00"),
        ("15 30 6 * * * 2027", BERLIN, "2026-01-01T00:00:00Z", "2027-01-01 05:30:15"),
    ];
    for (expression, zone, after, expected) in table {
        let schedule = Schedule::parse_in(expression, zone).expect(expression);
        assert_eq!(schedule.zone(), zone);
        let found = schedule.next_after(moment(after)).expect("a next time");
        assert_eq!(shown(found), expected, "{expression} in {zone} after {after}");
    }
}

#[test]
fn what_the_clocks_leave_out_is_due_right_after_it() {
    // Berlin goes from 02:00 to 03:00 at 01:00 UTC, New York at 07:00 UTC.
    let (berlin, new_york) = (
        (BERLIN, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        (NEW_YORK, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"),
    );
    let table: [Row; 10] = [
        ("30 2 * * *", berlin, &["29T01:00", "30T00:30"]),
        ("0 2 * * *", berlin, &["29T01:00", "30T00:00"]),
        ("0 3 * * *", berlin, &["29T01:00", "30T01:00"]),
        ("30 1 * * *", berlin, &["29T00:30", "29T23:30"]),
        // Four due times fall into the gap: one run.
        ("*/15 2 * * *", berlin, &["29T01:00", "30T00:00", "30T00:15", "30T00:30", "30T00:45"]),
        ("30 1-3 29 3 *", berlin, &["29T00:30", "29T01:00", "29T01:30"]),
        ("0 0 * * *", berlin, &["28T23:00", "29T22:00"]),
        ("30 2 * * *", new_york, &["08T07:00", "09T06:30"]),
        ("15 3 * * *", new_york, &["08T07:15", "09T07:15"]),
        ("0 12 * * *", new_york, &["07T17:00", "08T16:00"]),
    ];
    for (expression, (zone, after, before), expected) in table {
        assert_eq!(all(expression, zone, after, before), expected, "{expression} in {zone}");
    }
}

#[test]
fn what_comes_twice_is_due_once() {
    // Berlin goes from 03:00 back to 02:00 at 01:00 UTC, New York from 02:00 to 01:00 at 06:00 UTC.
    let (berlin, new_york) = (
        (BERLIN, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        (NEW_YORK, "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
    );
    let table: [Row; 8] = [
        ("30 2 * * *", berlin, &["25T00:30", "26T01:30"]),
        ("0 2 * * *", berlin, &["25T00:00", "26T01:00"]),
        ("0 3 * * *", berlin, &["25T02:00", "26T02:00"]),
        ("*/30 2 25 10 *", berlin, &["25T00:00", "25T00:30"]),
        ("59 1 * * *", berlin, &["24T23:59", "26T00:59"]),
        ("30 1 * * *", new_york, &["01T05:30", "02T06:30"]),
        ("0 1 * * *", new_york, &["01T05:00", "02T06:00"]),
        ("0 2 * * *", new_york, &["01T07:00", "02T07:00"]),
    ];
    for (expression, (zone, after, before), expected) in table {
        assert_eq!(all(expression, zone, after, before), expected, "{expression} in {zone}");
    }
    // Also where somebody asks during the second pass.
    let schedule = Schedule::parse_in("30 2 * * *", BERLIN).expect("a schedule");
    for asked in ["2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"] {
        let found = schedule.next_after(moment(asked)).expect("a next time");
        assert_eq!(shown(found), "2026-10-26 01:30:00", "{asked}");
    }
}

#[test]
fn every_hour_is_every_hour() {
    let table: [(&str, &str, &str, &str, &[&str]); 6] = [
        (
            "0 * * * *",
            BERLIN,
            "2026-03-28T23:30:00Z",
            "2026-03-29T03:30:00Z",
            &["29T00:00", "29T01:00", "29T02:00", "29T03:00"],
        ),
        (
            "0 * * * *",
            BERLIN,
            "2026-10-24T23:30:00Z",
            "2026-10-25T03:30:00Z",
            &["25T00:00", "25T01:00", "25T02:00", "25T03:00"],
        ),
        (
            "*/15 * * * *",
            BERLIN,
            "2026-10-25T00:25:00Z",
            "2026-10-25T01:20:00Z",
            &["25T00:30", "25T00:45", "25T01:00", "25T01:15"],
        ),
        (
            "*/15 * * * *",
            BERLIN,
            "2026-03-29T00:40:00Z",
            "2026-03-29T01:20:00Z",
            &["29T00:45", "29T01:00", "29T01:15"],
        ),
        (
            "*/30 * * * *",
            NEW_YORK,
            "2026-11-01T05:15:00Z",
            "2026-11-01T07:15:00Z",
            &["01T05:30", "01T06:00", "01T06:30", "01T07:00"],
        ),
        (
            "*/30 * * * *",
            NEW_YORK,
            "2026-03-08T06:15:00Z",
            "2026-03-08T08:15:00Z",
            &["08T06:30", "08T07:00", "08T07:30", "08T08:00"],
        ),
    ];
    for (expression, zone, after, before, expected) in table {
        assert_eq!(all(expression, zone, after, before), expected, "{expression} in {zone} after {after}");
    }
}

#[test]
fn a_year_has_all_its_due_times_in_order() {
    for zone in ["UTC", BERLIN, NEW_YORK, "Australia/Lord_Howe"] {
        for (expression, expected) in [("0 */3 * * *", 365 * 8), ("17 2 * * *", 365), ("0 0 * * *", 365)] {
            let (after, before) = ("2026-01-02T00:05:00Z", "2027-01-02T00:05:00Z");
            assert_eq!(all(expression, zone, after, before).len(), expected, "{expression} in {zone}");
        }
    }
    for zone in ["UTC", BERLIN, NEW_YORK] {
        let hours = all("*/20 * * * *", zone, "2026-01-01T00:05:00Z", "2027-01-01T00:05:00Z");
        assert_eq!(hours.len(), 365 * 24 * 3, "in real time in {zone}");
    }
}

#[test]
fn a_second_is_found_on_both_sides_of_a_change() {
    let schedule = Schedule::parse_in("* * * * * *", BERLIN).expect("a schedule");
    for change in
        ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"]
    {
        let mut time = moment(change) - TimeDelta::seconds(3);
        for _ in 0..6 {
            let next = schedule.next_after(time).expect("a next time");
            assert_eq!(next - time, TimeDelta::seconds(1), "{time}");
            time = next;
        }
    }
}

#[test]
fn the_last_due_time_is_found_without_going_through_all() {
    let table = [
        ("* * * * * *", "2020-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", Some("2026-01-01 00:00:00")),
        ("0 3 * * *", "2020-01-01T00:00:00Z", "2026-01-01T02:59:59Z", Some("2025-12-31 03:00:00")),
        ("0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-01T03:00:00Z", Some("2026-01-01 03:00:00")),
        ("0 0 29 2 *", "2020-02-29T00:00:00Z", "2024-02-01T00:00:00Z", Some("2020-02-29 00:00:00")),
        ("0 0 29 2 *", "2020-03-01T00:00:00Z", "2024-02-01T00:00:00Z", None),
        ("0 3 * * *", "2026-01-01T03:00:01Z", "2026-01-02T02:00:00Z", None),
    ];
    for (expression, from, until, expected) in table {
        let schedule = Schedule::parse(expression).expect(expression);
        let last = schedule.last_between(moment(from), moment(until)).map(shown);
        assert_eq!(last.as_deref(), expected, "{expression} from {from} until {until}");
    }
}
