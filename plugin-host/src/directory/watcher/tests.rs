//! A directory followed through everything that happens to one.

use std::fs;
use std::path::Path;

use tokio::sync::watch;

use super::*;
use crate::config::HostConfig;
use crate::directory::DirectorySource;
use crate::package::Origin;
use crate::testing::{EMPTY_COMPONENT, MemoryPorts};

/// What authors are promised.
const PROMISE: Duration = Duration::from_secs(2);

struct Scene {
    directory: tempfile::TempDir,
    host: PluginHost,
    changes: watch::Receiver<u64>,
    handle: WatchHandle,
}

impl Scene {
    async fn new(policy: impl Fn(&Manifest) -> bool + Send + Sync + 'static) -> Scene {
        Scene::with(Vec::new(), policy).await
    }

    async fn with(
        standing: Vec<Package>,
        policy: impl Fn(&Manifest) -> bool + Send + Sync + 'static,
    ) -> Scene {
        let directory = tempfile::tempdir().expect("a directory");
        let host = PluginHost::new(HostConfig::default(), MemoryPorts::default().ports()).expect("a host");
        let handle =
            DirectorySource::watch(directory.path(), host.clone(), standing, policy).expect("a watcher");
        handle.rescan().await;
        Scene { changes: host.changes(), directory, host, handle }
    }

    fn write(&self, folder: &str, id: &str, version: &str) {
        let manifest = format!("[plugin]\nid = \"{id}\"\nname = \"Test\"\nversion = \"{version}\"\n");
        self.write_manifest(folder, &manifest);
        fs::write(self.directory.path().join(folder).join("plugin.wasm"), EMPTY_COMPONENT).expect("code");
    }

    fn write_manifest(&self, folder: &str, text: &str) {
        let folder = self.directory.path().join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("manifest.toml"), text).expect("a manifest");
    }

    /// Waits for the next change of the loaded plugins and answers their ids and versions.
    async fn next(&mut self) -> Vec<String> {
        tokio::time::timeout(PROMISE, self.changes.changed()).await.expect("in time").expect("a host");
        self.loaded()
    }

    fn loaded(&self) -> Vec<String> {
        self.host.plugins().iter().map(|plugin| format!("{} {}", plugin.id, plugin.version)).collect()
    }
}

fn manifest_of(id: &str) -> String {
    format!("[plugin]\nid = \"{id}\"\nname = \"Test\"\nversion = \"1.0.0\"\n")
}

/// A package that the server brings.
fn standing(id: &str) -> Package {
    let manifest = Manifest::parse(&manifest_of(id), Path::new("manifest.toml")).expect("a good manifest");
    let wasm = EMPTY_COMPONENT.to_vec();
    Package { manifest, wasm, migrations: Vec::new(), origin: Origin::Bundled }
}

#[tokio::test]
async fn follows_a_plugin_through_its_life() {
    let mut scene = Scene::new(|manifest| manifest.enabled).await;
    scene.write("a", "com.example.a", "1.0.0");
    assert_eq!(scene.next().await, ["com.example.a 1.0.0"]);
    scene.write("a", "com.example.a", "1.1.0");
    assert_eq!(scene.next().await, ["com.example.a 1.1.0"]);

    scene.write_manifest("a", "[plugin]\nid = \"com.example.a\"\n");
    scene.handle.rescan().await;
    assert_eq!(scene.loaded(), ["com.example.a 1.1.0"], "a faulty manifest leaves the plugin alone");
    assert_eq!(scene.host.faults().len(), 1);
    assert_eq!(scene.host.faults()[0].problems.len(), 2, "{:?}", scene.host.faults());

    scene.write("a", "com.example.a", "1.2.0");
    assert_eq!(scene.next().await, ["com.example.a 1.2.0"]);
    scene.handle.rescan().await;
    assert!(scene.host.faults().is_empty());

    fs::remove_dir_all(scene.directory.path().join("a")).expect("removed");
    assert!(scene.next().await.is_empty());
}

#[tokio::test]
async fn an_id_belongs_to_one_folder() {
    let scene = Scene::new(|_| true).await;
    scene.write("a", "com.example.a", "1.0.0");
    scene.write("b", "com.example.a", "2.0.0");
    scene.handle.rescan().await;
    assert_eq!(scene.loaded(), ["com.example.a 1.0.0"]);
    assert_eq!(scene.host.faults().len(), 1);
}

#[tokio::test]
async fn the_policy_decides() {
    let scene = Scene::new(|manifest| manifest.plugin.version.major < 2).await;
    scene.write("a", "com.example.a", "1.0.0");
    scene.handle.rescan().await;
    assert_eq!(scene.loaded().len(), 1);
    scene.write("a", "com.example.a", "2.0.0");
    scene.handle.rescan().await;
    assert!(scene.loaded().is_empty());
}

#[tokio::test]
async fn nothing_is_loaded_twice() {
    let scene = Scene::new(|_| true).await;
    scene.write("a", "com.example.a", "1.0.0");
    scene.handle.rescan().await;
    let generation = scene.host.generation();
    scene.write("a", "com.example.a", "1.0.0");
    scene.handle.rescan().await;
    assert_eq!(scene.host.generation(), generation);
}

#[tokio::test]
async fn the_next_folder_gets_an_id_that_is_free_again() {
    let mut scene = Scene::new(|_| true).await;
    scene.write("a", "com.example.a", "1.0.0");
    scene.write("b", "com.example.a", "2.0.0");
    scene.handle.rescan().await;
    scene.changes.mark_unchanged();
    fs::remove_dir_all(scene.directory.path().join("a")).expect("removed");
    assert!(scene.next().await.is_empty());
    assert_eq!(scene.next().await, ["com.example.a 2.0.0"]);
}

#[tokio::test]
async fn a_standing_package_gives_way_to_its_folder() {
    let text = manifest_of("com.example.a");
    let text = text.as_str();
    let mut scene = Scene::with(vec![standing("com.example.a")], |manifest| manifest.enabled).await;
    let off = format!("{text}enabled = false\n");
    assert_eq!(scene.loaded(), ["com.example.a 1.0.0"]);

    scene.write_manifest("a", &off);
    assert!(scene.next().await.is_empty(), "switched off without code");
    scene.write_manifest("a", text);
    assert_eq!(scene.next().await, ["com.example.a 1.0.0"]);
    scene.write("a", "com.example.a", "2.0.0");
    assert_eq!(scene.next().await, ["com.example.a 2.0.0"]);
    scene.write_manifest("a", &off);
    assert!(scene.next().await.is_empty(), "switched off with code");
    fs::remove_dir_all(scene.directory.path().join("a")).expect("removed");
    assert_eq!(scene.next().await, ["com.example.a 1.0.0"]);

    scene.write("a", "com.example.a", "2.0.0");
    assert_eq!(scene.next().await, ["com.example.a 2.0.0"]);
    fs::remove_dir_all(scene.directory.path().join("a")).expect("removed");
    assert_eq!(scene.next().await, ["com.example.a 1.0.0"], "replaced without a gap");
    assert!(scene.host.faults().is_empty());
}

#[tokio::test]
async fn migrations_are_followed_with_the_plugin() {
    let mut scene = Scene::new(|_| true).await;
    scene.write("a", "com.example.a", "1.0.0");
    assert_eq!(scene.next().await, ["com.example.a 1.0.0"]);
    let migrations = scene.directory.path().join("a/migrations");
    fs::create_dir(&migrations).expect("a folder");
    fs::write(migrations.join("notes.txt"), "").expect("written");
    let noticed = tokio::time::timeout(PROMISE, async {
        while scene.host.faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    noticed.await.expect("in time");
    assert_eq!(scene.loaded(), ["com.example.a 1.0.0"], "it runs on");
    fs::remove_file(migrations.join("notes.txt")).expect("removed");
    scene.handle.rescan().await;
    assert!(scene.host.faults().is_empty());
}

#[tokio::test]
async fn a_reload_needs_no_change() {
    let scene = Scene::with(vec![standing("com.example.bundled")], |manifest| manifest.enabled).await;
    scene.write("a", "com.example.a", "1.0.0");
    scene.write_manifest("off", &format!("{}enabled = false\n", manifest_of("com.example.off")));
    scene.handle.rescan().await;
    for id in ["com.example.a", "com.example.bundled"] {
        let generation = scene.host.generation();
        assert!(scene.handle.reload(&id.parse().expect("an id")).await, "{id}");
        assert_eq!(scene.host.generation(), generation + 1, "{id}");
    }
    for id in ["com.example.off", "com.example.nobody"] {
        assert!(!scene.handle.reload(&id.parse().expect("an id")).await, "{id}");
    }
    let generation = scene.host.generation();
    scene.handle.rescan().await;
    assert_eq!(scene.host.generation(), generation, "nothing is loaded twice");
}

#[tokio::test]
async fn a_reload_tries_again_what_could_not_be_loaded() {
    let scene = Scene::new(|_| true).await;
    scene.write("a", "com.example.a", "1.0.0");
    fs::write(scene.directory.path().join("a/plugin.wasm"), "no code").expect("written");
    scene.handle.rescan().await;
    let id = "com.example.a".parse().expect("an id");
    assert!(scene.handle.reload(&id).await, "there is one");
    assert!(scene.loaded().is_empty());
    assert_eq!(scene.host.faults().len(), 1);

    fs::write(scene.directory.path().join("a/plugin.wasm"), EMPTY_COMPONENT).expect("written");
    assert!(scene.handle.reload(&id).await);
    assert_eq!(scene.loaded(), ["com.example.a 1.0.0"]);
    fs::write(scene.directory.path().join("a/plugin.wasm"), "no code").expect("written");
    assert!(scene.handle.reload(&id).await);
    assert_eq!(scene.loaded(), ["com.example.a 1.0.0"], "it runs on");
    assert_eq!(scene.host.faults().len(), 1);
    fs::remove_dir_all(scene.directory.path().join("a")).expect("removed");
    assert!(!scene.handle.reload(&id).await);
    assert!(scene.loaded().is_empty());
}
