//! Where types and their entries are kept: the only queries on them.
//!
//! Each type has a table, `content_<number>`, whose column `data` is JSON by keys of the [layout](super::layout). What
//! lists compare, and what must be unique, are expressions over that column ([`expression`]) with an index each
//! ([`indexes`]), so that a field costs an index alone when it is asked for. Beside the rows stand the words that a
//! search finds them by ([`search`]) and what they refer to ([`links`]); whoever writes a row writes those with it.

pub(crate) mod entries;
mod expression;
pub(crate) mod indexes;
pub(crate) mod links;
mod row;
mod search;
mod slugs;
mod sql;
pub(crate) mod tables;
pub(crate) mod types;

#[cfg(test)]
mod tests;
