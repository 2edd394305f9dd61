//! C: clang compiles the sources, and what they define decides which hooks the module exports.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use fleuron_plugin_host::HookPoint;
use wasmparser::{KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo};

use crate::plugins::scaffold::build::BuildError;
use crate::plugins::scaffold::embedded::{C_HEADER, C_SOURCE};
use crate::plugins::scaffold::language::{Kit, MissingTool, ProjectFile};
use crate::plugins::scaffold::tools::{ask, run};

pub(in crate::plugins::scaffold) const KIT: Kit = Kit {
    name: "C",
    marker: "src/plugin.c",
    folder: "c",
    more_files,
    reserves: |_| false,
    missing_tools,
    build,
};

const TARGET: &str = "--target=wasm32-wasi";

/// Where clang may be, in the order of preference, after the WASI SDK's.
const COMPILERS: [&str; 8] =
    ["clang-19", "clang", "clang-21", "clang-20", "clang-18", "clang-17", "clang-16", "clang-15"];

/// A stack that overflows meets the end of the memory and traps, instead of writing over the plugin's data.
const LINKED: [&str; 4] =
    ["-mexec-model=reactor", "-Os", "-Wl,--stack-first,-z,stack-size=262144", "-Wl,--strip-debug"];

fn more_files(_name: &str) -> Vec<ProjectFile> {
    vec![ProjectFile::new("fleuron/bindings.h", C_HEADER), ProjectFile::new("fleuron/bindings.c", C_SOURCE)]
}

/// What the first clang that is there lacks; a whole one further down the list counts as well.
fn missing_tools(_dir: &Path) -> Vec<MissingTool> {
    let mut first = None;
    for compiler in compilers() {
        match missing_parts(&compiler) {
            Some(parts) if parts.is_empty() => return parts,
            Some(parts) => first = first.or(Some(parts)),
            None => {}
        }
    }
    first.unwrap_or_else(|| {
        vec![MissingTool {
            what: "clang".to_owned(),
            how_to_get: "on Debian `apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32`; elsewhere \
                         unpack the WASI SDK and name its folder in WASI_SDK_PATH",
        }]
    })
}

fn compilers() -> Vec<OsString> {
    let sdk = env::var_os("WASI_SDK_PATH").map(|folder| Path::new(&folder).join("bin/clang").into());
    sdk.into_iter().chain(COMPILERS.map(OsString::from)).collect()
}

/// What this clang lacks of what makes WebAssembly; none where there is no such program.
fn missing_parts(compiler: &OsStr) -> Option<Vec<MissingTool>> {
    let name = compiler.to_string_lossy();
    let mut missing = Vec::new();
    let targets = ask(compiler, &["-print-targets"])?;
    if !targets.contains("wasm32") {
        missing.push(MissingTool {
            what: format!("a clang for WebAssembly ({name} is not)"),
            how_to_get: "on Debian `apt install clang-19`; elsewhere the WASI SDK, with WASI_SDK_PATH",
        });
        return Some(missing);
    }
    let linker = ask(compiler, &[TARGET, "-print-prog-name=wasm-ld"]).unwrap_or_default();
    if ask(&linker, &["--version"]).is_none() {
        missing.push(MissingTool {
            what: format!("wasm-ld, the linker of {name}"),
            how_to_get: "on Debian `apt install lld-19`; elsewhere the WASI SDK, with WASI_SDK_PATH",
        });
    }
    let library = ask(compiler, &[TARGET, "-print-file-name=libc.a"]).unwrap_or_default();
    if !Path::new(&library).is_file() {
        missing.push(MissingTool {
            what: format!("wasi-libc, the C library where {name} looks for it"),
            how_to_get: "on Debian `apt install wasi-libc`; elsewhere the WASI SDK, with WASI_SDK_PATH",
        });
    }
    let runtime =
        ask(compiler, &[TARGET, "--rtlib=compiler-rt", "-print-libgcc-file-name"]).unwrap_or_default();
    if !Path::new(&runtime).is_file() {
        missing.push(MissingTool {
            what: format!("compiler-rt for wasm32, the runtime of {name}"),
            how_to_get: "on Debian `apt install libclang-rt-19-dev-wasm32`; elsewhere the WASI SDK, with \
                         WASI_SDK_PATH",
        });
    }
    Some(missing)
}

fn build(dir: &Path, scratch: &Path) -> Result<PathBuf, BuildError> {
    let compiler = compilers()
        .into_iter()
        .find(|compiler| missing_parts(compiler).is_some_and(|parts| parts.is_empty()))
        .ok_or_else(|| BuildError::cannot_run("clang", io::ErrorKind::NotFound.into()))?;
    let clang = Clang { compiler, dir, scratch, flags: flags(dir)? };
    let mut objects = clang.compile_all("src", &[])?;
    let hooks = hooks(&objects)?;
    if hooks.is_empty() {
        return Err(BuildError::NoModule {
            project: dir.join("src"),
            remedy: "it defines no function with the name of a hook; fleuron/fleuron.h declares them",
        });
    }
    // The author can do nothing about warnings in what is not theirs.
    let mut flags = vec!["-w".to_owned()];
    flags.extend(hooks.iter().map(|hook| format!("-DFLEURON_{hook}")));
    objects.extend(clang.compile_all("fleuron", &flags)?);
    clang.link(&objects)
}

/// The flags in `compile_flags.txt`, one to a line, where editors look for them too; none where there is no such file.
fn flags(dir: &Path) -> Result<Vec<String>, BuildError> {
    let path = dir.join("compile_flags.txt");
    match fs::read_to_string(&path) {
        Ok(text) => {
            Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(BuildError::unreadable(&path, source)),
    }
}

struct Clang<'a> {
    compiler: OsString,
    dir: &'a Path,
    scratch: &'a Path,
    flags: Vec<String>,
}

impl Clang<'_> {
    /// Compiles all sources in a folder of the project and answers the objects. Every source is tried, so that all
    /// faults are shown at once.
    fn compile_all(&self, folder: &str, more: &[String]) -> Result<Vec<PathBuf>, BuildError> {
        let mut sources = Vec::new();
        collect_sources(&self.dir.join(folder), Path::new(folder), &mut sources)?;
        let mut objects = Vec::new();
        let mut failure = None;
        for (number, source) in sources.iter().enumerate() {
            let object = self.scratch.join(format!("{folder}-{number}.o"));
            let mut command = self.command();
            command.args(["-Os", "-ffunction-sections", "-fdata-sections"]).args(&self.flags).args(more);
            command.arg("-c").arg(source).arg("-o").arg(&object);
            match self.run(command, "compiling") {
                Ok(()) => objects.push(object),
                Err(error @ BuildError::Compile { .. }) => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        failure.map_or(Ok(objects), Err)
    }

    fn link(&self, objects: &[PathBuf]) -> Result<PathBuf, BuildError> {
        let module = self.scratch.join("plugin.wasm");
        let mut command = self.command();
        command.args(LINKED).args(objects).arg("-o").arg(&module);
        self.run(command, "linking")?;
        Ok(module)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.compiler);
        command.arg(TARGET).current_dir(self.dir);
        command
    }

    fn run(&self, mut command: Command, what: &str) -> Result<(), BuildError> {
        run(&mut command, &format!("{} ({what})", self.compiler.to_string_lossy()))
    }
}

/// The `.c` files in a folder and all below it, sorted, with paths relative to the project.
fn collect_sources(folder: &Path, relative: &Path, sources: &mut Vec<PathBuf>) -> Result<(), BuildError> {
    let unreadable = |source| BuildError::unreadable(folder, source);
    let mut entries = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
        })
        .map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        let relative = relative.join(entry.file_name().unwrap_or_default());
        if entry.is_dir() {
            collect_sources(&entry, &relative, sources)?;
        } else if entry.extension().is_some_and(|ending| ending == "c") {
            sources.push(relative);
        }
    }
    Ok(())
}

/// The hooks, under their names in C, that compiled sources define.
fn hooks(objects: &[PathBuf]) -> Result<BTreeSet<String>, BuildError> {
    let mut defined = BTreeSet::new();
    for path in objects {
        let object = fs::read(path).map_err(|source| BuildError::unreadable(path, source))?;
        defined.extend(defined_functions(&object).map_err(|error| {
            BuildError::unreadable(path, io::Error::new(io::ErrorKind::InvalidData, error))
        })?);
    }
    let all: BTreeSet<String> = HookPoint::ALL.iter().map(|hook| hook.name().replace('-', "_")).collect();
    Ok(all.intersection(&defined).cloned().collect())
}

/// The functions that an object file defines for others.
fn defined_functions(object: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Linking(linking) = section.as_known() else { continue };
        for part in linking.subsections() {
            let Linking::SymbolTable(symbols) = part? else { continue };
            for symbol in symbols {
                if let SymbolInfo::Func { flags, name: Some(name), .. } = symbol?
                    && !flags.intersects(SymbolFlags::UNDEFINED | SymbolFlags::BINDING_LOCAL)
                {
                    names.push(name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::path::{Path, PathBuf};

    use fleuron_plugin_host::HookPoint;

    use super::{C_HEADER, C_SOURCE, collect_sources, flags, missing_parts};
    use crate::plugins::scaffold::embedded::TEMPLATES;

    fn template(path: &str) -> &'static str {
        let (_, files) = TEMPLATES.iter().find(|(folder, _)| *folder == "c").unwrap();
        files.iter().find(|(name, _)| *name == path).unwrap().1
    }

    #[test]
    fn every_hook_can_be_written() {
        for hook in HookPoint::ALL {
            let name = hook.name().replace('-', "_");
            let condition = format!("#ifdef FLEURON_{name}\n");
            assert!(template("fleuron/fleuron.h").contains(&format!(" {name}(")), "{name}");
            assert!(template("fleuron/hooks.c").contains(&condition), "{name}");
            assert_eq!(C_SOURCE.matches(&condition).count(), 1, "{name}");
            assert!(C_HEADER.contains(&format!(" exports_hook_{name}(")), "{name}");
        }
        assert_eq!(C_SOURCE.matches("#ifdef").count(), HookPoint::ALL.len());
        assert_eq!(C_SOURCE.matches("__export_name__").count(), HookPoint::ALL.len());
    }

    #[test]
    fn sources_are_found_below_the_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/more")).unwrap();
        for file in ["src/plugin.c", "src/plugin.h", "src/more/a.c"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let mut sources = Vec::new();
        collect_sources(&folder.path().join("src"), Path::new("src"), &mut sources).unwrap();
        assert_eq!(sources, ["src/more/a.c", "src/plugin.c"].map(PathBuf::from));
    }

    #[test]
    fn flags_stand_one_to_a_line() {
        let folder = tempfile::tempdir().unwrap();
        assert!(flags(folder.path()).unwrap().is_empty());
        fs::write(folder.path().join("compile_flags.txt"), "-Wall\n\n -DNAME=a b \n").unwrap();
        assert_eq!(flags(folder.path()).unwrap(), ["-Wall", "-DNAME=a b"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_no_compiler() {
        assert_eq!(missing_parts(OsStr::new("/nonexistent/clang")), None);
    }
}
