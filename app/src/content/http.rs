//! `/api/v1/content/{type}`: entries. `/api/v1/admin/content-types`: their types, for administrators.

mod admin;
pub(super) mod body;
mod bulk;
mod entries;
pub(super) mod present;
pub(super) mod query;

use utoipa_actix_web::service_config::ServiceConfig;

pub use present::EntryPresenter;

/// Registers the routes. Those with a name in their last place come before those that take any.
pub fn configure(config: &mut ServiceConfig<'_>) {
    bulk::configure(config);
    entries::configure(config);
    admin::configure(config);
}
