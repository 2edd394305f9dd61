//! All services of a site, put together once. The server, the command line and the importers use the same.

use std::sync::Arc;

use fleuron_plugin_host::{HostConfig, PluginHost};
use url::Url;

use crate::{
    audit::AuditService,
    auth::{AuthService, keys, token::TokenSigner},
    clock::SystemClock,
    comments::CommentService,
    config::Config,
    content::{EntryService, TypeService, http::EntryPresenter},
    cron::{CronMetrics, CronParts, CronService},
    database::Database,
    egress::Egress,
    error::ApiError,
    events::{EventMetrics, EventRecorder, EventService, EventsConfig, LiveFeed, RecorderHandle},
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
    upkeep::Upkeep,
    users::UserService,
    webhooks::{WebhookSender, WebhookService, Webhooks},
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
    /// Content types.
    pub content_types: TypeService,
    /// Their entries.
    pub entries: EntryService,
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
    /// Wire forms of entries.
    pub entry_presenter: EntryPresenter,
    /// Addresses.
    pub links: Arc<Links>,
    /// Facts to be delivered.
    pub events: EventRecorder,
    /// What administrators see of events.
    pub event_service: EventService,
    /// How often and how long deliveries are tried.
    pub events_config: Arc<EventsConfig>,
    /// Counts of deliveries.
    pub event_metrics: EventMetrics,
    /// Events as they happen.
    pub live: LiveFeed,
    /// Scheduled jobs.
    pub cron: CronService,
    /// Counts of scheduled runs.
    pub cron_metrics: CronMetrics,
    /// Other servers that are told of events.
    pub webhooks: Webhooks,
    /// What goes out to them.
    pub webhook_sender: WebhookSender,
    /// What administrators do with them.
    pub webhook_service: WebhookService,
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
        let (live, webhooks) = (LiveFeed::default(), Webhooks::default());
        webhooks.reload(&database).await?;
        let events = EventRecorder::new(hooks.clone(), webhooks.clone(), live.clone(), &recorder);
        let pause_after = config.events.webhook_pause_after;
        let webhook_sender =
            WebhookSender::new(database.clone(), egress(config)?, webhooks.clone(), pause_after);
        let webhook_service =
            WebhookService::new(database.clone(), webhooks.clone(), webhook_sender.clone(), events.clone());
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
        let content_types = TypeService::new(database.clone(), config.plugins.extensions.clone());
        let entries = EntryService::new(
            database.clone(),
            content_types.clone(),
            posts.clone(),
            users.clone(),
            hooks.clone(),
            events.clone(),
        );
        let renderer = Renderer::new(hooks.clone(), database.changes().clone());
        let presenter = Presenter::new(terms.clone(), users.clone(), renderer.clone(), Arc::clone(&links));
        let entry_presenter = EntryPresenter::new(entries.clone(), renderer.clone(), Arc::clone(&links));
        let media = MediaService::new(database.clone(), &config.data)
            .map_err(|error| StartError::Service(ApiError::internal(error)))?;
        let (auth, events_config) = (Arc::new(auth), Arc::new(config.events.clone()));
        let upkeep = Upkeep {
            database: database.clone(),
            posts: posts.clone(),
            comments: comments.clone(),
            content_types: content_types.clone(),
            auth: Arc::clone(&auth),
            views: views.clone(),
            events: Arc::clone(&events_config),
        };
        let cron_metrics = CronMetrics::default();
        let cron = cron(config, upkeep, (hooks.clone(), plugin_logs.clone()), cron_metrics.clone())?;
        let setup = SetupService::new(database.clone(), settings.clone(), users.clone(), posts.clone());
        Ok(Self {
            audit: AuditService::new(database.clone()),
            users,
            auth,
            terms,
            posts,
            content_types,
            entries,
            comments,
            media,
            settings,
            setup,
            renderer,
            presenter,
            entry_presenter,
            links,
            event_service: EventService::new(database.clone(), events.clone()),
            events_config,
            event_metrics: EventMetrics::default(),
            cron,
            cron_metrics,
            events,
            live,
            webhooks,
            webhook_service,
            webhook_sender,
            views,
            hooks,
            plugins,
            plugin_service,
            plugin_logs,
            database,
        })
    }

    /// Writes what is counted in memory, ends the plugins and closes the database.
    pub async fn close(self) {
        if let Err(error) = self.views.flush(&self.database).await {
            tracing::warn!(%error, "views could not be written");
        }
        self.content_types.stop_following();
        self.plugins.stop().await;
        self.database.close().await;
    }
}

/// The jobs of the plugins and the site's own.
fn cron(
    config: &Config,
    upkeep: Upkeep,
    plugins: (PluginHost, PluginLogs),
    metrics: CronMetrics,
) -> Result<CronService, StartError> {
    Ok(CronService::new(CronParts {
        database: upkeep.database.clone(),
        clock: Arc::new(SystemClock),
        plugins: Some(plugins),
        limits: config.plugins.host.clone(),
        metrics,
        builtin: upkeep.jobs()?,
    }))
}

/// A way out with places of its own: plugins whose requests hang keep no webhook waiting, nor the other way round.
fn egress(config: &Config) -> Result<Egress, StartError> {
    Egress::new(config.egress.clone()).map_err(|error| StartError::Service(ApiError::internal(error)))
}

fn plugin_host(
    config: &Config,
    database: &Database,
    recorder: &RecorderHandle,
    logs: PluginLogs,
) -> Result<(PluginHost, PluginData), StartError> {
    let (ports, kept) = host_api::ports(config, database, egress(config)?, recorder.clone(), logs)
        .map_err(|error| StartError::Service(ApiError::internal(error)))?;
    let host = HostConfig {
        code_cache: Some(config.data.join("cache").join("plugins")),
        ..config.plugins.host.clone()
    };
    Ok((PluginHost::new(host, ports)?, kept))
}
