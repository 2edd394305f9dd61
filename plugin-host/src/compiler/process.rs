//! Starts the process that compiles, watches over it, and says what became of it.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Compiler;
use super::job::{Answer, Job};

/// Bytes of the process's words that are kept.
const WORDS: u64 = 64 << 10;
/// What Rust says as the last thing where an allocation fails.
const NO_MEMORY: &str = "memory allocation of ";

/// What the process left behind.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    complaints: Vec<u8>,
}

/// Has code compiled into the file `output`. The process is killed where this future is dropped.
///
/// Linux takes the thread that starts a process for its parent, and ends it with that thread: this must run on a thread
/// that lives as long as the host.
///
/// # Errors
/// Why there is no compiled code.
pub(super) async fn compile(
    compiler: &Compiler,
    job: &Job,
    wasm: &[u8],
    output: &Path,
    limit: Duration,
) -> Result<(), String> {
    let mut child = start(compiler, job, output)
        .map_err(|error| format!("the compiler {} cannot be started: {error}", compiler.program.display()))?;
    let ended = match timeout(limit, talk(&mut child, wasm)).await {
        Ok(ended) => ended.map_err(|error| format!("the compiler cannot be waited for: {error}"))?,
        Err(_elapsed) => {
            // It may have ended just now; either way nothing of it is left.
            let _ = child.kill().await;
            return Err(too_slow(limit));
        }
    };
    ended.outcome(job, limit)
}

fn start(compiler: &Compiler, job: &Job, output: &Path) -> io::Result<Child> {
    let job = serde_json::to_string(job)?;
    Command::new(&compiler.program)
        .args(&compiler.arguments)
        .arg(job)
        .arg(output)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Gives the process its code and hears it to its end.
async fn talk(child: &mut Child, wasm: &[u8]) -> io::Result<Ended> {
    let (input, output, complaints) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut input) = input {
            // A process that has heard enough says why on its way out.
            let _ = input.write_all(wasm).await;
        }
    };
    let ((), output, complaints) = tokio::join!(give, hear(output), hear(complaints));
    Ok(Ended { status: child.wait().await?, output: output?, complaints: complaints? })
}

/// The first words of a stream. It is read to its end, so that nobody waits for a reader.
async fn hear(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut words = Vec::new();
    if let Some(stream) = stream {
        let mut first = stream.take(WORDS);
        first.read_to_end(&mut words).await?;
        tokio::io::copy(&mut first.into_inner(), &mut tokio::io::sink()).await?;
    }
    Ok(words)
}

impl Ended {
    fn outcome(&self, job: &Job, limit: Duration) -> Result<(), String> {
        match serde_json::from_slice(&self.output) {
            Ok(Answer::Compiled) if self.status.success() => Ok(()),
            Ok(Answer::Refused(reason)) => Err(reason),
            Ok(Answer::OutOfMemory) => Err(too_large(job.memory)),
            Ok(Answer::Compiled) | Err(_) => Err(self.end(job, limit)),
        }
    }

    /// Why a process may have ended without a word.
    fn end(&self, job: &Job, limit: Duration) -> String {
        let complaints = String::from_utf8_lossy(&self.complaints);
        if complaints.contains(NO_MEMORY) {
            return too_large(job.memory);
        }
        let last = complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        tracing::warn!(status = %self.status, complaint = last, "the compiler of plugins failed");
        match signal(self.status) {
            Some(SIGXCPU) => too_slow(limit),
            Some(SIGKILL) => format!(
                "compiling it was ended from outside, most likely because the machine has no memory left; it may take \
                 {} MiB",
                job.memory >> 20
            ),
            _ => format!("the compiler fails on it ({})", self.status),
        }
    }
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

fn too_slow(limit: Duration) -> String {
    format!("compiling it takes too long: it was ended after {} s, its limit", limit.as_secs_f64())
}

fn too_large(limit: u64) -> String {
    format!("compiling it takes too much memory: it was ended at {} MiB, its limit", limit >> 20)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    const JOB: Job =
        Job { code_bytes: 0, fingerprint: 0, max_stack: 0, memory: 512 << 20, cpu_seconds: 0, host: 0 };
    const LIMIT: Duration = Duration::from_millis(1500);

    fn outcome(status: i32, output: &str, complaints: &str) -> Result<(), String> {
        let status = ExitStatus::from_raw(status);
        Ended { status, output: output.into(), complaints: complaints.into() }.outcome(&JOB, LIMIT)
    }

    #[test]
    fn every_end_has_its_reason() {
        let failed = 1 << 8;
        assert_eq!(outcome(0, "\"compiled\"\n", "noise"), Ok(()));
        assert_eq!(outcome(failed, "{\"refused\":\"it is odd\"}\n", ""), Err("it is odd".to_owned()));
        let reason = |status, output: &str, complaints: &str| {
            outcome(status, output, complaints).expect_err("nothing is compiled")
        };
        assert!(reason(failed, "\"out_of_memory\"\n", "").contains("ended at 512 MiB"));
        assert!(reason(6, "", "memory allocation of 99 bytes failed\n").contains("ended at 512 MiB"));
        assert!(reason(SIGXCPU, "", "").contains("ended after 1.5 s"));
        assert!(reason(SIGKILL, "", "").contains("no memory left"));
        assert!(reason(11, "", "").contains("the compiler fails on it (signal: 11"));
        assert!(reason(101 << 8, "", "thread 'main' panicked").contains("exit status: 101"));
        assert!(reason(0, "", "").contains("the compiler fails on it"), "it says nothing");
        assert!(
            reason(failed, "\"compiled\"", "").contains("the compiler fails on it"),
            "it contradicts itself"
        );
    }
}
