//! The code of a package, and a package that is nothing but code.

use std::path::Path;

use super::{PackageLimits, Parts};
use crate::binary::{self, MANIFEST_SECTION};
use crate::manifest::{MANIFEST_FILE, Manifest};

/// Reads a package that is a `.wasm` alone, with the manifest in it.
pub(super) fn read(bytes: &[u8], limits: &PackageLimits) -> Result<Parts, Vec<String>> {
    binary::check(bytes).map_err(|reason| vec![format!("the code is refused: {reason}")])?;
    let text = match binary::sole_manifest(bytes) {
        Ok(Some(text)) => text,
        Ok(None) => {
            return Err(vec![format!(
                "the code has no custom section `{MANIFEST_SECTION}`; put the manifest into it, or upload a `.zip` of \
                 {MANIFEST_FILE} and the code"
            )]);
        }
        Err(reason) => return Err(vec![format!("the code is refused: {reason}")]),
    };
    let manifest = parse(&text, &section_of("the code"), limits)?;
    let (wasm, migrations) = (bytes.to_vec(), Vec::new());
    Ok(Parts { manifest, manifest_text: text, wasm, migrations, readme: None, icon: None })
}

/// Everything that is wrong with the code in the archive's file `name`; `manifest` is the one that stands beside it.
pub(super) fn faults(
    name: &str,
    bytes: &[u8],
    manifest: Option<&Manifest>,
    limits: &PackageLimits,
) -> Vec<String> {
    if let Err(reason) = binary::check(bytes) {
        return vec![format!("{name}: {reason}")];
    }
    let text = match binary::sole_manifest(bytes) {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![format!("{name}: {reason}")],
    };
    match (parse(&text, &section_of(name), limits), manifest) {
        (Err(reasons), _) => reasons,
        (Ok(embedded), Some(manifest)) => differences(name, &embedded, manifest).into_iter().collect(),
        (Ok(_), None) => Vec::new(),
    }
}

/// What a manifest inside code is called in faults.
fn section_of(file: &str) -> String {
    format!("{file}, section `{MANIFEST_SECTION}`")
}

/// The manifest in a text of the allowed size; all of its faults otherwise.
fn parse(text: &str, file: &str, limits: &PackageLimits) -> Result<Manifest, Vec<String>> {
    let size = text.len() as u64;
    if size > limits.manifest {
        return Err(vec![format!("{file}: is {size} bytes large; at most {} are allowed", limits.manifest)]);
    }
    Manifest::parse(text, Path::new(file))
        .map_err(|errors| errors.0.iter().map(ToString::to_string).collect())
}

/// Names the sections in which two manifests do not mean the same.
fn differences(name: &str, embedded: &Manifest, manifest: &Manifest) -> Option<String> {
    let Manifest { plugin, enabled, isolation, permissions, limits, hooks, cron, settings } = embedded;
    let same_plugin = *plugin == manifest.plugin;
    let same_ways = *enabled == manifest.enabled && *isolation == manifest.isolation;
    let sections = [
        ("[plugin]", same_plugin && same_ways),
        ("[permissions]", *permissions == manifest.permissions && *limits == manifest.limits),
        ("[hooks] or [events]", *hooks == manifest.hooks),
        ("[[cron]]", *cron == manifest.cron),
        ("[settings]", *settings == manifest.settings),
    ];
    let different: Vec<&str> =
        sections.into_iter().filter(|(_, same)| !same).map(|(section, _)| section).collect();
    if different.is_empty() {
        return None;
    }
    Some(format!(
        "{name}: its section `{MANIFEST_SECTION}` does not say the same as {MANIFEST_FILE} in {}; bring the two in line, \
         or take the section out",
        different.join(", ")
    ))
}
