//! `/api/v1/content/{type}`: entries. `/api/v1/admin/content-types`: their types, for administrators.

mod admin;
pub(super) mod body;
mod bulk;
mod entries;
mod present;
pub(super) mod query;

use utoipa_actix_web::service_config::ServiceConfig;

pub use present::EntryPresenter;

use super::ContentType;
use crate::{
    auth::Actor,
    error::{ApiError, ErrorCode, Result},
};

/// Registers the routes. Those with a name in their last place come before those that take any.
pub fn configure(config: &mut ServiceConfig<'_>) {
    bulk::configure(config);
    entries::configure(config);
    admin::configure(config);
}

/// Fails unless the actor may read entries of the type: before anything is said of what they asked for.
fn require_read(actor: &Actor, content_type: &ContentType) -> Result<()> {
    if content_type.may_read(actor) { Ok(()) } else { Err(refused(actor, "read", content_type)) }
}

/// Fails unless the actor may write entries of the type: before anything is said of what they sent.
fn require_write(actor: &Actor, content_type: &ContentType) -> Result<()> {
    if content_type.may_write(actor) { Ok(()) } else { Err(refused(actor, "write", content_type)) }
}

fn refused(actor: &Actor, what: &str, content_type: &ContentType) -> ApiError {
    match actor {
        Actor::Anonymous => ApiError::new(ErrorCode::Unauthenticated, format!("Sign in to {what} this.")),
        _ => {
            let detail = format!("You may not {what} entries of `{}`.", content_type.name());
            ApiError::new(ErrorCode::Forbidden, detail)
        }
    }
}
