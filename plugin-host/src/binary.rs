//! Tells what kind of code a file holds, from its bytes alone, and makes a component of it.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;
use wit_component::ComponentEncoder;

/// The custom section that may hold the manifest.
const MANIFEST_SECTION: &str = "manifest";
/// How the sections start in which bindings generators leave a module's world.
const WORLD_SECTION: &str = "component-type";

/// What a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Component,
    /// A core module that says which world it implements.
    TypedModule {
        preview1: bool,
    },
    /// A core module that says nothing about its interface.
    PlainModule,
}

/// A component's bytes: the input as it is, or made from a typed core module.
///
/// # Errors
/// Says why the input is neither.
pub(crate) fn to_component(bytes: &[u8]) -> Result<Vec<u8>, String> {
    match kind(bytes)? {
        Kind::Component => Ok(bytes.to_vec()),
        Kind::TypedModule { preview1 } => componentise(bytes, preview1),
        Kind::PlainModule => Err("it is a core module without the description of its interface that wit-bindgen \
                                  leaves in it; build it against plugin.wit, and strip names only, not all custom \
                                  sections"
            .to_owned()),
    }
}

/// The text of the binary's custom section `manifest`, if there is one.
pub(crate) fn embedded_manifest(bytes: &[u8]) -> Option<String> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                return String::from_utf8(section.data().to_vec()).ok();
            }
            _ => {}
        }
    }
    None
}

fn kind(bytes: &[u8]) -> Result<Kind, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err("it is compiled machine code, which is never accepted; give the .wasm it was made from"
            .to_owned());
    }
    let mut encoding = None;
    let (mut typed, mut preview1) = (false, false);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| format!("it is not valid WebAssembly: {error}"))? {
            Payload::Version { encoding: found, .. } => encoding = encoding.or(Some(found)),
            Payload::CustomSection(section) => typed |= section.name().starts_with(WORLD_SECTION),
            Payload::ImportSection(imports) if encoding == Some(Encoding::Module) => {
                for import in imports.into_imports() {
                    let import = import.map_err(|error| format!("it is not valid WebAssembly: {error}"))?;
                    preview1 |= import.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                }
            }
            _ => {}
        }
    }
    match encoding {
        Some(Encoding::Component) => Ok(Kind::Component),
        Some(Encoding::Module) if typed => Ok(Kind::TypedModule { preview1 }),
        Some(Encoding::Module) => Ok(Kind::PlainModule),
        None => Err("it is not WebAssembly: its header is missing".to_owned()),
    }
}

fn componentise(module: &[u8], preview1: bool) -> Result<Vec<u8>, String> {
    let encode = || {
        let mut encoder = ComponentEncoder::default().validate(true).module(module)?;
        if preview1 {
            encoder = encoder
                .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?;
        }
        encoder.encode()
    };
    encode().map_err(|error| format!("no component can be made of the core module: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &[u8] = &[0, b'a', b's', b'm', 1, 0, 0, 0];
    const COMPONENT: &[u8] = &[0, b'a', b's', b'm', 0x0d, 0, 1, 0];

    fn with_section(header: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = header.to_vec();
        let size = u8::try_from(1 + name.len() + data.len()).expect("a short section");
        bytes.extend([0, size, u8::try_from(name.len()).expect("a short name")]);
        bytes.extend(name.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn tells_kinds_apart_by_content() {
        assert_eq!(kind(COMPONENT), Ok(Kind::Component));
        assert_eq!(kind(MODULE), Ok(Kind::PlainModule));
        let typed = with_section(MODULE, "component-type:wit-bindgen:0.60.0:x", b"");
        assert_eq!(kind(&typed), Ok(Kind::TypedModule { preview1: false }));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for bad in
            [&b""[..], b"\0asm", b"hello world", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &MODULE[..7]]
        {
            assert!(kind(bad).is_err(), "{bad:?}");
        }
        assert!(to_component(MODULE).is_err());
        let mut cut = with_section(MODULE, "component-type", b"0123456789");
        cut.truncate(cut.len() - 3);
        assert!(kind(&cut).is_err(), "a half-written file");
    }

    #[test]
    fn finds_an_embedded_manifest() {
        let bytes = with_section(COMPONENT, "manifest", b"[plugin]");
        assert_eq!(embedded_manifest(&bytes).as_deref(), Some("[plugin]"));
        assert_eq!(embedded_manifest(MODULE), None);
    }
}
