//! Random modules and random manifests, through load and dispatch: whatever they are, nobody panics and nothing hangs.
//!
//! The randomness is made from a counter, so a failure shows again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use arbitrary::Unstructured;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use wasm_smith::{Config, Module};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::config::HostConfig;
use crate::consent::{Difference, Granted, asks, difference};
use crate::dispatch::CallContext;
use crate::hook::FilterHtml;
use crate::host::PluginHost;
use crate::manifest::Manifest;
use crate::package::{Origin, Package};
use crate::testing::MemoryPorts;

const MODULES: u32 = 250;
const MANIFESTS: u32 = 4000;
/// Far beyond any limit that the host keeps.
const HANG: Duration = Duration::from_secs(20);

const WORLD: &str = "
    package raisfast:plugin-wit;
    interface host-api {
        log: func(level: string, msg: string);
        get-data: func(key: string) -> option<string>;
        set-data: func(key: string, value: string) -> bool;
        vfs-write: func(path: string, content: string) -> bool;
        db-begin: func() -> string;
        db-query: func(sql: string, params: option<string>) -> string;
        emit-event: func(event-type: string, data: string) -> string;
    }
    interface plugin-hooks {
        filter-html: func(input: string) -> option<string>;
    }
    world random {
        import host-api;
        export plugin-hooks;
    }
";
const SHAPE: &str = r#"(module
    (import "raisfast:plugin-wit/host-api" "log" (func (param i32 i32 i32 i32)))
    (import "raisfast:plugin-wit/host-api" "get-data" (func (param i32 i32 i32)))
    (import "raisfast:plugin-wit/host-api" "set-data" (func (param i32 i32 i32 i32) (result i32)))
    (import "raisfast:plugin-wit/host-api" "vfs-write" (func (param i32 i32 i32 i32) (result i32)))
    (import "raisfast:plugin-wit/host-api" "db-begin" (func (param i32)))
    (import "raisfast:plugin-wit/host-api" "db-query" (func (param i32 i32 i32 i32 i32 i32)))
    (import "raisfast:plugin-wit/host-api" "emit-event" (func (param i32 i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "raisfast:plugin-wit/plugin-hooks#filter-html") (param i32 i32) (result i32) unreachable))"#;
const MANIFEST: &str = r#"
[plugin]
id = "com.example.random"
name = "Random"
version = "1.0.0"
isolation = "instance"
[permissions]
database = ["own", "read:posts"]
http = ["api.example.com", "*.example.org:8443", "setting:target"]
events = ["emit"]
max_memory_mb = 4
timeout_ms = 30
[hooks.filter-html]
priority = 10
on_error = "keep"
[events."plugin.com.example.shop.order-paid"]
[[cron]]
label = "Task"
job_type = "task"
cron_expr = "0 */6 * * *"
[settings.mode]
type = "select"
options = ["a", "b"]
default = "a"
[settings.speed]
type = "number"
min = 1
max = 10
[settings.target]
type = "url"
"#;

/// So many bytes that depend on a number and on nothing else.
fn random(seed: u32, length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|block| {
        let mut hasher = Sha256::new();
        hasher.update(seed.to_le_bytes());
        hasher.update(block.to_le_bytes());
        <[u8; 32]>::from(hasher.finalize())
    });
    blocks.take(length).collect()
}

/// A module of the contract's shape whose functions do anything at all.
fn random_module(seed: u32) -> Vec<u8> {
    let config = Config {
        module_shape: Some(wat::parse_str(SHAPE).expect("a module")),
        // Some of them trap wherever they can, from their start on; the others run for as long as they like.
        allow_start_export: seed.is_multiple_of(4),
        disallow_traps: seed % 2 == 1,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        max_memory32_bytes: 8 << 20,
        max_table_elements: 100_000,
        ..Config::default()
    };
    let bytes = random(seed, 4096);
    let module = Module::new(config, &mut Unstructured::new(&bytes)).expect("a module");
    let mut code = module.to_bytes();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("random.wit", WORLD).expect("a package");
    let world = resolve.select_world(&[package], Some("random")).expect("the world");
    embed_component_metadata(&mut code, &resolve, world, StringEncoding::UTF8).expect("metadata");
    code
}

/// A manifest with a few bytes, lines or values changed.
fn random_manifest(seed: u32) -> String {
    const VALUES: [&str; 12] = [
        "\"\"",
        "-1",
        "9223372036854775807",
        "1e999",
        "nan",
        "[]",
        "{}",
        "true",
        "[[\"a\"]]",
        "1979-05-27",
        "\"\\u0000\"",
        "\"*\"",
    ];
    let dice = random(seed, 64);
    let mut lines: Vec<String> = MANIFEST.lines().map(str::to_owned).collect();
    for change in dice.chunks_exact(4).take(1 + usize::from(dice[63] % 4)) {
        let line = usize::from(change[0]) % lines.len();
        match change[1] % 5 {
            0 => drop(lines.remove(line)),
            1 => lines.insert(line, lines[usize::from(change[2]) % lines.len()].clone()),
            2 => {
                let key = lines[line].split('=').next().unwrap_or_default().to_owned();
                lines[line] = format!("{key}= {}", VALUES[usize::from(change[2]) % VALUES.len()]);
            }
            3 => {
                let at = lines[line].floor_char_boundary(usize::from(change[2]));
                lines[line].insert(at, char::from(change[3]));
            }
            _ => {
                let end = lines[line].floor_char_boundary(usize::from(change[2]) % 8);
                lines[line].truncate(end);
            }
        }
    }
    lines.join("\n")
}

#[test]
fn random_manifests_are_read_or_refused_with_reasons() {
    let mut read = 0;
    for seed in 0..MANIFESTS {
        let text = random_manifest(seed);
        match Manifest::parse(&text, Path::new("manifest.toml")) {
            Ok(manifest) => {
                read += 1;
                let granted = Granted::of(&manifest);
                assert!(granted.covers(&manifest), "{text}");
                assert_eq!(difference(&granted, &manifest), Difference::default(), "{text}");
                assert_eq!(granted.asks(), asks(&manifest), "{text}");
            }
            Err(errors) => {
                assert!(!errors.0.is_empty(), "{text}");
                assert!(errors.0.iter().all(|fault| !fault.reason.is_empty()), "{errors}");
            }
        }
        let bytes = random(seed, 300);
        // Whatever this is, it is no manifest and no reason to fail.
        assert!(Manifest::parse(&String::from_utf8_lossy(&bytes), Path::new("manifest.toml")).is_err());
    }
    assert!((MANIFESTS / 50..MANIFESTS).contains(&read), "{read} of {MANIFESTS} could be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_modules_neither_hang_nor_break_the_host() {
    let config = HostConfig {
        call_timeout: Duration::from_millis(30),
        start_timeout: Duration::from_millis(200),
        max_memory: 4 << 20,
        ..HostConfig::default()
    };
    let ports = MemoryPorts::default();
    let host = PluginHost::new(config, ports.ports()).expect("a host");
    let (mut loaded, mut answered, mut refused) = (0, 0, BTreeMap::new());
    for seed in 0..MODULES {
        let manifest = Manifest::parse(MANIFEST, Path::new("manifest.toml")).expect("a good manifest");
        let wasm = random_module(seed);
        let package = Package { manifest, wasm, migrations: Vec::new(), origin: Origin::Bundled };
        let load = timeout(HANG, host.load(package)).await;
        if let Err(error) = load.unwrap_or_else(|_| panic!("module {seed} hangs when it is loaded")) {
            *refused.entry(error.to_string().chars().take(300).collect::<String>()).or_insert(0) += 1;
            continue;
        }
        loaded += 1;
        for _ in 0..3 {
            let input = "<p>words</p>".to_owned();
            let context = CallContext::default();
            let call = timeout(HANG, host.filter::<FilterHtml>(input, &context, |_| Ok(()))).await;
            let filtered = call.unwrap_or_else(|_| panic!("module {seed} hangs when it is called"));
            let filtered = filtered.expect("nobody must agree");
            assert!(filtered.changed || filtered.payload == "<p>words</p>", "module {seed}");
            answered += u32::from(!filtered.failed);
        }
        let id = host.plugins()[0].id.clone();
        assert!(host.unload(&id));
    }
    assert!(loaded > MODULES / 4, "only {loaded} of {MODULES} could be loaded: {refused:#?}");
    assert!(answered > 0, "none of them ever answered");
    assert!(host.plugins().is_empty());
}
