//! The static files of the theme.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag},
};

use super::{
    answer::{answer, no_such_page},
    decode,
    state::data,
};
use crate::{error::Result, http::not_modified, themes::ThemeEngine};

/// For an address that carries the hash of what it leads to.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// For any other.
const SHORTLY: &str = "public, max-age=300";

/// `/theme/{path}`
pub(super) async fn serve(request: HttpRequest) -> HttpResponse {
    answer(&request, async { find(&request) }).await
}

fn find(request: &HttpRequest) -> Result<HttpResponse> {
    let path = request.path().strip_prefix("/theme/").and_then(decode).ok_or_else(no_such_page)?;
    let asset = data::<ThemeEngine>(request)?.asset(&path).ok_or_else(no_such_page)?;
    let named = request.query_string().strip_prefix("v=") == Some(asset.hash.as_str());
    let tag = ETag(EntityTag::new_weak(asset.hash));
    let known = not_modified(request, &tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(tag)
        .insert_header((header::CACHE_CONTROL, if named { FOR_EVER } else { SHORTLY }))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    Ok(if known { response.finish() } else { response.content_type(asset.content_type).body(asset.bytes) })
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test::TestRequest, web};

    use super::{ThemeEngine, find};

    #[actix_web::test]
    async fn files_are_kept_for_ever_when_the_address_names_their_content() {
        let themes = web::Data::new(ThemeEngine::open("default").unwrap());
        let hash = themes.asset("style.css").unwrap().hash;
        let get = |uri: &str, tag: &str| {
            let request =
                TestRequest::with_uri(uri).app_data(themes.clone()).insert_header(("if-none-match", tag));
            find(&request.to_http_request())
        };
        let caching = |uri: &str| {
            let response = get(uri, "\"other\"").unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            response.headers().get("cache-control").unwrap().to_str().unwrap().to_owned()
        };
        assert!(caching(&format!("/theme/style.css?v={hash}")).contains("immutable"));
        assert!(!caching("/theme/style.css").contains("immutable"));
        assert!(!caching("/theme/style.css?v=0000").contains("immutable"));
        assert_eq!(
            get("/theme/style.css", &format!("\"{hash}\"")).unwrap().status(),
            StatusCode::NOT_MODIFIED
        );
        assert!(get("/theme/../theme.toml", "").is_err());
        assert!(get("/theme/none.css", "").is_err());
    }
}
