//! What dispatch costs beside the bare typed call: a 2 KB post through `on-post-creating` with 0, 1 and 8 listeners.
//!
//! The code under test is named by `FLEURON_BENCH_PLUGIN`, or else built from `extensions/plugins/slug-and-excerpt`.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use fleuron_plugin_host::hook::OnPostCreating;
use fleuron_plugin_host::testing::{BareGuest, MemoryPorts};
use fleuron_plugin_host::{CallContext, HostConfig, Manifest, Origin, Package, PluginHost, PostInput};
use tokio::runtime::Runtime;

/// The listeners of the fullest host.
const MANY: usize = 8;
/// Calls behind each figure of the closing comparison.
const CALLS: u32 = 20_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let wasm = std::fs::read(plugin_file()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut bench = Bench::new(&runtime, &wasm)?;
    let mut criterion = Criterion::default().configure_from_args();
    bench.measure(&mut criterion, &runtime);
    criterion.final_summary();
    bench.compare(&runtime);
    Ok(())
}

struct Bench {
    bare: BareGuest,
    hosts: Vec<(usize, PluginHost)>,
    post: PostInput,
}

impl Bench {
    fn new(runtime: &Runtime, wasm: &[u8]) -> Result<Bench, Failure> {
        let bare = runtime.block_on(BareGuest::new(wasm, HostConfig::default()))?;
        let mut hosts = Vec::new();
        for listeners in [0, 1, MANY] {
            hosts.push((listeners, runtime.block_on(host(wasm, listeners))?));
        }
        Ok(Bench { bare, hosts, post: post() })
    }

    fn measure(&mut self, criterion: &mut Criterion, runtime: &Runtime) {
        let mut group = criterion.benchmark_group("on-post-creating, 2 KB");
        let (bare, post) = (&mut self.bare, &self.post);
        group.bench_function("bare typed call", |bencher| {
            bencher.iter_custom(|calls| runtime.block_on(time_bare(bare, post, calls)));
        });
        for (listeners, host) in &self.hosts {
            group.bench_function(format!("dispatch, {listeners} listeners"), |bencher| {
                bencher.iter_custom(|calls| runtime.block_on(time_dispatch(host, post, calls)));
            });
        }
        group.finish();
    }

    /// The figures side by side, taken in turns so that the machine's mood hits all alike.
    fn compare(&mut self, runtime: &Runtime) {
        let mut bare = Duration::MAX;
        let mut dispatch = vec![Duration::MAX; self.hosts.len()];
        for _round in 0..5 {
            bare = bare.min(runtime.block_on(time_bare(&mut self.bare, &self.post, CALLS.into())));
            for (best, (_, host)) in dispatch.iter_mut().zip(&self.hosts) {
                *best = (*best).min(runtime.block_on(time_dispatch(host, &self.post, CALLS.into())));
            }
        }
        let micros = |total: Duration| total.as_secs_f64() * 1e6 / f64::from(CALLS);
        println!("\nper call, best of five rounds of {CALLS}:");
        println!("  bare typed call         {:8.3} us", micros(bare));
        for (total, (listeners, _)) in dispatch.into_iter().zip(&self.hosts) {
            let ratio = total.as_secs_f64() / bare.as_secs_f64();
            let over = micros(total) - micros(bare);
            println!(
                "  dispatch, {listeners} listener(s) {:8.3} us   {ratio:6.2} x bare   {over:+.3} us",
                micros(total)
            );
        }
    }
}

/// Handing over the post costs both sides a copy of it, which is not counted.
async fn time_bare(bare: &mut BareGuest, post: &PostInput, calls: u64) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..calls {
        let post = Arc::new(post.clone());
        let started = Instant::now();
        let answer = bare.call(post).await;
        total += started.elapsed();
        assert!(matches!(black_box(answer), Ok(Some(_))), "the plugin is expected to change the post");
    }
    total
}

async fn time_dispatch(host: &PluginHost, post: &PostInput, calls: u64) -> Duration {
    let context = CallContext::default();
    let mut total = Duration::ZERO;
    for _ in 0..calls {
        let post = post.clone();
        let started = Instant::now();
        let outcome = host.filter::<OnPostCreating>(post, &context, |_| Ok(())).await;
        total += started.elapsed();
        assert!(black_box(outcome).is_ok_and(|filtered| !filtered.failed), "no filter fails");
    }
    total
}

async fn host(wasm: &[u8], listeners: usize) -> Result<PluginHost, Failure> {
    let host = PluginHost::new(HostConfig::default(), MemoryPorts::default().ports())?;
    for number in 0..listeners {
        let text = format!(
            "[plugin]\nid = \"bench.listener-{number}\"\nname = \"Listener {number}\"\nversion = \"1.0.0\"\n\
             [hooks.on-post-creating]\n"
        );
        let manifest = Manifest::parse(&text, Path::new("manifest.toml"))?;
        let wasm = wasm.to_vec();
        host.load(Package { manifest, wasm, migrations: Vec::new(), origin: Origin::Bundled }).await?;
    }
    Ok(host)
}

/// A post of 2 KB without a slug, so that the plugin has something to do.
fn post() -> PostInput {
    PostInput {
        title: "A quiet morning at the harbour".to_owned(),
        content: "The boats came in before the fog did. ".repeat(53),
        slug: None,
        excerpt: None,
        category_id: None,
        tag_ids: Some(vec!["0190c5d2-7b1c-7cc0-a5f2-51a2a8b9c0d1".to_owned()]),
        status: Some("draft".to_owned()),
        cover_image: None,
    }
}

fn plugin_file() -> Result<PathBuf, Failure> {
    if let Some(file) = std::env::var_os("FLEURON_BENCH_PLUGIN") {
        return Ok(PathBuf::from(file));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../extensions/plugins/slug-and-excerpt");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slug-and-excerpt");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        .current_dir(&folder)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .status()?;
    if !status.success() {
        return Err(format!("the plugin in {} does not build", folder.display()).into());
    }
    Ok(target.join("wasm32-unknown-unknown/release/slug_and_excerpt.wasm"))
}
