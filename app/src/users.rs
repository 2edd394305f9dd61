//! Accounts: people who sign in, and authors who only sign their posts.

pub mod dto;
pub mod http;
pub mod model;
mod repo;
pub mod service;

pub use model::{Email, NewUser, User, UserStatus, Username};
pub use service::UserService;
