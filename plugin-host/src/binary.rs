//! Tells what kind of code a file holds, from its bytes alone, and makes a component of it.

mod effort;
mod go;
mod world;

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{CustomSectionReader, Encoding, Parser, Payload};
use wasmtime::Engine;
use wit_component::ComponentEncoder;

use self::effort::Effort;
use crate::error::LoadError;

/// The custom section that may hold the manifest.
pub(crate) const MANIFEST_SECTION: &str = "manifest";
/// How the sections start in which bindings generators leave a module's world.
const WORLD_SECTION: &str = "component-type";

/// The most functions and globals of all instances in a component: some 64 MiB of the engine's own memory.
const MAX_ITEMS: u64 = 2_000_000;

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

/// What keeps compiling from taking too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// Nothing but what is counted beforehand: code that might take too long is refused. For compiling in this process,
    /// where nobody can end it.
    Counted,
    /// The limits of a process that does nothing else: code is refused where it does take too long.
    OwnProcess,
}

/// A component's bytes: the input as it is, or made from a typed core module.
///
/// # Errors
/// Says why the input is neither.
pub(crate) fn to_component(bytes: &[u8], bounds: Bounds) -> Result<Cow<'_, [u8]>, String> {
    match kind(bytes, bounds)? {
        Kind::Component => Ok(Cow::Borrowed(bytes)),
        Kind::TypedModule { preview1 } => componentise(bytes, preview1).map(Cow::Owned),
        Kind::PlainModule => Err(no_interface()),
    }
}

/// What the host takes, made from what a compiler wrote: components and core modules that describe their interface stay
/// as they are; any other core module gets the description of the hooks that it exports, of which there must be one at
/// least, and of the contract's imports.
///
/// # Errors
/// Where the bytes are no WebAssembly, or no part of the contract is found in them.
pub fn embed_world(code: &[u8]) -> Result<Vec<u8>, LoadError> {
    match kind(code, Bounds::OwnProcess).map_err(LoadError::Code)? {
        Kind::Component | Kind::TypedModule { .. } => Ok(code.to_vec()),
        Kind::PlainModule => world::describe(code).map_err(LoadError::Code),
    }
}

/// Whether the input is of a kind that [`to_component`] takes. Looks through it; makes and compiles nothing.
///
/// # Errors
/// Says why it is not.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    // How long it takes to compile is the compiler's business.
    match kind(bytes, Bounds::OwnProcess)? {
        Kind::Component | Kind::TypedModule { .. } => Ok(()),
        Kind::PlainModule => Err(no_interface()),
    }
}

fn no_interface() -> String {
    "it is a core module without the description of its interface that wit-bindgen leaves in it; build it against \
     plugin.wit, and strip names only, not all custom sections"
        .to_owned()
}

/// A component made of a module that Go compiled, which exports hooks as [`embed_world`] wants them.
///
/// # Errors
/// Where no component can be made of it.
pub fn componentise_go(module: &[u8]) -> Result<Vec<u8>, LoadError> {
    let described = embed_world(module)?;
    go::componentise(&described).map_err(LoadError::Code)
}

/// The text of the binary's custom section `manifest`, if there is one.
pub(crate) fn embedded_manifest(bytes: &[u8]) -> Option<String> {
    let section = manifest_sections(bytes).next()?.ok()?;
    String::from_utf8(section.data().to_vec()).ok()
}

/// As [`embedded_manifest`], where nothing may be passed over in silence.
///
/// # Errors
/// Where the binary cannot be read to its end, has two such sections, or one that is not UTF-8.
pub(crate) fn sole_manifest(bytes: &[u8]) -> Result<Option<String>, String> {
    let sections =
        manifest_sections(bytes).collect::<Result<Vec<_>, wasmparser::Error>>().map_err(invalid)?;
    match sections.as_slice() {
        [] => Ok(None),
        [section] => String::from_utf8(section.data().to_vec()).map(Some).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            format!("its section `{MANIFEST_SECTION}` is not UTF-8 from byte {valid} on")
        }),
        several => Err(format!("it has {} sections `{MANIFEST_SECTION}`; keep one", several.len())),
    }
}

/// The sections `manifest` of the binary itself, not those of modules and components inside it.
fn manifest_sections(
    bytes: &[u8],
) -> impl Iterator<Item = Result<CustomSectionReader<'_>, wasmparser::Error>> {
    let mut depth = 0_usize;
    Parser::new(0).parse_all(bytes).filter_map(move |payload| match payload {
        Err(error) => Some(Err(error)),
        Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => {
            depth += 1;
            None
        }
        Ok(Payload::End(_)) => {
            depth = depth.saturating_sub(1);
            None
        }
        Ok(Payload::CustomSection(section)) if depth == 0 && section.name() == MANIFEST_SECTION => {
            Some(Ok(section))
        }
        Ok(_) => None,
    })
}

fn kind(bytes: &[u8], bounds: Bounds) -> Result<Kind, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err("it is compiled machine code, which is never accepted; give the .wasm it was made from"
            .to_owned());
    }
    let mut encoding = None;
    let (mut typed, mut preview1) = (false, false);
    let mut size = Size::default();
    let mut effort = (bounds == Bounds::Counted).then(Effort::default);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        if let Some(effort) = &mut effort {
            effort.count(&payload).map_err(invalid)?;
        }
        match payload {
            Payload::Version { encoding: found, .. } => encoding = encoding.or(Some(found)),
            Payload::FunctionSection(functions) => size.count(functions.count()),
            Payload::GlobalSection(globals) => size.count(globals.count()),
            Payload::InstanceSection(instances) => size.instances(instances.count()),
            Payload::ModuleSection { .. } => size.next_module(),
            Payload::CustomSection(section) => typed |= section.name().starts_with(WORLD_SECTION),
            Payload::ImportSection(imports) if encoding == Some(Encoding::Module) => {
                for import in imports.into_imports() {
                    preview1 |= import.map_err(invalid)?.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                }
            }
            _ => {}
        }
    }
    size.check()?;
    effort.map_or(Ok(()), Effort::check)?;
    match encoding {
        Some(Encoding::Component) => Ok(Kind::Component),
        Some(Encoding::Module) if typed => Ok(Kind::TypedModule { preview1 }),
        Some(Encoding::Module) => Ok(Kind::PlainModule),
        None => Err("it is not WebAssembly: its header is missing".to_owned()),
    }
}

fn invalid(error: wasmparser::Error) -> String {
    format!("it is not valid WebAssembly: {error}")
}

/// How many functions and globals an instance holds. The engine keeps a few words for each outside of the guest's own
/// memory, where no limit of a store counts them.
#[derive(Default)]
struct Size {
    current: u64,
    largest: u64,
    instances: u64,
}

impl Size {
    fn count(&mut self, items: u32) {
        self.current += u64::from(items);
        self.largest = self.largest.max(self.current);
    }

    fn next_module(&mut self) {
        self.current = 0;
    }

    fn instances(&mut self, count: u32) {
        self.instances += u64::from(count);
    }

    /// As if every instance were one of the largest module.
    fn check(&self) -> Result<(), String> {
        let held = self.largest.saturating_mul(self.instances.max(1));
        if held <= MAX_ITEMS {
            return Ok(());
        }
        Err(format!(
            "it is too large: its {} instances of up to {} functions and globals make {held}; at most {MAX_ITEMS} are \
             allowed",
            self.instances.max(1),
            self.largest
        ))
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
        assert_eq!(kind(COMPONENT, Bounds::Counted), Ok(Kind::Component));
        assert_eq!(kind(MODULE, Bounds::Counted), Ok(Kind::PlainModule));
        let typed = with_section(MODULE, "component-type:wit-bindgen:0.60.0:x", b"");
        assert_eq!(kind(&typed, Bounds::Counted), Ok(Kind::TypedModule { preview1: false }));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for bad in
            [&b""[..], b"\0asm", b"hello world", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &MODULE[..7]]
        {
            assert!(kind(bad, Bounds::Counted).is_err(), "{bad:?}");
        }
        assert!(to_component(MODULE, Bounds::Counted).is_err());
        let mut cut = with_section(MODULE, "component-type", b"0123456789");
        cut.truncate(cut.len() - 3);
        assert!(kind(&cut, Bounds::Counted).is_err(), "a half-written file");
    }

    #[test]
    fn refuses_what_would_fill_the_engines_own_memory() {
        let globals = "(global i32 (i32.const 0))".repeat(40_000);
        let component = |instances: usize| {
            let instances: String = (0..instances).map(|_| "(core instance (instantiate $m))").collect();
            wat::parse_str(format!("(component (core module $m {globals}) {instances})"))
                .expect("a component")
        };
        assert_eq!(kind(&component(10), Bounds::Counted), Ok(Kind::Component));
        assert!(kind(&component(60), Bounds::Counted).is_err_and(|reason| reason.contains("too large")));
    }

    #[test]
    fn finds_an_embedded_manifest() {
        let bytes = with_section(COMPONENT, "manifest", b"[plugin]");
        assert_eq!(embedded_manifest(&bytes).as_deref(), Some("[plugin]"));
        assert_eq!(embedded_manifest(MODULE), None);
    }

    #[test]
    fn where_it_matters_a_second_manifest_is_a_fault() {
        let one = with_section(COMPONENT, "manifest", b"[plugin]");
        assert_eq!(sole_manifest(&one), Ok(Some("[plugin]".to_owned())));
        assert_eq!(sole_manifest(MODULE), Ok(None));
        let two = with_section(&one, "manifest", b"[plugin]");
        assert_eq!(embedded_manifest(&two).as_deref(), Some("[plugin]"));
        assert!(sole_manifest(&two).is_err_and(|reason| reason.contains("has 2 sections")));
        let latin = with_section(COMPONENT, "manifest", b"caf\xe9");
        assert!(sole_manifest(&latin).is_err_and(|reason| reason.contains("from byte 3 on")));
        let inside =
            wat::parse_str(r#"(component (core module (@custom "manifest" "a")) (@custom "manifest" "b"))"#)
                .expect("a component");
        assert_eq!(sole_manifest(&inside), Ok(Some("b".to_owned())));
    }
}
