//! Answers whose entity tag tells versions and bodies apart.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{ETag, EntityTag},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::not_modified;
use crate::error::{ApiError, Result};

/// How many bytes of a hash tell the bodies of one version apart.
const HASHED: usize = 8;

/// An answer in JSON, tagged with the version, which If-Match compares, and a hash of the body: the names of tags and
/// authors in it change without a new version. With the request of a reader: `Not Modified` when it has this already.
pub(crate) fn versioned_json(
    reader: Option<&HttpRequest>,
    mut response: HttpResponseBuilder,
    version: i64,
    body: &impl Serialize,
) -> Result<HttpResponse> {
    let body = serde_json::to_vec(body).map_err(ApiError::internal)?;
    let tag = body_tag(version, &body);
    if reader.is_some_and(|request| not_modified(request, &tag)) {
        return Ok(HttpResponse::NotModified().insert_header(tag).finish());
    }
    Ok(response.insert_header(tag).content_type("application/json").body(body))
}

fn body_tag(version: i64, body: &[u8]) -> ETag {
    let hash: String = Sha256::digest(body).iter().take(HASHED).map(|byte| format!("{byte:02x}")).collect();
    ETag(EntityTag::new_strong(format!("{version}-{hash}")))
}

#[cfg(test)]
mod tests {
    use actix_web::{HttpResponse, http::StatusCode, test::TestRequest};

    use super::versioned_json;

    #[test]
    fn another_body_of_the_same_version_is_sent() {
        let request = TestRequest::default().to_http_request();
        let first = versioned_json(Some(&request), HttpResponse::Ok(), 1, &"a").unwrap();
        let tag = first.headers().get("etag").unwrap().clone();
        assert!(tag.to_str().unwrap().starts_with("\"1-"), "{tag:?}");
        assert_eq!(first.headers().get("content-type").unwrap(), "application/json");
        let again = TestRequest::default().insert_header(("if-none-match", tag)).to_http_request();
        let status =
            |body: &str| versioned_json(Some(&again), HttpResponse::Ok(), 1, &body).unwrap().status();
        assert_eq!((status("a"), status("b")), (StatusCode::NOT_MODIFIED, StatusCode::OK));
    }
}
