//! Bindings generated from `plugin.wit`: the host's functions as imports, the hooks as exports.

wit_bindgen::generate!({
    path: "plugin.wit",
    world: "plugin-world",
    with: { "raisfast:plugin-wit/types": crate::types },
    pub_export_macro: true,
    default_bindings_module: "fleuron_plugin::bindings",
});
