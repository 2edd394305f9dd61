//! The posts of a category, a tag or an author.

use actix_web::{HttpRequest, HttpResponse};

use super::{
    Site,
    answer::{answer, moved, no_such_page},
    decode,
    home::page_number,
    lists::{self, List},
};
use crate::{
    auth::Permission,
    error::Result,
    posts::{PostFilter, PostKind},
    themes::context::Archive,
};

/// `/categories/{slug}`, with what is beneath it.
pub(super) async fn category(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        let terms = site.terms.terms().await?;
        let category = terms.category_by_slug(&name(&request)?).ok_or_else(no_such_page)?;
        let archive = Archive {
            kind: "category",
            title: category.name.clone(),
            description: described(&category.description),
            count: 0,
            parents: terms.ancestors(category.id).into_iter().map(lists::category_link).collect(),
            children: terms.children(category.id).into_iter().map(lists::category_link).collect(),
        };
        let filter = PostFilter { categories: Some(terms.with_descendants(category.id)), ..posts() };
        show(&site, &request, lists::category_path(&category.slug), filter, archive).await
    })
    .await
}

/// `/tags/{slug}`
pub(super) async fn tag(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        let terms = site.terms.terms().await?;
        let tag = terms.tag_by_slug(&name(&request)?).ok_or_else(no_such_page)?;
        let archive = Archive {
            kind: "tag",
            title: tag.name.clone(),
            description: described(&tag.description),
            count: 0,
            parents: Vec::new(),
            children: Vec::new(),
        };
        let filter = PostFilter { tag: Some(tag.id), ..posts() };
        show(&site, &request, lists::tag_path(&tag.slug), filter, archive).await
    })
    .await
}

/// `/authors/{username}`
pub(super) async fn author(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        let username = name(&request)?;
        let user = site.users.find_by_username(&username).await?.ok_or_else(no_such_page)?;
        if user.username != username {
            return Ok(moved(&request, &lists::author_path(&user.username)));
        }
        let filter = PostFilter { author: Some(user.id), ..posts() };
        // Readers who only have an account are nobody's business.
        if !user.role.grants(Permission::WritePosts) && site.posts.count_published(filter.clone()).await? == 0
        {
            return Err(no_such_page());
        }
        let archive = Archive {
            kind: "author",
            title: user.display_name.clone(),
            description: described(&user.bio),
            count: 0,
            parents: Vec::new(),
            children: Vec::new(),
        };
        show(&site, &request, lists::author_path(&user.username), filter, archive).await
    })
    .await
}

async fn show(
    site: &Site,
    request: &HttpRequest,
    path: String,
    filter: PostFilter,
    archive: Archive,
) -> Result<HttpResponse> {
    let page = page_number(request)?;
    if page == 1 && request.match_info().get("page").is_some() {
        return Ok(moved(request, &path));
    }
    let list = List {
        kind: archive.kind,
        path,
        title: archive.title.clone(),
        description: archive.description.clone().unwrap_or_default(),
        filter,
        archive: Some(archive),
    };
    site.list(request, page, list).await
}

fn posts() -> PostFilter {
    PostFilter { kind: Some(PostKind::Post), ..PostFilter::default() }
}

fn described(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The second segment of the path, decoded once from what the client sent.
fn name(request: &HttpRequest) -> Result<String> {
    request.path().split('/').nth(2).and_then(decode).ok_or_else(no_such_page)
}
