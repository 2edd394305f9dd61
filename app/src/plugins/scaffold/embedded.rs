//! What the build script embeds for new projects: the guest SDK and the templates.

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));
include!(concat!(env!("OUT_DIR"), "/templates.rs"));
