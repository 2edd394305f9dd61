//! The plugins that come with the server: built from `extensions/plugins` by the build script and embedded, so that a
//! fresh site has them without a file in place.

/// A plugin embedded in the server.
#[derive(Clone, Copy, Debug)]
pub struct BundledPlugin {
    /// The name of its folder, for example `reading-time`.
    pub name: &'static str,
    /// The text of its `manifest.toml`.
    pub manifest: &'static str,
    /// The text of its `README.md`.
    pub readme: &'static str,
    /// The built module, what its manifest calls the entry.
    pub wasm: &'static [u8],
    /// Its migrations, each a name and SQL, in the order of their names.
    pub migrations: &'static [(&'static str, &'static str)],
}

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// All bundled plugins, by name.
pub fn all() -> &'static [BundledPlugin] {
    BUNDLED
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fleuron_plugin_host::Manifest;

    use super::all;

    #[test]
    fn every_bundled_plugin_has_a_faultless_manifest_and_a_module() {
        assert_eq!(
            all().iter().map(|plugin| plugin.name).collect::<Vec<_>>(),
            [
                "comment-guard",
                "event-reminder",
                "link-cards",
                "post-stats",
                "publish-webhook",
                "reading-time",
                "related-posts",
                "slug-and-excerpt",
                "table-of-contents",
            ]
        );
        for plugin in all() {
            let manifest = Manifest::parse(plugin.manifest, Path::new("manifest.toml"));
            assert!(manifest.is_ok(), "{}: {:?}", plugin.name, manifest.err());
            assert!(plugin.wasm.starts_with(b"\0asm"), "{}", plugin.name);
            assert!(plugin.readme.contains("Turn it off"), "{}", plugin.name);
        }
    }
}
