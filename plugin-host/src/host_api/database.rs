//! SQL and key-values: which connection a call goes to, and for how long.

use std::time::Instant;

use super::json;
use crate::call::OpenTransaction;
use crate::capability::Capability;
use crate::guest_state::GuestState;
use crate::ports::{DatabaseError, DatabaseErrorKind, PortError, Rows, Statement, StatementKind};

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
        match self.call.transaction(limit).map_err(over_limit)? {
            Some(open) => open.transaction.run(statement, deadline.min(open.until)).await,
            None => self.environment.database.run(statement, deadline).await,
        }
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
        self.call.transaction = Some(OpenTransaction { transaction, until: Instant::now() + limit });
        Ok(())
    }

    /// `db-commit`.
    pub(super) async fn commit(&mut self) -> Result<(), DatabaseError> {
        let open = self.take_transaction("db-commit")?;
        let outcome = open.transaction.commit().await;
        outcome.inspect_err(|error| self.complain("db-commit", &error.message))
    }

    /// `db-rollback`.
    pub(super) async fn rollback(&mut self) -> Result<(), DatabaseError> {
        let open = self.take_transaction("db-rollback")?;
        let outcome = open.transaction.rollback().await;
        outcome.inspect_err(|error| self.complain("db-rollback", &error.message))
    }

    fn take_transaction(&mut self, call: &'static str) -> Result<OpenTransaction, DatabaseError> {
        self.permit(Capability::Database, call).map_err(denied)?;
        let limit = self.environment.config.transaction_time;
        let open = match self.call.transaction(limit).map(|open| open.is_some()) {
            Ok(_) => {
                self.call.transaction.take().ok_or_else(|| invalid("no transaction is open; begin one first"))
            }
            Err(reason) => Err(over_limit(reason)),
        };
        open.inspect_err(|error| self.complain(call, &error.message))
    }

    /// `get-data`.
    pub(super) async fn get_value(&mut self, key: &str) -> Result<Option<String>, PortError> {
        let deadline = self.deadline;
        let limit = self.environment.config.transaction_time;
        let value = match self.call.transaction(limit).map_err(PortError::new)? {
            Some(open) => open.transaction.get(key, deadline.min(open.until)).await,
            None => self.environment.database.get(key, deadline).await,
        };
        value.map_err(|error| PortError::new(error.message))
    }

    /// `set-data`.
    pub(super) async fn set_value(&mut self, key: &str, value: &str) -> Result<(), PortError> {
        let deadline = self.deadline;
        let limit = self.environment.config.transaction_time;
        let stored = match self.call.transaction(limit).map_err(PortError::new)? {
            Some(open) => open.transaction.set(key, value, deadline.min(open.until)).await,
            None => self.environment.database.set(key, value, deadline).await,
        };
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
