//! From settings to a running server: the only place where everything is wired.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use fleuron_plugin_host::HostError;
use url::Url;
use utoipa_actix_web::AppExt;

use crate::{
    config::Config,
    cron::CronRunner,
    database::DatabaseError,
    error::ApiError,
    events::{LiveFeed, OutboxWorker, WorkerParts},
    http::{self, TrustedProxies, routes},
    plugins::host_api::PluginLogs,
    services::Services,
    telemetry::Metrics,
    themes::{ThemeEngine, ThemeError},
};

/// Why a site cannot be started or opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The schema can't be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migrate(sea_orm::DbErr),
    /// The data folder can't be used.
    #[error("the data folder {folder} cannot be used: {cause}")]
    Data {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The plugin host can't be set up.
    #[error(transparent)]
    Plugins(#[from] HostError),
    /// The theme can't be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The address can't be listened on.
    #[error("cannot listen on {address} (FLEURON_LISTEN): {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Something else.
    #[error("{0}")]
    Service(#[from] ApiError),
}

/// A bound server that is ready to run.
pub struct Application {
    server: actix_web::dev::Server,
    address: SocketAddr,
    services: Arc<Services>,
    setup_link: Option<String>,
}

impl Application {
    /// Opens the site and binds the address. Nothing is served before [`Self::run`].
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let failed = |cause| StartError::Listen { address: config.http.listen, cause };
        let listener = std::net::TcpListener::bind(config.http.listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let base_url = match &config.http.base_url {
            Some(url) => url.clone(),
            None => default_base_url(address)?,
        };
        let theme = ThemeEngine::open(&config.theme.name)?;
        let services = Arc::new(Services::open(&config, base_url).await?);
        services.setup.create_site().await?;
        services.content_types.follow_files().await?;
        let token = services.setup.open().await?;
        let setup_link = token.map(|token| services.links.absolute(&format!("/setup?token={token}")));
        let server = serve(&config, listener, Arc::clone(&services), theme).map_err(failed)?;
        Ok(Self { server, address, services, setup_link })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The site's services, for tests and tools beside the server.
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// The one-time link that makes the first administrator; `None` when there is one.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// Stops the server from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until a signal or the handle stops it; requests in flight finish, then everything is closed.
    pub async fn run(self) -> std::io::Result<()> {
        let services = self.services;
        let worker = OutboxWorker::start(WorkerParts {
            database: services.database.clone(),
            hooks: services.hooks.clone(),
            webhooks: services.webhook_sender.clone(),
            events: services.events.clone(),
            config: Arc::clone(&services.events_config),
            metrics: services.event_metrics.clone(),
        });
        let cron = CronRunner::start(&services.cron);
        let webhooks = tokio::spawn(services.webhooks.clone().follow(services.database.clone()));
        let signals = tokio::spawn(stop_on_signals(
            self.server.handle(),
            services.plugin_logs.clone(),
            services.live.clone(),
        ));
        let outcome = self.server.await;
        signals.abort();
        tracing::info!("stopping");
        webhooks.abort();
        cron.stop().await;
        worker.stop().await;
        match Arc::try_unwrap(services) {
            Ok(services) => services.close().await,
            // Somebody (a test) still holds the services; what is durable is written all the same.
            Err(services) => {
                services.content_types.stop_following();
                let _ = services.views.flush(&services.database).await;
            }
        }
        tracing::info!("stopped");
        outcome
    }
}

/// SIGTERM and SIGINT let requests in flight finish; a second one does not wait for them.
async fn stop_on_signals(server: ServerHandle, logs: PluginLogs, live: LiveFeed) {
    if !next_signal().await {
        return;
    }
    // Whoever follows a log or the events would keep the server from stopping.
    logs.end();
    live.end();
    // `stop` takes effect when called; its future only waits for the end.
    let stopping = server.stop(true);
    tokio::select! {
        () = stopping => {}
        _ = next_signal() => server.stop(false).await,
    }
}

/// Returns at the next signal to stop; `false` if the system gives no signals.
#[cfg(unix)]
async fn next_signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return false;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    true
}

/// Returns at the next signal to stop; `false` if the system gives no signals.
#[cfg(not(unix))]
async fn next_signal() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}

fn default_base_url(address: SocketAddr) -> Result<Url, StartError> {
    let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Url::parse(&format!("http://{host}:{}", address.port()))
        .map_err(|error| StartError::Service(ApiError::internal(error)))
}

fn serve(
    config: &Config,
    listener: std::net::TcpListener,
    services: Arc<Services>,
    theme: ThemeEngine,
) -> std::io::Result<actix_web::dev::Server> {
    let metrics =
        Metrics::new(services.hooks.clone(), services.event_metrics.clone(), &services.cron_metrics);
    let proxies = TrustedProxies(config.http.trusted_proxies.clone());
    let body_limit = config.http.body_limit;
    let state = State::new(&services, theme, metrics.clone(), proxies);
    let server = HttpServer::new(move || {
        let state = state.clone();
        let (app, openapi) = App::new()
            .configure(http::configs(body_limit))
            .configure(|config| state.register(config))
            .into_utoipa_app()
            .openapi(routes::openapi())
            .configure(routes::api)
            .split_for_parts();
        app.app_data(web::Data::new(routes::complete(openapi)))
            .configure(routes::public)
            .default_service(web::route().to(routes::fallback))
            .wrap(from_fn(http::security_headers))
            .wrap(from_fn(http::observe))
    });
    let seconds = config.http.shutdown_timeout.as_secs();
    let server = server.workers(config.http.workers).shutdown_timeout(seconds).disable_signals();
    Ok(server.listen(listener)?.run())
}

/// What handlers can ask for, one handle each.
#[derive(Clone)]
struct State {
    posts: web::Data<crate::posts::PostService>,
    presenter: web::Data<crate::posts::http::Presenter>,
    terms: web::Data<crate::taxonomies::TermService>,
    content_types: web::Data<crate::content::TypeService>,
    entries: web::Data<crate::content::EntryService>,
    entry_presenter: web::Data<crate::content::http::EntryPresenter>,
    comments: web::Data<crate::comments::CommentService>,
    users: web::Data<crate::users::UserService>,
    auth: web::Data<crate::auth::AuthService>,
    settings: web::Data<crate::settings::SettingsService>,
    setup: web::Data<crate::setup::SetupService>,
    media: web::Data<crate::media::MediaService>,
    plugins: web::Data<crate::plugins::PluginService>,
    renderer: web::Data<crate::render::pipeline::Renderer>,
    audit: web::Data<crate::audit::AuditService>,
    webhooks: web::Data<crate::webhooks::WebhookService>,
    cron: web::Data<crate::cron::CronService>,
    events: web::Data<crate::events::EventService>,
    events_config: web::Data<crate::events::EventsConfig>,
    live: web::Data<LiveFeed>,
    database: web::Data<crate::database::Database>,
    links: web::Data<crate::site::Links>,
    theme: web::Data<ThemeEngine>,
    metrics: web::Data<Metrics>,
    proxies: web::Data<TrustedProxies>,
    documents: web::Data<routes::MadeDocuments>,
}

impl State {
    fn new(services: &Services, theme: ThemeEngine, metrics: Metrics, proxies: TrustedProxies) -> Self {
        Self {
            posts: web::Data::new(services.posts.clone()),
            presenter: web::Data::new(services.presenter.clone()),
            terms: web::Data::new(services.terms.clone()),
            content_types: web::Data::new(services.content_types.clone()),
            entries: web::Data::new(services.entries.clone()),
            entry_presenter: web::Data::new(services.entry_presenter.clone()),
            comments: web::Data::new(services.comments.clone()),
            users: web::Data::new(services.users.clone()),
            auth: web::Data::from(Arc::clone(&services.auth)),
            settings: web::Data::new(services.settings.clone()),
            setup: web::Data::new(services.setup.clone()),
            media: web::Data::new(services.media.clone()),
            plugins: web::Data::new(services.plugin_service.clone()),
            renderer: web::Data::new(services.renderer.clone()),
            audit: web::Data::new(services.audit.clone()),
            webhooks: web::Data::new(services.webhook_service.clone()),
            cron: web::Data::new(services.cron.clone()),
            events: web::Data::new(services.event_service.clone()),
            events_config: web::Data::from(Arc::clone(&services.events_config)),
            live: web::Data::new(services.live.clone()),
            database: web::Data::new(services.database.clone()),
            links: web::Data::from(Arc::clone(&services.links)),
            theme: web::Data::new(theme),
            metrics: web::Data::new(metrics),
            proxies: web::Data::new(proxies),
            documents: web::Data::new(routes::MadeDocuments::default()),
        }
    }

    fn register(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.posts.clone())
            .app_data(self.presenter.clone())
            .app_data(self.terms.clone())
            .app_data(self.content_types.clone())
            .app_data(self.entries.clone())
            .app_data(self.entry_presenter.clone())
            .app_data(self.comments.clone())
            .app_data(self.users.clone())
            .app_data(self.auth.clone())
            .app_data(self.settings.clone())
            .app_data(self.setup.clone())
            .app_data(self.media.clone())
            .app_data(self.plugins.clone())
            .app_data(self.renderer.clone())
            .app_data(self.audit.clone())
            .app_data(self.webhooks.clone())
            .app_data(self.cron.clone())
            .app_data(self.events.clone())
            .app_data(self.events_config.clone())
            .app_data(self.live.clone())
            .app_data(self.database.clone())
            .app_data(self.links.clone())
            .app_data(self.theme.clone())
            .app_data(self.metrics.clone())
            .app_data(self.proxies.clone())
            .app_data(self.documents.clone());
    }
}
