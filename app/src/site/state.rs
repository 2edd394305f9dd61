//! What the pages are made of: the services, taken from the application once per request, and a few small caches.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use arc_swap::ArcSwapOption;
use moka::future::Cache;

use super::{Links, navigation::Navigation};
use crate::{
    comments::CommentService,
    content::{EntryService, TypeService},
    error::{ApiError, Result},
    ids::PostId,
    posts::PostService,
    render::pipeline::Renderer,
    settings::SettingsService,
    taxonomies::TermService,
    themes::ThemeEngine,
    users::UserService,
};

/// Excerpts kept at hand, each of some hundred bytes.
const EXCERPTS_KEPT: u64 = 5_000;

/// Everything that the pages are made of. Made for each request; holds references alone.
#[derive(Clone)]
pub struct Site {
    pub(crate) posts: web::Data<PostService>,
    pub(crate) terms: web::Data<TermService>,
    pub(crate) users: web::Data<UserService>,
    pub(crate) comments: web::Data<CommentService>,
    pub(crate) types: web::Data<TypeService>,
    pub(crate) entries: web::Data<EntryService>,
    pub(crate) settings: web::Data<SettingsService>,
    pub(crate) renderer: web::Data<Renderer>,
    pub(crate) themes: web::Data<ThemeEngine>,
    pub(crate) links: web::Data<Links>,
    pub(super) caches: web::Data<Caches>,
}

/// What pages need again and again. The keys hold versions, so nothing in here is ever out of date.
pub(super) struct Caches {
    /// Made of the content of posts that have none of their own.
    pub(super) excerpts: Cache<(PostId, i64), Arc<str>>,
    /// The pages that stand alone.
    pub(super) navigation: ArcSwapOption<Navigation>,
}

impl Default for Caches {
    fn default() -> Self {
        Self { excerpts: Cache::new(EXCERPTS_KEPT), navigation: ArcSwapOption::empty() }
    }
}

impl Site {
    /// Collects the services that were registered at the start.
    ///
    /// # Errors
    /// `internal` when one is not registered.
    pub fn of(request: &HttpRequest) -> Result<Self> {
        Ok(Self {
            posts: data(request)?,
            terms: data(request)?,
            users: data(request)?,
            comments: data(request)?,
            types: data(request)?,
            entries: data(request)?,
            settings: data(request)?,
            renderer: data(request)?,
            themes: data(request)?,
            links: data(request)?,
            caches: data(request)?,
        })
    }
}

/// Something that was registered at the start.
pub(super) fn data<T: 'static>(request: &HttpRequest) -> Result<web::Data<T>> {
    let found = request.app_data::<web::Data<T>>().cloned();
    found.ok_or_else(|| ApiError::internal(format!("{} is not registered", std::any::type_name::<T>())))
}
