//! The authorizer of a connection, and what it last refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleuron_plugin_host::ports::DatabaseAccess;
use rusqlite::{
    Connection,
    hooks::{AuthContext, Authorization},
};

use super::rules::{Change, Mode, Rules};

/// Stands between a connection and everything that its SQL reaches for.
pub(super) struct Guard {
    state: Mutex<State>,
}

struct State {
    mode: Mode,
    change: Change,
    refusal: Option<String>,
}

impl Guard {
    /// Sets a guard on a connection. `mode` is how statements are judged outside of [`Guard::host`].
    pub(super) fn install(
        connection: &Connection,
        access: DatabaseAccess,
        mode: Mode,
    ) -> rusqlite::Result<Arc<Self>> {
        let guard = Arc::new(Self { state: Mutex::new(State { mode, change: Change::None, refusal: None }) });
        let judge = Arc::clone(&guard);
        let rules = Rules::new(access);
        connection.authorizer(Some(move |question: AuthContext<'_>| judge.judge(&rules, &question)))?;
        Ok(guard)
    }

    fn judge(&self, rules: &Rules, question: &AuthContext<'_>) -> Authorization {
        let mut state = self.lock();
        let mode = state.mode;
        match rules.judge(mode, &mut state.change, question) {
            Ok(()) => Authorization::Allow,
            Err(reason) => {
                state.refusal.get_or_insert(reason);
                Authorization::Deny
            }
        }
    }

    /// Forgets what came of the statement before. To be called before each statement of a plugin is prepared.
    pub(super) fn begin_statement(&self) {
        let mut state = self.lock();
        state.change = Change::None;
        state.refusal = None;
    }

    /// The first thing that was refused since [`Guard::begin_statement`].
    pub(super) fn take_refusal(&self) -> Option<String> {
        self.lock().refusal.take()
    }

    /// Until the returned value is dropped, statements are the host's own.
    pub(super) fn host(&self) -> HostScope<'_> {
        let mut state = self.lock();
        state.refusal = None;
        let before = std::mem::replace(&mut state.mode, Mode::Host);
        HostScope { guard: self, before }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Guard::host`].
pub(super) struct HostScope<'a> {
    guard: &'a Guard,
    before: Mode,
}

impl Drop for HostScope<'_> {
    fn drop(&mut self) {
        self.guard.lock().mode = self.before;
    }
}
