//! `fleuron serve`.

use super::Failure;
use crate::{
    config::{Config, Options},
    startup::Application,
};

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let config = Config::load(options)?;
    actix_web::rt::System::new().block_on(async move {
        let application = Application::build(config).await?;
        let address = application.address();
        tracing::info!(%address, "serving");
        eprintln!("Fleuron serves http://{address}");
        if let Some(link) = application.setup_link() {
            eprintln!("This site has no administrator yet. Make yourself one, once, at\n  {link}");
        }
        Box::pin(application.run()).await.map_err(Failure::from)
    })
}
