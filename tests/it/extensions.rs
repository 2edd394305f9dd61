//! The plugins that come with the server have tests of their own, in workspaces of their own. They are run from here,
//! so that one command tests everything.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the outer cargo, clippy or a coverage run sets for itself, and must not reach the plugins.
const CLEARED: [&str; 10] = [
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUST_TEST_THREADS",
];

/// The folders of `extensions/plugins` that are Rust projects.
fn projects() -> Vec<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../extensions/plugins");
    let folders = std::fs::read_dir(&plugins).expect("the plugins' folder");
    let mut projects: Vec<PathBuf> = folders
        .map(|entry| entry.expect("an entry").path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .collect();
    projects.sort();
    projects
}

/// Runs a project's tests on this machine, not in WebAssembly: host calls are answered by the SDK's host in memory.
fn test(project: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("extensions");
    let mut command = Command::new(cargo);
    command.args(["test", "--locked", "--target-dir"]).arg(target).current_dir(project);
    for name in CLEARED {
        command.env_remove(name);
    }
    let output = command.output().expect("cargo runs");
    if output.status.success() {
        return Ok(());
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{} ({}):\n{out}\n{err}", project.display(), output.status))
}

#[test]
fn every_plugin_in_the_repository_passes_its_own_tests() {
    let projects = projects();
    assert!(projects.len() >= 2, "found only {projects:?}");
    let failures: Vec<String> = projects.iter().filter_map(|project| test(project).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
