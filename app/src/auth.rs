//! Who is asking, and what they may do: passwords, tokens, roles and the extractors that put a permission into a
//! handler's signature.

pub mod actor;
pub mod guard;
pub mod http;
pub mod keys;
pub mod limits;
pub mod password;
pub mod permission;
pub mod service;
pub mod session;
pub mod token;

pub use actor::Actor;
pub use guard::{Guard, Visitor};
pub use permission::{Permission, Role};
pub use service::AuthService;
pub use session::Session;
