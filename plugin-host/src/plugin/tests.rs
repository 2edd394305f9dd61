//! Instances of guests that start at once, and of guests that take their time.

use std::path::Path;
use std::time::{Duration, Instant};

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::config::HostConfig;
use crate::dispatch::CallContext;
use crate::hook::FilterHtml;
use crate::host::PluginHost;
use crate::manifest::Manifest;
use crate::package::{Origin, Package};
use crate::status::PluginStatus;
use crate::testing::MemoryPorts;

const WORLD: &str = "
    package raisfast:plugin-wit;
    interface plugin-hooks { filter-html: func(input: string) -> option<string>; }
    world guest { export plugin-hooks; }
";

/// Turns that take a guest some fifty milliseconds, tests' builds being what they are.
const FIFTY: u64 = 50_000_000;

/// A guest that turns so often when it starts. Its filter answers nothing: at once, or where its input begins with `s`
/// after so many turns again; with `t` it traps.
fn guest(turns: u64) -> Vec<u8> {
    let mut code = wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 1)
            (func $turn (local $left i64)
                (local.set $left (i64.const {turns}))
                (block (loop
                    (br_if 1 (i64.eqz (local.get $left)))
                    (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                    (br 0))))
            (start $turn)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "raisfast:plugin-wit/plugin-hooks#filter-html") (param i32 i32) (result i32)
                (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 115)) (then (call $turn)))
                (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 116)) (then unreachable))
                (i32.store8 (i32.const 1024) (i32.const 0))
                (i32.const 1024)))"#
    ))
    .expect("a module");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", WORLD).expect("a package");
    let world = resolve.select_world(&[package], Some("guest")).expect("the world");
    embed_component_metadata(&mut code, &resolve, world, StringEncoding::UTF8).expect("metadata");
    code
}

async fn load(turns: u64, pool_size: usize, lines: &str) -> PluginHost {
    let config = HostConfig { pool_size, ..HostConfig::default() };
    let host = PluginHost::new(config, MemoryPorts::default().ports()).expect("a host");
    let text = format!(
        "[plugin]\nid = \"com.example.guest\"\nname = \"Guest\"\nversion = \"1.0.0\"\n{lines}\n[hooks.filter-html]\n"
    );
    let manifest = Manifest::parse(&text, Path::new("manifest.toml")).expect("a good manifest");
    let package = Package { manifest, wasm: guest(turns), migrations: Vec::new(), origin: Origin::Bundled };
    host.load(package).await.expect("loaded");
    host
}

fn status(host: &PluginHost) -> PluginStatus {
    host.plugins().remove(0)
}

/// Calls the filter and answers whether that went well.
async fn call(host: &PluginHost, input: &str) -> bool {
    let filtered = host.filter::<FilterHtml>(input.to_owned(), &CallContext::default(), |_| Ok(())).await;
    !filtered.expect("nobody must agree").failed
}

async fn until_instances(host: &PluginHost, count: usize) {
    let limit = Instant::now() + Duration::from_secs(10);
    while status(host).instances != count {
        assert!(Instant::now() < limit, "{} instances, not {count}", status(host).instances);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_guests_start_when_they_are_needed() {
    let host = load(0, 4, "").await;
    for _ in 0..10 {
        assert!(call(&host, "words").await);
    }
    assert!(!call(&host, "trap").await);
    assert_eq!(status(&host).instances, 0, "nothing starts ahead");
    assert!(call(&host, "words").await);
    assert_eq!(status(&host).instances, 1);
    let plugin = host.snapshot().plugins.values().next().expect("the plugin").clone();
    plugin.retire_idle(Instant::now() + Duration::from_secs(3600));
    assert_eq!(status(&host).instances, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_guests_start_ahead() {
    let host = load(4 * FIFTY, 4, "").await;
    assert_eq!(status(&host).instances, 1);
    let begun = Instant::now();
    assert!(call(&host, "words").await);
    assert!(begun.elapsed() < Duration::from_millis(100), "nobody waits: {:?}", begun.elapsed());
    until_instances(&host, 2).await;
    for _ in 0..10 {
        assert!(call(&host, "words").await);
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(status(&host).instances, 2, "one to spare and no more");

    assert!(!call(&host, "trap").await);
    assert!(!call(&host, "trap").await);
    until_instances(&host, 1).await;
    assert!(call(&host, "words").await);
    until_instances(&host, 2).await;
    let plugin = host.snapshot().plugins.values().next().expect("the plugin").clone();
    plugin.retire_idle(Instant::now() + Duration::from_secs(3600));
    assert_eq!(status(&host).instances, 1, "one stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_for_the_start_that_is_under_way() {
    let host = load(FIFTY, 4, "").await;
    let calls = (0..12).map(|_| call(&host, "slow words"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.into_iter().all(|good| good), "{:?}", status(&host).hooks[0].last_error);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = status(&host);
    assert!(status.instances <= 4 + 1, "{} instances", status.instances);
    assert_eq!((status.hooks[0].counts.calls, status.hooks[0].counts.errors), (12, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_given_back_comes_first() {
    // Starting takes as long as a call does; the one that comes back was a while ahead.
    let host = load(4 * FIFTY, 2, "[permissions]\ntimeout_ms = 5000").await;
    let begun = Instant::now();
    let (first, second) = tokio::join!(call(&host, "slow words"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(call(&host, "words").await);
        begun.elapsed()
    });
    assert!(first);
    let both = begun.elapsed();
    assert!(second <= both, "{second:?}, {both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_start_is_bounded_and_no_failure() {
    let host = load(4 * FIFTY, 1, "[permissions]\ntimeout_ms = 20").await;
    assert!(!call(&host, "trap").await);
    let begun = Instant::now();
    assert!(!call(&host, "words").await, "it takes longer to start than this waits");
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
    assert_eq!(status(&host).hooks[0].counts.errors, 1, "the trap alone");
    until_instances(&host, 1).await;
    assert!(call(&host, "words").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_kept_never_starts_ahead() {
    let host = load(FIFTY, 4, "isolation = \"call\"").await;
    for _ in 0..3 {
        assert!(call(&host, "words").await);
        assert_eq!(status(&host).instances, 0);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&host).instances, 0);
}
