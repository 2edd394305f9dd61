//! Modules written by hand, which do what no compiler would make of honest source.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a module says of itself: `filter-html` alone, and what it may import.
const WORLD: &str = "
    package raisfast:plugin-wit;

    interface host-api {
        log: func(level: string, msg: string);
        get-data: func(key: string) -> option<string>;
        set-data: func(key: string, value: string) -> bool;
    }

    interface plugin-hooks {
        filter-html: func(input: string) -> option<string>;
    }

    world handmade {
        import host-api;
        export plugin-hooks;
    }
";

/// An allocator that gives away memory from the second page on and asks for more as it needs it.
const ALLOCATOR: &str = r#"
    (global $next (mut i32) (i32.const 65536))
    (func $realloc (param i32 i32 i32 i32) (result i32) (local $start i32)
        (local.set $start (global.get $next))
        (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
        (loop $grow
            (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
                (then
                    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
                    (br $grow))))
        (local.get $start))
    (export "cabi_realloc" (func $realloc))
"#;

/// A module with one memory, an allocator and `filter-html` with this body, which takes the input's place and length
/// (locals 0 and 1) and leaves the place of an `option<string>`. `fields` are more of the module's fields, imports first.
pub fn filter(imports: &str, fields: &str, body: &str) -> Vec<u8> {
    module(&format!(
        r#"(module {imports}
            (memory (export "memory") 2)
            {ALLOCATOR}
            {fields}
            (func $filter (export "raisfast:plugin-wit/plugin-hooks#filter-html") (param i32 i32) (result i32) {body}))"#
    ))
}

/// A module from its text, with the description of its interface that a compiler would leave in it.
///
/// # Panics
/// When the text is no module.
pub fn module(text: &str) -> Vec<u8> {
    described(text, WORLD, "handmade")
}

/// A module with the description of another world.
///
/// # Panics
/// When text or world are faulty.
pub fn described(text: &str, package: &str, world: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", package).expect("a good package");
    let world = resolve.select_world(&[package], Some(world)).expect("the package has the world");
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)
        .expect("metadata is embedded");
    bytes
}
