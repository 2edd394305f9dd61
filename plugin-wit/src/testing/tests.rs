use super::{MemoryHost, Permission, SentRequest, Verdict};
use crate::{CallContext, context, data, host_api, verdict};

#[test]
fn files_are_read_back_and_listed() {
    let host = MemoryHost::install();
    assert!(host_api::vfs_write("cache/posts/a.json", "{}"));
    assert!(host_api::vfs_write("cache/z\".txt", "four"));
    assert_eq!(host.file("cache/posts/a.json").as_deref(), Some("{}"));
    assert_eq!(host_api::vfs_read("cache/posts/a.json").as_deref(), Some("{}"));
    assert_eq!(host_api::vfs_list("").as_deref(), Some(r#"["cache/"]"#));
    assert_eq!(host_api::vfs_list("cache/").as_deref(), Some(r#"["posts/","z\".txt"]"#));
    assert_eq!(host_api::vfs_list("nothing"), None);
    assert_eq!(host_api::vfs_stat("cache").as_deref(), Some(r#"{"size":0,"is_dir":true,"modified":0}"#));
    assert!(host_api::vfs_exists("cache/posts"));
    assert!(host_api::vfs_delete("cache/posts/a.json"));
    assert!(!host_api::vfs_exists("cache/posts"));
    assert!(!host_api::vfs_delete("cache/posts/a.json"));
}

#[test]
fn files_and_ids_tell_the_time() {
    let host = MemoryHost::install();
    let stat = |path: &str| host_api::vfs_stat(path).unwrap_or_default();
    host_api::vfs_write("now", "four");
    assert!(!stat("now").ends_with("\"modified\":0}"), "the machine's own time: {}", stat("now"));
    for time in [1_700_000_000, 1_700_000_060, 1_600_000_000] {
        host.set_clock(time * 1000);
        let path = format!("at-{time}");
        host_api::vfs_write(&path, "four");
        assert_eq!(stat(&path), format!(r#"{{"size":4,"is_dir":false,"modified":{time}}}"#));
        let id = data::new_id().replace('-', "");
        assert_eq!(u64::from_str_radix(&id[..12], 16), Ok(time * 1000));
    }
    host_api::vfs_write("at-1700000000", "later");
    assert!(stat("at-1700000000").contains("1600000000"), "writing again counts");
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    MemoryHost::install();
    for path in
        ["", "/etc/passwd", "a/../b", "a//b", "a/./b", "a\\b", "a\0b", "a\nb", "a".repeat(513).as_str()]
    {
        assert!(!host_api::vfs_write(path, "x"), "{path:?}");
    }
}

#[test]
fn a_file_is_no_folder() {
    let host = MemoryHost::install();
    assert!(
        host_api::vfs_write("a", "1") && host_api::vfs_write("b/c", "1") && host_api::vfs_write("ab", "1")
    );
    for path in ["a/b", "a/b/c", "b", "b/c/d"] {
        assert!(!host_api::vfs_write(path, "2"), "{path}");
    }
    assert!(host_api::vfs_write("b/c", "2") && host_api::vfs_write("b/cd", "1"));
    assert_eq!(host_api::vfs_list("").as_deref(), Some(r#"["a","ab","b/"]"#));
    assert_eq!(host.log_lines()[0], "warn: vfs-write: `a` is a file, not a folder");
    assert_eq!(host.log_lines()[2], "warn: vfs-write: `b` is a folder; it cannot be written");
}

#[test]
fn other_servers_answer_what_was_laid_ready() {
    let host = MemoryHost::install();
    host.answer_http("https://example.com/", "hello");
    assert_eq!(host_api::http_get("https://example.com/").as_deref(), Some("hello"));
    assert_eq!(host_api::http_post("https://example.com/", "body").as_deref(), Some("hello"));
    assert_eq!(host_api::http_get("https://example.org/"), None);
    let request =
        |url: &str, body: Option<&str>| SentRequest { url: url.to_owned(), body: body.map(str::to_owned) };
    let sent = [
        request("https://example.com/", None),
        request("https://example.com/", Some("body")),
        request("https://example.org/", None),
    ];
    assert_eq!(host.requests(), sent);
}

#[test]
fn what_is_denied_says_what_is_missing() {
    let host = MemoryHost::install();
    host.answer_http("https://example.com/", "hello");
    host.set_sql_answer("SELECT 1", r#"[{"1":1}]"#);
    assert_eq!(host_api::db_query("SELECT 1", None), r#"[{"1":1}]"#);
    for permission in [Permission::Http, Permission::Database, Permission::Emit] {
        host.deny(permission);
    }
    assert_eq!(host_api::http_get("https://example.com/"), None);
    let refused = r#"{"error":"not granted: the manifest does not ask for "#;
    assert!(host_api::db_query("SELECT 1", None).starts_with(refused));
    assert!(host_api::db_begin().starts_with(refused));
    assert!(host_api::emit_event("x", "{}").starts_with(refused));
    assert!(host.requests().is_empty() && host.events().is_empty());
    assert!(host.log_lines()[0].starts_with("warn: http-get: not granted"), "{:?}", host.log_lines());
    host.grant(Permission::Http);
    assert!(host_api::http_get("https://example.com/").is_some());
}

#[test]
fn events_are_published_when_the_call_ends_well() {
    let host = MemoryHost::install();
    host.call(|| {
        let answer = host_api::emit_event("order-paid", r#"{"n":1}"#);
        assert!(answer.starts_with(r#"{"ok":true,"id":""#), "{answer}");
        assert!(host.events().is_empty());
    });
    assert_eq!(host.events(), [("order-paid".to_owned(), r#"{"n":1}"#.to_owned())]);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        host.call(|| {
            host_api::emit_event("lost", "1");
            panic!("the hook fails");
        });
    }));
    assert!(failed.is_err());
    assert_eq!(host.events().len(), 1);
    host_api::emit_event("direct", "2");
    assert_eq!(host.events().len(), 2);
}

#[test]
fn events_are_checked() {
    let host = MemoryHost::install();
    let long = format!("\"{}\"", "x".repeat(64 << 10));
    for (event_type, data) in
        [("", "1"), ("Order", "1"), ("a b", "1"), (&"x".repeat(65), "1"), ("a", "{"), ("a", ""), ("a", &long)]
    {
        assert!(host_api::emit_event(event_type, data).starts_with(r#"{"error":"#), "{event_type} {data}");
    }
    host.call(|| {
        for _ in 0..33 {
            host_api::emit_event("x", "1");
        }
    });
    assert_eq!(host.events().len(), 32);
}

#[test]
fn the_last_verdict_of_a_call_counts() {
    let host = MemoryHost::install();
    host.call(|| {
        verdict::hold();
        verdict::refuse("spam", "No\nadvertising.");
    });
    let refused = |code: &str, message: &str| {
        Some(Verdict::Refused { code: code.to_owned(), message: message.to_owned() })
    };
    assert_eq!(host.verdict(), refused("spam", "No advertising."));
    host.call(|| verdict::refuse("Not A Code", ""));
    assert_eq!(host.verdict(), refused("refused", "A plugin refused this without saying why."));
    host.call(|| ());
    assert_eq!(host.verdict(), None);
}

#[test]
fn actions_have_a_context_and_no_verdict() {
    let host = MemoryHost::install();
    assert_eq!(context::current(), CallContext::default());
    let delivery = CallContext {
        hook: "on-post-created".to_owned(),
        event_id: Some("e".to_owned()),
        attempt: 2,
        ..CallContext::default()
    };
    host.set_context(delivery.clone());
    host.call(|| {
        assert_eq!(context::current(), delivery);
        verdict::hold();
    });
    assert_eq!(host.verdict(), None);
    assert_eq!(host.log_lines(), ["warn: hold: has no effect in on-post-created"]);
}

#[test]
fn key_values_have_limits() {
    let host = MemoryHost::install();
    assert!(!host_api::set_data("", "x"));
    assert!(!host_api::set_data(&"k".repeat(513), "x"));
    assert!(!host_api::set_data("k", &"x".repeat((1 << 20) + 1)));
    assert!(host_api::set_data(&"k".repeat(512), "x"));
    assert_eq!(host.log_lines().len(), 3);
}

#[test]
fn a_fresh_host_is_empty() {
    let first = MemoryHost::install();
    assert!(host_api::set_data("visits", "1"));
    assert_eq!(first.data("visits").as_deref(), Some("1"));
    MemoryHost::install();
    assert_eq!(host_api::get_data("visits"), None);
    assert_eq!(first.data("visits").as_deref(), Some("1"));
}

#[test]
fn ids_are_uuids_in_order() {
    MemoryHost::install();
    let ids: Vec<String> = (0..10_000).map(|_| data::new_id()).collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
    let id = &ids[0];
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(id[14..].starts_with('7') && id[19..].starts_with(['8', '9', 'a', 'b']), "{id}");
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn without_a_database_the_error_says_what_helps() {
    MemoryHost::install();
    for answer in
        [host_api::db_query("SELECT 1", None), host_api::db_execute("x", None), host_api::db_begin()]
    {
        assert!(
            answer.starts_with(r#"{"error":"#) && answer.contains("enable the feature `sqlite`"),
            "{answer}"
        );
    }
    let error = data::table("visits").count().unwrap_err();
    assert!(error.message.contains("enable the feature `sqlite`"), "{error}");
}

#[cfg(feature = "sqlite")]
mod with_sqlite;
