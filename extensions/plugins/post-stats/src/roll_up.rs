//! Keeps the counts small as they age: days become months, months become years.

use fleuron_plugin::data::{Error, ErrorCode, Value};
use fleuron_plugin::database;

/// Periods in one call. One day and, once a month, one month is due; more only after a long pause.
const MOST_PERIODS: usize = 200;

/// Days that are kept as days, today not among them; the lists look back 30.
pub(crate) const DAYS_KEPT: u32 = 35;
/// Months that are kept as months, this one not among them.
const MONTHS_KEPT: u32 = 24;
/// Days for which a booked event is remembered. The site tells of an event again within a minute, or when it starts
/// anew.
const EVENTS_KEPT: u32 = 35;

/// From one grain to the next.
struct Step {
    from: &'static str,
    to: &'static str,
    /// How much of a period's name is that of the longer period: `2026-11` of `2026-11-28`.
    name: i64,
}

const DAYS: Step = Step { from: "day", to: "month", name: 7 };
const MONTHS: Step = Step { from: "month", to: "year", name: 4 };

const ADD: &str = "\
    INSERT INTO counts (grain, period, post_id, views, comments, created, deleted) \
    SELECT ?, substr(period, 1, ?), post_id, views, comments, created, deleted \
    FROM counts WHERE grain = ? AND period = ? \
    ON CONFLICT (grain, period, post_id) DO UPDATE SET \
        views = views + excluded.views, comments = comments + excluded.comments, \
        created = created + excluded.created, deleted = deleted + excluded.deleted";

const REMOVE: &str = "DELETE FROM counts WHERE grain = ? AND period = ?";

/// Rolls up what is old on a day, as in `2026-11-28`, and answers how many days and months that were. What is left of a
/// very long pause is for the next call.
pub(crate) fn roll_up(today: &str) -> Result<usize, Error> {
    let (first_day, first_month, first_event) = bounds(today)?;
    let days = move_before(&DAYS, &first_day, MOST_PERIODS)?;
    let months = move_before(&MONTHS, &first_month, MOST_PERIODS - days)?;
    database::execute("DELETE FROM booked WHERE day < ?", &[first_event.into()])?;
    Ok(days + months)
}

/// The first day and month that stay, and the first day whose events do.
fn bounds(today: &str) -> Result<(String, String, String), Error> {
    let sql = "SELECT date(?, ?) AS day, strftime('%Y-%m', ?, 'start of month', ?) AS month, date('now', ?) AS event";
    let ago = |count: u32, unit: &str| Value::from(format!("-{count} {unit}"));
    let params = [
        today.into(),
        ago(DAYS_KEPT, "days"),
        today.into(),
        ago(MONTHS_KEPT, "months"),
        ago(EVENTS_KEPT, "days"),
    ];
    let rows = database::query(sql, &params)?;
    let bounds = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the day has no answer"))?;
    Ok((bounds.read("day")?, bounds.read("month")?, bounds.read("event")?))
}

/// Moves what lies before a period to the next grain, the oldest period first, each in a transaction of its own: at any
/// moment every count is in one place.
fn move_before(step: &Step, first_kept: &str, most: usize) -> Result<usize, Error> {
    for moved in 0..most {
        let Some(period) = oldest(step.from, first_kept)? else { return Ok(moved) };
        let (from, period) = (Value::from(step.from), Value::from(period));
        database::transaction(|| {
            database::execute(ADD, &[step.to.into(), step.name.into(), from.clone(), period.clone()])?;
            database::execute(REMOVE, &[from.clone(), period.clone()])
        })?;
    }
    Ok(most)
}

fn oldest(grain: &str, first_kept: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT min(period) AS period FROM counts WHERE grain = ? AND period < ?";
    let rows = database::query(sql, &[grain.into(), first_kept.into()])?;
    rows.first().map_or(Ok(None), |row| row.read("period"))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use fleuron_plugin::database;

    use crate::testing::{book, counts, days_ago, host, id, number, run};

    const TODAY: &str = "2026-11-28";

    #[test]
    fn old_days_become_months_and_old_months_years() {
        let host = host();
        for (grain, period, post, views) in [
            ("day", "2026-11-28", 1, 1),
            ("day", "2026-10-24", 1, 2),
            ("day", "2026-10-23", 1, 4),
            ("day", "2026-10-22", 1, 8),
            ("day", "2026-10-22", 2, 16),
            ("day", "2026-09-30", 1, 32),
            ("month", "2026-09", 1, 64),
            ("month", "2024-11", 1, 128),
            ("month", "2024-10", 1, 256),
            ("month", "2023-12", 1, 512),
            ("month", "2024-01", 2, 1024),
            ("year", "2024", 1, 2048),
        ] {
            book(grain, period, &id(post), views);
        }
        run(&host, "roll-up", TODAY);
        let expected = [
            "day 2026-10-24 1 views=2",
            "day 2026-11-28 1 views=1",
            "month 2024-11 1 views=128",
            "month 2026-09 1 views=96",
            "month 2026-10 1 views=12",
            "month 2026-10 2 views=16",
            "year 2023 1 views=512",
            "year 2024 1 views=2304",
            "year 2024 2 views=1024",
        ];
        assert_eq!(counts(), expected);
        run(&host, "roll-up", TODAY);
        assert_eq!(counts(), expected, "a second time finds nothing to do");
    }

    #[test]
    fn every_kind_of_count_moves() {
        let host = host();
        let sql = "INSERT INTO counts VALUES ('day', '2026-01-01', '', 1, 2, 3, 4), ('day', '2026-01-02', '', 1, 2, 3, 4)";
        database::execute(sql, &[]).unwrap();
        run(&host, "roll-up", TODAY);
        assert_eq!(counts(), ["month 2026-01 - views=2 comments=4 created=6 deleted=8"]);
    }

    #[test]
    fn cut_short_anywhere_it_neither_loses_nor_doubles() {
        let host = host();
        for day in 1..=9 {
            for post in 1..=3 {
                book("day", &format!("2024-02-0{day}"), &id(post), 10);
                book("day", &format!("2026-08-0{day}"), &id(post), 1);
            }
        }
        let total = || number("SELECT sum(views) FROM counts");
        let before = total();
        for calls in 0.. {
            host.interrupt_after(calls % 12);
            let ended = catch_unwind(AssertUnwindSafe(|| run(&host, "roll-up", TODAY)));
            assert_eq!(total(), before, "after {calls} interrupted calls");
            if ended.is_ok() || number("SELECT count(*) FROM counts WHERE grain = 'day'") == 0 {
                break;
            }
        }
        run(&host, "roll-up", TODAY);
        assert_eq!(
            counts(),
            [
                "month 2026-08 1 views=9",
                "month 2026-08 2 views=9",
                "month 2026-08 3 views=9",
                "year 2024 1 views=90",
                "year 2024 2 views=90",
                "year 2024 3 views=90"
            ]
        );
    }

    #[test]
    fn a_long_pause_is_made_up_for_within_the_limits_of_a_call() {
        let host = host();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499) \
                   INSERT INTO counts (grain, period, post_id, views) \
                   SELECT 'day', date('2025-01-01', '+' || i || ' days'), 'x', 1 FROM n";
        database::execute(sql, &[]).unwrap();
        let mut calls = 0;
        while number("SELECT count(*) FROM counts WHERE grain = 'day' AND period < '2026-10-24'") > 0 {
            run(&host, "roll-up", TODAY);
            assert!(host.statements() < 1_200, "{} statements", host.statements());
            calls += 1;
        }
        assert_eq!(calls, 3);
        assert_eq!(number("SELECT sum(views) FROM counts"), 500);
    }

    #[test]
    fn events_are_forgotten_when_they_can_no_longer_come_again() {
        let host = host();
        for (event, days) in [("today", 0), ("recent", 35), ("old", 36)] {
            let sql = "INSERT INTO booked VALUES (?, ?)";
            database::execute(sql, &[event.into(), days_ago(days).into()]).unwrap();
        }
        run(&host, "roll-up", TODAY);
        assert_eq!(number("SELECT count(*) FROM booked"), 2);
        assert_eq!(number("SELECT count(*) FROM booked WHERE event_id = 'old'"), 0);
    }
}
