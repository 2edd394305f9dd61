//! Settings: flags over environment over `fleuron.toml` over defaults. A wrong one stops the start and is named.

mod file;
mod limits;
mod options;
mod sources;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use fleuron_plugin_host::{Compiler, HostConfig};
use url::Url;

pub use options::Options;

use self::{file::File, sources::Sources};
use crate::{
    egress::EgressConfig,
    events::EventsConfig,
    plugins::host_api::{DatabaseLimits, FileLimits, LogLimits},
};

/// Everything that can be set, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where and how the server is reached.
    pub http: HttpConfig,
    /// Which database.
    pub database: DatabaseConfig,
    /// The folder for everything the site keeps: database, media, plugin data, keys, caches. Default `./data`.
    pub data: PathBuf,
    /// Plugins and their limits.
    pub plugins: PluginsConfig,
    /// Requests to other servers, whoever makes them.
    pub egress: EgressConfig,
    /// Deliveries of events to plugins and webhooks.
    pub events: EventsConfig,
    /// The theme.
    pub theme: ThemeConfig,
    /// Tokens and login limits.
    pub auth: AuthConfig,
}

/// Where and how the server is reached.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Default 127.0.0.1:8080. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that links are made with, without a trailing slash. Default: `http://` and the listen address.
    pub base_url: Option<Url>,
    /// Addresses whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<IpAddr>,
    /// Worker threads. Default: one per core.
    pub workers: usize,
    /// How long a graceful stop waits for requests in flight. Default 30 s.
    pub shutdown_timeout: Duration,
    /// The largest request body. Default 2 MiB.
    pub body_limit: usize,
    /// Comments per address: how many in a row, and after how long one more. Default 5, then one per 20 s.
    pub comment_burst: u32,
    /// See [`Self::comment_burst`].
    pub comment_interval: Duration,
}

/// Which database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    kind: DatabaseKind,
    url: Option<Secret>,
    /// PostgreSQL connections at most. Default 10.
    pub max_connections: u32,
}

/// SQLite in a file, or PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// The file.
    Sqlite(PathBuf),
    /// Whatever the URL says.
    Postgres,
}

/// A string that must not show up in logs.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Plugins and their limits.
#[derive(Clone, Debug)]
pub struct PluginsConfig {
    /// The folder with `plugins/` and `content-types/`. Default `./extensions`; it may be missing.
    pub extensions: PathBuf,
    /// Limits of calls and instances; a manifest may ask for another time and memory. Where compiled code is kept does
    /// not count here: it belongs to the data folder.
    pub host: HostConfig,
    /// Limits of plugins' databases.
    pub databases: DatabaseLimits,
    /// Limits of plugins' files.
    pub files: FileLimits,
    /// How much is kept of plugins' logs.
    pub log: LogLimits,
}

/// The theme.
#[derive(Clone, Debug)]
pub struct ThemeConfig {
    /// A folder, or the name of one under `./themes`, or of one built in (`default`, `minimal`). Default `default`.
    pub name: String,
}

/// Tokens and login limits.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// How long an access token is good. 10 minutes.
    pub access_token_lifetime: Duration,
    /// How long a refresh token is good when unused. 30 days.
    pub refresh_token_lifetime: Duration,
    /// Logins to one account from one address: how many in a row, and after how long one more. 10, then one per 30 s;
    /// twice as many from one address to all accounts.
    pub login_burst: u32,
    /// See [`Self::login_burst`].
    pub login_interval: Duration,
}

/// Every setting that is wrong, each with where it came from.
#[derive(Debug, thiserror::Error)]
#[error("wrong settings:\n{}", .0.iter().map(|fault| format!("  - {fault}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Puts flags, environment (clap has read it into the options) and the file together.
    pub fn load(options: &Options) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let file = File::read(options.config.as_deref(), &mut faults);
        let environment = sources::process_environment;
        let mut config = options::resolve(Sources { options, environment, file, faults: &mut faults });
        config.compile_apart();
        if faults.is_empty() { Ok(config) } else { Err(ConfigError(faults)) }
    }

    /// Has plugins compiled by processes of their own, which are this program again. For programs that end in
    /// [`crate::cli::main`] alone.
    pub fn compile_apart(&mut self) {
        match Compiler::this_program([crate::cli::COMPILE]) {
            Ok(compiler) => self.plugins.host.compiler = Some(compiler),
            Err(error) => tracing::warn!(%error, "plugins are compiled within the server"),
        }
    }

    /// Defaults around a data folder, for tests and tools: a free port on loopback, SQLite in the folder.
    pub fn in_folder(data: &Path) -> Self {
        let options = Options {
            data: Some(data.to_path_buf()),
            listen: Some("127.0.0.1:0".into()),
            extensions: Some(data.join("extensions")),
            ..Options::default()
        };
        let (file, faults) = (File::default(), &mut Vec::new());
        options::resolve(Sources { options: &options, environment: |_| None, file, faults })
    }
}

impl DatabaseConfig {
    /// SQLite in this file.
    pub fn sqlite(path: PathBuf) -> Self {
        Self { kind: DatabaseKind::Sqlite(path), url: None, max_connections: 10 }
    }

    /// Reads `sqlite://path`, `sqlite:path` or `postgres://user:password@host/database`.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err("sqlite needs a file, for example sqlite://data/fleuron.sqlite".into());
            }
            return Ok(Self::sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Url::parse(url).map_err(|error| format!("not a PostgreSQL URL: {error}"))?;
            return Ok(Self {
                kind: DatabaseKind::Postgres,
                url: Some(Secret(url.into())),
                max_connections: 10,
            });
        }
        Err("expected sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE".into())
    }

    /// Which kind.
    pub fn kind(&self) -> &DatabaseKind {
        &self.kind
    }

    /// The URL for the driver. Holds the password: not for logs.
    pub fn url(&self) -> String {
        match (&self.kind, &self.url) {
            // The file is named apart from the URL, where some characters have a meaning.
            (DatabaseKind::Sqlite(_), _) => "sqlite://".to_owned(),
            (DatabaseKind::Postgres, Some(url)) => url.0.clone(),
            (DatabaseKind::Postgres, None) => String::new(),
        }
    }

    /// Where it is, fit for logs.
    pub fn location(&self) -> String {
        match (&self.kind, &self.url) {
            (DatabaseKind::Sqlite(path), _) => path.display().to_string(),
            (DatabaseKind::Postgres, Some(url)) => match Url::parse(&url.0) {
                Ok(mut url) => {
                    let _ = url.set_password(None);
                    url.to_string()
                }
                Err(_) => "PostgreSQL".into(),
            },
            (DatabaseKind::Postgres, None) => "PostgreSQL".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let options = Options {
            listen: Some("nowhere".into()),
            base_url: Some("ftp://x".into()),
            database_url: Some("mysql://x".into()),
            pool_size: Some("0".into()),
            ..Options::default()
        };
        let faults = Config::load(&options).unwrap_err().0;
        for name in ["FLEURON_LISTEN", "FLEURON_BASE_URL", "DATABASE_URL", "PLUGIN_WASM_POOL_SIZE"] {
            assert!(faults.iter().any(|fault| fault.contains(name)), "{name} is missing in {faults:?}");
        }
    }

    fn resolve(options: &Options, text: &str, environment: sources::Environment) -> (Config, Vec<String>) {
        let mut faults = Vec::new();
        let file = File::parse("fleuron.toml".to_owned(), text, &mut faults);
        let config = options::resolve(Sources { options, environment, file, faults: &mut faults });
        (config, faults)
    }

    #[test]
    fn limits_come_from_flag_environment_and_file() {
        let options = Options { plugin_timeout_ms: Some("250".into()), ..Options::default() };
        let environment = |name: &str| match name {
            "PLUGIN_SQL_STATEMENTS" => Some("7".into()),
            "PLUGIN_TIMEOUT_MS" => Some("1".into()),
            "FLEURON_EGRESS_BODY_KB" => Some(" 5 ".into()),
            _ => None,
        };
        let text = "plugin_timeout_ms = 1\nplugin_sql_statements = 1\nplugin_database_mb = 3\negress_redirects = 0\n";
        let (config, faults) = resolve(&options, text, environment);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(config.plugins.host.call_timeout, Duration::from_millis(250));
        assert_eq!(config.plugins.host.sql_budget, 7);
        assert_eq!(config.plugins.databases.file_bytes, 3 << 20);
        assert_eq!((config.egress.max_body, config.egress.max_redirects), (5 << 10, 0));
        assert_eq!(config.plugins.host.pool_size, HostConfig::default().pool_size);
    }

    #[test]
    fn wrong_limits_are_all_named_with_where_they_are() {
        let environment = |name: &str| match name {
            "PLUGIN_HOST_CALLS" => Some("0".into()),
            "PLUGIN_EVENTS" => Some("many".into()),
            "PLUGIN_LOG_LINES" => Some("-1".into()),
            "FLEURON_EGRESS_ALLOW" => Some("10.0.0.0/99".into()),
            _ => None,
        };
        let text = "listen = 1\nplugin_files = -1\nplugin_files_mb = \"9\"\nplugin_file = 1\nworkers = 0\n";
        let (_, faults) = resolve(&Options::default(), text, environment);
        let wanted = [
            "PLUGIN_HOST_CALLS: `0` is not a whole number from 1 to 10000000",
            "PLUGIN_EVENTS: `many` is not",
            "PLUGIN_LOG_LINES: `-1` is not",
            "FLEURON_EGRESS_ALLOW: ",
            "fleuron.toml: `listen` must be a text",
            "fleuron.toml: `plugin_files` must be a whole number from 0 to 100000",
            "fleuron.toml: `plugin_files_mb` must be a whole number; this is of the type string",
            "fleuron.toml: `plugin_file` is no setting",
            "fleuron.toml: `workers` must be",
        ];
        assert_eq!(faults.len(), wanted.len(), "{faults:?}");
        for start in wanted {
            assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start} is missing in {faults:?}");
        }
    }

    #[test]
    fn limits_that_contradict_each_other_are_named_with_their_values() {
        let environment = |name: &str| match name {
            "PLUGIN_HOST_CALL_KB" => Some("512".into()),
            "PLUGIN_FILES_MB" => Some("5".into()),
            "FLEURON_EGRESS_CONCURRENT" => Some("4".into()),
            _ => None,
        };
        let (_, faults) = resolve(&Options::default(), "", environment);
        let wanted = [
            "PLUGIN_VALUE_KB is 1024 KiB, which is more than PLUGIN_HOST_CALL_KB (512 KiB)",
            "PLUGIN_FILE_KB is 8192 KiB, which is more than PLUGIN_HOST_CALL_KB (512 KiB)",
            "PLUGIN_FILE_KB is 8192 KiB, which is more than PLUGIN_FILES_MB (5 MiB)",
            "FLEURON_EGRESS_PER_CALLER is 8, which is more than FLEURON_EGRESS_CONCURRENT (4)",
        ];
        assert_eq!(faults.len(), wanted.len(), "{faults:?}");
        for (fault, start) in faults.iter().zip(wanted) {
            assert!(fault.starts_with(start), "{fault}");
        }
        let none = |name: &str| (name == "PLUGIN_FILES_MB").then(|| "0".into());
        assert!(resolve(&Options::default(), "", none).1.is_empty(), "files may be switched off");
        // Where one is wrong by itself, it is not compared with its default.
        let (_, faults) =
            resolve(&Options::default(), "plugin_host_call_kb = 1\nplugin_value_kb = 4096\n", |_| None);
        assert_eq!(faults.len(), 1, "{faults:?}");
    }

    #[test]
    fn lists_are_separated_by_commas_or_lists() {
        let options = Options { trusted_proxies: Some(" 10.0.0.1, ::1,".into()), ..Options::default() };
        let (config, faults) = resolve(&options, "egress_allow = [\"10.0.0.7\", \"10.1.0.0/16\"]", |_| None);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(config.http.trusted_proxies.len(), 2);
        assert_eq!(config.egress.allow_private.len(), 2);
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = DatabaseConfig::parse("postgres://me:hunter2@localhost/site").unwrap();
        assert!(!format!("{config:?} {}", config.location()).contains("hunter2"));
        assert!(config.url().contains("hunter2"));
    }
}
