//! The job as the site runs it. What the site's database answers is laid ready; the black-box tests ask a real one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fleuron_plugin::testing::MemoryHost;
use fleuron_plugin::{CallContext, Guest, host_api};

use crate::EventReminder;
use crate::day::DAY;
use crate::events::{NEAR, NEAR_SOMEWHERE};

/// Noon on the 28th of November 2026.
const NOON: u64 = 1_795_867_200_000;

const NO_TABLE: &str =
    r#"{"error":"no such table: core_content_event (this site has no content type `event`)"}"#;

fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.set_clock(NOON);
    host
}

fn tick(host: &MemoryHost) {
    host.set_context(CallContext { hook: "on-cron-tick".to_owned(), ..CallContext::default() });
    host.call(|| EventReminder::on_cron_tick(None));
}

/// As many events in an answer, one a day from tomorrow on.
fn answer(count: usize) -> String {
    let row = |number: usize| {
        format!(
            r#"{{"title":"Event {number}","starts_at":"2026-11-{:02}T18:30:00.000Z","venue":"Mill","city":null}}"#,
            28 + number
        )
    };
    let rows: Vec<String> = (1..=count).map(row).collect();
    format!("[{}]", rows.join(","))
}

#[test]
fn the_digest_lists_what_is_near() {
    let host = host();
    host.set_sql_answer(
        NEAR,
        r#"[{"title":"Songs","starts_at":"2026-11-29T18:30:00.000Z","venue":"Old Mill","city":"Ghent"},
            {"title":null,"starts_at":"2026-12-01","venue":"","city":null}]"#,
    );
    tick(&host);
    let expected = "# Events from 2026-11-28 to 2026-12-05\n\n\
                    - 2026-11-29 18:30 UTC: **Songs**, Old Mill, Ghent\n\
                    - 2026-12-01: **(untitled)**\n";
    assert_eq!(host.file("digest/latest.md").as_deref(), Some(expected));
    assert_eq!(host.file("digest/2026-11-28.md").as_deref(), Some(expected));
    assert_eq!(host.log_lines(), ["info: 2 events in the next 7 days: digest/2026-11-28.md"]);
}

#[test]
fn a_quiet_week_has_a_digest_too() {
    let host = host();
    host.set_sql_answer(NEAR, "[]");
    host.set_config("days_ahead", "1");
    tick(&host);
    let expected = "# Events from 2026-11-28 to 2026-11-29\n\nNone.\n";
    assert_eq!(host.file("digest/latest.md").as_deref(), Some(expected));
    assert_eq!(host.log_lines(), ["info: no events in the next day: digest/2026-11-28.md"]);
}

#[test]
fn what_is_beyond_the_limit_is_said_to_be_there() {
    let host = host();
    host.set_config("limit", "1");
    host.set_sql_answer(NEAR, &answer(1));
    tick(&host);
    assert!(!host.file("digest/latest.md").unwrap().contains("more"));
    host.set_sql_answer(NEAR, &answer(2));
    tick(&host);
    let digest = host.file("digest/latest.md").unwrap();
    assert!(digest.contains("Event 1") && !digest.contains("Event 2"), "{digest}");
    assert!(digest.ends_with("\nThese are the first 1; there are more.\n"), "{digest}");
    assert!(host.log_lines()[1].starts_with("info: more than 1 events"), "{:?}", host.log_lines());
}

#[test]
fn a_type_without_places_is_told_without() {
    let host = host();
    host.set_sql_answer(NEAR, r#"{"error":"no such column: venue"}"#);
    host.set_sql_answer(NEAR_SOMEWHERE, r#"[{"title":"Songs","starts_at":"2026-11-29T18:30:00.000Z"}]"#);
    tick(&host);
    assert!(host.file("digest/latest.md").unwrap().ends_with("- 2026-11-29 18:30 UTC: **Songs**\n"));
}

#[test]
fn a_site_without_events_is_no_failure() {
    let host = host();
    host.set_sql_answer(NEAR, NO_TABLE);
    tick(&host);
    assert_eq!(host.file("digest/latest.md"), None);
    let log = host.log_lines();
    assert!(log.len() == 1 && log[0].starts_with("warn: there are no events to look at: "), "{log:?}");
}

#[test]
fn a_type_without_a_public_begin_is_no_failure() {
    for missing in ["starts_at", "title"] {
        let host = host();
        let answer = format!(r#"{{"error":"no such column: {missing}"}}"#);
        host.set_sql_answer(NEAR, &answer);
        host.set_sql_answer(NEAR_SOMEWHERE, &answer);
        tick(&host);
        assert_eq!(host.file("digest/latest.md"), None);
        let expected = format!("warn: there are no events to look at: no such column: {missing}");
        assert_eq!(host.log_lines(), [expected]);
    }
}

#[test]
fn any_other_trouble_fails_the_run() {
    let host = host();
    host.set_sql_answer(NEAR, r#"{"error":"the site is stopping"}"#);
    assert!(catch_unwind(AssertUnwindSafe(|| tick(&host))).is_err());
    assert_eq!(host.file("digest/latest.md"), None);
}

#[test]
fn old_digests_are_thrown_away() {
    let host = host();
    host.set_sql_answer(NEAR, "[]");
    for name in ["2026-10-29.md", "2026-10-28.md", "2025-12-31.md", "notes.md", "2025-12-31.txt"] {
        assert!(host_api::vfs_write(&format!("digest/{name}"), "kept?"));
    }
    tick(&host);
    host.set_clock(NOON + DAY.unsigned_abs());
    tick(&host);
    let left = host_api::vfs_list("digest").unwrap();
    let expected = r#"["2025-12-31.txt","2026-11-28.md","2026-11-29.md","latest.md","notes.md"]"#;
    assert_eq!(left, expected);
}
