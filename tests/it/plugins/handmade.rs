//! Modules written by hand: what breaks the rules of the component model rather than those of a language.

use fleuron_tests::handmade::{described, filter, module};
use fleuron_tests::{TestApp, manifest, post};

use super::{log_of, status_of};

const ID: &str = "com.example.handmade";

/// Answers `none`: the sixteen bytes behind the first page's start are zero.
const NONE: &str = "(i32.const 32)";

fn handmade_manifest() -> String {
    format!("{}\n[permissions]\ntimeout_ms = 300\nmax_memory_mb = 16\n", manifest(ID, &["filter-html"]))
}

async fn site() -> TestApp {
    TestApp::builder()
        .neighbour()
        .pool_size(1)
        .limits(|limits| limits.host.start_timeout = std::time::Duration::from_millis(400))
        .spawn()
        .await
}

/// What the site says of a folder that it cannot load.
fn problems(app: &TestApp) -> String {
    app.services().hooks.faults().into_iter().flat_map(|fault| fault.problems).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_good_one_works() {
    let app = site().await;
    let good = filter(
        "",
        r#"(data (i32.const 48) "<p>by hand</p>")"#,
        "(i32.store (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 48))
         (i32.store (i32.const 40) (i32.const 14)) (i32.const 32)",
    );
    app.install("handmade", &handmade_manifest(), &good).await;
    post("By hand").content("Words.").published().create(&app.author().await).await;
    assert!(
        app.guest().get("/by-hand").await.expect(200).text().contains("<p>by hand</p>"),
        "{}",
        problems(&app)
    );
}

/// Each of these loads and then fails whenever it is called.
#[tokio::test]
async fn what_fails_in_a_call_costs_the_plugin_its_say_and_nothing_else() {
    // A `some` whose text is at this place and of this length.
    let some = |place: &str, length: &str| {
        format!(
            "(i32.store (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const {place}))
             (i32.store (i32.const 40) (i32.const {length})) (i32.const 32)"
        )
    };
    let deep = "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))";
    let table = "(table $t 1 funcref)";
    let log = r#"(import "raisfast:plugin-wit/host-api" "log" (func $log (param i32 i32 i32 i32)))"#;
    let set = r#"(import "raisfast:plugin-wit/host-api" "set-data" (func $set (param i32 i32 i32 i32) (result i32)))"#;
    let get = r#"(import "raisfast:plugin-wit/host-api" "get-data" (func $get (param i32 i32 i32)))"#;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("unreachable", filter("", "", "(unreachable)")),
        ("division by zero", filter("", "", "(i32.div_u (i32.const 1) (i32.const 0))")),
        ("a loop", filter("", "", "(loop $again (br $again)) (unreachable)")),
        (
            "a loop of host calls",
            filter(
                log,
                "",
                "(loop $again (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (br $again)) (unreachable)",
            ),
        ),
        (
            "a loop of stored values",
            filter(
                set,
                "",
                "(loop $again (drop (call $set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))) (br $again)) (unreachable)",
            ),
        ),
        ("the stack", filter("", deep, "(call $deep (i32.const 0))")),
        (
            "memory",
            filter(
                "",
                "",
                "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)",
            ),
        ),
        (
            "a table",
            filter(
                "",
                table,
                "(loop $again (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 100000)) (i32.const -1)))) (unreachable)",
            ),
        ),
        ("an answer outside of memory", filter("", "", "(i32.const 2147483632)")),
        (
            "an answer at the edge of memory",
            filter("", "", "(i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))"),
        ),
        ("a crooked answer", filter("", "", "(i32.const 33)")),
        ("a text outside of memory", filter("", "", &some("1000000000", "16"))),
        ("a text that wraps around", filter("", "", &some("4294967280", "4096"))),
        ("a text longer than memory", filter("", "", &some("0", "4294967295"))),
        ("neither none nor some", filter("", "", "(i32.store8 (i32.const 32) (i32.const 7)) (i32.const 32)")),
        ("invalid UTF-8", filter("", r#"(data (i32.const 48) "\ff\fe\c0\80")"#, &some("48", "4"))),
        ("a surrogate", filter("", r#"(data (i32.const 48) "\ed\a0\80")"#, &some("48", "3"))),
        (
            "a giant answer",
            filter("", "", &format!("(drop (memory.grow (i32.const 200))) {}", some("0", "12000000"))),
        ),
        (
            "forged pointers in a host call",
            filter(
                log,
                "",
                &format!(
                    "(call $log (i32.const 2000000000) (i32.const 10) (i32.const 0) (i32.const 4294967295)) {NONE}"
                ),
            ),
        ),
        (
            "invalid UTF-8 in a host call",
            filter(
                log,
                r#"(data (i32.const 48) "\ff\fe")"#,
                &format!("(call $log (i32.const 48) (i32.const 2) (i32.const 48) (i32.const 2)) {NONE}"),
            ),
        ),
        (
            "a forged place for a host call's answer",
            filter(
                get,
                "",
                &format!("(call $get (i32.const 0) (i32.const 1) (i32.const 2000000000)) {NONE}"),
            ),
        ),
    ];
    let app = site().await;
    let author = app.author().await;
    for (number, (case, code)) in cases.iter().enumerate() {
        // Another priority makes another manifest, so that every case is a plugin anew.
        let manifest = handmade_manifest()
            .replace("[hooks.filter-html]", &format!("[hooks.filter-html]\npriority = {number}"));
        app.install("handmade", &manifest, code).await;
        let slug = format!("case-{number}");
        post(&format!("Case {number}")).content("The previous value.").published().create(&author).await;
        let page = app.guest().get(&format!("/{slug}")).await.expect(200).text();
        assert!(page.contains("The previous value."), "{case}");
        let status = status_of(&app, ID).unwrap_or_else(|| panic!("{case} is loaded: {}", problems(&app)));
        assert_eq!(status.hooks[0].counts.errors, 1, "{case}: {:#?}", log_of(&app, ID));
        assert!(status.memory <= 16 << 20, "{case}: {status:?}");
    }
    app.assert_unharmed().await;
}

/// Each of these is refused before it is ever called; what was loaded before stays.
#[tokio::test]
async fn what_cannot_run_is_not_loaded() {
    let export = r#"(func (export "raisfast:plugin-wit/plugin-hooks#filter-html") (param i32 i32) (result i32) (i32.const 32))"#;
    let realloc = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))"#;
    let whole = |fields: &str| module(&format!(r#"(module {fields} {realloc} {export})"#));
    let stranger = "package evil:host; interface door { open: func(); } world stranger { import door; }";
    let wrong_shape = "package raisfast:plugin-wit; interface plugin-hooks { filter-html: func(input: u32) -> u32; } world shape { export plugin-hooks; }";
    let old_host =
        "package fleuron:host@9.0.0; interface verdict { hold: func(); } world w { import verdict; }";
    let many = format!(
        "(component (core module $m (memory 64)) {})",
        (0..40).map(|n| format!("(core instance $i{n} (instantiate $m))")).collect::<String>()
    );
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "a loop at the start",
            whole(r#"(memory (export "memory") 1) (func $spin (loop $again (br $again))) (start $spin)"#),
            "did not answer",
        ),
        (
            "a trap at the start",
            whole(r#"(memory (export "memory") 1) (func $trap (unreachable)) (start $trap)"#),
            "start",
        ),
        ("too much memory at the start", whole(r#"(memory (export "memory") 4096)"#), "memory"),
        (
            "too large a table at the start",
            whole(r#"(memory (export "memory") 1) (table 50000000 funcref)"#),
            "table",
        ),
        ("forty memories of 4 MiB", wat::parse_str(&many).expect("a component"), "start"),
        (
            "a stranger's imports",
            described(r#"(module (import "evil:host/door" "open" (func)))"#, stranger, "stranger"),
            "evil:host/door",
        ),
        (
            "an import that its world does not have",
            module(&format!(
                r#"(module (import "raisfast:plugin-wit/host-api" "format-disk" (func)) (memory (export "memory") 1) {realloc} {export})"#
            )),
            "format-disk",
        ),
        (
            "another version of the host's package",
            described(r#"(module (import "fleuron:host/verdict@9.0.0" "hold" (func)))"#, old_host, "w"),
            "fleuron:host/verdict@9.0.0",
        ),
        (
            "a hook of another shape",
            described(
                r#"(module (memory (export "memory") 1) (func (export "raisfast:plugin-wit/plugin-hooks#filter-html") (param i32) (result i32) (local.get 0)))"#,
                wrong_shape,
                "shape",
            ),
            "filter-html",
        ),
        (
            "an export that is missing",
            module(&format!(r#"(module (memory (export "memory") 1) {realloc})"#)),
            "filter-html",
        ),
        ("a module without description", wat::parse_str("(module)").expect("a module"), "wit-bindgen"),
    ];
    let app = site().await;
    let good = filter("", "", NONE);
    app.install("handmade", &handmade_manifest(), &good).await;
    for (number, (case, code, reason)) in cases.iter().enumerate() {
        let manifest = handmade_manifest()
            .replace("[hooks.filter-html]", &format!("[hooks.filter-html]\npriority = {number}"));
        app.install("handmade", &manifest, code).await;
        let said = problems(&app);
        assert!(said.contains(reason), "{case}: {said}");
        assert!(status_of(&app, ID).is_some(), "{case}: what was loaded before stays");
    }
    // Whatever is cut off anywhere is refused too.
    for length in (0..good.len()).step_by(good.len() / 12) {
        app.install("handmade", &handmade_manifest(), &good[..length]).await;
        assert!(!problems(&app).is_empty(), "{length} of {} bytes", good.len());
    }
    let mut engine = wasmtime_like_header();
    engine.extend(&good);
    app.install("handmade", &handmade_manifest(), &engine).await;
    assert!(!problems(&app).is_empty(), "machine code");
    app.assert_unharmed().await;
    app.install("handmade", &handmade_manifest(), &good).await;
    assert!(problems(&app).is_empty(), "{}", problems(&app));
}

/// The start of an ELF file, in which compiled code is kept.
fn wasmtime_like_header() -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(64, 0);
    header
}
