//! What all routes share: the table of routes, extractors, pages and conditional requests.

mod address;
mod answer;
mod conditional;
mod extract;
mod health;
mod middleware;
mod page;
pub mod routes;
mod stream;

pub use actix_web::web::{Json, Path, Query};
pub use address::{ClientAddress, TrustedProxies};
pub(crate) use answer::versioned_json;
pub use conditional::{IfMatch, entity_tag, not_modified};
pub use extract::{configs, double_option};
pub use middleware::{observe, security_headers};
pub use page::{Cursor, Page};
pub use stream::event_stream;
