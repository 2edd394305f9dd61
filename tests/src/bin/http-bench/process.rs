//! A server as a child process, with what it costs read from `/proc`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Connection, get};

/// Tells this program which server to be.
pub(crate) const ROLE: &str = "HTTP_BENCH_ROLE";
/// The role of the `fleuron` command.
pub(crate) const FLEURON: &str = "fleuron";
/// The role of the bare actix-web server.
pub(crate) const BARE: &str = "bare";

/// `/proc` counts CPU time in hundredths of a second on every Linux there is.
const TICK: Duration = Duration::from_millis(10);
/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. It is killed when dropped; [`Process::stop`] lets it finish.
pub(crate) struct Process {
    child: Child,
    spawned: Instant,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Process {
    /// Starts a server in a folder. `arguments` makes its command line for the address it is to listen on.
    pub(crate) fn start<A, W>(role: &str, folder: &Path, arguments: A) -> Result<Self>
    where
        A: FnOnce(SocketAddr) -> Vec<W>,
        W: AsRef<OsStr>,
    {
        let address = free_address()?;
        let log = folder.join(format!("{role}.log"));
        let mut command = command(role, folder)?;
        command
            .args(arguments(address))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let spawned = Instant::now();
        Ok(Self { child: command.spawn()?, spawned, address, log })
    }

    /// Waits for the first 200 on a path and answers how long after the start it came.
    pub(crate) async fn ready(&mut self, path: &str) -> Result<Duration> {
        let request = get(path);
        while self.spawned.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended at once ({status}):\n{}", self.log_text()).into());
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(answer) = tokio::time::timeout(PATIENCE, connection.exchange(&request)).await
                && answer.is_ok_and(|answer| answer.status == 200)
            {
                return Ok(self.spawned.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(format!("the server did not answer 200 to {path} in {PATIENCE:?}:\n{}", self.log_text()).into())
    }

    /// CPU time so far, of all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let ticks = cpu_ticks(&stat).ok_or("/proc/<pid>/stat does not look as it should")?;
        Ok(TICK * ticks)
    }

    /// Bytes of memory that are resident.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        Ok(kilobytes.ok_or("/proc/<pid>/status has no VmRSS")? * 1024)
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(format!("the server did not end in {PATIENCE:?}:\n{}", self.log_text()).into())
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a `fleuron` command in a folder to its end, with a line on its standard input.
pub(crate) fn fleuron<W: AsRef<OsStr>>(folder: &Path, arguments: &[W], line: &str) -> Result<()> {
    let mut command = command(FLEURON, folder)?;
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{line}")?;
    }
    let output = child.wait_with_output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

/// This program in a role, without the settings that whoever runs it may have in the environment.
fn command(role: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("FLEURON_") || text.starts_with("PLUGIN_") || text == "DATABASE_URL" {
            command.env_remove(&name);
        }
    }
    command.env(ROLE, role).current_dir(folder);
    Ok(command)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// User and system time: the 14th and 15th field. The second one, in parentheses, may itself hold spaces.
fn cpu_ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 100";
        assert_eq!(super::cpu_ticks(stat), Some(300));
        assert_eq!(super::cpu_ticks("12 (x) S 1 2"), None);
    }
}
