//! Black-box tests of the site: over HTTP, through the command line, with real plugins.
//!
//! Those written with `both!` run on SQLite and, when `FLEURON_TEST_POSTGRES` names a server, on PostgreSQL.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod content;
#[cfg(test)]
mod content_commands;
#[cfg(test)]
mod content_pages;
#[cfg(test)]
mod content_transfer;
#[cfg(test)]
mod cron;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod extensions;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod import;
#[cfg(test)]
mod live_stream;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod process;
#[cfg(test)]
mod scheduling;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod site;
#[cfg(test)]
mod slugs;
#[cfg(test)]
mod taxonomies;
#[cfg(test)]
mod themes;
#[cfg(test)]
mod two_servers;
#[cfg(test)]
mod users;
#[cfg(test)]
mod webhooks;

/// The real program.
#[cfg(test)]
const PROGRAM: &str = env!("CARGO_BIN_EXE_fleuron-under-test");
