//! What a host in memory remembers, and the rules of a call.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::Clock;
#[cfg(feature = "sqlite")]
use super::sqlite::Database;
use super::{Permission, SentRequest, Verdict};
use crate::context::CallContext;
use crate::data::{Error, ErrorCode};

/// The longest code of a refusal, in bytes.
const MAX_CODE: usize = 64;
/// The longest message of a refusal, in characters.
const MAX_MESSAGE: usize = 500;
/// Hooks in which verdicts are ignored.
const DEAF: [&str; 12] = [
    "render-markdown",
    "filter-html",
    "on-post-created",
    "on-post-updated",
    "on-post-deleted",
    "on-comment-created",
    "on-content-created",
    "on-content-updated",
    "on-content-deleted",
    "on-login",
    "on-cron-tick",
    "on-event",
];

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) log: Vec<String>,
    pub(super) config: BTreeMap<String, String>,
    pub(super) data: BTreeMap<String, String>,
    pub(super) posts: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
    /// When each file was written, in Unix seconds.
    pub(super) modified: BTreeMap<String, u64>,
    pub(super) clock: Clock,
    pub(super) http_answers: BTreeMap<String, String>,
    pub(super) requests: Vec<SentRequest>,
    pub(super) sql_answers: BTreeMap<String, String>,
    pub(super) events: Vec<(String, String)>,
    pub(super) denied: BTreeSet<Permission>,
    pub(super) context: CallContext,
    pub(super) verdict: Option<Verdict>,
    /// Events of the running call, if one runs.
    pub(super) pending: Option<Vec<(String, String)>>,
    /// Calls on the database since the last call of a hook began.
    #[cfg(feature = "sqlite")]
    pub(super) statements: u32,
    /// How many of them are let through.
    #[cfg(feature = "sqlite")]
    pub(super) interruption: Option<u32>,
    /// While a transaction is open: the key-values as they were before it.
    pub(super) transaction: Option<BTreeMap<String, String>>,
    /// Opened when it is first needed.
    #[cfg(feature = "sqlite")]
    pub(super) database: Option<Database>,
}

impl State {
    pub(super) fn begin_call(&mut self) {
        assert!(self.pending.is_none(), "a call runs already; MemoryHost::call does not nest");
        self.pending = Some(Vec::new());
        self.verdict = None;
        #[cfg(feature = "sqlite")]
        {
            self.statements = 0;
        }
    }

    pub(super) fn end_call(&mut self, ended_well: bool) {
        let pending = self.pending.take().unwrap_or_default();
        #[cfg(feature = "sqlite")]
        {
            self.interruption = None;
        }
        if ended_well {
            self.events.extend(pending);
        }
        if let Some(data) = self.transaction.take() {
            self.log.push("warn: the call ended with an open transaction, which was rolled back".to_owned());
            self.data = data;
            self.undo();
        }
    }

    /// Writes why a call did not do what it was asked to, as the site does.
    pub(super) fn complain(&mut self, call: &str, reason: &str) {
        self.log.push(format!("warn: {call}: {reason}"));
    }

    /// Whether a call that needs `permission` may go on.
    pub(super) fn permit(&mut self, permission: Permission, call: &str) -> Result<(), Error> {
        let lacks = |permission| self.denied.contains(&permission);
        let missing = match permission {
            Permission::Database if lacks(permission) => "`permissions.database`, as in [\"own\"]",
            Permission::OwnTables if lacks(permission) || lacks(Permission::Database) => {
                "\"own\" in `permissions.database`"
            }
            Permission::Http if lacks(permission) => "`permissions.http`, as in [\"api.example.com\"]",
            Permission::Emit if lacks(permission) => "\"emit\" in `permissions.events`",
            _ => return Ok(()),
        };
        let reason = format!("not granted: the manifest does not ask for {missing}");
        self.complain(call, &reason);
        Err(Error::new(ErrorCode::NotGranted, reason))
    }

    pub(super) fn refuse(&mut self, code: &str, message: &str) {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let code = if (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(fits) {
            code
        } else {
            self.complain(
                "refuse",
                "the code has 1 to 64 lower-case letters, digits, `-` and `_`; `refused` is used",
            );
            "refused"
        };
        let line: String = message
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .take(MAX_MESSAGE)
            .collect();
        let message = match line.trim() {
            "" => "A plugin refused this without saying why.",
            line => line,
        };
        self.decide("refuse", Verdict::Refused { code: code.to_owned(), message: message.to_owned() });
    }

    pub(super) fn decide(&mut self, call: &str, verdict: Verdict) {
        if DEAF.contains(&self.context.hook.as_str()) {
            let reason = format!("has no effect in {}", self.context.hook);
            self.complain(call, &reason);
        } else {
            self.verdict = Some(verdict);
        }
    }
}
