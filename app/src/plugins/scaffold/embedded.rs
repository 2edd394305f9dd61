//! What the build script embeds for new projects: the guest SDK, the templates, and the bindings for C.

use super::language::ProjectFile;

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
include!(concat!(env!("OUT_DIR"), "/templates.rs"));

pub(super) const C_HEADER: &str = include_str!(concat!(env!("OUT_DIR"), "/bindings.h"));
pub(super) const C_SOURCE: &str = include_str!(concat!(env!("OUT_DIR"), "/bindings.c"));

/// The packages of the contract, where tools look for what the world in `folder` of a project refers to.
pub(super) fn contract(folder: &str) -> Vec<ProjectFile> {
    const PACKAGES: [(&str, &str); 2] =
        [("plugin.wit", "raisfast/plugin.wit"), ("wit/host.wit", "fleuron/host.wit")];
    let text = |name| SDK.iter().find(|(path, _)| *path == name).map_or("", |(_, text)| *text);
    PACKAGES.iter().map(|(from, to)| ProjectFile::new(format!("{folder}/deps/{to}"), text(*from))).collect()
}
