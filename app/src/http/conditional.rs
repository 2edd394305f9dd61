//! ETag, If-None-Match and If-Match: a reader is spared what it has, an editor never overwrites what it has not seen.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{ETag, EntityTag, Header, IfMatch as IfMatchHeader, IfNoneMatch},
};

use crate::error::{ApiError, ErrorCode};

/// The entity tag of a version.
pub fn entity_tag(version: i64) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
}

/// Whether the client has this already.
pub fn not_modified(request: &HttpRequest, tag: &ETag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key("if-none-match"),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag.0)),
        Err(_) => false,
    }
}

/// The version that the client wants to change, if it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl IfMatch {
    /// What the OpenAPI document says of the header.
    pub const DESCRIPTION: &str = "The entity tag of a read. If this is at another version by now, the change is \
                                   refused with `version_mismatch`.";

    /// Fails with `version_mismatch` when the client saw another version.
    pub fn check(self, version: i64) -> Result<(), ApiError> {
        match self.0 {
            Some(seen) if seen != version => Err(ApiError::new(
                ErrorCode::VersionMismatch,
                format!(
                    "This is at version {version} by now; the change was made for {seen}. Read it again."
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if !request.headers().contains_key("if-match") {
            return ready(Ok(Self(None)));
        }
        let malformed = || {
            let detail = "If-Match must hold one entity tag as a read answered it, for example \"3\".";
            ApiError::new(ErrorCode::MalformedRequest, detail)
        };
        ready(match IfMatchHeader::parse(request) {
            Ok(IfMatchHeader::Any) => Ok(Self(None)),
            Ok(IfMatchHeader::Items(tags)) => match tags.as_slice() {
                [tag] => version_of(tag.tag())
                    .parse()
                    .map(|version| Self(Some(version)))
                    .map_err(|error: std::num::ParseIntError| malformed().caused_by(error)),
                _ => Err(malformed()),
            },
            Err(_) => Err(malformed()),
        })
    }
}

/// What stands before the hash of the body, if there is one.
fn version_of(tag: &str) -> &str {
    tag.split_once('-').map_or(tag, |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest, test::TestRequest};

    use super::IfMatch;

    async fn seen(tag: &str) -> Result<Option<i64>, u16> {
        let request = TestRequest::default().insert_header(("if-match", tag)).to_http_request();
        let seen = IfMatch::extract(&request).await;
        seen.map(|seen| seen.0).map_err(|error| error.code().status().as_u16())
    }

    #[actix_web::test]
    async fn versions_are_compared_without_the_hash() {
        for (tag, version) in
            [("\"3\"", Some(3)), ("\"3-0a1b\"", Some(3)), ("\"3-0a1b-gzip\"", Some(3)), ("*", None)]
        {
            assert_eq!(seen(tag).await, Ok(version), "{tag}");
        }
        for tag in ["\"\"", "\"-3\"", "\"x-3\"", "3"] {
            assert_eq!(seen(tag).await, Err(400), "{tag}");
        }
    }
}
