//! All services of a site, put together once. The server, the command line and the importers use the same.

use std::sync::Arc;

use fleuron_plugin_host::{HostConfig, PluginHost};
use url::Url;

use crate::{
    audit::AuditService,
    auth::{AuthService, keys, token::TokenSigner},
    comments::CommentService,
    config::Config,
    database::Database,
    egress::Egress,
    error::ApiError,
    events::{EventRecorder, RecorderHandle},
    media::MediaService,
    plugins::{
        PluginManager, PluginService,
        host_api::{self, PluginLogs},
        packages::{Installed, PackageStore, PluginData},
    },
    posts::{PostService, ViewCounter, http::Presenter},
    render::pipeline::Renderer,
    settings::SettingsService,
    setup::SetupService,
    site::Links,
    startup::StartError,
    taxonomies::TermService,
    users::UserService,
};

/// Named handles to everything a site can do.
pub struct Services {
    /// The database.
    pub database: Database,
    /// Accounts.
    pub users: UserService,
    /// Signing in.
    pub auth: Arc<AuthService>,
    /// Categories and tags.
    pub terms: TermService,
    /// Posts and pages.
    pub posts: PostService,
    /// Comments.
    pub comments: CommentService,
    /// Files that readers see.
    pub media: MediaService,
    /// The site's settings.
    pub settings: SettingsService,
    /// The first run.
    pub setup: SetupService,
    /// Markdown to HTML.
    pub renderer: Renderer,
    /// Wire forms of posts.
    pub presenter: Presenter,
    /// Addresses.
    pub links: Arc<Links>,
    /// Facts to be delivered.
    pub events: EventRecorder,
    /// Views to be written.
    pub views: ViewCounter,
    /// The plugin host.
    pub hooks: PluginHost,
    /// Which plugins run.
    pub plugins: PluginManager,
    /// What administrators do with plugins.
    pub plugin_service: PluginService,
    /// What plugins logged.
    pub plugin_logs: PluginLogs,
    /// Who did what.
    pub audit: AuditService,
}

impl Services {
    /// Opens the site: connects, migrates, loads the plugins. `base_url` is what links begin with.
    pub async fn open(config: &Config, base_url: Url) -> Result<Self, StartError> {
        let database = Database::connect(&config.database).await?;
        let applied = database.migrate().await.map_err(StartError::Migrate)?;
        if applied > 0 {
            tracing::info!(applied, "the database schema is up to date");
        }
        let key = keys::load_or_create(&config.data, "access-tokens")
            .map_err(|cause| StartError::Data { folder: config.data.clone(), cause })?;
        let plugin_logs = PluginLogs::new(config.plugins.log);
        let recorder = RecorderHandle::default();
        let (hooks, kept) = plugin_host(config, &database, &recorder, plugin_logs.clone())?;
        let events = EventRecorder::new(hooks.clone(), &recorder);
        let store = PackageStore::new(&config.data)
            .map_err(|error| StartError::Service(ApiError::internal(error)))?;
        let installed = Installed::new(hooks.clone(), database.clone(), store, kept);
        let plugins =
            PluginManager::start(hooks.clone(), &database, &config.plugins.extensions, installed).await?;
        let plugin_service = PluginService::new(
            hooks.clone(),
            plugins.clone(),
            database.clone(),
            plugin_logs.clone(),
            config.plugins.clone(),
            config.egress.clone(),
        );
        let links = Arc::new(Links::new(base_url));
        let settings = SettingsService::new(database.clone());
        let users = UserService::new(database.clone());
        let signer = TokenSigner::new(&key, config.auth.access_token_lifetime);
        let auth = AuthService::new(database.clone(), users.clone(), events.clone(), signer, &config.auth);
        let terms = TermService::new(database.clone());
        let views = ViewCounter::default();
        let posts = PostService::new(
            database.clone(),
            terms.clone(),
            users.clone(),
            hooks.clone(),
            events.clone(),
            views.clone(),
        );
        let comments = CommentService::new(
            database.clone(),
            posts.clone(),
            users.clone(),
            hooks.clone(),
            events.clone(),
            &config.http,
        );
        let renderer = Renderer::new(hooks.clone(), database.changes().clone());
        let presenter = Presenter::new(terms.clone(), users.clone(), renderer.clone(), Arc::clone(&links));
        let media = MediaService::new(database.clone(), &config.data)
            .map_err(|error| StartError::Service(ApiError::internal(error)))?;
        let setup = SetupService::new(database.clone(), settings.clone(), users.clone(), posts.clone());
        Ok(Self {
            audit: AuditService::new(database.clone()),
            database,
            users,
            auth: Arc::new(auth),
            terms,
            posts,
            comments,
            media,
            settings,
            setup,
            renderer,
            presenter,
            links,
            events,
            views,
            hooks,
            plugins,
            plugin_service,
            plugin_logs,
        })
    }

    /// Writes what is counted in memory, ends the plugins and closes the database.
    pub async fn close(self) {
        if let Err(error) = self.views.flush(&self.database).await {
            tracing::warn!(%error, "views could not be written");
        }
        self.plugins.stop().await;
        self.database.close().await;
    }
}

fn plugin_host(
    config: &Config,
    database: &Database,
    recorder: &RecorderHandle,
    logs: PluginLogs,
) -> Result<(PluginHost, PluginData), StartError> {
    let egress =
        Egress::new(config.egress.clone()).map_err(|error| StartError::Service(ApiError::internal(error)))?;
    let (ports, kept) = host_api::ports(config, database, egress, recorder.clone(), logs)
        .map_err(|error| StartError::Service(ApiError::internal(error)))?;
    let host = HostConfig {
        code_cache: Some(config.data.join("cache").join("plugins")),
        ..config.plugins.host.clone()
    };
    Ok((PluginHost::new(host, ports)?, kept))
}
