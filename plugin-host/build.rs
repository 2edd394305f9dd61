//! Assembles the adapter for modules that Go compiled.

use std::path::PathBuf;
use std::{env, fs};

const SOURCE: &str = "src/binary/go/adapter.wat";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");
    if let Err(error) = assemble() {
        for line in error.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn assemble() -> Result<(), String> {
    let out =
        env::var_os("OUT_DIR").map(PathBuf::from).ok_or("OUT_DIR is not set: run this through cargo")?;
    let module = wat::parse_file(SOURCE).map_err(|error| error.to_string())?;
    fs::write(out.join("go-adapter.wasm"), module).map_err(|error| error.to_string())
}
