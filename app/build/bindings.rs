//! The contract as C: a header and a source that authors get with a new project, so that they need no generator.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// All that a plugin may import and export.
const WORLD: &str = "package fleuron:module;
    world plugin { include raisfast:plugin-wit/plugin-world; include fleuron:host/plugin@0.1.0; }";

/// How the interfaces are called in C.
const NAMES: [(&str, &str); 7] = [
    ("raisfast:plugin-wit/types", "fleuron"),
    ("raisfast:plugin-wit/host-api", "host"),
    ("raisfast:plugin-wit/plugin-hooks", "hook"),
    ("fleuron:host/verdict@0.1.0", "verdict"),
    ("fleuron:host/context@0.1.0", "context"),
    ("fleuron:host/data@0.1.0", "data"),
    ("fleuron:host/events@0.1.0", "hook"),
];

/// What the generator calls its files.
const GENERATED: &str = "fleuron";

/// The bindings for C.
pub(crate) struct Bindings {
    pub(crate) header: String,
    pub(crate) source: String,
}

/// Generates the bindings from the contract in the guest SDK's folder.
///
/// In the source every hook is left out unless the macro `FLEURON_<hook>` is defined, so that a plugin exports what it
/// implements and nothing else. Memory is the business of `fleuron.c`, which allocates, and releases everything at once
/// when a call is over: so nothing is freed here, and no function for that is exported.
pub(crate) fn for_c(sdk: &Path) -> Result<Bindings, String> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    let contracts = ["plugin.wit", "wit/host.wit"].map(|name| sdk.join(name));
    for path in &contracts {
        let text =
            fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        packages.push(resolve.push_str(path, &text).map_err(|error| format!("{error:#}"))?);
    }
    packages.push(resolve.push_str("world.wit", WORLD).map_err(|error| format!("{error:#}"))?);
    let world = resolve
        .select_world(&packages, Some("fleuron:module/plugin"))
        .map_err(|error| format!("{error:#}"))?;
    let options = Opts {
        no_helpers: true,
        no_object_file: true,
        rename_world: Some(GENERATED.to_owned()),
        rename: NAMES.map(|(interface, name)| (interface.to_owned(), name.to_owned())).to_vec(),
        ..Opts::default()
    };
    let mut files = Files::default();
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| format!("cannot generate bindings for C: {error:#}"))?;
    Ok(Bindings { header: text(&mut files, "h")?, source: adapt(&text(&mut files, "c")?)? })
}

fn text(files: &mut Files, ending: &str) -> Result<String, String> {
    let name = format!("{GENERATED}.{ending}");
    let bytes = files.remove(&name).ok_or_else(|| format!("the generator for C wrote no {name}"))?;
    String::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))
}

/// Makes each hook depend on a macro, and takes out what allocates, what frees, and what would need the generator's
/// object file.
fn adapt(source: &str) -> Result<String, String> {
    const OBJECT_FILE: &str = "// Ensure that the *_component_type.o object is linked in";
    const INCLUDED: &str = "#include <string.h>\n";
    let (source, _) = source.split_once(OBJECT_FILE).ok_or("the generator for C forces no object file")?;
    let (preamble, functions) = source.split_once(INCLUDED).ok_or("the generator for C includes nothing")?;
    let mut adapted = preamble.replace(&format!("{GENERATED}.h"), "bindings.h");
    adapted.push_str(INCLUDED);
    adapted.push_str("\n#define free(pointer) ((void) (pointer))\n");
    let mut lines = functions.lines();
    while let Some(line) = lines.next() {
        let Some(name) = exported(line) else {
            adapted.push_str(line);
            adapted.push('\n');
            continue;
        };
        let mut function = format!("{line}\n");
        for line in lines.by_ref() {
            function.push_str(line);
            function.push('\n');
            if line == "}" {
                break;
            }
        }
        if let Some((_, hook)) = name.split_once('#').filter(|_| !name.starts_with("cabi_")) {
            let _ = write!(adapted, "#ifdef FLEURON_{}\n{function}#endif\n", hook.replace('-', "_"));
        }
    }
    Ok(adapted)
}

/// The name under which the function that begins with this line is exported.
fn exported(line: &str) -> Option<&str> {
    Some(line.split_once("__export_name__(\"")?.1.split_once('"')?.0)
}
