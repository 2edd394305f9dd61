//! A site of its own in a scratch folder, for trying a plugin out: the real server, on a free port on loopback.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actix_web::dev::ServerHandle;
use fleuron_plugin_host::{Manifest, PluginId, manifest::MANIFEST_FILE};
use hyper::Method;
use tokio::task::JoinHandle;

use super::{
    Failure,
    api::{Api, Body},
};
use crate::{
    auth::{Actor, Role},
    config::Config,
    services::Services,
    startup::Application,
    users::{NewUser, Username},
};

/// How often it is looked whether a plugin was compiled.
const LOOK: Duration = Duration::from_millis(20);
/// How long the administrator of a scratch site stays signed in.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);

/// A running scratch site with one plugin in its folder.
pub(super) struct Scratch {
    /// Speaks for an administrator.
    pub(super) api: Api,
    pub(super) services: Arc<Services>,
    pub(super) url: String,
    extensions: PathBuf,
    server: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Scratch {
    /// Starts a site in the folder `data`, which may be there already, and lays the plugin of `project` into it.
    pub(super) async fn start(data: &Path, project: &Path, listen: Option<&str>) -> Result<Self, Failure> {
        let mut config = Config::in_folder(data);
        config.compile_apart();
        if let Some(listen) = listen {
            config.http.listen = listen.parse().map_err(|error| format!("--listen {listen}: {error}"))?;
        }
        // Whoever develops a plugin stays at it for hours.
        config.auth.access_token_lifetime = SESSION;
        let extensions = config.plugins.extensions.clone();
        lay(project, &extensions)?;
        let application = Application::build(config).await?;
        let url = format!("http://{}", application.address());
        let (services, server) = (application.services(), application.handle());
        let task = tokio::task::spawn_local(application.run());
        let api = Api::new(&url, &administrator(&services).await?)?;
        Ok(Self { api, services, url, extensions, server, task })
    }

    /// Lays the plugin into the site anew, and waits until it was compiled and the site has taken notice.
    pub(super) async fn renew(&self, project: &Path) -> Result<(), Failure> {
        lay(project, &self.extensions)?;
        self.services.plugins.rescan().await;
        self.compiled().await;
        Ok(())
    }

    /// Lets the plugin run, also where its manifest leaves it off, and waits until it was compiled.
    pub(super) async fn enable(&self, id: &PluginId) -> Result<serde_json::Value, Failure> {
        self.compiled().await;
        let enabled = self.api.send(Method::POST, &format!("/admin/plugins/{id}/enable"), Body::None).await?;
        if !self.compiled().await {
            return Ok(enabled);
        }
        self.api.send(Method::GET, &format!("/admin/plugins/{id}"), Body::None).await
    }

    /// Waits while something is being compiled, and says whether anything was.
    async fn compiled(&self) -> bool {
        let mut waited = false;
        while !self.services.hooks.loading().is_empty() {
            if !std::mem::replace(&mut waited, true) {
                eprintln!("Compiling ...");
            }
            tokio::time::sleep(LOOK).await;
        }
        waited
    }

    /// Returns when the site has ended by itself, as at a signal.
    pub(super) async fn ended(&mut self) {
        while !self.task.is_finished() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Stops the site.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        drop(self.services);
        self.server.stop(false).await;
        Ok(self.task.await??)
    }
}

/// The id of the plugin in a folder.
pub(super) fn id_of(project: &Path) -> Result<PluginId, Failure> {
    let file = project.join(MANIFEST_FILE);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Manifest::parse(&text, &file)?.id().clone())
}

/// Puts the plugin into the site's folder of plugins.
fn lay(project: &Path, extensions: &Path) -> Result<(), Failure> {
    copy_plugin(project, &extensions.join("plugins/plugin"))
}

/// Copies what is the plugin: manifest, code and migrations. The code takes its place in one step.
pub(super) fn copy_plugin(project: &Path, folder: &Path) -> Result<(), Failure> {
    let unusable = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| unusable(folder, error))?;
    let file = project.join(MANIFEST_FILE);
    let text = fs::read_to_string(&file).map_err(|error| unusable(&file, error))?;
    let manifest = Manifest::parse(&text, &file)?;
    let entry = folder.join(&manifest.plugin.entry);
    if let Some(parent) = entry.parent() {
        fs::create_dir_all(parent).map_err(|error| unusable(parent, error))?;
    }
    let partial = folder.join(".entry");
    let built = project.join(&manifest.plugin.entry);
    fs::copy(&built, &partial).map_err(|error| unusable(&built, error))?;
    fs::rename(&partial, &entry).map_err(|error| unusable(&entry, error))?;
    let migrations = project.join("migrations");
    if migrations.is_dir() {
        copy_files(&migrations, &folder.join("migrations"))?;
    }
    fs::write(folder.join(MANIFEST_FILE), text).map_err(|error| unusable(folder, error))?;
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The access token of an administrator, who is made where there is none.
async fn administrator(services: &Services) -> Result<String, Failure> {
    const NAME: &str = "developer";
    let user = match services.users.find_by_username(NAME).await.map_err(Failure::from)? {
        Some(user) => user,
        None => {
            let new = NewUser {
                email: None,
                username: Username::parse(NAME).map_err(|fault| fault.to_string())?,
                display_name: "Developer".to_owned(),
                role: Role::Administrator,
                password: None,
            };
            let user = services.users.create(&Actor::System, new).await?;
            services.setup.adopted(&user).await?;
            user
        }
    };
    Ok(services.auth.open_session(&user).await?.access_token)
}
