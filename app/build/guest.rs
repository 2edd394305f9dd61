//! Builds WebAssembly guests from a build script: an inner cargo with a target directory of its own, beside the outer
//! one's folders, so that rebuilds are fast and every package that builds guests shares their dependencies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// What the outer cargo, clippy or a coverage run sets for itself, and must not reach the guests.
const CLEARED: [&str; 13] = [
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Guests to be built together: one package, or all members of one workspace.
pub(crate) struct Guests<'a> {
    /// The folder of the guests' `Cargo.toml`, whose lockfile holds.
    pub(crate) folder: &'a Path,
    /// The only package to build; all when absent.
    pub(crate) package: Option<&'a str>,
    /// The target triple.
    pub(crate) target: &'a str,
}

impl Guests<'_> {
    /// Builds in release mode and answers the folder that the `.wasm` files are in.
    pub(crate) fn build(&self) -> Result<PathBuf, String> {
        if !is_installed(self.target) {
            return Err(format!(
                "the Rust target {target} is needed to build {folder}: run `rustup target add {target}`",
                target = self.target,
                folder = self.folder.display()
            ));
        }
        let target_dir = target_dir()?;
        let mut cargo = Command::new(variable("CARGO")?);
        cargo.arg("build").args(["--release", "--locked", "--target", self.target]);
        match self.package {
            Some(package) => cargo.args(["--package", package]),
            None => cargo.arg("--workspace"),
        };
        cargo.arg("--target-dir").arg(&target_dir).current_dir(self.folder).stdout(Stdio::null());
        for name in CLEARED {
            cargo.env_remove(name);
        }
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
                cargo.env_remove(name);
            }
        }
        let status = cargo.status().map_err(|error| format!("cannot run cargo: {error}"))?;
        if !status.success() {
            return Err(format!("building {} for {} failed ({status})", self.folder.display(), self.target));
        }
        Ok(target_dir.join(self.target).join("release"))
    }
}

/// Whether the compiler in use has the standard library of a target.
pub(crate) fn is_installed(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// Copies a built file, but leaves a copy alone that is the same already, so that nothing downstream is rebuilt.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let built = fs::read(from).map_err(|error| format!("cannot read {}: {error}", from.display()))?;
    write(to, &built)
}

/// Writes a file unless it has this content already.
pub(crate) fn write(to: &Path, content: &[u8]) -> Result<(), String> {
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    fs::write(to, content).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

/// Has cargo run the build script again when one of these changes; a folder stands for all that is in it.
pub(crate) fn watch(folder: &Path, names: &[&str]) {
    for name in names {
        println!("cargo::rerun-if-changed={}", folder.join(name).display());
    }
}

/// Ends the build script, with the error shown line by line when there is one.
pub(crate) fn finish(result: Result<(), String>) {
    if let Err(error) = result {
        for line in error.lines() {
            println!("cargo::error={line}");
        }
    }
}

/// An environment variable that cargo sets for build scripts.
pub(crate) fn variable(name: &str) -> Result<PathBuf, String> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set: run this through cargo"))
}

/// `guests` in the outer target directory, found from `OUT_DIR`: `<target>/<profile>/build/<package>/out`.
fn target_dir() -> Result<PathBuf, String> {
    let out = variable("OUT_DIR")?;
    let outer =
        out.ancestors().find(|folder| folder.ends_with("build")).and_then(|build| build.ancestors().nth(2));
    Ok(outer.unwrap_or(&out).join("guests"))
}
