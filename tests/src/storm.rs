//! A storm: writers who change posts as fast as they can while the server is killed again and again, and plugins that fail
//! at times. Afterwards the ledger of a plugin proves that nothing that was acknowledged was lost on the way to them.

mod settling;
mod verdict;
mod writers;

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::actor::{Actor, PASSWORD};
use crate::guests;
use crate::plugins::{manifest, write_migrations, write_plugin};
use crate::process::Program;
use verdict::Evidence;
use writers::Notes;

/// Who writes down every delivery.
const LEDGER: &str = "com.example.ledger";
/// Who emits an event about every delivery, of which the other one hears.
const ECHO: &str = "com.example.echo";
/// What both of them hear of.
const HOOKS: [&str; 3] = ["on-post-created", "on-post-updated", "on-post-deleted"];

const TABLE: &str = "CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    hook TEXT NOT NULL,
    post_id TEXT NOT NULL,
    version INTEGER NOT NULL
);";

/// Every third kill comes while the server starts, within so many milliseconds: nobody writes then, and what the kills
/// before have left is being recovered.
const EARLY: usize = 3;
const START_UP: usize = 200;

/// From so many kills on, some must have hit what was delivered and not written down yet.
const MANY_KILLS: usize = 20;
/// Of so many changes, some must have been failed at, since about one in twenty is.
const MANY_CHANGES: usize = 400;

/// Who writes all the posts.
const WRITER: &str = "ada";

/// A storm that is to rage.
#[derive(Clone, Debug)]
pub struct Storm {
    /// The server's command line.
    pub program: String,
    /// An empty folder, where the site is made.
    pub folder: PathBuf,
    /// How often the server is killed.
    pub kills: usize,
    /// How many write at once.
    pub writers: usize,
    /// How many milliseconds they write before a kill, at least and at most.
    pub between: RangeInclusive<usize>,
}

/// What a storm has left behind.
#[derive(Clone, Debug)]
pub struct Aftermath {
    /// Changes that the server acknowledged.
    pub acknowledged: usize,
    /// Changes that were told, acknowledged or not.
    pub changes: usize,
    /// Deliveries that were written down, events of the plugin included.
    pub deliveries: usize,
    /// Those of an event that had been delivered before.
    pub repeats: usize,
    /// Those that went well at a later attempt.
    pub retried: usize,
    /// What should not be, in words.
    pub violations: Vec<String>,
}

impl Storm {
    /// Lets it rage, and says what it has left behind. `say` is told how it goes.
    ///
    /// # Panics
    /// When the server does not start.
    pub async fn rage(&self, mut say: impl FnMut(&str)) -> Aftermath {
        lay_plugins(&self.folder.join("extensions"));
        // However often the plugins fail, none is left alone for it.
        let program = Program::new(&self.program, &self.folder)
            .with("FLEURON_EVENTS_RETRY_MS", "200")
            .with("PLUGIN_BREAKER_FAILURES", "1000")
            .with("PLUGIN_BREAKER_WINDOW_S", "1");
        let email = format!("{WRITER}@example.com");
        let words = ["user", "create", "--email", &email, "--username", WRITER, "--role", "administrator"];
        program.run(&words, &format!("{PASSWORD}\n")).await.succeeded();
        let notes = Arc::new(Notes::default());
        for kill in 1..=self.kills {
            if kill.is_multiple_of(EARLY) {
                kill_at_start(&program).await;
            } else {
                self.write_until_killed(&program, &notes).await;
            }
            say(&format!("kill {kill} of {}: {} changes acknowledged", self.kills, notes.count()));
        }
        let serving = program.serve().await;
        let administrator = serving.sign_in(WRITER, PASSWORD).await;
        let settled = settling::settle(&administrator, &mut say).await;
        let evidence = self.evidence(&administrator).await;
        let mut aftermath = verdict::reach(&notes, &evidence);
        let unproven = self.unproven(&aftermath);
        aftermath.violations.extend(unproven);
        if let Err(words) = settled {
            aftermath.violations.insert(0, words);
        }
        aftermath
    }

    async fn write_until_killed(&self, program: &Program, notes: &Arc<Notes>) {
        let mut serving = program.serve().await;
        let author = serving.sign_in(WRITER, PASSWORD).await;
        let writers: Vec<_> = (0..self.writers)
            .map(|_| tokio::spawn(writers::write(author.clone(), Arc::clone(notes))))
            .collect();
        let (least, most) = (*self.between.start(), *self.between.end());
        let time = least + random(most.saturating_sub(least) + 1);
        pause(time).await;
        serving.running.kill();
        for writer in writers {
            writer.await.expect("a writer does not panic");
        }
    }

    /// What a storm shows nothing about that never happened in it.
    fn unproven(&self, aftermath: &Aftermath) -> Vec<String> {
        let mut unproven = Vec::new();
        if self.kills >= MANY_KILLS && aftermath.repeats == 0 {
            unproven.push(format!("none of {} kills has led to a repetition", self.kills));
        }
        if aftermath.changes >= MANY_CHANGES && aftermath.retried == 0 {
            unproven.push(format!("none of {} changes was told after a failure", aftermath.changes));
        }
        unproven
    }

    async fn evidence(&self, administrator: &Actor) -> Evidence {
        let ledger = self.folder.join("data/plugins").join(LEDGER).join("plugin.sqlite");
        Evidence {
            posts: verdict::posts(administrator).await,
            dead: settling::list(administrator, "/api/v1/admin/deliveries?state=dead").await,
            rows: verdict::rows(&ledger).await,
        }
    }
}

/// Kills a server that has just been started, whether it is bound already or not.
async fn kill_at_start(program: &Program) {
    let mut running = program.start(&["serve"]);
    pause(random(START_UP + 1)).await;
    running.kill();
}

async fn pause(milliseconds: usize) {
    tokio::time::sleep(Duration::from_millis(milliseconds.try_into().unwrap_or(u64::MAX))).await;
}

/// One plugin that keeps a ledger, and one that emits instead.
fn lay_plugins(extensions: &Path) {
    let module = fs::read(guests::LEDGER).expect("the guest is built");
    let ledger = format!(
        "{}\n[permissions]\ndatabase = [\"own\"]\n\n[events.\"plugin.{ECHO}.seen\"]\n{}",
        manifest(LEDGER, &HOOKS),
        switch("fails")
    );
    write_migrations(extensions, "ledger", &[("0001_ledger.sql".to_owned(), TABLE.to_owned())]);
    write_plugin(extensions, "ledger", &ledger, &module);
    let echo = format!(
        "{}\n[permissions]\nevents = [\"emit\"]\n{}{}",
        manifest(ECHO, &HOOKS),
        switch("emits"),
        switch("fails")
    );
    write_plugin(extensions, "echo", &echo, &module);
}

/// A setting of the guest that is on.
fn switch(name: &str) -> String {
    format!("\n[settings.{name}]\ntype = \"boolean\"\ndefault = true\n")
}

/// Some number below this one.
fn random(below: usize) -> usize {
    let below = u128::try_from(below.max(1)).unwrap_or(1);
    usize::try_from(Uuid::new_v4().as_u128() % below).unwrap_or_default()
}
