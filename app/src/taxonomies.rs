//! Categories (a tree) and tags (flat).

pub mod dto;
pub mod http;
pub mod model;
mod repo;
pub mod service;

pub use model::{Category, Tag, Terms};
pub use service::TermService;
