//! Plugins compiled in a process of its own. This program is that process, too, and a host that is killed.
#![expect(
    clippy::expect_used,
    reason = "a test tells of trouble by failing; clippy does not see one where the harness is another"
)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use fleuron_plugin_host::testing::{EMPTY_COMPONENT, MemoryPorts};
use fleuron_plugin_host::{
    Compiler, DirectorySource, HostConfig, LoadError, Manifest, Origin, Package, PluginHost, WatchHandle,
    check_code, compile_child,
};
use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;

/// What starts this program as the compiler.
const COMPILE: &str = "compile-plugin";
/// What starts this program as a host that compiles without end, with the folder of its code cache.
const HOST: &str = "host";
/// What authors are promised: so long after its files are in place, a plugin runs.
const PROMISE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == COMPILE => compile_child(arguments),
        Some(first) if first == HOST => {
            let folder = PathBuf::from(arguments.next().expect("a folder"));
            block_on(async { host_in(&folder).load(package("com.example.slow", &slow())).await })
                .expect("nothing ends it");
            ExitCode::SUCCESS
        }
        _ => libtest_mimic::run(&Arguments::from_args(), tests()).exit_code(),
    }
}

macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        vec![$(Trial::test(stringify!($name), || {
            block_on($name());
            Ok(())
        })),*]
    };
}

fn tests() -> Vec<Trial> {
    let mut tests = trials![
        what_is_compiled_apart_loads_and_is_kept,
        a_warm_cache_needs_no_compiler,
        without_a_cache_nothing_stays,
        refusals_read_as_in_one_process,
        what_was_counted_before_is_measured_now,
        time_is_limited,
        memory_is_limited,
        a_compiler_that_fails_is_a_reason,
        a_small_plugin_beside_a_slow_one_runs_soon,
        mended_code_waits_for_no_compilation,
        who_must_agree_is_waited_for,
        cached_plugins_wait_for_no_compilation,
    ];
    if cfg!(target_os = "linux") {
        tests.extend(trials![
            who_does_not_wait_ends_it,
            a_shutdown_ends_it,
            a_killed_host_leaves_nothing_behind,
            what_follows_the_directory_ends_its_compilations,
            a_compiler_goes_last_and_knows_nothing,
        ]);
    }
    tests
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime").block_on(work)
}

fn config(cache: &Path) -> HostConfig {
    HostConfig {
        code_cache: Some(cache.to_owned()),
        compiler: Some(Compiler::this_program([COMPILE]).expect("a program")),
        ..HostConfig::default()
    }
}

fn host(config: HostConfig) -> PluginHost {
    PluginHost::new(config, MemoryPorts::default().ports()).expect("a host")
}

fn host_in(cache: &Path) -> PluginHost {
    host(config(cache))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn manifest(id: &str) -> String {
    format!("[plugin]\nid = \"{id}\"\nname = \"Test\"\nversion = \"1.0.0\"\n")
}

fn package(id: &str, wasm: &[u8]) -> Package {
    let manifest = Manifest::parse(&manifest(id), Path::new("manifest.toml")).expect("a good manifest");
    Package { manifest, wasm: wasm.to_vec(), migrations: Vec::new(), origin: Origin::Bundled }
}

/// A component around one function that changes so many locals within so many loops. It exports nothing.
fn loops(depth: usize, locals: usize) -> Vec<u8> {
    let change = |local| format!("(local.set {local} (i32.add (local.get {local}) (local.get 0)))");
    let changes: String = (1..=locals).map(change).collect();
    let (open, close) = ("loop ".repeat(depth), "local.get 0 br_if 0 end ".repeat(depth));
    let locals = "i32 ".repeat(locals);
    wat::parse_str(format!(
        "(component
            (core module $m (func (param i32) (local {locals}) {open} {changes} {close}))
            (core instance (instantiate $m)))"
    ))
    .expect("a component")
}

/// Twenty kilobytes that take the compiler minutes and gigabytes.
fn slow() -> Vec<u8> {
    loops(300, 2000)
}

/// Compiles in no time, and is not in a cache that has not seen this number.
fn quick(number: u32) -> Vec<u8> {
    wat::parse_str(format!(
        "(component
            (core module $m (func (result i32) (i32.const {number})))
            (core instance (instantiate $m)))"
    ))
    .expect("a component")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until something is so, for ten seconds at most.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < limit, "it never came about: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The processes that compile into this folder.
fn compilers(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().expect("a path of text");
    let processes = fs::read_dir("/proc").expect("a list of processes").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        words.contains(COMPILE) && words.contains(folder)
    })
    .collect()
}

async fn what_is_compiled_apart_loads_and_is_kept() {
    let folder = folder();
    let cache = folder.path().join("code");
    let host = host_in(&cache);
    host.load(package("com.example.a", EMPTY_COMPONENT)).await.expect("loaded");
    assert_eq!(host.plugins()[0].instances, 1);
    let kept = files(&cache);
    assert!(kept.len() == 1 && kept[0].ends_with(".cwasm"), "{kept:?}");
    assert!(host.examine(quick(0)).await.expect("looked at").is_empty());
    assert_eq!(files(&cache).len(), 2);
    assert_eq!(host.plugins().len(), 1);
}

async fn a_warm_cache_needs_no_compiler() {
    let folder = folder();
    host_in(folder.path()).load(package("com.example.a", &quick(1))).await.expect("loaded");
    let nowhere = Compiler { program: PathBuf::from("/nowhere/at/all"), arguments: Vec::new() };
    let host = host(HostConfig { compiler: Some(nowhere), ..config(folder.path()) });
    host.load(package("com.example.a", &quick(1))).await.expect("loaded");
    let refused = host.load(package("com.example.a", &quick(2))).await.expect_err("nobody compiles");
    assert!(refused.to_string().contains("/nowhere/at/all cannot be started"), "{refused}");
}

async fn without_a_cache_nothing_stays() {
    let host = host(HostConfig { code_cache: None, ..config(Path::new("")) });
    host.load(package("com.example.a", &quick(3))).await.expect("loaded");
    host.load(package("com.example.b", &quick(3))).await.expect("loaded");
    assert_eq!(host.plugins().len(), 2);
}

async fn refusals_read_as_in_one_process() {
    let folder = folder();
    let (apart, here) = (host_in(folder.path()), host(HostConfig::default()));
    let importing = wat::parse_str("(component (import \"a:b/c\" (instance)))").expect("a component");
    for bad in [&b""[..], b"not wasm", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0\x99\x01\0", &importing] {
        let refused = here.load(package("com.example.a", bad)).await.expect_err("refused");
        assert_eq!(apart.load(package("com.example.a", bad)).await, Err(refused), "{bad:?}");
    }
    let kept = files(folder.path());
    assert!(kept.len() == 1 && kept[0].ends_with(".cwasm"), "code that compiles is kept: {kept:?}");
}

async fn what_was_counted_before_is_measured_now() {
    let folder = folder();
    let deep = loops(80, 1);
    let refused = check_code(&deep).expect_err("too many loops");
    assert!(refused.to_string().contains("80 loops within each other"), "{refused}");
    host_in(folder.path()).load(package("com.example.deep", &deep)).await.expect("it takes no time");
}

async fn time_is_limited() {
    let folder = folder();
    let host = host(HostConfig { compile_timeout: Duration::from_millis(1500), ..config(folder.path()) });
    let begun = Instant::now();
    let refused = host.load(package("com.example.slow", &slow())).await.expect_err("too slow");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let LoadError::Code(reason) = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("takes too long: it was ended after 1.5 s"), "{reason}");
    assert!(files(folder.path()).is_empty());
    if cfg!(target_os = "linux") {
        assert!(compilers(folder.path()).is_empty());
    }
}

async fn memory_is_limited() {
    let folder = folder();
    let host = host(HostConfig { compile_memory: 160 << 20, ..config(folder.path()) });
    let refused = host.load(package("com.example.slow", &slow())).await.expect_err("too large");
    let LoadError::Code(reason) = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("too much memory: it was ended at 160 MiB"), "{reason}");
    host.load(package("com.example.quick", &quick(4))).await.expect("little is enough for this");
}

async fn a_compiler_that_fails_is_a_reason() {
    let folder = folder();
    let host = host(HostConfig {
        compiler: Some(Compiler { program: PathBuf::from("/bin/false"), arguments: Vec::new() }),
        ..config(folder.path())
    });
    let refused = host.load(package("com.example.a", &quick(5))).await.expect_err("no code");
    assert!(refused.to_string().contains("the compiler fails on it (exit status: 1)"), "{refused}");
    assert!(files(folder.path()).is_empty());
}

async fn who_does_not_wait_ends_it() {
    let folder = folder();
    let host = host_in(folder.path());
    let loading = host.clone();
    let load = tokio::spawn(async move { loading.load(package("com.example.slow", &slow())).await });
    until("it compiles", || !compilers(folder.path()).is_empty()).await;
    load.abort();
    until("it ends", || compilers(folder.path()).is_empty()).await;
}

async fn a_shutdown_ends_it() {
    let folder = folder();
    let host = host_in(folder.path());
    let loading = host.clone();
    let load = tokio::spawn(async move { loading.load(package("com.example.slow", &slow())).await });
    until("it compiles", || !compilers(folder.path()).is_empty()).await;
    host.shutdown().await;
    assert_eq!(load.await.expect("no panic"), Err(LoadError::ShuttingDown));
    until("it ends", || compilers(folder.path()).is_empty()).await;
}

async fn a_killed_host_leaves_nothing_behind() {
    let folder = folder();
    let program = std::env::current_exe().expect("a program");
    let words = [OsStr::new(HOST), folder.path().as_os_str()];
    let mut other = Command::new(program).args(words).stderr(Stdio::null()).spawn().expect("a host");
    until("it compiles", || !compilers(folder.path()).is_empty()).await;
    other.kill().expect("killed");
    other.wait().expect("it has ended");
    until("its compiler ends", || compilers(folder.path()).is_empty()).await;
}

async fn a_compiler_goes_last_and_knows_nothing() {
    let folder = folder();
    let host = host_in(folder.path());
    let loading = host.clone();
    let load = tokio::spawn(async move { loading.load(package("com.example.slow", &slow())).await });
    let last = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name in brackets: the state, then fifteen numbers, then the priority's niceness.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split_whitespace().nth(16) == Some("19")
    };
    until("it goes last", || compilers(folder.path()).iter().any(last)).await;
    let id = compilers(folder.path())[0];
    assert_eq!(fs::read(format!("/proc/{id}/environ")).expect("an environment"), b"");
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).expect("limits");
    let limit = |name: &str| limits.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    assert!(limit("Max cpu time").trim().starts_with("122 "), "{limits}");
    assert!(limit("Max address space").trim().starts_with("2147483648 "), "{limits}");
    load.abort();
}

/// A directory that is followed.
struct Scene {
    directory: TempDir,
    cache: TempDir,
    host: PluginHost,
    watch: WatchHandle,
}

impl Scene {
    fn new(change: impl FnOnce(&mut HostConfig), lay: impl FnOnce(&Path)) -> Scene {
        let (directory, cache) = (folder(), folder());
        lay(directory.path());
        let mut config = config(cache.path());
        change(&mut config);
        let host = host(config);
        let watch = DirectorySource::watch(directory.path(), host.clone(), Vec::new(), |_| true);
        Scene { watch: watch.expect("a watcher"), directory, cache, host }
    }

    fn runs(&self, id: &str) -> bool {
        self.host.plugins().iter().any(|plugin| plugin.id.as_str() == id)
    }

    async fn runs_soon(&self, id: &str) {
        let begun = Instant::now();
        until(id, || self.runs(id)).await;
        assert!(begun.elapsed() < PROMISE, "{id} took {:?}", begun.elapsed());
    }
}

/// Puts a plugin into the directory.
fn lay(directory: &Path, name: &str, wasm: &[u8], lines: &str) {
    let folder = directory.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("plugin.wasm"), wasm).expect("code");
    let text = manifest(&format!("com.example.{name}")) + lines;
    fs::write(folder.join("manifest.toml"), text).expect("a manifest");
}

async fn a_small_plugin_beside_a_slow_one_runs_soon() {
    let short = |config: &mut HostConfig| config.compile_timeout = Duration::from_secs(8);
    let scene = Scene::new(short, |directory| lay(directory, "slow", &slow(), ""));
    let begun = Instant::now();
    scene.watch.rescan().await;
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(1900) && waited < Duration::from_secs(4), "{waited:?}");
    assert!(!scene.runs("com.example.slow") && scene.host.faults().is_empty(), "nothing is decided yet");
    assert_eq!(scene.host.loading(), ["com.example.slow".parse().expect("an id")]);
    lay(scene.directory.path(), "small", &quick(6), "");
    scene.runs_soon("com.example.small").await;
    lay(scene.directory.path(), "small", &quick(7), "[hooks.filter-html]\n");
    let begun = Instant::now();
    until("it is replaced", || scene.host.generation() == 2).await;
    assert!(begun.elapsed() < PROMISE, "{:?}", begun.elapsed());
    assert!(scene.host.faults().is_empty());
    until("the slow one is refused", || !scene.host.faults().is_empty()).await;
    assert!(scene.host.loading().is_empty());
    let problem = &scene.host.faults()[0].problems[0];
    assert!(problem.contains("it was ended after 8 s"), "{problem}");
}

async fn mended_code_waits_for_no_compilation() {
    let scene = Scene::new(|_| (), |directory| lay(directory, "mended", &slow(), ""));
    tokio::time::sleep(Duration::from_millis(500)).await;
    lay(scene.directory.path(), "mended", &quick(8), "");
    scene.runs_soon("com.example.mended").await;
    if cfg!(target_os = "linux") {
        until("the other ends", || compilers(scene.cache.path()).is_empty()).await;
    }
    scene.watch.rescan().await;
    assert!(scene.host.faults().is_empty());

    // Also where the folder goes, or turns out to be another plugin's.
    lay(scene.directory.path(), "gone", &slow(), "");
    tokio::time::sleep(Duration::from_millis(900)).await;
    fs::remove_dir_all(scene.directory.path().join("gone")).expect("removed");
    lay(scene.directory.path(), "other", &quick(9), "");
    scene.runs_soon("com.example.other").await;
    let begun = Instant::now();
    scene.watch.rescan().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "nothing is left to wait for: {:?}", begun.elapsed());
    assert_eq!(scene.host.plugins().len(), 2);
}

async fn who_must_agree_is_waited_for() {
    let short = |config: &mut HostConfig| config.compile_timeout = Duration::from_secs(4);
    let must = "[hooks.on-comment-creating]\non_error = \"abort\"\n";
    let scene = Scene::new(short, |directory| lay(directory, "guard", &slow(), must));
    let begun = Instant::now();
    scene.watch.rescan().await;
    assert!(begun.elapsed() > Duration::from_millis(3800), "{:?}", begun.elapsed());
    assert_eq!(scene.host.faults().len(), 1);
}

async fn cached_plugins_wait_for_no_compilation() {
    let scene = Scene::new(|_| (), |directory| lay(directory, "cached", &quick(10), ""));
    scene.watch.rescan().await;
    // As many slow ones as are compiled at once, and more.
    for number in 0..6 {
        let host = scene.host.clone();
        let wasm = loops(300, 2000 + number);
        tokio::spawn(async move { host.load(package(&format!("com.example.slow-{number}"), &wasm)).await });
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let begun = Instant::now();
    assert!(scene.watch.reload(&"com.example.cached".parse().expect("an id")).await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    scene.host.shutdown().await;
}

async fn what_follows_the_directory_ends_its_compilations() {
    let scene = Scene::new(|_| (), |directory| lay(directory, "slow", &slow(), ""));
    until("it compiles", || !compilers(scene.cache.path()).is_empty()).await;
    drop(scene.watch);
    until("it ends", || compilers(scene.cache.path()).is_empty()).await;
}
