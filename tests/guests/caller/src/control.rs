//! What a script can do beside host calls.

use std::hint::black_box;

use fleuron_plugin::host_api;
use serde_json::Value;

use crate::arguments::Arguments;
use crate::{calls, data};

/// Performs one call, an array of its name and its arguments.
pub fn perform(call: &Value) -> Value {
    let parts = call.as_array().map(Vec::as_slice).unwrap_or_default();
    let (name, arguments) = match parts.split_first() {
        Some((Value::String(name), arguments)) => (name.as_str(), Arguments(arguments)),
        _ => panic!("a call is an array that begins with a name, unlike {call}"),
    };
    match name {
        "trap" => core::arch::wasm32::unreachable(),
        "panic" => panic!("panicked as the script asked"),
        "loop" => loop {
            black_box(());
        },
        // As `loop`, but always within a host call.
        "call-loop" => loop {
            black_box(host_api::get_config("nothing"));
        },
        "repeat" => repeat(&arguments),
        _ => calls::perform(name, &arguments)
            .or_else(|| data::perform(name, &arguments))
            .unwrap_or_else(|| panic!("there is no call `{name}`")),
    }
}

/// `["repeat", n, call]`: the last answer of `n` calls.
fn repeat(arguments: &Arguments<'_>) -> Value {
    let mut last = Value::Null;
    for _ in 0..arguments.integer(0) {
        last = perform(arguments.value(1));
    }
    last
}
