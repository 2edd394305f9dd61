//! Comments: threads beneath posts, by users and guests, shown once approved.

pub mod dto;
pub mod http;
pub mod model;
mod repo;
pub mod service;
mod write;

pub use model::{Comment, CommentStatus, NewComment};
pub use service::CommentService;
