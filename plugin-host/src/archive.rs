//! Uploaded packages: a `.wasm` with its manifest inside, or a zip archive of a plugin's folder.
//!
//! Whoever uploads a package is not trusted. It is read in memory and never laid out on a disk, nothing that the archive
//! says about itself is believed, and whatever a package has no use for is refused rather than passed over: what an
//! administrator is asked to agree to must be all there is.

mod code;
mod contents;
mod embed;
mod icon;
mod layout;
mod listing;
mod pack;
mod sums;
mod zipped;

use sha2::{Digest, Sha256};

use crate::directory::migrations;
use crate::engine::hex;
use crate::manifest::Manifest;
use crate::package::{Migration, Origin, Package};
pub use embed::embed_manifest;
pub use icon::Icon;
pub use pack::pack;

/// The most reasons that are given for one refusal.
const MAX_REASONS: usize = 100;

/// How large a package and its parts may be. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageLimits {
    /// The package as it is uploaded; 64 MiB by default.
    pub packed: u64,
    /// All files together, unpacked; 192 MiB by default.
    pub unpacked: u64,
    /// Files and folders in an archive; 300 by default.
    pub files: usize,
    /// How many times larger a file of more than 1 MiB may be unpacked than packed; 200 by default.
    pub ratio: u64,
    /// The manifest's text; 64 KiB by default.
    pub manifest: u64,
    /// The text of `README.md`, and of each licence and of `SHA256SUMS` too; 256 KiB by default.
    pub readme: u64,
    /// The icon; 256 KiB by default.
    pub icon: u64,
    /// One migration; 1 MiB by default. More than that is never accepted.
    pub migration: u64,
}

impl Default for PackageLimits {
    fn default() -> PackageLimits {
        PackageLimits {
            packed: 64 << 20,
            unpacked: 192 << 20,
            files: 300,
            ratio: 200,
            manifest: 64 << 10,
            readme: 256 << 10,
            icon: 256 << 10,
            migration: migrations::MAX_BYTES,
        }
    }
}

/// A package that was uploaded and is sound.
#[derive(Clone, Debug)]
pub struct UploadedPackage {
    /// What the host loads; its origin is [`Origin::Uploaded`].
    pub package: Package,
    /// The text of its manifest, wherever in the package it stood.
    pub manifest_text: String,
    /// The SHA-256 sum of the bytes that were uploaded, in lower-case hexadecimal.
    pub sha256: String,
    /// The text of `README.md`.
    pub readme: Option<String>,
    /// The picture that stands for the plugin.
    pub icon: Option<Icon>,
    /// How many bytes were uploaded.
    pub size: u64,
}

/// What a package is made of.
struct Parts {
    manifest: Manifest,
    manifest_text: String,
    wasm: Vec<u8>,
    migrations: Vec<Migration>,
    readme: Option<String>,
    icon: Option<Icon>,
}

/// Reads an uploaded package, whatever its file's name is, and writes nothing. The code is looked through and not
/// compiled; [`check_code`](crate::check_code) does that. Unpacks and hashes, and so takes a moment.
///
/// # Errors
/// All reasons for which the package is refused, each a sentence that begins with the file it is about; the first hundred
/// where there are more. An archive that is too large or broken is not looked into any further.
pub fn read_package(bytes: &[u8], limits: &PackageLimits) -> Result<UploadedPackage, Vec<String>> {
    let size = bytes.len() as u64;
    if size > limits.packed {
        return Err(vec![format!(
            "the package is {size} bytes large; at most {} are allowed",
            limits.packed
        )]);
    }
    let parts = match Form::of(bytes) {
        Form::Zip => zipped::read(bytes, limits),
        Form::Code => code::read(bytes, limits),
        Form::Neither => Err(vec![
            "the package is neither a zip archive nor WebAssembly; upload a plugin's `.wasm`, or a `.zip` of its folder"
                .to_owned(),
        ]),
    };
    let Parts { manifest, manifest_text, wasm, migrations, readme, icon } = parts.map_err(at_most)?;
    Ok(UploadedPackage {
        package: Package { manifest, wasm, migrations, origin: Origin::Uploaded },
        manifest_text,
        sha256: hex(&Sha256::digest(bytes)),
        readme,
        icon,
        size,
    })
}

/// What uploaded bytes are, as far as their start says.
enum Form {
    Zip,
    Code,
    Neither,
}

impl Form {
    fn of(bytes: &[u8]) -> Form {
        if bytes.starts_with(listing::FILE_MARK) || bytes.starts_with(listing::END_MARK) {
            Form::Zip
        } else if bytes.starts_with(b"\0asm") || wasmtime::Engine::detect_precompiled(bytes).is_some() {
            Form::Code
        } else {
            Form::Neither
        }
    }
}

fn at_most(mut reasons: Vec<String>) -> Vec<String> {
    if reasons.len() > MAX_REASONS {
        let left_out = reasons.len() - MAX_REASONS;
        reasons.truncate(MAX_REASONS);
        reasons.push(format!("{left_out} more reasons are left out"));
    }
    reasons
}

#[cfg(test)]
mod tests;
