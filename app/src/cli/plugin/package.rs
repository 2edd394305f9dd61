//! `fleuron plugin pack|embed|inspect`: packages, without a site.

use std::{
    fs,
    path::{Path, PathBuf},
};

use fleuron_plugin_host::{PackageLimits, UploadedPackage, consent, embed_manifest, pack, read_package};
use serde_json::{Value, json};

use super::{Failure, manage::text};
use crate::plugins::http::consent::AskResponse;

/// The bytes of a package: a file as it is, a folder packed.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.is_dir() {
        return pack(path).map_err(|reasons| all(path, &reasons));
    }
    Ok(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Makes a package of a plugin's folder and answers where it is.
pub(super) fn write_pack(dir: &Path, out: Option<PathBuf>) -> Result<(), Failure> {
    let bytes = pack(dir).map_err(|reasons| all(dir, &reasons))?;
    let package = look(&bytes)?;
    let info = &package.package.manifest.plugin;
    let out = out.unwrap_or_else(|| format!("{}-{}.zip", info.id, info.version).into());
    fs::write(&out, &bytes).map_err(|error| format!("{}: {error}", out.display()))?;
    println!("{} ({}), sha256 {}", out.display(), size(bytes.len()), package.sha256);
    Ok(())
}

/// Puts a manifest into a module, which is a package by itself then.
pub(super) fn write_embedded(wasm: &Path, manifest: &Path, out: Option<PathBuf>) -> Result<(), Failure> {
    let unreadable = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let module = fs::read(wasm).map_err(|error| unreadable(wasm, error))?;
    let text = fs::read_to_string(manifest).map_err(|error| unreadable(manifest, error))?;
    let bytes = embed_manifest(&module, &text)?;
    let out = out.unwrap_or_else(|| wasm.to_owned());
    fs::write(&out, &bytes).map_err(|error| format!("{}: {error}", out.display()))?;
    println!("{} ({}), sha256 {}", out.display(), size(bytes.len()), look(&bytes)?.sha256);
    Ok(())
}

/// Tells what a package is and asks for.
pub(super) fn inspect(path: &Path) -> Result<(), Failure> {
    let package =
        read_package(&read(path)?, &PackageLimits::default()).map_err(|reasons| all(path, &reasons))?;
    let manifest = &package.package.manifest;
    let info = &manifest.plugin;
    println!("{} {} ({})", info.name, info.version, info.id);
    for line in [&info.description, &info.author, &info.homepage, &info.license].into_iter().flatten() {
        println!("{line}");
    }
    let (code, migrations) = (package.package.wasm.len(), package.package.migrations.len());
    println!("{}, code {}, {migrations} migrations", size(package.size as usize), size(code));
    println!("sha256 {}", package.sha256);
    tell_asks(&json!(AskResponse::all(&consent::asks(manifest))), &json!(consent::warnings(manifest)));
    println!("consent {}", consent::hash(manifest, &package.sha256));
    Ok(())
}

/// Reads a package.
pub(super) fn look(bytes: &[u8]) -> Result<UploadedPackage, Failure> {
    read_package(bytes, &PackageLimits::default()).map_err(|reasons| reasons.join("\n").into())
}

/// Prints what a version asks for, marking what is new.
pub(super) fn tell_consent(consent: &Value) {
    let is_upgrade = consent["added"].as_array().map(Vec::len) != consent["asks"].as_array().map(Vec::len);
    if is_upgrade {
        for (name, mark) in [("added", '+'), ("removed", '-')] {
            for ask in consent[name].as_array().into_iter().flatten() {
                println!("  {mark} {}", text(&ask["sentence"]));
            }
        }
        println!("In all:");
    }
    tell_asks(&consent["asks"], &consent["warnings"]);
}

/// Prints what a plugin asks for.
pub(super) fn tell_asks(asks: &Value, warnings: &Value) {
    for ask in asks.as_array().into_iter().flatten() {
        println!("  {:<7} {}", text(&ask["risk"]), text(&ask["sentence"]));
    }
    for warning in warnings.as_array().into_iter().flatten() {
        println!("  WARNING {}", text(warning));
    }
}

/// A number of bytes for a person.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn all(path: &Path, reasons: &[String]) -> Failure {
    let lines: Vec<String> = reasons.iter().map(|reason| format!("  - {reason}")).collect();
    format!("{} is no package:\n{}", path.display(), lines.join("\n")).into()
}
