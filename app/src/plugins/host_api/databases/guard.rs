//! The authorizer of a connection, and what it last refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleuron_plugin_host::ports::{DatabaseAccess, DatabaseError};
use rusqlite::{
    Connection,
    hooks::{AuthAction, AuthContext, Authorization},
};

use super::{
    error::{denied, over_limit},
    rules::{Change, Mode, Rules},
};

/// Calls of functions that the text of a statement may hold, with the triggers that it sets off. Nothing looks at the
/// clock between one and the next, unless a function does, and some of SQLite's own take milliseconds.
const MOST_CALLS: usize = 300;

/// Stands between a connection and everything that its SQL reaches for.
pub(super) struct Guard {
    state: Mutex<State>,
}

struct State {
    mode: Mode,
    change: Change,
    calls: usize,
    refusal: Option<DatabaseError>,
}

impl Guard {
    /// Sets a guard on a connection. `mode` is how statements are judged outside of [`Guard::host`].
    pub(super) fn install(
        connection: &Connection,
        access: DatabaseAccess,
        mode: Mode,
    ) -> rusqlite::Result<Arc<Self>> {
        let state = State { mode, change: Change::None, calls: 0, refusal: None };
        let guard = Arc::new(Self { state: Mutex::new(state) });
        let judge = Arc::clone(&guard);
        let rules = Rules::new(access);
        connection.authorizer(Some(move |question: AuthContext<'_>| judge.judge(&rules, &question)))?;
        Ok(guard)
    }

    fn judge(&self, rules: &Rules, question: &AuthContext<'_>) -> Authorization {
        let mut state = self.lock();
        let mode = state.mode;
        if matches!(question.action, AuthAction::Function { .. }) && mode != Mode::Host {
            state.calls += 1;
        }
        let refusal = match rules.judge(mode, &mut state.change, question) {
            Ok(()) if state.calls <= MOST_CALLS => return Authorization::Allow,
            Ok(()) => over_limit(format!("the statement calls functions in more than {MOST_CALLS} places")),
            Err(reason) => denied(reason),
        };
        state.refusal.get_or_insert(refusal);
        Authorization::Deny
    }

    /// Forgets what came of the statement before. To be called before each statement of a plugin is prepared.
    pub(super) fn begin_statement(&self) {
        let mut state = self.lock();
        state.change = Change::None;
        state.calls = 0;
        state.refusal = None;
    }

    /// The first thing that was refused since [`Guard::begin_statement`].
    pub(super) fn take_refusal(&self) -> Option<DatabaseError> {
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
