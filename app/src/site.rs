//! The public site: what readers see. Everything here answers HTML, errors too.

mod answer;
mod archives;
mod assets;
mod comments;
mod content;
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

use actix_web::{Handler, HttpRequest, HttpResponse, Resource, Route, guard, web};

pub use answer::error_page;
pub(crate) use answer::{answer, document};
pub(crate) use content::{Pages, archive_path, feed_path};
pub use entry::entry;
pub(crate) use frame::FEED;
pub use links::{Links, decode, encode};
pub(crate) use lists::{author_path, category_path, tag_path};
pub use state::Site;

/// Registers the public routes. Permalinks may look like anything, so [`entry`] is to be the default service.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(state::Caches::default()))
        // Lists.
        .service(read("/", home::first))
        .service(read("/page/{page}", home::later))
        .service(read("/categories/{slug}", archives::category))
        .service(read("/categories/{slug}/page/{page}", archives::category))
        .service(read("/tags/{slug}", archives::tag))
        .service(read("/tags/{slug}/page/{page}", archives::tag))
        .service(read("/authors/{username}", archives::author))
        .service(read("/authors/{username}/page/{page}", archives::author))
        // Forms.
        .service(resource("/comments/{post}", "POST").route(web::post().to(comments::submit)))
        .service(
            resource("/setup", "GET, HEAD, POST")
                .route(reading().to(setup::show))
                .route(web::post().to(setup::complete)),
        )
        // Files.
        .service(read("/theme/{path:.*}", assets::serve))
        .configure(crate::feeds::configure);
}

/// A resource for GET and HEAD.
pub(crate) fn read<F>(path: &str, handler: F) -> Resource
where
    F: Handler<(HttpRequest,), Output = HttpResponse>,
    F::Future: 'static,
{
    resource(path, READING).route(reading().to(handler))
}

/// What can be done with most addresses.
const READING: &str = "GET, HEAD";

/// A resource that answers methods other than these with a page.
fn resource(path: &str, methods: &'static str) -> Resource {
    let refuse =
        move |request: HttpRequest| async move { answer::method_not_allowed(&request, methods).await };
    web::resource(path).default_service(web::to(refuse))
}

fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
