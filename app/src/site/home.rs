//! The front page and the older pages of the stream.

use actix_web::{HttpRequest, HttpResponse};

use super::{
    Site,
    answer::{answer, moved, no_such_page},
    lists::List,
};
use crate::{
    error::Result,
    posts::{PostFilter, PostKind},
};

/// `/`
pub(super) async fn first(request: HttpRequest) -> HttpResponse {
    answer(&request, show(&request, 1)).await
}

/// `/page/{page}`
pub(super) async fn later(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        match page_number(&request)? {
            1 => Ok(moved(&request, "/")),
            page => show(&request, page).await,
        }
    })
    .await
}

async fn show(request: &HttpRequest, page: u64) -> Result<HttpResponse> {
    let site = Site::of(request)?;
    let list = List {
        kind: "home",
        path: "/".to_owned(),
        title: String::new(),
        description: site.settings.site().await?.description.clone(),
        filter: PostFilter { kind: Some(PostKind::Post), ..PostFilter::default() },
        archive: None,
    };
    site.list(request, page, list).await
}

/// The number in the last segment of the path. There is no page but those written plainly.
pub(super) fn page_number(request: &HttpRequest) -> Result<u64> {
    plain_number(request.match_info().get("page").unwrap_or("1")).ok_or_else(no_such_page)
}

/// A number without leading zeros or signs.
pub(super) fn plain_number(number: &str) -> Option<u64> {
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| plain)
}
