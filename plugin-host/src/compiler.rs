//! Compiling in a process of its own: at the lowest priority, with limits of time and memory, so that no code, however
//! it is made, takes the server more than a refusal.
//!
//! The host starts the process and gives it the code on its standard input and what there is to know (a `Job`) as an
//! argument. The process limits itself before it reads a byte of code, makes a component of it, compiles it, and leaves
//! the compiled code in a file in the code cache's folder; one line on its standard output (an `Answer`) says what became
//! of it. The host puts the file into its place and loads it as it would from a warm cache.
//!
//! The process ends with its job, with its limits, or with the host: whoever stops waiting kills it, and on Linux the
//! kernel does where the host cannot any more. It knows nothing of the host's environment. It runs as the same user: the
//! limits are against what takes long, not against faults of the compiler that let code out.

mod child;
mod job;
mod process;
mod service;
mod turns;

use std::ffi::OsString;
use std::path::PathBuf;

pub use child::compile_child;
pub(crate) use service::CompileService;

/// The program that is started for each plugin to compile. It must call [`compile_child`] with the arguments that follow
/// these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// The program.
    pub program: PathBuf,
    /// What comes before the job's own arguments, such as the name of a hidden subcommand.
    pub arguments: Vec<OsString>,
}

impl Compiler {
    /// The running program itself, with these arguments first. On Linux it is the very file that runs, also after an
    /// update has put another in its place.
    ///
    /// # Errors
    /// Where the system does not tell which program runs.
    pub fn this_program<A: Into<OsString>>(
        arguments: impl IntoIterator<Item = A>,
    ) -> std::io::Result<Compiler> {
        let itself = PathBuf::from("/proc/self/exe");
        let program =
            if cfg!(target_os = "linux") && itself.exists() { itself } else { std::env::current_exe()? };
        Ok(Compiler { program, arguments: arguments.into_iter().map(Into::into).collect() })
    }
}
