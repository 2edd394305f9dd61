//! Bindings generated from `plugin.wit` and `wit/`: the host's functions as imports, the hooks as exports.
//!
//! One world names all of both packages. What a plugin never calls is dropped by the linker, and with it the import, so
//! that a plugin runs on any host that offers what it uses.

wit_bindgen::generate!({
    inline: "
        package fleuron:sdk;

        world sdk {
            include raisfast:plugin-wit/plugin-world;
            import fleuron:host/verdict@0.1.0;
            import fleuron:host/context@0.1.0;
            import fleuron:host/data@0.1.0;
            export fleuron:host/events@0.1.0;
        }
    ",
    path: ["plugin.wit", "wit"],
    with: {
        "raisfast:plugin-wit/types": crate::types,
        "fleuron:host/context@0.1.0/call-context": crate::context::CallContext,
        "fleuron:host/data@0.1.0/value": crate::data::Value,
        "fleuron:host/data@0.1.0/field": crate::data::Field,
        "fleuron:host/data@0.1.0/operator": crate::data::Operator,
        "fleuron:host/data@0.1.0/condition": crate::data::Condition,
        "fleuron:host/data@0.1.0/order": crate::data::Order,
        "fleuron:host/data@0.1.0/selection": crate::data::Selection,
        "fleuron:host/data@0.1.0/aggregate": crate::data::Aggregate,
        "fleuron:host/data@0.1.0/group": crate::data::Group,
        "fleuron:host/events@0.1.0/event": crate::types::Event,
    },
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "fleuron_plugin::bindings",
});
