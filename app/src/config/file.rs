//! `fleuron.toml`.

use std::path::Path;

use serde::Deserialize;

/// Looked for in the working directory when no file is named.
const DEFAULT: &str = "fleuron.toml";

/// The file's keys: the environment's names in lower case, without `FLEURON_`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) listen: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) trusted_proxies: Option<Vec<String>>,
    pub(super) workers: Option<usize>,
    pub(super) data: Option<String>,
    pub(super) extensions: Option<String>,
    pub(super) theme: Option<String>,
    pub(super) database_url: Option<String>,
    pub(super) plugin_wasm_pool_size: Option<usize>,
    pub(super) plugin_timeout_ms: Option<u64>,
    pub(super) plugin_max_memory_mb: Option<usize>,
}

pub(super) fn read(named: Option<&Path>, faults: &mut Vec<String>) -> File {
    let path = named.unwrap_or(Path::new(DEFAULT));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            return File::default();
        }
        Err(error) => {
            faults.push(format!("{}: cannot be read: {error}", path.display()));
            return File::default();
        }
    };
    match toml::from_str(&text) {
        Ok(file) => file,
        Err(error) => {
            faults.push(format!("{}: {}", path.display(), error.to_string().trim_end()));
            File::default()
        }
    }
}
