//! How pages leave the house: entity tags for what was found, a page in the theme for what was not.

use std::{
    future::Future,
    hash::{DefaultHasher, Hasher},
};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::header::{self, ETag, EntityTag, HeaderValue},
};

use super::Site;
use crate::{
    error::{ApiError, ErrorCode, Result},
    http::not_modified,
    themes::{
        self,
        context::{ErrorContext, ErrorPage, PageContext},
    },
};

pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// Runs a handler; what goes wrong in it becomes a page.
pub(crate) async fn answer(
    request: &HttpRequest,
    work: impl Future<Output = Result<HttpResponse>>,
) -> HttpResponse {
    match work.await {
        Ok(response) => response,
        Err(error) => error_page(request, &error).await,
    }
}

/// A document that clients may keep and must ask for again: 304 when they have this very one.
pub(crate) fn document(request: &HttpRequest, content_type: &'static str, body: String) -> HttpResponse {
    let mut hasher = DefaultHasher::new();
    hasher.write(body.as_bytes());
    // Weak: compression changes the bytes.
    let tag = ETag(EntityTag::new_weak(format!("{:016x}", hasher.finish())));
    let known = not_modified(request, &tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(tag).insert_header((header::CACHE_CONTROL, "no-cache"));
    if known { response.finish() } else { response.content_type(content_type).body(body) }
}

/// A permanent redirect to an address on this site, with the query of the request.
pub(super) fn moved(request: &HttpRequest, path: &str) -> HttpResponse {
    let query = request.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    let location = format!("{}{mark}{query}", super::encode(path));
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .finish()
}

/// The page of an error: in the theme, or plain when the theme or the database fails, too.
pub async fn error_page(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    // The problem document knows the headers and writes the log; only its body is not for readers.
    let problem = error.error_response();
    let context = ErrorContext {
        status: problem.status().as_u16(),
        title: error.code().title().to_owned(),
        detail: Some(error.detail().to_owned()),
        request_id: None,
    };
    let body = match themed(request, context.clone()).await {
        Ok(body) => body,
        Err(failure) => {
            tracing::error!(error = %failure, "the error page failed; showing the built-in one");
            plain(&context)
        }
    };
    let mut response = HttpResponse::build(problem.status());
    response.content_type(HTML).insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = problem.headers().get(header::RETRY_AFTER) {
        response.insert_header((header::RETRY_AFTER, seconds.clone()));
    }
    response.body(body)
}

async fn themed(request: &HttpRequest, error: ErrorContext) -> Result<String> {
    let site = Site::of(request)?;
    let page = PageContext {
        kind: "error",
        title: error.title.clone(),
        og_type: "website",
        robots: Some("noindex"),
        ..PageContext::default()
    };
    let frame = site.frame(request.path(), page).await?;
    site.themes.render(themes::ERROR, ErrorPage { frame, error })
}

/// Needs nothing that can fail.
fn plain(error: &ErrorContext) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (status, title) = (error.status, escape(&error.title));
    let detail = escape(error.detail.as_deref().unwrap_or_default());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
         <main>\n<h1>{status}: {title}</h1>\n<p>{detail}</p>\n<p><a href=\"/\">Go to the front page</a></p>\n</main>\n\
         </html>\n"
    )
}

/// What a page says to methods that it does not know.
pub(super) async fn method_not_allowed(request: &HttpRequest, methods: &'static str) -> HttpResponse {
    let detail = format!("{} is not possible here.", request.method());
    let mut response = error_page(request, &ApiError::new(ErrorCode::MethodNotAllowed, detail)).await;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

pub(super) fn no_such_page() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is nothing at this address. It may have moved, or never been.")
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test::TestRequest};

    use super::{ErrorContext, document, moved, plain};

    #[actix_web::test]
    async fn a_known_document_is_not_sent_again() {
        let fresh = document(&TestRequest::default().to_http_request(), super::HTML, "page".into());
        assert_eq!(fresh.status(), StatusCode::OK);
        let tag = fresh.headers().get("etag").unwrap().clone();
        let again = TestRequest::default().insert_header(("if-none-match", tag)).to_http_request();
        assert_eq!(document(&again, super::HTML, "page".into()).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(document(&again, super::HTML, "other".into()).status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn redirects_keep_the_query() {
        let request = TestRequest::with_uri("/old?a=1&b=2").to_http_request();
        let response = moved(&request, "/über");
        assert_eq!(response.headers().get("location").unwrap(), "/%C3%BCber?a=1&b=2");
    }

    #[test]
    fn the_plain_page_escapes() {
        let error =
            ErrorContext { status: 500, title: "<b>".into(), detail: Some("a & b".into()), request_id: None };
        let page = plain(&error);
        assert!(page.contains("500: &lt;b>") && page.contains("a &amp; b"));
    }
}
