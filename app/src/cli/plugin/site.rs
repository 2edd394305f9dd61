//! The site whose plugins are managed: one that runs, through its API, or the data folder itself. A server that runs on
//! the folder notices what is changed in it.

use fleuron_plugin_host::PluginId;
use hyper::Method;
use serde_json::{Value, json};

use super::{
    Failure,
    api::{Api, Body},
};
use crate::{
    auth::Actor,
    cli::import::base_url,
    config::{Config, Options},
    error::{ApiError, FieldError},
    plugins::{
        http::{
            consent::{InspectionResponse, NewPluginResponse},
            plugins::{PluginResponse, PluginSummary},
            settings::SettingResponse,
        },
        packages::Removal,
    },
    services::Services,
};

/// Which site.
#[derive(clap::Args)]
pub(in crate::cli) struct SiteArguments {
    /// Address of a running site, such as https://blog.example.com [default: the data folder]
    #[arg(long, env = "FLEURON_SERVER", value_name = "URL")]
    server: Option<String>,
    /// An administrator's access token, for --server
    #[arg(long, env = "FLEURON_TOKEN", hide_env_values = true, requires = "server")]
    token: Option<String>,
    /// Sign in as this user instead, for --server; the password is asked for, or read from standard input
    #[arg(long, value_name = "EMAIL", requires = "server", conflicts_with = "token")]
    user: Option<String>,
}

impl SiteArguments {
    /// Whether a running site is named.
    pub(super) fn names_server(&self) -> bool {
        self.server.is_some()
    }
}

/// A site whose plugins can be managed.
pub(super) enum Site {
    Server(Api),
    Folder(Box<Services>),
}

impl Site {
    /// Opens the site that the arguments name.
    pub(super) async fn open(arguments: &SiteArguments, options: &Options) -> Result<Self, Failure> {
        let Some(server) = &arguments.server else {
            let config = Config::load(options)?;
            let services = Services::open(&config, base_url(&config)?).await?;
            return Ok(Self::Folder(Box::new(services)));
        };
        match (&arguments.token, &arguments.user) {
            (Some(token), _) => Ok(Self::Server(Api::new(server, token)?)),
            (None, Some(user)) => {
                let password = crate::cli::user::ask_password("Password: ")?;
                Ok(Self::Server(Api::sign_in(server, user, &password).await?))
            }
            (None, None) => {
                Err("with --server, give an administrator's --token (or FLEURON_TOKEN), or --user".into())
            }
        }
    }

    /// Leaves the site.
    pub(super) async fn close(self) {
        if let Self::Folder(services) = self {
            services.close().await;
        }
    }

    /// The API of a running site; none for a folder.
    pub(super) fn api(&self) -> Option<&Api> {
        match self {
            Self::Server(api) => Some(api),
            Self::Folder(_) => None,
        }
    }

    /// Every plugin, in short.
    pub(super) async fn list(&self) -> Result<Vec<Value>, Failure> {
        match self {
            Self::Server(api) => {
                let page = api.send(Method::GET, "/admin/plugins", Body::None).await?;
                Ok(page["items"].as_array().cloned().unwrap_or_default())
            }
            Self::Folder(services) => {
                let entries = services.plugin_service.list().await.map_err(words)?;
                entries.iter().map(|entry| json_of(&PluginSummary::from(entry))).collect()
            }
        }
    }

    /// Everything about one plugin.
    pub(super) async fn details(&self, id: &PluginId) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => api.send(Method::GET, &format!("/admin/plugins/{id}"), Body::None).await,
            Self::Folder(services) => {
                json_of(&PluginResponse::from(&services.plugin_service.details(id).await.map_err(words)?))
            }
        }
    }

    /// Looks a package through without taking it.
    pub(super) async fn inspect(&self, bytes: Vec<u8>) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => {
                api.send(Method::POST, "/admin/plugins?dry_run=true", Body::Package(bytes)).await
            }
            Self::Folder(services) => {
                let inspection = services.plugin_service.inspect(&Actor::System, bytes, None).await;
                json_of(&InspectionResponse::from(&inspection.map_err(words)?))
            }
        }
    }

    /// Uploads a package.
    pub(super) async fn upload(&self, bytes: Vec<u8>) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => api.send(Method::POST, "/admin/plugins", Body::Package(bytes)).await,
            Self::Folder(services) => {
                let upload =
                    services.plugin_service.upload(&Actor::System, bytes, None).await.map_err(words)?;
                json_of(&NewPluginResponse::from(&upload.details))
            }
        }
    }

    /// Agrees to what the version that waits asks for.
    pub(super) async fn consent(
        &self,
        id: &PluginId,
        hash: &str,
        enable: Option<bool>,
    ) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => {
                let body = Body::Json(json!({ "hash": hash, "enable": enable }));
                api.send(Method::POST, &format!("/admin/plugins/{id}/consent"), body).await
            }
            Self::Folder(services) => {
                let details = services.plugin_service.consent(&Actor::System, id, hash, enable).await;
                json_of(&PluginResponse::from(&details.map_err(words)?))
            }
        }
    }

    /// Lets a plugin run, or keeps it from running.
    pub(super) async fn switch(&self, id: &PluginId, enabled: bool) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => {
                let step = if enabled { "enable" } else { "disable" };
                api.send(Method::POST, &format!("/admin/plugins/{id}/{step}"), Body::None).await
            }
            Self::Folder(services) => {
                let details = services.plugin_service.switch(&Actor::System, id, enabled).await;
                json_of(&PluginResponse::from(&details.map_err(words)?))
            }
        }
    }

    /// Goes back to the version before.
    pub(super) async fn roll_back(&self, id: &PluginId) -> Result<Value, Failure> {
        match self {
            Self::Server(api) => {
                api.send(Method::POST, &format!("/admin/plugins/{id}/rollback"), Body::None).await
            }
            Self::Folder(services) => {
                let details = services.plugin_service.roll_back(&Actor::System, id).await;
                json_of(&PluginResponse::from(&details.map_err(words)?))
            }
        }
    }

    /// Removes a plugin.
    pub(super) async fn uninstall(&self, id: &PluginId, removal: Removal) -> Result<(), Failure> {
        match self {
            Self::Server(api) => {
                let data = if removal == Removal::DeleteData { "delete" } else { "keep" };
                let path = format!("/admin/plugins/{id}?data={data}");
                api.send(Method::DELETE, &path, Body::None).await.map(drop)
            }
            Self::Folder(services) => {
                let done = services.plugin_service.uninstall(&Actor::System, id, removal).await;
                Ok(done.map_err(words)?)
            }
        }
    }

    /// The plugin's settings, after these were set.
    pub(super) async fn set(&self, id: &PluginId, values: Value) -> Result<Vec<Value>, Failure> {
        match self {
            Self::Server(api) => {
                let path = format!("/admin/plugins/{id}/settings");
                let body = Body::Json(json!({ "values": values }));
                let page = api.send(Method::PUT, &path, body).await?;
                Ok(page["items"].as_array().cloned().unwrap_or_default())
            }
            Self::Folder(services) => {
                let given = serde_json::from_value(values)?;
                let set = services.plugin_service.set_settings(&Actor::System, id, &given).await;
                let (manifest, values) = set.map_err(words)?;
                SettingResponse::all(&manifest, &values).iter().map(json_of).collect()
            }
        }
    }
}

fn json_of(value: &impl serde::Serialize) -> Result<Value, Failure> {
    Ok(serde_json::to_value(value)?)
}

/// An error as the API would tell it, for a person.
fn words(error: ApiError) -> Failure {
    let mut words = match error.code() {
        crate::error::ErrorCode::Internal => error.to_string(),
        _ => error.detail().to_owned(),
    };
    for FieldError { field, message, .. } in error.fields() {
        words.push_str(&format!("\n  - {field}: {message}"));
    }
    words.into()
}
