//! Flags and environment variables, and how they are put together with the file.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use fleuron_plugin_host::HostConfig;
use url::Url;

use super::{
    AuthConfig, Config, DatabaseConfig, HttpConfig, PluginsConfig, ThemeConfig, limits, sources::Sources,
};
use crate::{
    egress::EgressConfig,
    events::EventsConfig,
    plugins::host_api::{DatabaseLimits, FileLimits, LogLimits},
};

/// Flags that every command takes; each can come from the environment instead.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings (flag > environment > fleuron.toml > default)")]
pub struct Options {
    /// Settings file; the default `fleuron.toml` may be missing
    #[arg(long, global = true, env = "FLEURON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "FLEURON_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Public address of the site, for links [default: http://LISTEN]
    #[arg(long, global = true, env = "FLEURON_BASE_URL", value_name = "URL")]
    pub base_url: Option<String>,
    /// Addresses of reverse proxies whose X-Forwarded-For is believed, comma-separated [default: none]
    #[arg(long, global = true, env = "FLEURON_TRUSTED_PROXIES", value_name = "ADDRESSES")]
    pub trusted_proxies: Option<String>,
    /// Worker threads [default: one per core]
    #[arg(long, global = true, env = "FLEURON_WORKERS", value_name = "N")]
    pub workers: Option<String>,
    /// Folder for database, media, plugin data and keys [default: ./data]
    #[arg(long, global = true, env = "FLEURON_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder with plugins/ and content-types/ [default: ./extensions]
    #[arg(long, global = true, env = "FLEURON_EXTENSIONS", value_name = "DIR")]
    pub extensions: Option<PathBuf>,
    /// Theme: a folder, or the name of one under ./themes or built in [default: default]
    #[arg(long, global = true, env = "FLEURON_THEME", value_name = "NAME|DIR")]
    pub theme: Option<String>,
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE [default: SQLite in the data folder]
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Instances kept per plugin [default: 4]
    #[arg(long = "plugin-wasm-pool-size", global = true, env = "PLUGIN_WASM_POOL_SIZE", value_name = "N")]
    pub pool_size: Option<String>,
    /// Time one plugin call may take, in milliseconds [default: 500]
    #[arg(long, global = true, env = "PLUGIN_TIMEOUT_MS", value_name = "MS")]
    pub plugin_timeout_ms: Option<String>,
    /// Memory one plugin instance may use, in MiB [default: 64]
    #[arg(long, global = true, env = "PLUGIN_MAX_MEMORY_MB", value_name = "MIB")]
    pub plugin_max_memory_mb: Option<String>,
}

/// Puts the sources together. A setting that is wrong is a fault and has its default.
pub(super) fn resolve(mut sources: Sources<'_>) -> Config {
    let options = sources.options;
    let listen = sources.text("FLEURON_LISTEN", options.listen.as_deref());
    let listen = listen.and_then(|text| listen_address(&text, sources.faults));
    let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let base_url = sources.text("FLEURON_BASE_URL", options.base_url.as_deref());
    let proxies = sources.texts("FLEURON_TRUSTED_PROXIES", options.trusted_proxies.as_deref());
    let data = folder(&mut sources, "FLEURON_DATA", options.data.as_ref(), "data");
    let mut config = Config {
        http: HttpConfig {
            listen,
            base_url: base_url.and_then(|text| self::base_url(&text, sources.faults)),
            trusted_proxies: trusted(&proxies, sources.faults),
            workers: sources
                .number("FLEURON_WORKERS", 1..=1_024)
                .and_then(|workers| usize::try_from(workers).ok())
                .unwrap_or_else(cores),
            shutdown_timeout: Duration::from_secs(30),
            body_limit: 2 * 1024 * 1024,
            comment_burst: 5,
            comment_interval: Duration::from_secs(20),
        },
        database: database(&mut sources)
            .unwrap_or_else(|| DatabaseConfig::sqlite(data.join("fleuron.sqlite"))),
        plugins: PluginsConfig {
            extensions: folder(&mut sources, "FLEURON_EXTENSIONS", options.extensions.as_ref(), "extensions"),
            host: HostConfig::default(),
            databases: DatabaseLimits::default(),
            files: FileLimits::default(),
            log: LogLimits::default(),
        },
        egress: egress(&mut sources),
        events: EventsConfig::default(),
        theme: ThemeConfig {
            name: sources.text("FLEURON_THEME", options.theme.as_deref()).unwrap_or_else(|| "default".into()),
        },
        auth: AuthConfig {
            access_token_lifetime: Duration::from_secs(10 * 60),
            refresh_token_lifetime: Duration::from_secs(30 * 24 * 3600),
            login_burst: 10,
            login_interval: Duration::from_secs(30),
        },
        data,
    };
    limits::apply(&mut config, &mut sources);
    sources.file.finish(sources.faults);
    config
}

fn listen_address(text: &str, faults: &mut Vec<String>) -> Option<SocketAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        faults.push(format!("FLEURON_LISTEN: `{text}` is not an address and port; write 127.0.0.1:8080"));
    }
    address
}

fn folder(sources: &mut Sources<'_>, name: &str, option: Option<&PathBuf>, default: &str) -> PathBuf {
    let in_file = sources.text(name, None).map(PathBuf::from);
    option.cloned().or(in_file).unwrap_or_else(|| default.into())
}

fn database(sources: &mut Sources<'_>) -> Option<DatabaseConfig> {
    let url = sources.text("DATABASE_URL", sources.options.database_url.as_deref())?;
    let parsed = DatabaseConfig::parse(&url);
    parsed.map_err(|fault| sources.faults.push(format!("DATABASE_URL: {fault}"))).ok()
}

fn egress(sources: &mut Sources<'_>) -> EgressConfig {
    const NAME: &str = "FLEURON_EGRESS_ALLOW";
    let entries = sources.texts(NAME, None);
    match EgressConfig::parse_allow(&entries.join(",")) {
        Ok(allow_private) => EgressConfig { allow_private, ..EgressConfig::default() },
        Err(fault) => {
            sources.faults.push(format!("{NAME}: {fault}"));
            EgressConfig::default()
        }
    }
}

fn base_url(text: &str, faults: &mut Vec<String>) -> Option<Url> {
    let fault = match Url::parse(text.trim_end_matches('/')) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "needs http:// or https://".to_owned(),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => "must have no ? and no #".to_owned(),
        Ok(url) if url.path() != "/" => {
            "must have no path: the site lives at the root of its host".to_owned()
        }
        Ok(url) => return Some(url),
        Err(error) => error.to_string(),
    };
    faults.push(format!("FLEURON_BASE_URL: `{text}` {fault}; write https://blog.example.com"));
    None
}

fn trusted(list: &[String], faults: &mut Vec<String>) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for text in list {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => faults.push(format!("FLEURON_TRUSTED_PROXIES: `{text}` is not an IP address")),
        }
    }
    addresses
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
