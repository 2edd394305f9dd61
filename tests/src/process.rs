//! The real program as a child process, for what only a process shows: signals, kills, exit codes, the command line.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::{Client, redirect};

use crate::actor::{Account, Actor};
use crate::wait::{PATIENCE, eventually, eventually_within, id, text};

/// What the server says when it is bound, before its address.
const SERVES: &str = "Fleuron serves http://";
/// A first start compiles the bundled plugins, on a machine that may be busy with other tests.
const START: Duration = Duration::from_secs(60);

/// The program, to be run in a folder.
#[derive(Clone, Debug)]
pub struct Program {
    executable: PathBuf,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// Asserts success.
    ///
    /// # Panics
    /// When it failed, with all that it said.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{}:\n{}\n{}", self.status, self.stdout, self.stderr);
        self
    }

    /// Asserts failure.
    ///
    /// # Panics
    /// When it succeeded, with all that it said.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.status.code(), Some(1), "{}:\n{}\n{}", self.status, self.stdout, self.stderr);
        self
    }
}

impl Program {
    /// A program that works in this folder and listens on a free port.
    pub fn new(executable: &str, folder: &Path) -> Self {
        // A machine that is busy with other tests compiles slowly, and tests want to see the plugins.
        let settings = [("FLEURON_LISTEN", "127.0.0.1:0"), ("PLUGIN_LOAD_PATIENCE_MS", "120000")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { executable: executable.into(), folder: folder.to_owned(), settings }
    }

    /// Sets an environment variable of the program.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a command to its end, with this on its standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Finished {
        let mut child = self.spawn(arguments);
        let (stdout, stderr) = (Lines::of(child.stdout.take()), Lines::of(child.stderr.take()));
        if let Some(mut pipe) = child.stdin.take() {
            // A command that does not read it may have ended already.
            let _ = pipe.write_all(input.as_bytes());
        }
        let what = format!("`fleuron {}` ends", arguments.join(" "));
        let ended = async || child.try_wait().expect("a child can be asked");
        let status = eventually_within(Duration::from_secs(300), &what, ended).await;
        Finished { status, stdout: stdout.rest(), stderr: stderr.rest() }
    }

    /// Starts a command and does not wait for it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.spawn(arguments);
        drop(child.stdin.take());
        let (stdout, stderr) = (Lines::of(child.stdout.take()), Lines::of(child.stderr.take()));
        Running { child, stdout, stderr }
    }

    /// Starts the server and waits until it is bound.
    ///
    /// # Panics
    /// When it ends instead, with what it said.
    pub async fn serve(&self) -> Serving {
        let mut running = self.start(&["serve"]);
        let line = eventually_within(START, "the server is bound", async || {
            let line = running.stderr.find(SERVES);
            let gone = line.is_none() && running.child.try_wait().expect("a child can be asked").is_some();
            assert!(!gone, "the server ended at once:\n{}", running.stderr.text());
            line
        })
        .await;
        let address = line.split_once("http://").map(|(_, address)| address.trim().to_owned());
        Serving { url: format!("http://{}", address.unwrap_or_default()), running }
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(&self.executable);
        // What whoever runs the tests has set must not reach the program.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["FLEURON_", "PLUGIN_", "RUST_LOG", "DATABASE_URL"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
            {
                command.env_remove(&name);
            }
        }
        command.args(arguments).current_dir(&self.folder);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.executable.display()))
    }
}

/// A running command. It is killed when dropped.
pub struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Running {
    /// Kills it, which it cannot notice, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().expect("a child can be waited for");
    }

    /// Asks it to end.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to end as Ctrl-C on a terminal does.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").arg(name).arg(pid).status().expect("`kill` can be run");
        assert!(status.success(), "the signal was not sent: {status}");
    }

    /// Waits until it has ended, and says how.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the program ends", async || self.child.try_wait().expect("a child can be asked")).await
    }

    /// Whether it is still there.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.stdout.text(), self.stderr.text())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A running server. It is killed when dropped.
pub struct Serving {
    /// Where it is reached, without a slash at the end.
    pub url: String,
    /// The process.
    pub running: Running,
}

impl Serving {
    /// The one-time link of the first start, once it has been printed.
    ///
    /// # Panics
    /// When it is not printed.
    pub async fn setup_link(&self) -> String {
        let line =
            eventually("the set-up link is printed", async || self.running.stderr.find("/setup?token="));
        line.await.trim().to_owned()
    }

    /// Somebody who is not signed in.
    ///
    /// # Panics
    /// When a client cannot be made.
    pub fn guest(&self) -> Actor {
        Actor::new(client(), &self.url, None, None)
    }

    /// Signs in somebody who has an account.
    ///
    /// # Panics
    /// When that fails.
    pub async fn sign_in(&self, login: &str, password: &str) -> Actor {
        let session = self.guest().login(login, password).await.expect(200).json();
        let access_token = text(&session, "access_token").to_owned();
        let bearer = format!("Bearer {access_token}");
        let me = self.guest().get_with("/api/v1/auth/me", "authorization", &bearer).await.expect(200).json();
        let account = Account {
            id: id(&me).parse().expect("an id"),
            email: text(&me, "email").to_owned(),
            username: text(&me, "username").to_owned(),
            access_token,
            refresh_token: text(&session, "refresh_token").to_owned(),
        };
        Actor::new(client(), &self.url, text(&me, "role").parse().ok(), Some(account))
    }
}

fn client() -> Client {
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(6 * PATIENCE).build();
    client.expect("an HTTP client")
}

/// The lines that a process writes, gathered as they come.
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Lines {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let pipe = BufReader::new(pipe.expect("the output is piped"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let gathered = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                gathered.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { lines, reader }
    }

    fn find(&self, part: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| line.contains(part)).cloned()
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// All lines, once the process has ended.
    fn rest(self) -> String {
        let Self { lines, reader } = self;
        reader.join().expect("lines can be read");
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.join("\n")
    }
}
