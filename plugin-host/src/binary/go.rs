//! Makes components of modules that Go compiled.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Assembled from `go/adapter.wat`, which says why Go needs one of its own.
const ADAPTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/go-adapter.wasm"));
const INTERFACES: &str = include_str!("go/adapter.wit");

/// A component of a module that describes its interface.
pub(super) fn componentise(module: &[u8]) -> Result<Vec<u8>, String> {
    let adapter = adapter()?;
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, &adapter)?
            .encode()
    };
    encode().map_err(|error| format!("no component can be made of Go's module: {error:#}"))
}

fn adapter() -> Result<Vec<u8>, String> {
    let fault = |error| format!("the adapter for Go is at fault: {error:#}");
    let mut resolve = Resolve::default();
    let package = resolve.push_source("adapter.wit", INTERFACES).map_err(fault)?;
    let world = resolve.select_world(&[package], Some("adapter")).map_err(fault)?;
    let mut adapter = ADAPTER.to_vec();
    embed_component_metadata(&mut adapter, &resolve, world, StringEncoding::UTF8).map_err(fault)?;
    Ok(adapter)
}

#[cfg(test)]
mod tests {
    use wasmparser::{Operator, Parser, Payload};

    use super::*;
    use crate::binary::world;

    #[test]
    fn the_adapter_serves_a_module_and_takes_none_of_its_memory() {
        let module = wat::parse_str(
            "(module
               (import \"wasi_snapshot_preview1\" \"clock_time_get\" (func (param i32 i64 i32) (result i32)))
               (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))
               (import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func (param i32 i32 i32 i32) (result i32)))
               (import \"wasi_snapshot_preview1\" \"random_get\" (func (param i32 i32) (result i32)))
               (memory (export \"memory\") 1)
               (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (unreachable))
               (func (export \"raisfast:plugin-wit/plugin-hooks#on-login\") (param i32 i32)))",
        )
        .expect("a module");
        let described = world::describe(&module).expect("described");
        let component = componentise(&described).expect("a component");
        assert!(wasmparser::validate(&component).is_ok());
        let (imports, grows) = imports_and_growth(&component);
        assert!(imports.iter().any(|name| name == "wasi:clocks/monotonic-clock@0.2.0"), "{imports:?}");
        assert!(!imports.iter().any(|name| name.starts_with("wasi:filesystem")), "{imports:?}");
        assert!(!grows, "memory is grown");
    }

    fn imports_and_growth(component: &[u8]) -> (Vec<String>, bool) {
        let (mut imports, mut grows) = (Vec::new(), false);
        for payload in Parser::new(0).parse_all(component) {
            match payload.expect("valid") {
                Payload::ComponentImportSection(section) => {
                    imports.extend(
                        section.into_iter().map(|import| import.expect("valid").name.name.to_owned()),
                    );
                }
                Payload::CodeSectionEntry(body) => {
                    let operators = body.get_operators_reader().expect("valid");
                    grows |= operators
                        .into_iter()
                        .any(|operator| matches!(operator, Ok(Operator::MemoryGrow { .. })));
                }
                _ => {}
            }
        }
        (imports, grows)
    }
}
