//! Python: componentize-py puts the interpreter and the project into one component.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::embedded::contract;
use crate::plugins::scaffold::language::{Kit, MissingTool, ProjectFile};
use crate::plugins::scaffold::tools::{ask, run};

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "Python",
    marker: "plugin.py",
    folder: "python",
    more_files,
    reserves: |_| false,
    missing_tools,
    build,
};

const TOOL: &str = "componentize-py";
/// Runs the tool where its package is installed and its program is not on the path.
const TOOL_AS_MODULE: &str = "import sys, componentize_py; sys.exit(componentize_py.script())";
const PYTHONS: [&str; 2] = ["python3", "python"];
const REQUIREMENTS: &str = "requirements.txt";

fn more_files(_name: &str) -> Vec<ProjectFile> {
    contract("fleuron/wit")
}

/// How the tool is run: a program, and what comes before its own arguments.
#[derive(Debug)]
struct Tool {
    program: OsString,
    arguments: Vec<&'static str>,
    /// The project's own environment, whose packages the plugin may import.
    environment: Option<PathBuf>,
}

impl Tool {
    fn new(program: impl Into<OsString>, arguments: &[&'static str]) -> Tool {
        Tool { program: program.into(), arguments: arguments.to_vec(), environment: None }
    }

    /// Its version, where it can be run.
    fn version(&self) -> Option<String> {
        let mut arguments = self.arguments.clone();
        arguments.push("--version");
        let answer = ask(&self.program, &arguments)?;
        Some(answer.strip_prefix(TOOL)?.trim().to_owned())
    }
}

fn missing_tools(dir: &Path) -> Vec<MissingTool> {
    // Without the requirements nothing can be said; the build says that they cannot be read.
    let Ok(wanted) = Requirements::read(dir) else { return Vec::new() };
    if installed_elsewhere(&wanted).is_some() || Venv::of(dir).is_ready(&wanted) {
        return Vec::new();
    }
    match python() {
        None => vec![MissingTool {
            what: "python3".to_owned(),
            how_to_get: "install Python 3.10 or newer: https://www.python.org, or Debian's packages `python3` and \
                         `python3-venv`",
        }],
        Some(python) if ask(python, &["-c", "import venv, ensurepip"]).is_none() => vec![MissingTool {
            what: "Python's modules venv and ensurepip".to_owned(),
            how_to_get: "on Debian `apt install python3-venv`",
        }],
        Some(_) => Vec::new(),
    }
}

fn python() -> Option<&'static str> {
    PYTHONS.into_iter().find(|python| ask(python, &["--version"]).is_some())
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let tool = tool(dir)?;
    let component = scratch.join("plugin.wasm");
    let mut command = Command::new(&tool.program);
    command.args(&tool.arguments);
    command.args(["--wit-path", "fleuron/wit", "--world", "fleuron-plugin", "componentize", "fleuron.entry"]);
    command.args(["--python-path", "."]).arg("--output").arg(&component).current_dir(dir);
    if let Some(environment) = &tool.environment {
        command.env("VIRTUAL_ENV", environment);
    }
    // Of a fault in the plugin, the tool would show its own stack below the plugin's.
    command.env("RUST_BACKTRACE", "0");
    run(&mut command, TOOL)?;
    Ok(component)
}

/// The tool in the version that the project asks for: the one that is installed, or else one in the project's own
/// environment, which is made and filled where it must be.
fn tool(dir: &Path) -> Result<Tool, BuildError> {
    let wanted = Requirements::read(dir)?;
    let venv = Venv::of(dir);
    if !venv.exists()
        && let Some(tool) = installed_elsewhere(&wanted)
    {
        return Ok(tool);
    }
    if !venv.is_ready(&wanted) {
        venv.fill(&wanted)?;
    }
    Ok(venv.tool())
}

/// The tool outside of the project, where it has the version that is asked for and nothing else is.
fn installed_elsewhere(wanted: &Requirements) -> Option<Tool> {
    if wanted.has_more {
        return None;
    }
    let as_module = |python: &&str| Tool::new(*python, &["-c", TOOL_AS_MODULE]);
    let found = std::iter::once(Tool::new(TOOL, &[])).chain(PYTHONS.iter().map(as_module));
    found.into_iter().find(|tool| {
        let version = tool.version();
        version.is_some() && (wanted.version.is_none() || version == wanted.version)
    })
}

/// What the project's `requirements.txt` asks for.
#[derive(Debug, PartialEq, Eq)]
struct Requirements {
    text: String,
    /// The version of the tool, where one is pinned.
    version: Option<String>,
    /// Whether packages are asked for beside the tool.
    has_more: bool,
}

impl Requirements {
    fn read(dir: &Path) -> Result<Requirements, BuildError> {
        let path = dir.join(REQUIREMENTS);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Requirements::parse(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BuildError::Missing(path)),
            Err(source) => Err(BuildError::unreadable(&path, source)),
        }
    }

    fn parse(text: String) -> Requirements {
        let mut requirements = Requirements { text: String::new(), version: None, has_more: false };
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            match line.strip_prefix(TOOL) {
                Some(version)
                    if !version.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-') =>
                {
                    let version = version.trim().strip_prefix("==").map(|version| version.trim().to_owned());
                    requirements.version = version;
                }
                _ => requirements.has_more |= !line.is_empty(),
            }
        }
        requirements.text = text;
        requirements
    }
}

/// The project's own environment, in `.venv`.
struct Venv {
    folder: PathBuf,
    dir: PathBuf,
}

impl Venv {
    fn of(dir: &Path) -> Venv {
        // The tool is run in the project's folder, where a relative path would mean something else.
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        Venv { folder: dir.join(".venv"), dir }
    }

    fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    fn program(&self, name: &str) -> PathBuf {
        let programs = self.folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
        programs.join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    fn tool(&self) -> Tool {
        Tool { environment: Some(self.folder.clone()), ..Tool::new(self.program(TOOL), &[]) }
    }

    /// A copy of the requirements that it was last filled with.
    fn stamp(&self) -> PathBuf {
        self.folder.join("fleuron-requirements.txt")
    }

    /// Whether it holds what is asked for.
    fn is_ready(&self, wanted: &Requirements) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|text| text == wanted.text)
            && self.tool().version().is_some()
    }

    /// Makes it where it is missing, and installs what is asked for.
    fn fill(&self, wanted: &Requirements) -> Result<(), BuildError> {
        println!("Fetching what {REQUIREMENTS} asks for; later builds find it in .venv.");
        if !self.program("python").is_file() {
            let python = python().unwrap_or(PYTHONS[0]);
            run(Command::new(python).args(["-m", "venv"]).arg(&self.folder), "python3 -m venv")?;
        }
        let mut pip = Command::new(self.program("python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--requirement", REQUIREMENTS]);
        run(pip.current_dir(&self.dir), "pip install")?;
        fs::write(self.stamp(), &wanted.text).map_err(|source| BuildError::unwritable(&self.stamp(), source))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BuildError, KIT, Requirements, Venv, contract, installed_elsewhere, tool};
    use crate::plugins::scaffold::embedded::TEMPLATES;

    fn template(path: &str) -> &'static str {
        let (_, files) = TEMPLATES.iter().find(|(folder, _)| *folder == KIT.folder).unwrap();
        files.iter().find(|(name, _)| *name == path).unwrap().1
    }

    #[test]
    fn requirements_say_which_tool_and_what_else() {
        for (text, version, has_more) in [
            ("componentize-py==0.25.1\n", Some("0.25.1"), false),
            ("# comment\n\n componentize-py == 0.25.1 # the tool\n", Some("0.25.1"), false),
            ("componentize-py\n", None, false),
            ("componentize-py>=0.25\n", None, false),
            ("componentize-py-extra==1\n", None, true),
            ("componentize-py==0.25.1\nmarkdown==3.7\n", Some("0.25.1"), true),
            ("", None, false),
        ] {
            let found = Requirements::parse(text.to_owned());
            assert_eq!((found.version.as_deref(), found.has_more), (version, has_more), "{text}");
        }
    }

    #[test]
    fn the_template_pins_the_tool_and_nothing_else() {
        let wanted = Requirements::parse(template("requirements.txt").to_owned());
        assert!(wanted.version.is_some() && !wanted.has_more, "{wanted:?}");
    }

    #[test]
    fn a_tool_of_another_version_does_not_serve() {
        let wanted = Requirements::parse("componentize-py==0.0.1".to_owned());
        assert!(installed_elsewhere(&wanted).is_none());
        assert!(!Venv::of(Path::new("/nonexistent")).is_ready(&wanted));
    }

    #[test]
    fn a_project_without_requirements_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = tool(folder.path()).unwrap_err();
        assert!(matches!(&error, BuildError::Missing(path) if path.ends_with("requirements.txt")), "{error}");
    }

    #[test]
    fn the_contract_is_complete() {
        let files = contract("fleuron/wit");
        assert!(files.iter().all(|file| file.text.contains("package ")), "{files:?}");
    }

    #[test]
    fn every_hook_can_be_written() {
        for hook in fleuron_plugin_host::HookPoint::ALL {
            let name = hook.name().replace('-', "_");
            assert!(template("fleuron/hooks.py").contains(&format!("    def {name}(self, ")), "{name}");
        }
    }
}
