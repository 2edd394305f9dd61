//! Describes the interface of a core module that does not do so itself, from what it imports and exports.
//!
//! Languages without a bindings generator of their own make such modules. The contract lists every hook, and a component
//! must export all that its world lists; so the world is cut down to the hooks that the module has.

use std::collections::BTreeSet;

use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem};

use super::invalid;

/// The contracts, in the order in which they may refer to one another, and the world of all that they offer.
const PACKAGES: [(&str, &str); 3] = [
    ("plugin.wit", include_str!("../../../plugin-wit/plugin.wit")),
    ("wit/host.wit", include_str!("../../../plugin-wit/wit/host.wit")),
    (
        "world.wit",
        "package fleuron:module;
         world plugin { include raisfast:plugin-wit/plugin-world; include fleuron:host/plugin@0.1.0; }",
    ),
];

/// The module with the description of its interface: the contract's imports, and of its hooks those that the module
/// exports under their names in the component model, such as `raisfast:plugin-wit/plugin-hooks#filter-html`.
///
/// # Errors
/// Says what is wrong with a module that exports none of the hooks.
pub(super) fn describe(module: &[u8]) -> Result<Vec<u8>, String> {
    let exports = exported_functions(module)?;
    let (mut resolve, world) = contract()?;
    if !cut_down(&mut resolve, world, &exports) {
        return Err(format!(
            "it exports none of the hooks; a core module exports one as, for example, \
             `raisfast:plugin-wit/plugin-hooks#filter-html`, and this one exports {}",
            in_words(&exports)
        ));
    }
    let mut described = module.to_vec();
    embed_component_metadata(&mut described, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("its interface cannot be described: {error:#}"))?;
    Ok(described)
}

fn exported_functions(module: &[u8]) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(exports) = payload.map_err(invalid)? {
            for export in exports {
                let export = export.map_err(invalid)?;
                if export.kind == ExternalKind::Func {
                    names.insert(export.name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

fn contract() -> Result<(Resolve, WorldId), String> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    for (path, text) in PACKAGES {
        packages.push(resolve.push_source(path, text).map_err(|error| format!("{path}: {error:#}"))?);
    }
    let world = resolve
        .select_world(&packages, Some("fleuron:module/plugin"))
        .map_err(|error| format!("there is no world: {error:#}"))?;
    Ok((resolve, world))
}

/// Takes the functions that the module does not export out of the world's exports, and interfaces that are empty then.
/// False where nothing remains.
fn cut_down(resolve: &mut Resolve, world: WorldId, exports: &BTreeSet<String>) -> bool {
    let items = std::mem::take(&mut resolve.worlds[world].exports);
    let kept = items.into_iter().filter(|(_, item)| match item {
        WorldItem::Interface { id, .. } => keep_exported(resolve, *id, exports),
        WorldItem::Function(_) | WorldItem::Type { .. } => true,
    });
    let kept = kept.collect();
    resolve.worlds[world].exports = kept;
    !resolve.worlds[world].exports.is_empty()
}

fn keep_exported(resolve: &mut Resolve, id: InterfaceId, exports: &BTreeSet<String>) -> bool {
    let interface = resolve.id_of(id).unwrap_or_default();
    let functions = &mut resolve.interfaces[id].functions;
    functions.retain(|name, _| exports.contains(&format!("{interface}#{name}")));
    !functions.is_empty()
}

fn in_words(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return "no function at all".to_owned();
    }
    let mut words = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        words.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::binary::{Bounds, embed_world, to_component};

    /// A module with the memory and allocator that strings take, and these exports besides.
    fn module(imports: &str, exports: &str) -> Vec<u8> {
        let text = format!(
            "(module {imports} (memory (export \"memory\") 1)
               (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 8)) {exports})"
        );
        wat::parse_str(text).expect("a module")
    }

    const LOGIN: &str = "(func (export \"raisfast:plugin-wit/plugin-hooks#on-login\") (param i32 i32))";

    #[test]
    fn a_module_may_have_any_part_of_the_contract() {
        let event = "(func (export \"fleuron:host/events@0.1.0#on-event\") (param i32 i32 i32 i32 i32 i32))";
        let log = "(import \"raisfast:plugin-wit/host-api\" \"log\" (func (param i32 i32 i32 i32)))";
        let hold = "(import \"fleuron:host/verdict@0.1.0\" \"hold\" (func))";
        for (imports, exports) in [("", LOGIN), ("", event), (log, LOGIN), (hold, &format!("{LOGIN}{event}"))]
        {
            let described = describe(&module(imports, exports)).expect("described");
            let component = to_component(&described, Bounds::Counted).expect("a component");
            assert!(wasmparser::validate(&component).is_ok());
        }
    }

    #[test]
    fn a_module_without_hooks_is_told_what_it_exports() {
        let error = describe(&module("", "(func (export \"on_login\"))")).expect_err("no hook");
        assert!(error.contains("#filter-html") && error.contains("`on_login`"), "{error}");
    }

    #[test]
    fn a_hook_of_the_wrong_type_is_refused() {
        let wrong = "(func (export \"raisfast:plugin-wit/plugin-hooks#on-login\") (param i64))";
        let described = describe(&module("", wrong)).expect("described");
        assert!(to_component(&described, Bounds::Counted).is_err_and(|error| error.contains("on-login")));
    }

    #[test]
    fn what_describes_itself_stays_as_it_is() {
        let described = embed_world(&module("", LOGIN)).expect("described");
        assert_eq!(embed_world(&described).expect("taken"), described);
        let component = to_component(&described, Bounds::Counted).expect("a component");
        assert_eq!(embed_world(&component).expect("taken"), *component);
        assert!(embed_world(b"no code").is_err());
    }
}
