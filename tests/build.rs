//! Builds the test guests and tells the tests where the modules are.

#[path = "../app/build/guest.rs"]
mod guest;

use std::fmt::Write as _;
use std::path::Path;

use guest::Guests;

/// The members of `tests/guests`; all are built for the bare target.
const GUESTS: [&str; 19] = [
    "abort-filter",
    "caller",
    "clockwork",
    "counter",
    "curator",
    "emitter",
    "hoarder",
    "hostile",
    "ledger",
    "meddler",
    "moderator",
    "moody",
    "picky",
    "quick-start",
    "raw-quick-start",
    "recorder",
    "render-only",
    "scavenger",
    "stamper",
];

/// The guests that are built for the WASI targets too.
const PORTABLE: [&str; 2] = ["quick-start", "render-only"];

fn main() {
    guest::finish(run());
}

fn run() -> Result<(), String> {
    let package = guest::variable("CARGO_MANIFEST_DIR")?;
    let out = guest::variable("OUT_DIR")?;
    let root = package.parent().ok_or("the package has no parent folder")?;
    let folder = package.join("guests");
    guest::watch(&package, &["build.rs", "../app/build"]);
    guest::watch(&root.join("plugin-wit"), &["Cargo.toml", "README.md", "docs", "plugin.wit", "src", "wit"]);
    guest::watch(&folder, &["Cargo.toml", "Cargo.lock"]);
    for name in GUESTS {
        guest::watch(&folder.join(name), &["Cargo.toml", "src"]);
    }
    let mut constants = String::new();
    let built = Guests { folder: &folder, package: None, target: "wasm32-unknown-unknown" }.build()?;
    for name in GUESTS {
        constant(&mut constants, &built, name, "", &out)?;
    }
    for target in ["wasm32-wasip1", "wasm32-wasip2"] {
        for name in PORTABLE {
            portable(&mut constants, &Guests { folder: &folder, package: Some(name), target }, name, &out)?;
        }
    }
    guest::write(&out.join("guests.rs"), constants.as_bytes())
}

/// A guest for one more target, or an empty constant where that target is not installed.
fn portable(constants: &mut String, guests: &Guests<'_>, name: &str, out: &Path) -> Result<(), String> {
    let target = guests.target;
    let suffix = target.trim_start_matches("wasm32");
    if guest::is_installed(target) {
        return constant(constants, &guests.build()?, name, suffix, out);
    }
    println!(
        "cargo::warning={name} is not built for {target}, its tests are skipped: run `rustup target add {target}`"
    );
    let _ = writeln!(
        constants,
        "/// `{name}` for {target}: not built here, since the target is not installed.\npub const {}: &str = \"\";",
        constant_name(name, suffix)
    );
    Ok(())
}

/// Copies a built module and writes the constant that holds the copy's path.
fn constant(
    constants: &mut String,
    built: &Path,
    name: &str,
    suffix: &str,
    out: &Path,
) -> Result<(), String> {
    let copy = out.join(format!("{name}{suffix}.wasm"));
    guest::copy(&built.join(name.replace('-', "_")).with_extension("wasm"), &copy)?;
    let _ = writeln!(
        constants,
        "/// The path of the module built from `tests/guests/{name}`.\npub const {}: &str = {copy:?};",
        constant_name(name, suffix)
    );
    Ok(())
}

/// `quick-start` and `-wasip2` make `QUICK_START_WASIP2`.
fn constant_name(name: &str, suffix: &str) -> String {
    format!("{name}{suffix}").replace('-', "_").to_uppercase()
}
