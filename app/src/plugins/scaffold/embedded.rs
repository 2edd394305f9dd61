//! What the build script embeds for new projects: the guest SDK, the templates, and the bindings for C.

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
include!(concat!(env!("OUT_DIR"), "/templates.rs"));

pub(super) const C_HEADER: &str = include_str!(concat!(env!("OUT_DIR"), "/bindings.h"));
pub(super) const C_SOURCE: &str = include_str!(concat!(env!("OUT_DIR"), "/bindings.c"));
