//! The process that compiles one plugin, from its first step to its last.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wasmtime::OutOfMemory;

use super::job::{Answer, Job};
use crate::binary::{self, Bounds};
use crate::config::HostConfig;
use crate::engine;

/// Exit status where the process was not started by a host.
const USAGE: u8 = 2;

/// Compiles one plugin's code as the host that started this process asks, and answers the process's exit status. `args`
/// are those after [`crate::Compiler::arguments`]. Limits the whole process: nothing else should be done in it.
///
/// This is how a program serves as its own compiler:
///
/// ```
/// # fn serve() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }
/// fn main() -> std::process::ExitCode {
///     let mut arguments = std::env::args_os().skip(1);
///     if arguments.next().is_some_and(|first| first == "compile-plugin") {
///         return fleuron_plugin_host::compile_child(arguments);
///     }
///     serve()
/// }
/// ```
pub fn compile_child(args: impl Iterator<Item = OsString>) -> ExitCode {
    let (job, output) = match arguments(args) {
        Ok(arguments) => arguments,
        Err(fault) => return usage(&fault),
    };
    if let Err(fault) = limits::set(&job) {
        return usage(&fault);
    }
    let answer = match compile(&job, &output) {
        Ok(()) => Answer::Compiled,
        Err(answer) => answer,
    };
    match say(&answer) {
        Ok(()) if answer == Answer::Compiled => ExitCode::SUCCESS,
        // Without a listener there is nobody to serve.
        Ok(()) | Err(_) => ExitCode::FAILURE,
    }
}

fn arguments(mut args: impl Iterator<Item = OsString>) -> Result<(Job, PathBuf), String> {
    let missing = "this compiles one plugin for a running server, which starts it itself".to_owned();
    let (Some(job), Some(output), None) = (args.next(), args.next(), args.next()) else {
        return Err(missing);
    };
    let job = serde_json::from_str(&job.to_string_lossy())
        .map_err(|error| format!("{missing}; its job cannot be read: {error}"))?;
    Ok((job, output.into()))
}

fn usage(fault: &str) -> ExitCode {
    eprintln!("{fault}");
    ExitCode::from(USAGE)
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

fn compile(job: &Job, output: &Path) -> Result<(), Answer> {
    let engine = engine::on_demand(&HostConfig { max_stack: job.max_stack, ..HostConfig::default() })
        .map_err(|error| Answer::Refused(error.to_string()))?;
    if engine::fingerprint(&engine) != job.fingerprint {
        return Err(Answer::Refused(
            "the compiler's program differs from the running server's; start the server anew".to_owned(),
        ));
    }
    let mut wasm = Vec::new();
    wasm.try_reserve_exact(job.code_bytes).map_err(|_full| Answer::OutOfMemory)?;
    io::stdin().lock().read_to_end(&mut wasm).map_err(|error| refused("it cannot be read", &error))?;
    if wasm.len() != job.code_bytes {
        return Err(Answer::Refused("only a part of it arrived".to_owned()));
    }
    let component = binary::to_component(&wasm, Bounds::OwnProcess).map_err(Answer::Refused)?;
    let code = engine.precompile_component(&component).map_err(|error| {
        if error.is::<OutOfMemory>()
            || error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
        {
            return Answer::OutOfMemory;
        }
        Answer::Refused(format!("it does not compile: {error:#}"))
    })?;
    engine::write_code(output, &code).map_err(|error| refused("its compiled form cannot be written", &error))
}

fn refused(what: &str, error: &io::Error) -> Answer {
    Answer::Refused(format!("{what}: {error}"))
}

#[cfg(unix)]
mod limits {
    //! What the process may take, set by itself before it does anything else.

    use rustix::process::{Resource, Rlimit, getppid, nice, setrlimit};

    use super::Job;

    /// The lowest priority: whoever serves readers goes first.
    const NICE: i32 = 19;

    pub(super) fn set(job: &Job) -> Result<(), String> {
        follow_host(job.host)?;
        limit(Resource::Core, 0)?;
        limit(Resource::Cpu, job.cpu_seconds)?;
        // macOS knows this limit and does not keep it.
        limit(Resource::As, job.memory)?;
        nice(NICE).map(drop).map_err(|error| format!("the priority cannot be lowered: {error}"))
    }

    /// Lowers a limit; one that is lower already stays.
    fn limit(resource: Resource, most: u64) -> Result<(), String> {
        let before = rustix::process::getrlimit(resource);
        let most = [before.current, before.maximum].into_iter().flatten().fold(most, u64::min);
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|error| format!("the limit {resource:?} cannot be set: {error}"))
    }

    /// Has this process end with the host, also where the host is killed.
    fn follow_host(host: u32) -> Result<(), String> {
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
            .map_err(|error| format!("the process cannot follow its host: {error}"))?;
        // It may have ended in between.
        let parent = getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs());
        if parent == Some(host) { Ok(()) } else { Err("the host has ended".to_owned()) }
    }
}

#[cfg(not(unix))]
mod limits {
    //! Elsewhere the host's own limit of time has to do.

    use super::Job;

    pub(super) fn set(_job: &Job) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_for_people() {
        let read = |words: &[&str]| arguments(words.iter().map(OsString::from));
        for words in [&[][..], &["{}"], &["{}", "out"], &["nonsense", "out"], &["{}", "out", "more"]] {
            assert!(read(words).is_err_and(|fault| fault.contains("a running server")), "{words:?}");
        }
        let job = Job { code_bytes: 1, fingerprint: 2, max_stack: 3, memory: 4, cpu_seconds: 5, host: 6 };
        let text = serde_json::to_string(&job).expect("JSON");
        assert_eq!(read(&[&text, "out"]), Ok((job, PathBuf::from("out"))));
    }
}
