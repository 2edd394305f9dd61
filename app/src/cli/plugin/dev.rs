//! `fleuron plugin dev`: watches a plugin's project, builds it when it changes, loads it into a site, and shows what it
//! logs.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{RecvTimeoutError, channel},
    time::{Duration, SystemTime},
};

use fleuron_plugin_host::{PluginId, manifest::MANIFEST_FILE, ports::LogLevel};
use notify::{RecursiveMode, Watcher};
use serde_json::Value;

use super::{
    Failure,
    manage::{must_be, print_line, told},
    scratch::{self, Scratch},
    site::Site,
};
use crate::plugins::{http::plugins::LogLineResponse, scaffold};

/// How long files must have been the same before they are built.
const SETTLE: Duration = Duration::from_millis(200);
/// Folders whose changes are the build's own.
const OWN: [&str; 9] =
    [".dev", ".git", "target", "node_modules", ".venv", "zig-out", ".zig-cache", "build", "__pycache__"];

/// Where the plugin is loaded.
pub(super) enum Place {
    /// A site of its own, with its data in this folder, at this address.
    Scratch { data: PathBuf, listen: String },
    /// A running site.
    Server(Site),
}

/// Runs until it is interrupted.
pub(super) async fn run(project: &Path, place: Place) -> Result<(), Failure> {
    let id = scratch::id_of(project)?;
    let changes = watch(project)?;
    match place {
        Place::Scratch { data, listen } => {
            build(project).await?;
            let mut site = Scratch::start(&data, project, Some(&listen)).await?;
            tell(site.enable(&id).await);
            println!("The site is at {}. Its data is in {}.", site.url, data.display());
            let logs = tokio::task::spawn_local(follow(std::sync::Arc::clone(&site.services), id.clone()));
            let outcome = in_scratch(project, &id, &mut site, changes).await;
            logs.abort();
            site.stop().await?;
            outcome
        }
        Place::Server(site) => on_server(project, &id, &site, changes).await,
    }
}

type Changes = tokio::sync::mpsc::Receiver<()>;

async fn in_scratch(
    project: &Path,
    id: &PluginId,
    site: &mut Scratch,
    mut changes: Changes,
) -> Result<(), Failure> {
    loop {
        tokio::select! {
            // It ends at every signal that ends a server.
            () = site.ended() => return Ok(()),
            change = changes.recv() => if change.is_none() { return Ok(()) },
        }
        if build(project).await.is_ok() {
            match site.renew(project).await {
                Ok(()) => {
                    let path = format!("/admin/plugins/{id}");
                    tell(site.api.send(hyper::Method::GET, &path, super::api::Body::None).await);
                }
                Err(failure) => eprintln!("{failure}"),
            }
        }
    }
}

async fn on_server(project: &Path, id: &PluginId, site: &Site, mut changes: Changes) -> Result<(), Failure> {
    let mut last = None;
    loop {
        if build(project).await.is_ok() {
            match upload(project, id, site).await {
                Ok(plugin) => told(&plugin),
                Err(failure) => eprintln!("{failure}"),
            }
        }
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                change = changes.recv() => match change {
                    Some(()) => break,
                    None => return Ok(()),
                },
                () = tokio::time::sleep(Duration::from_millis(500)) => tail(id, site, &mut last).await,
            }
        }
    }
}

/// Uploads the project under a version of its own, since a version never changes, and agrees to what it asks for: whoever
/// develops it here has written that.
async fn upload(project: &Path, id: &PluginId, site: &Site) -> Result<Value, Failure> {
    let folder = std::env::temp_dir().join(format!("fleuron-dev-{}", uuid::Uuid::now_v7()));
    let packed = dated(project, &folder).and_then(|()| super::package::read(&folder));
    std::fs::remove_dir_all(&folder)?;
    let packed = packed?;
    let sent = super::package::look(&packed)?.sha256;
    let plugin = site.upload(packed).await?;
    if !plugin["consent"].is_null() {
        must_be(&plugin, &sent)?;
    }
    match plugin["consent"]["hash"].as_str() {
        None => Ok(plugin),
        Some(hash) => {
            super::package::tell_consent(&plugin["consent"]);
            site.consent(id, hash, Some(true)).await
        }
    }
}

/// A copy of the plugin whose version names the moment: `0.1.0` becomes `0.1.1-dev.1764300000`, later than it and earlier
/// than what is to come.
fn dated(project: &Path, folder: &Path) -> Result<(), Failure> {
    scratch::copy_plugin(project, folder)?;
    let file = folder.join(MANIFEST_FILE);
    let mut manifest: toml::Table = std::fs::read_to_string(&file)?.parse()?;
    let plugin = manifest.get_mut("plugin").and_then(toml::Value::as_table_mut);
    let plugin = plugin.ok_or("the manifest has no table [plugin]")?;
    let version = plugin.get("version").and_then(toml::Value::as_str).unwrap_or_default();
    let mut version = semver::Version::parse(version)?;
    let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    if version.pre.is_empty() {
        version.patch += 1;
    }
    version.pre = semver::Prerelease::new(&format!("dev.{moment}"))?;
    plugin.insert("version".to_owned(), version.to_string().into());
    Ok(std::fs::write(&file, manifest.to_string())?)
}

async fn build(project: &Path) -> Result<(), Failure> {
    let project = project.to_owned();
    let built = tokio::task::spawn_blocking(move || scaffold::build(&project)).await?;
    if let Err(failure) = &built {
        eprintln!("{failure}");
    }
    built.map(drop).map_err(Failure::from)
}

fn tell(answer: Result<Value, Failure>) {
    match answer {
        Ok(plugin) => told(&plugin),
        Err(failure) => eprintln!("{failure}"),
    }
}

/// Prints what the plugin logs on a site in this process.
async fn follow(services: std::sync::Arc<crate::services::Services>, id: PluginId) {
    let mut last = 0;
    while let Some((lines, seen)) = services.plugin_logs.after(&id, last, LogLevel::Debug).await {
        last = seen;
        for line in &lines {
            print_line(&serde_json::to_value(LogLineResponse::from(line)).unwrap_or_default());
        }
    }
}

/// Prints what the plugin has logged on a running site since the last time.
async fn tail(id: &PluginId, site: &Site, last: &mut Option<u64>) {
    let Some(api) = site.api() else { return };
    let after = last.map(|last| format!("?limit=500&after={last}")).unwrap_or_else(|| "?limit=1".to_owned());
    let path = format!("/admin/plugins/{id}/logs{after}");
    // A site that is away for a moment is asked again.
    let Ok(page) = api.send(hyper::Method::GET, &path, super::api::Body::None).await else { return };
    for line in page["items"].as_array().into_iter().flatten() {
        if last.is_some() {
            print_line(line);
        }
        *last = line["number"].as_u64().or(*last);
    }
    last.get_or_insert(0);
}

/// Says when the project's sources have changed and settled.
fn watch(project: &Path) -> Result<Changes, Failure> {
    let (events, inbox) = channel();
    let mut watcher = notify::recommended_watcher(events)?;
    watcher.watch(project, RecursiveMode::Recursive)?;
    let (sender, changes) = tokio::sync::mpsc::channel(1);
    let root = project.canonicalize()?;
    std::thread::Builder::new().name("plugin-dev-watch".to_owned()).spawn(move || {
        let _watcher = watcher;
        let mut is_due = false;
        loop {
            match inbox.recv_timeout(SETTLE) {
                Ok(Ok(event)) => {
                    is_due |= !event.kind.is_access() && event.paths.iter().any(|path| is_source(&root, path))
                }
                Ok(Err(_)) => {}
                Err(RecvTimeoutError::Timeout) if is_due => {
                    is_due = false;
                    if let Err(tokio::sync::mpsc::error::TrySendError::Closed(())) = sender.try_send(()) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) if sender.is_closed() => return,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })?;
    Ok(changes)
}

/// Whether a change of this file is the author's, not the build's.
fn is_source(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
    let is_built = path
        .extension()
        .is_some_and(|extension| ["wasm", "partial", "lock"].iter().any(|built| extension == *built));
    // Folders change with whatever is in them; what is hidden is a tool's.
    let is_own = |part: &str| OWN.contains(&part) || (part.starts_with('.') && part != ".");
    !is_built && !path.is_dir() && !parts.any(|part| is_own(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_from_what_is_built() {
        let root = Path::new("/p");
        for (path, expected) in [
            ("/p/src/lib.rs", true),
            ("/p/manifest.toml", true),
            ("/p/migrations/0001.sql", true),
            ("/p/target/debug/x", false),
            ("/p/node_modules/a/index.js", false),
            ("/p/plugin.wasm", false),
            ("/p/.plugin.js.swp", false),
            ("/p/plugin.4711.partial", false),
            ("./src/lib.rs", true),
            ("./.dev/fleuron.sqlite", false),
            ("./.build-1/main.o", false),
            (".", false),
            ("/p/Cargo.lock", false),
        ] {
            assert_eq!(is_source(root, Path::new(path)), expected, "{path}");
        }
    }
}
