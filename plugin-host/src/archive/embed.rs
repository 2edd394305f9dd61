//! Puts a manifest into code, so that one file is the whole package.

use std::borrow::Cow;
use std::path::Path;

use wasm_encoder::{CustomSection, Section};
use wasmparser::BinaryReader;

use crate::binary::{self, MANIFEST_SECTION};
use crate::manifest::{MANIFEST_FILE, Manifest};

/// The bytes before the first section: magic number, version and layer.
const HEADER: usize = 8;
/// The id of custom sections.
const CUSTOM: u8 = 0;

/// The code, a component or a core module with the description of its interface, with the manifest as its only custom
/// section `manifest`. The manifest is TOML, or JSON where it starts with `{`. Everything else in the code stays as it is.
///
/// # Errors
/// Where the code would be refused, or the manifest has faults: all of them, one a line.
pub fn embed_manifest(wasm: &[u8], manifest: &str) -> Result<Vec<u8>, String> {
    Manifest::parse(manifest, Path::new(MANIFEST_FILE)).map_err(|errors| errors.to_string())?;
    binary::check(wasm).map_err(|reason| format!("the code is refused: {reason}"))?;
    let mut code = without_manifest(wasm).map_err(|error| format!("the code cannot be read: {error}"))?;
    let section =
        CustomSection { name: Cow::Borrowed(MANIFEST_SECTION), data: Cow::Borrowed(manifest.as_bytes()) };
    section.append_to(&mut code);
    match binary::embedded_manifest(&code) {
        Some(text) if text == manifest && binary::check(&code).is_ok() => Ok(code),
        _ => Err("the code cannot hold a manifest: what was put in does not read back".to_owned()),
    }
}

/// The code without its own sections `manifest`. Those of code inside it stay.
fn without_manifest(wasm: &[u8]) -> Result<Vec<u8>, wasmparser::Error> {
    let mut reader = BinaryReader::new(wasm, 0);
    let mut code = reader.read_bytes(HEADER)?.to_vec();
    while !reader.eof() {
        let start = reader.original_position();
        let id = reader.read_u8()?;
        let size = reader.read_var_u32()?;
        let content = reader.read_bytes(usize::try_from(size).unwrap_or(usize::MAX))?;
        let is_manifest = id == CUSTOM && BinaryReader::new(content, 0).read_string()? == MANIFEST_SECTION;
        if !is_manifest {
            code.extend(wasm.get(start..reader.original_position()).unwrap_or_default());
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use wit_component::{StringEncoding, embed_component_metadata};
    use wit_parser::Resolve;

    use super::*;
    use crate::archive::{PackageLimits, read_package};

    const MANIFEST: &str = "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n";

    /// A core module that says which world it implements, as bindings generators leave it.
    fn typed_module() -> Vec<u8> {
        let mut code = wat::parse_str("(module (memory (export \"memory\") 1))").expect("a module");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", "package a:b; world w {}").expect("a package");
        let world = resolve.select_world(&[package], Some("w")).expect("the world");
        embed_component_metadata(&mut code, &resolve, world, StringEncoding::UTF8).expect("metadata");
        code
    }

    fn component() -> Vec<u8> {
        let text = r#"(component (@custom "manifest" "old") (@custom "other" "kept")
            (core module (@custom "manifest" "inside")) (@custom "manifest" "older"))"#;
        wat::parse_str(text).expect("a component")
    }

    #[test]
    fn what_comes_out_is_a_package() {
        for code in [component(), typed_module()] {
            let embedded = embed_manifest(&code, MANIFEST).expect("a package");
            let package = read_package(&embedded, &PackageLimits::default()).expect("a good package").package;
            assert_eq!(package.manifest.id().as_str(), "com.example.a");
            assert_eq!(package.wasm, embedded);
            let again = embed_manifest(&embedded, MANIFEST).expect("a package");
            assert_eq!(again, embedded, "a manifest takes the place of the one before");
            let json = r#" {"plugin": {"id": "com.example.b", "name": "B", "version": "1.0.0"}}"#;
            let other = embed_manifest(&embedded, json).expect("a package");
            assert_eq!(binary::sole_manifest(&other), Ok(Some(json.to_owned())));
        }
    }

    #[test]
    fn everything_else_stays() {
        let embedded = embed_manifest(&component(), MANIFEST).expect("a package");
        let text = String::from_utf8_lossy(&embedded);
        for (part, is_there) in [("inside", true), ("kept", true), ("old", false)] {
            assert_eq!(text.contains(part), is_there, "{part}");
        }
    }

    #[test]
    fn refuses_faulty_manifests_and_code() {
        let reason = embed_manifest(&component(), "[plugin]\nid = \"x\"\n").expect_err("a refusal");
        assert!(reason.contains("`plugin.id`") && reason.contains("`plugin.version`"), "{reason}");
        for code in [&b""[..], b"hello", b"\0asm\x01\0\0\0", &component()[..20]] {
            let reason = embed_manifest(code, MANIFEST).expect_err("a refusal");
            assert!(reason.starts_with("the code is refused: "), "{reason}");
        }
    }
}
