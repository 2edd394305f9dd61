//! Zig: one compilation, which needs nothing but Zig.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::language::{Kit, MissingTool};
use crate::plugins::scaffold::tools::{ask, run};

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
    let (program, arguments) = compiler.split_first()?;
    ask(program, &[arguments, &["version"]].concat())
}

fn is_usable(version: &str) -> bool {
    let mut numbers = version.split(['.', '-', '+']).map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        _ => false,
    }
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let module = scratch.join("plugin.wasm");
    let compiler = COMPILERS
        .into_iter()
        .find(|compiler| version(compiler).is_some_and(|version| is_usable(&version)))
        .unwrap_or(COMPILERS[0]);
    let mut command = Command::new(compiler[0]);
    command
        .args(&compiler[1..])
        .args(["build-exe", "src/fleuron.zig", "-target", "wasm32-freestanding"])
        // Hooks are called, there is no beginning and no end. What is exported, is so by name.
        .args(["-fno-entry", "-rdynamic"])
        // An overflow or an index out of bounds ends the call instead of giving a wrong answer.
        .args(["-O", "safe", "-fstrip", "--stack", "262144", "--cache-dir", ".zig-cache"])
        .arg(format!("-femit-bin={}", module.display()))
        .current_dir(dir);
    run(&mut command, "zig build-exe")?;
    Ok(module)
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
