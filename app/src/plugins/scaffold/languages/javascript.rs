//! JavaScript: npm fetches the tool that package.json names, and the project's script `build` runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::embedded::contract;
use crate::plugins::scaffold::language::{Kit, MissingTool, ProjectFile};
use crate::plugins::scaffold::tools::{ask, run};

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "JavaScript",
    marker: "package.json",
    folder: "javascript",
    more_files,
    reserves,
    missing_tools,
    build,
};

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
/// The oldest major version of Node that the tool takes.
const OLDEST_NODE: u32 = 18;

fn more_files(_name: &str) -> Vec<ProjectFile> {
    contract("sdk/wit")
}

/// npm installs no package into one of the same name.
fn reserves(name: &str) -> bool {
    name == "componentize-qjs"
}

fn missing_tools(_dir: &Path) -> Vec<MissingTool> {
    const NODE: &str =
        "install Node 20 or newer: https://nodejs.org, or Debian's packages `nodejs` and `npm`";
    let mut missing = Vec::new();
    match ask("node", &["--version"]) {
        None => missing.push(MissingTool { what: "node".to_owned(), how_to_get: NODE }),
        Some(version) if major(&version).is_some_and(|major| major < OLDEST_NODE) => {
            missing.push(MissingTool { what: format!("a newer node than {version}"), how_to_get: NODE });
        }
        Some(_) => {}
    }
    if ask(NPM, &["--version"]).is_none() {
        missing.push(MissingTool { what: "npm".to_owned(), how_to_get: NODE });
    }
    missing
}

/// The first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let package = dir.join(KIT.marker);
    let remedy = "its script `build` must take `--output FILE` and write the component there";
    let unfit = || BuildError::NoModule { project: package.clone(), remedy };
    if !has_build_script(&package)? {
        return Err(unfit());
    }
    install(dir)?;
    let component = scratch.join("plugin.wasm");
    let mut command = npm(dir, &["run", "--silent", "build", "--", "--output"]);
    run(command.arg(&component), "npm run build")?;
    if component.is_file() { Ok(component) } else { Err(unfit()) }
}

/// npm, run silently, says nothing about a script that is not there.
fn has_build_script(package: &Path) -> Result<bool, BuildError> {
    let text = fs::read_to_string(package).map_err(|source| BuildError::unreadable(package, source))?;
    let package: Value =
        serde_json::from_str(&text).map_err(|error| BuildError::unreadable(package, error.into()))?;
    Ok(package["scripts"]["build"].is_string())
}

/// Fetches what package.json names, where nothing has been fetched yet.
fn install(dir: &Path) -> Result<(), BuildError> {
    if dir.join("node_modules").is_dir() {
        return Ok(());
    }
    println!("Fetching what package.json asks for; later builds find it in node_modules.");
    let command = if dir.join("package-lock.json").is_file() { "ci" } else { "install" };
    // What is in npm's cache already needs no network.
    let arguments = [command, "--no-audit", "--no-fund", "--prefer-offline"];
    run(&mut npm(dir, &arguments), &format!("npm {command}"))
}

fn npm(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(NPM);
    command.args(arguments).current_dir(dir);
    command
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::{BuildError, KIT, build, contract, major};
    use crate::plugins::scaffold::embedded::TEMPLATES;

    fn template(path: &str) -> &'static str {
        let (_, files) = TEMPLATES.iter().find(|(folder, _)| *folder == KIT.folder).unwrap();
        files.iter().find(|(name, _)| *name == path).unwrap().1
    }

    #[test]
    fn versions_of_node_are_compared_by_their_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("nonsense"), None);
    }

    #[test]
    fn the_lockfile_is_the_package_s() {
        let package: Value = serde_json::from_str(template("package.json.in")).unwrap();
        let lockfile: Value = serde_json::from_str(template("package-lock.json.in")).unwrap();
        let locked = &lockfile["packages"][""];
        for key in ["name", "version", "devDependencies", "engines"] {
            assert_eq!(package[key], locked[key], "{key}");
        }
        for (name, version) in package["devDependencies"].as_object().unwrap() {
            let found = &lockfile["packages"][format!("node_modules/{name}")];
            assert_eq!(&found["version"], version, "{name}");
            assert!(found["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")), "{name}");
        }
    }

    #[test]
    fn the_contract_is_complete() {
        let files = contract("sdk/wit");
        assert!(files.iter().all(|file| file.text.contains("package ")), "{files:?}");
    }

    #[test]
    fn a_package_without_a_build_is_told_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        for (text, reason) in
            [("{}", "`build`"), ("{\"scripts\":{\"build\":1}}", "`build`"), ("{", "package.json")]
        {
            fs::write(folder.path().join("package.json"), text).unwrap();
            let error: BuildError = build(folder.path(), scratch.path()).unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn every_hook_can_be_written() {
        for hook in fleuron_plugin_host::HookPoint::ALL {
            let mut words = hook.name().split('-');
            let mut name = words.next().unwrap().to_owned();
            for word in words {
                name.push_str(&word[..1].to_uppercase());
                name.push_str(&word[1..]);
            }
            assert!(template("sdk/hooks.js").contains(&format!("    {name}: ")), "{name}");
            assert!(template("sdk/fleuron.d.ts").contains(&format!("    {name}?(")), "{name}");
        }
    }
}
