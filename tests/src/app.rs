//! A site for a test.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fleuron::auth::{Role, password::Password};
use fleuron::config::{Config, PluginsConfig};
use fleuron::egress::EgressConfig;
use fleuron::events::EventsConfig;
use fleuron::services::Services;
use fleuron::users::{Email, NewUser, Username};
use reqwest::{Client, redirect};
use tempfile::TempDir;

use crate::actor::{Account, Actor, PASSWORD};
use crate::database::PostgresDatabase;
use crate::plugins::write_plugin;
use crate::server::Server;
use crate::wait::PATIENCE;

/// Compiled code of plugins, shared by all sites of all tests: it is keyed by content.
const CODE_CACHE: &str = concat!(env!("OUT_DIR"), "/code-cache");

/// A site: a whole server with a folder and a database of its own. Everything goes when it is dropped.
pub struct TestApp {
    // Fields are dropped in this order: first the server, then what it stands on.
    server: Server,
    _database: Option<PostgresDatabase>,
    folder: TempDir,
    config: Config,
    client: Client,
}

/// A site that is to be started.
#[must_use]
pub struct TestAppBuilder {
    folder: TempDir,
    config: Config,
}

impl TestApp {
    /// Starts a site as it is right after its first start: a welcome post, an about page, both bundled plugins.
    pub async fn spawn() -> Self {
        Self::builder().spawn().await
    }

    /// A site with something of its own.
    ///
    /// # Panics
    /// When its folder cannot be made.
    pub fn builder() -> TestAppBuilder {
        let folder =
            tempfile::Builder::new().prefix("fleuron-test-").tempdir().expect("a folder can be made");
        let mut config = Config::in_folder(&folder.path().join("data"));
        config.plugins.extensions = folder.path().join("extensions");
        config.http.workers = 2;
        config.http.shutdown_timeout = PATIENCE;
        // Tests are in a hurry; those of the limits set their own.
        (config.http.comment_burst, config.auth.login_burst) = (1000, 1000);
        share_code_cache(&config.data);
        TestAppBuilder { folder, config }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Where it is reached, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The site's services, for clocks and holds that no request reaches.
    pub fn services(&self) -> &Services {
        self.server.services()
    }

    /// The one-time link to the set-up page, while there is no administrator.
    pub fn setup_link(&self) -> Option<&str> {
        self.server.setup_link.as_deref()
    }

    /// The folder of the site's data.
    pub fn data(&self) -> &Path {
        &self.config.data
    }

    /// The folder of its plugins and content types.
    pub fn extensions(&self) -> &Path {
        &self.config.plugins.extensions
    }

    /// A folder for whatever else the test writes. It goes with the site.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// Stops the server and starts it anew on the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(self) -> Self {
        let Self { server, _database, folder, config, client } = self;
        drop(server);
        let server =
            Server::start(config.clone()).await.unwrap_or_else(|error| panic!("no second start: {error}"));
        Self { server, _database, folder, config, client }
    }

    /// Does something with the services, on the server's own runtime.
    ///
    /// # Panics
    /// When the work panics.
    pub async fn within<T, F>(&self, work: impl FnOnce(Arc<Services>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let work = work(Arc::clone(self.server.services()));
        self.server.runtime.spawn(work).await.expect("the work within the site does not panic")
    }

    /// Lays a plugin into the running site's folder, or replaces it, and waits until the site has taken notice of it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn install(&self, name: &str, manifest: &str, module: &[u8]) {
        write_plugin(self.extensions(), name, manifest, module);
        self.services().plugins.rescan().await;
    }

    /// Somebody who is not signed in.
    pub fn guest(&self) -> Actor {
        Actor::new(self.client.clone(), &self.url(), None, None)
    }

    /// Somebody who runs the site.
    pub async fn administrator(&self) -> Actor {
        self.actor(Role::Administrator).await
    }

    /// Somebody who edits everything.
    pub async fn editor(&self) -> Actor {
        self.actor(Role::Editor).await
    }

    /// Somebody who publishes their own posts.
    pub async fn author(&self) -> Actor {
        self.actor(Role::Author).await
    }

    /// Somebody who writes drafts.
    pub async fn contributor(&self) -> Actor {
        self.actor(Role::Contributor).await
    }

    /// Somebody who reads and comments.
    pub async fn subscriber(&self) -> Actor {
        self.actor(Role::Subscriber).await
    }

    /// Somebody new of this role, signed in, without a password: a password takes a while to hash.
    pub async fn actor(&self, role: Role) -> Actor {
        self.sign_up(role, None).await
    }

    /// Somebody new of this role, signed in, with the password [`PASSWORD`].
    pub async fn actor_with_password(&self, role: Role) -> Actor {
        self.sign_up(role, Some(Password::new(PASSWORD))).await
    }

    async fn sign_up(&self, role: Role, password: Option<Password>) -> Actor {
        let account = self.within(move |services| create_account(services, role, password)).await;
        Actor::new(self.client.clone(), &self.url(), Some(role), Some(account))
    }
}

async fn create_account(services: Arc<Services>, role: Role, password: Option<Password>) -> Account {
    let username = format!("{}-{}", role.as_str(), uuid::Uuid::new_v4().simple());
    let email = format!("{username}@example.com");
    let new = NewUser {
        email: Some(Email::parse(&email).expect("an e-mail address")),
        username: Username::parse(&username).expect("a user name"),
        display_name: format!("The {}", role.as_str()),
        role,
        password,
    };
    let user = services.users.create(&fleuron::auth::Actor::System, new).await.expect("a user is created");
    let session = services.auth.open_session(&user).await.expect("a session is opened");
    let (access_token, refresh_token) = (session.access_token, session.refresh_token);
    Account { id: user.id, email, username, access_token, refresh_token }
}

impl TestAppBuilder {
    /// The address that links are made with.
    ///
    /// # Panics
    /// When it is no URL.
    pub fn base_url(mut self, url: &str) -> Self {
        self.config.http.base_url = Some(url.parse().expect("a URL"));
        self
    }

    /// A theme: a name or a folder.
    pub fn theme(mut self, theme: &str) -> Self {
        theme.clone_into(&mut self.config.theme.name);
        self
    }

    /// A plugin that is there from the start, from the file of a module.
    ///
    /// # Panics
    /// When the module cannot be read.
    pub fn plugin(self, name: &str, manifest: &str, module: &str) -> Self {
        let module = fs::read(module).unwrap_or_else(|error| panic!("{module}: {error}"));
        write_plugin(&self.config.plugins.extensions, name, manifest, &module);
        self
    }

    /// A file of a content type that is there from the start.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn content_type_file(self, name: &str, text: &str) -> Self {
        let folder = self.config.plugins.extensions.join("content-types");
        fs::create_dir_all(&folder).expect("the folder of content types can be made");
        fs::write(folder.join(name), text).expect("the file of a content type can be written");
        self
    }

    /// Instances kept per plugin.
    pub fn pool_size(mut self, size: usize) -> Self {
        self.config.plugins.host.pool_size = size;
        self
    }

    /// How long one plugin call may take.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.config.plugins.host.call_timeout = timeout;
        self
    }

    /// Any other limit of plugins.
    pub fn limits(mut self, set: impl FnOnce(&mut PluginsConfig)) -> Self {
        set(&mut self.config.plugins);
        self
    }

    /// Addresses that plugins may reach although they are not public, separated by commas, as in
    /// `FLEURON_EGRESS_ALLOW`.
    ///
    /// # Panics
    /// When one is no address.
    pub fn egress_allow(mut self, addresses: &str) -> Self {
        self.config.egress.allow_private =
            EgressConfig::parse_allow(addresses).unwrap_or_else(|fault| panic!("{addresses}: {fault}"));
        self
    }

    /// How often and how long deliveries of events are tried.
    pub fn events(mut self, set: impl FnOnce(&mut EventsConfig)) -> Self {
        set(&mut self.config.events);
        self
    }

    /// How long a request to another server may take.
    pub fn egress_timeout(mut self, timeout: Duration) -> Self {
        self.config.egress.timeout = timeout;
        self
    }

    /// Comments per address: how many in a row, and after how long one more.
    pub fn comment_limit(mut self, burst: u32, interval: Duration) -> Self {
        (self.config.http.comment_burst, self.config.http.comment_interval) = (burst, interval);
        self
    }

    /// Logins per account (twice as many per address): how many in a row, and after how long one more.
    pub fn login_limit(mut self, burst: u32, interval: Duration) -> Self {
        (self.config.auth.login_burst, self.config.auth.login_interval) = (burst, interval);
        self
    }

    /// Starts the site on SQLite.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn spawn(self) -> TestApp {
        self.start(None).await
    }

    /// Starts the site on PostgreSQL; `None`, with a loud line, when no server is named.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn spawn_on_postgres(mut self) -> Option<TestApp> {
        let database = PostgresDatabase::create().await?;
        self.config.database = database.config();
        Some(self.start(Some(database)).await)
    }

    async fn start(self, database: Option<PostgresDatabase>) -> TestApp {
        let Self { folder, config } = self;
        fs::create_dir_all(folder.path().join("scratch")).expect("a folder can be made");
        let server = Server::start(config.clone()).await.unwrap_or_else(|error| panic!("no start: {error}"));
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(6 * PATIENCE).build();
        TestApp { server, _database: database, folder, config, client: client.expect("an HTTP client") }
    }
}

/// Each site would compile the same plugins anew otherwise, which is most of the time that its start takes.
fn share_code_cache(data: &Path) {
    fs::create_dir_all(CODE_CACHE).expect("the shared cache can be made");
    let cache = data.join("cache");
    fs::create_dir_all(&cache).expect("the cache's folder can be made");
    #[cfg(unix)]
    std::os::unix::fs::symlink(CODE_CACHE, cache.join("plugins")).expect("the shared cache can be linked");
}
