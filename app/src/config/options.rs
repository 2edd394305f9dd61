//! Flags and environment variables, and how they are put together with the file.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use url::Url;

use super::{AuthConfig, Config, DatabaseConfig, HttpConfig, PluginsConfig, ThemeConfig, file::File};

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

pub(super) fn resolve(options: &Options, file: File, faults: &mut Vec<String>) -> Config {
    let listen = options.listen.clone().or(file.listen);
    let listen = listen.map_or(SocketAddr::from(([127, 0, 0, 1], 8080)), |text| {
        text.parse().unwrap_or_else(|_| {
            faults.push(format!("FLEURON_LISTEN: `{text}` is not an address and port; write 127.0.0.1:8080"));
            SocketAddr::from(([127, 0, 0, 1], 8080))
        })
    });
    let data = options.data.clone().or(file.data.map(PathBuf::from)).unwrap_or_else(|| "data".into());
    let base_url = options.base_url.clone().or(file.base_url).and_then(|text| base_url(&text, faults));
    let proxies = match (&options.trusted_proxies, file.trusted_proxies) {
        (Some(text), _) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        (None, Some(list)) => list,
        (None, None) => Vec::new(),
    };
    let database = options.database_url.clone().or(file.database_url);
    let database = database.map(|url| DatabaseConfig::parse(&url)).transpose().unwrap_or_else(|fault| {
        faults.push(format!("DATABASE_URL: {fault}"));
        None
    });
    Config {
        http: HttpConfig {
            listen,
            base_url,
            trusted_proxies: trusted(&proxies, faults),
            workers: number("FLEURON_WORKERS", &options.workers, file.workers, cores(), faults),
            shutdown_timeout: Duration::from_secs(30),
            body_limit: 2 * 1024 * 1024,
            comment_burst: 5,
            comment_interval: Duration::from_secs(20),
        },
        database: database.unwrap_or_else(|| DatabaseConfig::sqlite(data.join("fleuron.sqlite"))),
        plugins: PluginsConfig {
            extensions: options
                .extensions
                .clone()
                .or(file.extensions.map(PathBuf::from))
                .unwrap_or_else(|| "extensions".into()),
            pool_size: number(
                "PLUGIN_WASM_POOL_SIZE",
                &options.pool_size,
                file.plugin_wasm_pool_size,
                4,
                faults,
            ),
            call_timeout: Duration::from_millis(number(
                "PLUGIN_TIMEOUT_MS",
                &options.plugin_timeout_ms,
                file.plugin_timeout_ms,
                500,
                faults,
            )),
            max_memory_mb: number(
                "PLUGIN_MAX_MEMORY_MB",
                &options.plugin_max_memory_mb,
                file.plugin_max_memory_mb,
                64,
                faults,
            ),
        },
        theme: ThemeConfig { name: options.theme.clone().or(file.theme).unwrap_or_else(|| "default".into()) },
        auth: AuthConfig {
            access_token_lifetime: Duration::from_secs(10 * 60),
            refresh_token_lifetime: Duration::from_secs(30 * 24 * 3600),
            login_burst: 10,
            login_interval: Duration::from_secs(30),
        },
        data,
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
    for text in list.iter().filter(|text| !text.is_empty()) {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => faults.push(format!("FLEURON_TRUSTED_PROXIES: `{text}` is not an IP address")),
        }
    }
    addresses
}

/// A whole number of at least one.
fn number<N: FromStr + Copy + PartialOrd + From<u8>>(
    name: &str,
    option: &Option<String>,
    file: Option<N>,
    default: N,
    faults: &mut Vec<String>,
) -> N {
    let parsed = match option {
        Some(text) => text.parse().ok().ok_or(text),
        None => Ok(file.unwrap_or(default)),
    };
    match parsed {
        Ok(number) if number >= N::from(1) => number,
        Ok(_) => {
            faults.push(format!("{name}: must be at least 1"));
            default
        }
        Err(text) => {
            faults.push(format!("{name}: `{text}` is not a whole number of at least 1"));
            default
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
