//! Rust: cargo builds the project, which contains the guest SDK.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::embedded::SDK;
use crate::plugins::scaffold::language::{Kit, MissingTool, ProjectFile};

const TARGET: &str = "wasm32-unknown-unknown";

/// A lockfile for the project, once the name of the package that it was made for is replaced.
const LOCKFILE: &str = include_str!("../../../../../extensions/plugins/reading-time/Cargo.lock");
const LOCKFILE_PACKAGE: &str = "name = \"reading-time\"";

pub(in crate::plugins::scaffold) const KIT: Kit =
    Kit { name: "Rust", marker: "Cargo.toml", folder: "rust", more_files, reserves, missing_tools, build };

/// The guest SDK that this server was built with, and the lockfile of the bundled plugins.
fn more_files(name: &str) -> Vec<ProjectFile> {
    let mut files = vec![ProjectFile::new("Cargo.lock", lockfile(name))];
    files.extend(SDK.iter().map(|(path, text)| ProjectFile::new(Path::new("sdk").join(path), *text)));
    files
}

/// The lockfile under the project's name. Cargo orders packages by name, and `--locked` takes nothing else.
fn lockfile(name: &str) -> String {
    const SEPARATOR: &str = "\n[[package]]\n";
    let text = LOCKFILE.replace(LOCKFILE_PACKAGE, &format!("name = \"{name}\""));
    let mut packages: Vec<&str> = text.trim_end().split(SEPARATOR).map(str::trim_end).collect();
    packages[1..].sort_by_key(|package| package.lines().next().map(|line| line.trim_end_matches('"')));
    let mut sorted = packages.join(&format!("\n{SEPARATOR}"));
    sorted.push('\n');
    sorted
}

/// Names that cargo refuses for a package, or that would shadow a crate the project needs.
fn reserves(name: &str) -> bool {
    const TAKEN: [&str; 8] =
        ["alloc", "build", "core", "deps", "fleuron-plugin", "proc-macro", "std", "test"];
    const KEYWORDS: [&str; 50] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
        "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
        "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
        "virtual", "where", "while",
    ];
    TAKEN.contains(&name) || KEYWORDS.contains(&name)
}

/// The programs, and the target of the compiler that the project will use, since its own message takes a page.
fn missing_tools(dir: &Path) -> Vec<MissingTool> {
    const RUSTUP: &str = "install Rust from https://rustup.rs";
    let mut missing = Vec::new();
    let cargo = program("CARGO", "cargo");
    if Command::new(&cargo).arg("--version").current_dir(dir).output().is_err() {
        missing.push(MissingTool { what: cargo.to_string_lossy().into_owned(), how_to_get: RUSTUP });
    }
    let rustc = program("RUSTC", "rustc");
    let libraries =
        Command::new(&rustc).args(["--print", "target-libdir", "--target", TARGET]).current_dir(dir).output();
    match libraries {
        Err(_) => {
            missing.push(MissingTool { what: rustc.to_string_lossy().into_owned(), how_to_get: RUSTUP })
        }
        Ok(output) if !Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() => {
            missing.push(MissingTool {
                what: format!("the Rust target {TARGET}"),
                how_to_get: "run `rustup target add wasm32-unknown-unknown`",
            });
        }
        Ok(_) => {}
    }
    missing
}

fn program(variable: &str, default: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}

fn build(dir: &Path, _scratch: &Path) -> Result<PathBuf, BuildError> {
    let project = dir.join("Cargo.toml");
    the_one(compile(dir, &project)?, &project)
}

/// Runs cargo, and answers the modules that the project itself built.
fn compile(dir: &Path, project: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let cargo = program("CARGO", "cargo");
    let output = Command::new(&cargo)
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| BuildError::cannot_run(&cargo, source))?;
    if !output.status.success() {
        return Err(BuildError::Compile { what: "cargo build".to_owned(), status: output.status });
    }
    let project = fs::canonicalize(project).map_err(|source| BuildError::unreadable(project, source))?;
    Ok(modules(&String::from_utf8_lossy(&output.stdout), &project))
}

/// The `.wasm` files in cargo's messages, one message to a line, that belong to the package of this `Cargo.toml`.
fn modules(messages: &str, project: &Path) -> Vec<PathBuf> {
    let mut modules = Vec::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let ours = message["reason"] == "compiler-artifact"
            && message["manifest_path"].as_str().is_some_and(|path| is_same(Path::new(path), project));
        let kinds = message["target"]["crate_types"].as_array();
        if ours && kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib")) {
            let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
            modules.extend(
                files.map(PathBuf::from).filter(|file| file.extension().is_some_and(|end| end == "wasm")),
            );
        }
    }
    modules
}

fn is_same(path: &Path, canonical: &Path) -> bool {
    path == canonical || fs::canonicalize(path).is_ok_and(|path| path == canonical)
}

fn the_one(modules: Vec<PathBuf>, project: &Path) -> Result<PathBuf, BuildError> {
    match <[PathBuf; 1]>::try_from(modules) {
        Ok([module]) => Ok(module),
        Err(none) if none.is_empty() => Err(BuildError::NoModule {
            project: project.to_owned(),
            remedy: "add `[lib]` with `crate-type = [\"cdylib\"]`",
        }),
        Err(several) => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()).collect();
            let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
            Err(BuildError::SeveralModules(names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{LOCKFILE, LOCKFILE_PACKAGE, lockfile, modules, the_one};

    #[test]
    fn the_lockfile_is_changed_by_its_name_only() {
        assert_eq!(LOCKFILE.matches(LOCKFILE_PACKAGE).count(), 1);
        assert_eq!(lockfile("reading-time"), LOCKFILE);
        let renamed = lockfile("my-plugin");
        assert!(renamed.contains("name = \"my-plugin\"") && !renamed.contains(LOCKFILE_PACKAGE));
        let names: Vec<_> = renamed.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert!(names.is_sorted_by_key(|name| name.trim_matches('"')), "{names:?}");
    }

    #[test]
    fn only_the_project_s_own_modules_count() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"crate_types":["cdylib"]},"filenames":["/t/p.wasm","/t/p.d"]}
{"reason":"compiler-artifact","manifest_path":"/p/sdk/Cargo.toml","target":{"crate_types":["cdylib"]},"filenames":["/t/sdk.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"crate_types":["bin"]},"filenames":["/t/tool.wasm"]}
not json
{"reason":"build-finished","success":true}"#;
        assert_eq!(modules(messages, Path::new("/p/Cargo.toml")), [PathBuf::from("/t/p.wasm")]);
    }

    #[test]
    fn a_plugin_has_exactly_one_module() {
        let project = Path::new("p/Cargo.toml");
        assert_eq!(the_one(vec!["a.wasm".into()], project).unwrap(), Path::new("a.wasm"));
        assert!(the_one(Vec::new(), project).unwrap_err().to_string().contains("cdylib"));
        let several = the_one(vec!["t/a.wasm".into(), "t/b.wasm".into()], project).unwrap_err();
        assert!(several.to_string().contains("a.wasm, b.wasm"));
    }
}
