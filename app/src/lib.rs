//! Fleuron: a content engine, blog and CMS, extended by WebAssembly plugins that cannot hurt it.
//!
//! The crate is cut by feature. Inside a feature the arrows point one way: `http -> service -> repo -> entities`.
//! A feature reaches another through its service. The repository's README has the map and its invariants.

pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod comments;
pub mod config;
pub mod content;
pub mod cron;
pub mod database;
pub mod egress;
pub mod entities;
pub mod error;
pub mod events;
pub mod feeds;
pub mod http;
pub mod ids;
pub mod import;
pub mod media;
pub mod plugins;
pub mod posts;
pub mod render;
pub mod services;
pub mod settings;
pub mod setup;
pub mod site;
pub mod startup;
pub mod taxonomies;
pub mod telemetry;
pub mod themes;
mod upkeep;
pub mod users;
pub mod webhooks;
