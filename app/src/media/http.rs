//! `/media/{path}`: what is stored, and nothing else. Only paths that the database knows are looked for.

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        Method,
        header::{self, ETag, EntityTag, Header, Range as RangeHeader},
    },
    web,
};
use futures_util::{StreamExt, stream};

use super::{Media, MediaService};
use crate::{
    error::{ApiError, Result},
    http::not_modified,
    site,
};

/// A path names its content, so it never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Pictures may carry scripts; no browser shall run them in the site's name.
const FENCE: &str = "sandbox; default-src 'none'";

/// Registers the route.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(site::read("/media/{path:.*}", serve));
}

async fn serve(request: HttpRequest) -> HttpResponse {
    site::answer(&request, find(&request)).await
}

async fn find(request: &HttpRequest) -> Result<HttpResponse> {
    let media = request
        .app_data::<web::Data<MediaService>>()
        .ok_or_else(|| ApiError::internal("no media service is registered"))?;
    let path = request.path().strip_prefix("/media/").and_then(site::decode);
    let file = match path {
        Some(path) => media.find(&path).await?,
        None => None,
    };
    let file = file.ok_or_else(|| ApiError::not_found("file"))?;
    let tag = ETag(EntityTag::new_strong(file.sha256.clone()));
    if not_modified(request, &tag) {
        return Ok(headers(HttpResponse::NotModified(), tag).finish());
    }
    send(request, media, &file, tag).await
}

async fn send(request: &HttpRequest, media: &MediaService, file: &Media, tag: ETag) -> Result<HttpResponse> {
    let (builder, range) = match wanted(request, file.size) {
        Wanted::All => (HttpResponse::Ok(), None),
        Wanted::Part { first, last } => {
            let mut builder = HttpResponse::PartialContent();
            builder.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", file.size)));
            (builder, Some(first..last + 1))
        }
        Wanted::Nothing => {
            let mut builder = HttpResponse::RangeNotSatisfiable();
            builder.insert_header((header::CONTENT_RANGE, format!("bytes */{}", file.size)));
            return Ok(builder.finish());
        }
    };
    let size = range.as_ref().map_or(file.size, |range| range.end - range.start);
    let bytes = if request.method() == Method::HEAD {
        stream::empty().boxed()
    } else {
        media.read(file, range).await?
    };
    Ok(headers(builder, tag).content_type(file.content_type.as_str()).body(SizedStream::new(size, bytes)))
}

fn headers(mut builder: actix_web::HttpResponseBuilder, tag: ETag) -> actix_web::HttpResponseBuilder {
    builder
        .insert_header(tag)
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, FENCE));
    builder
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// Both ends included.
    Part {
        first: u64,
        last: u64,
    },
    Nothing,
}

/// One range is honoured; several, or one that can't be read, get the whole. The content behind a path never changes,
/// so `If-Range` always holds.
fn wanted(request: &HttpRequest, size: u64) -> Wanted {
    if !request.headers().contains_key(header::RANGE) {
        return Wanted::All;
    }
    match RangeHeader::parse(request) {
        Ok(RangeHeader::Bytes(ranges)) if ranges.len() == 1 => match ranges[0].to_satisfiable_range(size) {
            Some((first, last)) => Wanted::Part { first, last },
            None => Wanted::Nothing,
        },
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{Wanted, wanted};

    #[test]
    fn single_ranges_are_honoured() {
        for (header, expected) in [
            ("bytes=0-9", Wanted::Part { first: 0, last: 9 }),
            ("bytes=90-", Wanted::Part { first: 90, last: 99 }),
            ("bytes=-5", Wanted::Part { first: 95, last: 99 }),
            ("bytes=200-", Wanted::Nothing),
            ("bytes=0-1,5-6", Wanted::All),
            ("lines=1-2", Wanted::All),
        ] {
            let request = TestRequest::default().insert_header(("range", header)).to_http_request();
            assert_eq!(wanted(&request, 100), expected, "{header}");
        }
        assert_eq!(wanted(&TestRequest::default().to_http_request(), 100), Wanted::All);
    }
}
