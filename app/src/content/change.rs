//! Changing a type that has entries.
//!
//! What is different is worked out field by field (`diff`), every entry is looked through for what would become of it
//! (`examine`, with `attempt`, `convert` and `findings`), and the answer is a plan: what changes, which entries would
//! no longer be valid, what is set aside. A plan is applied (`apply`) when every entry stays valid, by a conversion, a
//! default or a value that was given for it. No value is lost thereby: what a field no longer holds is kept until it is
//! purged (`purge`).

mod apply;
mod attempt;
mod compare;
mod convert;
mod diff;
mod examine;
mod findings;
mod places;
mod plan;
mod purge;
#[cfg(test)]
mod tests;

pub use plan::{
    ChangePhase, ChangePlan, ChangeProgress, ChangeRequest, ChangeStep, FieldCount, FileOutcome,
    InvalidEntry, InvalidField, StepKind,
};

use serde_json::Map;

use self::examine::Progress;
use super::{ContentType, TypeDefinition, TypeService, model::Owner};
use crate::{
    auth::{Actor, Permission},
    error::{ApiError, ErrorCode, FieldError, Result},
};

impl TypeService {
    /// What a change would do. Nothing is changed.
    ///
    /// # Errors
    /// `validation_failed` with everything that is wrong with what was asked for, `not_possible` where a file owns the
    /// type and something else was asked for than it says.
    pub async fn diff(&self, actor: &Actor, name: &str, request: ChangeRequest) -> Result<ChangePlan> {
        actor.require(Permission::ManageContentTypes)?;
        let old = self.current(name).await?;
        let (definition, owner) = self.asked_for(&old, request.definition)?;
        let wanted = (&definition, owner);
        let (_, plan) = Box::pin(self.examine(&old, wanted, &request.fill, &|_progress| {})).await?;
        Ok(plan)
    }

    /// Changes a type with its entries, while the site goes on. Answers what was done; asked for what stands already,
    /// it does nothing.
    ///
    /// # Errors
    /// Those of [`Self::diff`]; `validation_failed` where entries would not be valid, `edit_conflict` where somebody
    /// else changes the type. Nothing has changed then.
    pub async fn apply(
        &self,
        actor: &Actor,
        name: &str,
        request: ChangeRequest,
        progress: &(dyn Fn(ChangeProgress) + Send + Sync),
    ) -> Result<ChangePlan> {
        actor.require(Permission::ManageContentTypes)?;
        let _changing = self.changing.lock().await;
        let old = self.current(name).await?;
        let (definition, owner) = self.asked_for(&old, request.definition)?;
        let wanted = (&definition, owner);
        let (attempt, plan) = Box::pin(self.examine(&old, wanted, &request.fill, progress)).await?;
        if !plan.is_applicable {
            return Err(findings::refusal(&plan));
        }
        if attempt.transition.changes_anything() {
            Box::pin(self.bring_into_force(actor, &attempt, &plan, progress)).await?;
        }
        Ok(plan)
    }

    /// Applies what the file of a type says if that is safe.
    pub(super) async fn apply_file(&self, definition: TypeDefinition) -> Result<FileOutcome> {
        let _changing = self.changing.lock().await;
        let name = definition.name.as_str();
        let outcome = Box::pin(self.apply_safely(name, &definition)).await;
        match outcome {
            // Another process follows the same file.
            Err(error) if error.code() == ErrorCode::EditConflict => {
                let is_done = self.current(name).await?.definition == definition;
                if is_done { Ok(FileOutcome::Unchanged) } else { Err(error) }
            }
            outcome => outcome,
        }
    }

    async fn apply_safely(&self, name: &str, definition: &TypeDefinition) -> Result<FileOutcome> {
        let old = self.current(name).await?;
        if old.definition == *definition {
            return Ok(FileOutcome::Unchanged);
        }
        if old.owner != Owner::File {
            let detail = "This content type was made through the API and is changed there.";
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        }
        let quiet: Progress<'_> = &|_progress| {};
        let wanted = (definition, old.owner);
        let (attempt, plan) = Box::pin(self.examine(&old, wanted, &Map::new(), quiet)).await?;
        if !plan.is_safe {
            return Ok(FileOutcome::Pending(plan));
        }
        Box::pin(self.bring_into_force(&Actor::System, &attempt, &plan, quiet)).await?;
        Ok(FileOutcome::Applied(plan))
    }

    /// What the type shall become, and whose it is then: what its file says, or what was sent. A type whose file is
    /// gone is taken over by whoever sends what it shall be.
    fn asked_for(&self, old: &ContentType, sent: Option<TypeDefinition>) -> Result<(TypeDefinition, Owner)> {
        let fault =
            |field: &str, message: String| Err(ApiError::validation(vec![FieldError::at(field, message)]));
        let has_file = old.owner == Owner::File && self.files.state(old.name()).is_some();
        match sent {
            None if has_file => Ok((self.file_definition(old.name())?, Owner::File)),
            Some(_) if has_file => {
                let detail = "A file owns this content type: change the file, and leave the definition out of the \
                              request (on the command line: leave out --file).";
                Err(ApiError::new(ErrorCode::NotPossible, detail))
            }
            None if old.owner == Owner::File => fault(
                "definition",
                "Must be there: the file of this content type is gone, so say what it shall be.".into(),
            ),
            None => fault("definition", "Must be there: what the content type shall be.".into()),
            Some(definition) if definition.name != old.definition.name => {
                let message =
                    format!("Must stay `{}`; the name of a content type never changes.", old.name());
                fault("definition.name", message)
            }
            Some(definition) => Ok((definition, Owner::Api)),
        }
    }
}
