//! SQL and key-values: which connection a call goes to, and for how long.

use super::json;
use crate::call::OpenTransaction;
use crate::capability::Capability;
use crate::guest_state::GuestState;
use crate::ports::{
    DatabaseError, DatabaseErrorKind, DatabaseTransaction, PortError, Rows, Statement, StatementKind,
};

/// Why nothing can be done with a transaction whose time ran out just now.
const ENDED: &str = "the transaction was open for too long and was rolled back";

impl GuestState {
    /// `db-query` and `db-execute`.
    pub(super) async fn statement(
        &mut self,
        call: &'static str,
        kind: StatementKind,
        sql: String,
        params: Option<String>,
    ) -> Result<Rows, DatabaseError> {
        self.permit(Capability::Database, call).map_err(denied)?;
        let params =
            json::params(params.as_deref()).inspect_err(|error| self.complain(call, &error.message))?;
        self.run(call, Statement { kind, sql, params }).await
    }

    /// Carries out a statement: in the open transaction if there is one, else by itself.
    pub(super) async fn run(
        &mut self,
        call: &'static str,
        statement: Statement,
    ) -> Result<Rows, DatabaseError> {
        let outcome = self.run_quietly(statement).await;
        if let Err(error) = &outcome {
            match error.kind {
                DatabaseErrorKind::Denied => self.denied(call, &error.message),
                _ => self.complain(call, &error.message),
            }
        }
        outcome
    }

    async fn run_quietly(&mut self, statement: Statement) -> Result<Rows, DatabaseError> {
        let deadline = self.deadline;
        self.call.spend_statement().map_err(over_limit)?;
        let limit = self.environment.config.transaction_time;
        let Some(open) = self.call.transaction(limit).map_err(over_limit)? else {
            return self.environment.database.run(statement, deadline).await;
        };
        let mut transaction = open.take().ok_or_else(|| over_limit(ENDED.to_owned()))?;
        let outcome = transaction.run(statement, deadline.min(open.until)).await;
        open.give_back(transaction);
        outcome
    }

    /// Whether a transaction is open.
    pub(super) fn has_transaction(&mut self) -> bool {
        let limit = self.environment.config.transaction_time;
        // One whose time is over was rolled back, and the next call on it is told so.
        matches!(self.call.transaction(limit), Ok(Some(_)))
    }

    /// `db-begin`.
    pub(super) async fn begin(&mut self) -> Result<(), DatabaseError> {
        self.permit(Capability::Database, "db-begin").map_err(denied)?;
        let outcome = self.open_transaction().await;
        outcome.inspect_err(|error| self.complain("db-begin", &error.message))
    }

    async fn open_transaction(&mut self) -> Result<(), DatabaseError> {
        let limit = self.environment.config.transaction_time;
        if self.call.transaction(limit).map_err(over_limit)?.is_some() {
            return Err(invalid("a transaction is open already; commit it or roll it back first"));
        }
        self.call.spend_statement().map_err(over_limit)?;
        let transaction = self.environment.database.begin(self.deadline).await?;
        self.call.transaction = Some(OpenTransaction::new(transaction, limit));
        Ok(())
    }

    /// `db-commit`.
    pub(super) async fn commit(&mut self) -> Result<(), DatabaseError> {
        let outcome = self.take_transaction("db-commit")?.commit().await;
        outcome.inspect_err(|error| self.complain("db-commit", &error.message))
    }

    /// `db-rollback`.
    pub(super) async fn rollback(&mut self) -> Result<(), DatabaseError> {
        let outcome = self.take_transaction("db-rollback")?.rollback().await;
        outcome.inspect_err(|error| self.complain("db-rollback", &error.message))
    }

    fn take_transaction(
        &mut self,
        call: &'static str,
    ) -> Result<Box<dyn DatabaseTransaction>, DatabaseError> {
        self.permit(Capability::Database, call).map_err(denied)?;
        let limit = self.environment.config.transaction_time;
        let found = match self.call.transaction(limit).map(|open| open.is_some()) {
            Ok(false) => Err(invalid("no transaction is open; begin one first")),
            Ok(true) => {
                let open = self.call.transaction.take();
                open.and_then(|open| open.take()).ok_or_else(|| over_limit(ENDED.to_owned()))
            }
            Err(reason) => Err(over_limit(reason)),
        };
        found.inspect_err(|error| self.complain(call, &error.message))
    }

    /// `get-data`.
    pub(super) async fn get_value(&mut self, key: &str) -> Result<Option<String>, PortError> {
        let deadline = self.deadline;
        let limit = self.environment.config.transaction_time;
        let Some(open) = self.call.transaction(limit).map_err(PortError::new)? else {
            let value = self.environment.database.get(key, deadline).await;
            return value.map_err(|error| PortError::new(error.message));
        };
        let mut transaction = open.take().ok_or_else(|| PortError::new(ENDED))?;
        let value = transaction.get(key, deadline.min(open.until)).await;
        open.give_back(transaction);
        value.map_err(|error| PortError::new(error.message))
    }

    /// `set-data`.
    pub(super) async fn set_value(&mut self, key: &str, value: &str) -> Result<(), PortError> {
        let deadline = self.deadline;
        let limit = self.environment.config.transaction_time;
        let Some(open) = self.call.transaction(limit).map_err(PortError::new)? else {
            let stored = self.environment.database.set(key, value, deadline).await;
            return stored.map_err(|error| PortError::new(error.message));
        };
        let mut transaction = open.take().ok_or_else(|| PortError::new(ENDED))?;
        let stored = transaction.set(key, value, deadline.min(open.until)).await;
        open.give_back(transaction);
        stored.map_err(|error| PortError::new(error.message))
    }
}

fn denied(reason: String) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Denied, reason)
}

fn over_limit(reason: String) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::OverLimit, reason)
}

fn invalid(reason: &str) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Invalid, reason)
}
