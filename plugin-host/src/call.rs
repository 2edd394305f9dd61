//! What belongs to one hook call: why it is made, what it may still use, and what it leaves behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::config::HostConfig;
use crate::dispatch::CallContext;
use crate::hook::{HookKind, HookPoint};
use crate::limits::BudgetExceeded;
use crate::ports::{DatabaseTransaction, EmittedEvent};

/// A filter's answer beside the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What is about to happen is refused, with a code for programs and a message for people.
    Refused { code: String, message: String },
    /// It may happen, but not in public.
    Held,
}

/// What a call that ended well leaves behind, beside its results.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) verdict: Option<Verdict>,
    /// To be published now that the call has ended well.
    pub(crate) emitted: Vec<EmittedEvent>,
}

/// A transaction that ends by itself when its time is over: a guest that is busy with something else does not keep the
/// plugin's other calls waiting.
pub(crate) struct OpenTransaction {
    /// None while a call on it is under way, and once its time is over.
    transaction: Arc<Mutex<Option<Box<dyn DatabaseTransaction>>>>,
    pub(crate) until: Instant,
    timer: AbortHandle,
}

impl OpenTransaction {
    /// Watches over a transaction that was begun just now.
    pub(crate) fn new(transaction: Box<dyn DatabaseTransaction>, limit: Duration) -> OpenTransaction {
        let until = Instant::now() + limit;
        let transaction = Arc::new(Mutex::new(Some(transaction)));
        let watched = Arc::downgrade(&transaction);
        let timer = tokio::spawn(async move {
            tokio::time::sleep_until(until.into()).await;
            if let Some(transaction) = watched.upgrade() {
                // Dropping it rolls it back.
                drop(lock(&transaction).take());
            }
        });
        OpenTransaction { transaction, until, timer: timer.abort_handle() }
    }

    /// Whether its time is over.
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// The transaction, for one call on it.
    pub(crate) fn take(&self) -> Option<Box<dyn DatabaseTransaction>> {
        lock(&self.transaction).take()
    }

    /// Gives it back after the call. Where its time is over by now, it is rolled back.
    pub(crate) fn give_back(&self, transaction: Box<dyn DatabaseTransaction>) {
        if !self.is_over() {
            *lock(&self.transaction) = Some(transaction);
        }
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The running call's state within its store.
pub(crate) struct CallState {
    pub(crate) hook: Option<HookPoint>,
    pub(crate) context: Arc<CallContext>,
    pub(crate) outcome: Outcome,
    /// Dropped with the store where the call fails, which rolls it back.
    pub(crate) transaction: Option<OpenTransaction>,
    host_calls: Budget,
    statements: Budget,
    requests: Budget,
}

impl CallState {
    /// The state while an instance starts: nothing has been asked for yet.
    pub(crate) fn starting(config: &HostConfig) -> CallState {
        CallState {
            hook: None,
            context: Arc::default(),
            outcome: Outcome::default(),
            transaction: None,
            host_calls: Budget::new(config.host_call_budget),
            statements: Budget::new(config.sql_budget),
            requests: Budget::new(config.http_budget),
        }
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, hook: HookPoint, context: Arc<CallContext>) {
        self.hook = Some(hook);
        self.context = context;
        self.outcome = Outcome::default();
        self.host_calls.refill();
        self.statements.refill();
        self.requests.refill();
    }

    /// Whether the running hook is a filter whose verdict is heard: those that render are not.
    pub(crate) fn takes_verdicts(&self) -> bool {
        let renders = matches!(self.hook, Some(HookPoint::RenderMarkdown | HookPoint::FilterHtml));
        !renders && self.hook.is_some_and(|hook| hook.kind() == HookKind::Filter)
    }

    /// Counts a host call; an error ends the hook call.
    pub(crate) fn spend_host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls.spend("host calls").map_err(|reason| wasmtime::Error::new(BudgetExceeded(reason)))
    }

    /// Counts a statement.
    pub(crate) fn spend_statement(&mut self) -> Result<(), String> {
        self.statements.spend("SQL statements")
    }

    /// Counts a request to another server.
    pub(crate) fn spend_request(&mut self) -> Result<(), String> {
        self.requests.spend("requests to other servers")
    }

    /// The open transaction, unless it has been open for too long: then it is rolled back.
    pub(crate) fn transaction(&mut self, limit: Duration) -> Result<Option<&mut OpenTransaction>, String> {
        if self.transaction.as_ref().is_some_and(OpenTransaction::is_over) {
            self.transaction = None;
            return Err(format!("the transaction was open for more than {limit:?} and was rolled back"));
        }
        Ok(self.transaction.as_mut())
    }
}

/// So many of something in one hook call.
struct Budget {
    limit: u32,
    left: u32,
}

impl Budget {
    fn new(limit: u32) -> Budget {
        Budget { limit, left: limit }
    }

    fn refill(&mut self) {
        self.left = self.limit;
    }

    fn spend(&mut self, what: &str) -> Result<(), String> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(format!("{} {what} in one hook call", self.limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_per_call() {
        let config = HostConfig { sql_budget: 2, ..HostConfig::default() };
        let mut call = CallState::starting(&config);
        for _ in 0..2 {
            call.begin(HookPoint::OnPostCreating, Arc::default());
            assert!(call.spend_statement().is_ok());
            assert!(call.spend_statement().is_ok());
            assert_eq!(call.spend_statement(), Err("2 SQL statements in one hook call".to_owned()));
        }
    }

    #[test]
    fn verdicts_belong_to_filters() {
        let mut call = CallState::starting(&HostConfig::default());
        assert!(!call.takes_verdicts());
        for (hook, takes) in [
            (HookPoint::OnPostCreating, true),
            (HookPoint::OnCommentCreating, true),
            (HookPoint::FilterHtml, false),
            (HookPoint::RenderMarkdown, false),
            (HookPoint::OnPostCreated, false),
        ] {
            call.begin(hook, Arc::default());
            assert_eq!(call.takes_verdicts(), takes, "{hook}");
        }
    }
}
