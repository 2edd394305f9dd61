//! Zig: one compilation, which needs nothing but Zig.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::language::{Kit, MissingTool};

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "Zig",
    marker: "src/plugin.zig",
    folder: "zig",
    more_files: |_| Vec::new(),
    reserves: |_| false,
    missing_tools,
    build,
};

/// Zig itself, or as Python's package manager installs it.
const COMPILERS: [&[&str]; 4] =
    [&["zig"], &["python-zig"], &["python3", "-m", "ziglang"], &["python", "-m", "ziglang"]];

/// The oldest version that compiles a new project: the language still changes.
const OLDEST: (u32, u32) = (0, 17);

fn missing_tools(_dir: &Path) -> Vec<MissingTool> {
    let found: Vec<_> = COMPILERS.into_iter().filter_map(version).collect();
    if found.iter().any(|version| is_usable(version)) {
        return Vec::new();
    }
    let there = found.first().map(|version| format!(" ({version} is there)")).unwrap_or_default();
    vec![MissingTool {
        what: format!("Zig {}.{} or later{there}", OLDEST.0, OLDEST.1),
        how_to_get: "`pip install ziglang`, or https://ziglang.org/download",
    }]
}

/// What the compiler says of its version; none where it cannot be run.
fn version(compiler: &[&str]) -> Option<String> {
    let output = command(compiler)?.arg("version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

fn is_usable(version: &str) -> bool {
    let mut numbers = version.split(['.', '-', '+']).map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        _ => false,
    }
}

fn command(compiler: &[&str]) -> Option<Command> {
    let (program, arguments) = compiler.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    Some(command)
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let compiler = COMPILERS
        .into_iter()
        .find(|compiler| version(compiler).is_some_and(|version| is_usable(&version)))
        .unwrap_or(COMPILERS[0]);
    let program = compiler.join(" ");
    let not_found = || BuildError::cannot_run(&program, std::io::ErrorKind::NotFound.into());
    let module = scratch.join("plugin.wasm");
    let status = command(compiler)
        .ok_or_else(not_found)?
        .args(["build-exe", "src/fleuron.zig", "-target", "wasm32-freestanding"])
        // Hooks are called, there is no beginning and no end. What is exported, is so by name.
        .args(["-fno-entry", "-rdynamic"])
        // An overflow or an index out of bounds ends the call instead of giving a wrong answer.
        .args(["-O", "safe", "-fstrip", "--stack", "262144", "--cache-dir", ".zig-cache"])
        .arg(format!("-femit-bin={}", module.display()))
        .current_dir(dir)
        .status()
        .map_err(|source| BuildError::cannot_run(&program, source))?;
    if status.success() {
        Ok(module)
    } else {
        Err(BuildError::Compile { what: format!("{program} build-exe"), status })
    }
}

#[cfg(test)]
mod tests {
    use fleuron_plugin_host::HookPoint;

    use super::{is_usable, version};
    use crate::plugins::scaffold::embedded::TEMPLATES;

    #[test]
    fn old_versions_are_not_taken() {
        for (version, usable) in
            [("0.17.0", true), ("0.18.0-dev.12+abc", true), ("1.0.0", true), ("0.16.2", false), ("?", false)]
        {
            assert_eq!(is_usable(version), usable, "{version}");
        }
        assert_eq!(version(&["/nonexistent/zig"]), None);
    }

    #[test]
    fn every_hook_can_be_written() {
        let (_, files) = TEMPLATES.iter().find(|(folder, _)| *folder == "zig").unwrap();
        let (_, hooks) = files.iter().find(|(path, _)| *path == "src/fleuron/hooks.zig").unwrap();
        for hook in HookPoint::ALL {
            assert!(hooks.contains(&format!("#{}\"", hook.name())), "{hook}");
        }
    }
}
