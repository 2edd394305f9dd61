//! Files that readers see: pictures and what else posts link to. Bytes live in an object store under a name made of
//! their hash, so an address never changes what it shows; what a file is stands in the database.

mod http;
mod kind;
mod model;
mod repo;
mod service;

pub use http::configure;
pub use kind::{KINDS, Kind};
pub use model::Media;
pub(crate) use service::hexadecimal;
pub use service::{MAX_SIZE, MediaService, check};
