//! The public site: what readers see. Everything here answers HTML, errors too.

mod answer;
mod archives;
mod assets;
mod comments;
mod entry;
mod frame;
mod home;
mod links;
mod lists;
mod navigation;
mod pagination;
pub mod reserved;
mod setup;
mod state;
mod thread;

use actix_web::{Resource, Route, guard, web};

pub use answer::error_page;
pub use entry::entry;
pub use links::{Links, decode, encode};
pub use state::Site;

/// Registers the public routes. Permalinks may look like anything, so [`entry`] is to be the default service.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(state::Caches::default()))
        // Lists.
        .service(page("/").route(read().to(home::first)))
        .service(page("/page/{page}").route(read().to(home::later)))
        .service(page("/categories/{slug}").route(read().to(archives::category)))
        .service(page("/categories/{slug}/page/{page}").route(read().to(archives::category)))
        .service(page("/tags/{slug}").route(read().to(archives::tag)))
        .service(page("/tags/{slug}/page/{page}").route(read().to(archives::tag)))
        .service(page("/authors/{username}").route(read().to(archives::author)))
        .service(page("/authors/{username}/page/{page}").route(read().to(archives::author)))
        // Forms.
        .service(page("/comments/{post}").route(web::post().to(comments::submit)))
        .service(page("/setup").route(read().to(setup::show)).route(web::post().to(setup::complete)))
        // Files.
        .service(page("/theme/{path:.*}").route(read().to(assets::serve)))
        .configure(crate::feeds::configure);
}

/// A resource that answers methods it does not know with a page.
pub(crate) fn page(path: &str) -> Resource {
    web::resource(path).default_service(web::to(answer::method_not_allowed))
}

/// A route for GET and HEAD.
pub(crate) fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
