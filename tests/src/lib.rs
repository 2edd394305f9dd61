//! The harness of the black-box tests: sites to test, actors that use them, and builders of what they send.
//!
//! A test starts a [`TestApp`], a whole server on a port of its own with a folder and a database of its own, and speaks
//! to it over HTTP through an [`Actor`]. [`Program`] starts the real program instead, for what only a process shows:
//! signals, kills, the command line.
#![expect(clippy::expect_used, reason = "a harness tells of trouble by failing the test")]

mod actor;
mod answer;
mod app;
mod builders;
mod caller;
pub mod content;
mod database;
mod editions;
pub mod guests;
pub mod handmade;
mod http_text;
pub mod packages;
mod plugins;
mod process;
mod server;
mod silence;
pub mod storm;
mod wait;

pub use actor::{Account, Actor, PASSWORD};
pub use answer::Answer;
pub use app::{TestApp, TestAppBuilder};
pub use builders::{NewPost, page, post};
pub use caller::{Caller, NEIGHBOUR, NewCaller, caller};
pub use database::PostgresDatabase;
pub use http_text::{encode_form, exchange};
pub use plugins::{manifest, write_migrations, write_plugin};
pub use process::{Finished, Program, Running, Serving};
pub use silence::Silence;
pub use wait::{PATIENCE, eventually, eventually_within, id, text};
