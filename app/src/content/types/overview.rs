//! What administrators see of content types: those that are there, and those that files offer.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::{FileState, TypeService};
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, model::Owner, storage::entries},
    error::{ApiError, Result},
};

/// Where a type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TypeState {
    /// Its entries can be read and written.
    Served,
    /// It is switched off; its entries are kept.
    Disabled,
    /// A file offers it; it was never enabled.
    Available,
    /// Its file is not right, and it was never made.
    Broken,
}

/// A type as administrators see it.
#[derive(Clone, Debug)]
pub struct TypeOverview {
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: Owner,
    /// Where it stands.
    pub state: TypeState,
    /// As it stands; none of one that was never made.
    pub content_type: Option<Arc<ContentType>>,
    /// Its file, if it has one.
    pub file: Option<FileState>,
    /// Whether its file says something else than what stands, and waits to be applied.
    pub is_pending: bool,
    /// How many entries it has.
    pub entries: Option<u64>,
}

impl TypeService {
    /// All types and those that files offer, by name.
    pub async fn overview(&self, actor: &Actor) -> Result<Vec<TypeOverview>> {
        actor.require(Permission::ManageContentTypes)?;
        let types = self.types().await?;
        let files = self.files.states();
        let mut names: Vec<String> = types.all().map(|content_type| content_type.name().to_owned()).collect();
        names.extend(files.keys().cloned());
        names.sort_unstable();
        names.dedup();
        let mut overview = Vec::with_capacity(names.len());
        for name in names {
            let content_type = types.by_name(&name).cloned();
            let file = files.get(&name).cloned();
            overview.push(self.seen(name, content_type, file).await?);
        }
        Ok(overview)
    }

    /// The type of this name, or what a file offers under it. Fails with `not_found`.
    pub async fn overview_of(&self, actor: &Actor, name: &str) -> Result<TypeOverview> {
        actor.require(Permission::ManageContentTypes)?;
        let content_type = self.types().await?.by_name(name).cloned();
        let file = self.files.state(name);
        if content_type.is_none() && file.is_none() {
            return Err(ApiError::not_found("content type"));
        }
        self.seen(name.to_owned(), content_type, file).await
    }

    async fn seen(
        &self,
        name: String,
        content_type: Option<Arc<ContentType>>,
        file: Option<FileState>,
    ) -> Result<TypeOverview> {
        let entries = match &content_type {
            Some(content_type) => Some(entries::count(self.database.reader(), content_type, None).await?),
            None => None,
        };
        let state = match (&content_type, &file) {
            (Some(content_type), _) if content_type.enabled => TypeState::Served,
            (Some(_), _) => TypeState::Disabled,
            (None, Some(file)) if file.definition.is_none() => TypeState::Broken,
            (None, _) => TypeState::Available,
        };
        let is_pending = match (&content_type, file.as_ref().and_then(|file| file.definition.as_ref())) {
            (Some(content_type), Some(definition)) => {
                content_type.owner == Owner::File && content_type.definition != *definition
            }
            _ => false,
        };
        let owner = content_type.as_ref().map_or(Owner::File, |content_type| content_type.owner);
        Ok(TypeOverview { name, owner, state, content_type, file, is_pending, entries })
    }
}
