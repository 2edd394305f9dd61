//! `/feed.xml`, `/sitemap.xml` and `/robots.txt`.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::Mutex;
use url::form_urlencoded;

use super::{
    atom::{self, Entry, Feed},
    content::{self, Listed},
    robots,
    sitemap::{self, Location},
};
use crate::{
    auth::{Actor, Permission},
    database::Database,
    error::{ApiError, ErrorCode, Result},
    posts::{Post, PostFilter, PostKind},
    site::{FEED, Site, answer, author_path, category_path, document, read, tag_path},
    themes::GENERATOR,
};

pub(super) const ATOM: &str = "application/atom+xml; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Posts in the feed.
pub(super) const ENTRIES: u64 = 20;
/// Posts, pages and entries in the sitemap at most: ten parts.
const LOCATIONS: u64 = 500_000;
/// Users that are read at once.
const USERS: u64 = 500;

/// The last sitemap, so that its parts come from one piece of work. Whoever asks while it is made waits for it.
#[derive(Default)]
struct LastSitemap(Mutex<Option<Arc<Sitemap>>>);

/// The documents of a sitemap at one moment.
struct Sitemap {
    /// Of content and of names.
    generations: (u64, u64),
    /// The content types in it; which of them have pages is up to the theme.
    listed: Vec<Listed>,
    /// The whole, or the index of the parts.
    main: String,
    parts: Vec<String>,
}

/// Registers the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(LastSitemap::default()))
        .service(read("/feed.xml", feed))
        .service(read("/sitemap.xml", site_map))
        .service(read("/robots.txt", rules));
}

async fn feed(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        let filter = PostFilter { kind: Some(PostKind::Post), ..PostFilter::default() };
        let (posts, _) = site.posts.published(filter, 0, ENTRIES).await?;
        let mut entries = Vec::with_capacity(posts.len());
        for post in &posts {
            entries.push(entry(&site, post).await?);
        }
        let settings = site.settings.site().await?;
        let feed = Feed {
            title: settings.title.clone(),
            subtitle: settings.description.clone(),
            language: settings.language.clone(),
            site_url: site.links.absolute("/"),
            self_url: site.links.absolute(FEED),
            generator: GENERATOR,
            entries,
        };
        Ok(document(&request, ATOM, atom::write(&feed)))
    })
    .await
}

async fn entry(site: &Site, post: &Post) -> Result<Entry> {
    let terms = site.terms.terms().await?;
    let authors = site.users.authors(&post.author_ids).await?;
    let category = post.category_id.and_then(|id| terms.category(id)).map(|category| category.name.clone());
    let tags = post.tag_ids.iter().filter_map(|id| terms.tag(*id)).map(|tag| tag.name.clone());
    Ok(Entry {
        id: post.id.0,
        title: post.title.clone(),
        url: site.links.absolute(&post.path()),
        published: post.published_at.unwrap_or(post.created_at),
        updated: post.updated_at,
        authors: authors.into_iter().map(|author| author.display_name).collect(),
        categories: category.into_iter().chain(tags).collect(),
        summary: site.excerpt(post).await.to_string(),
        html: site.renderer.post(post).await?.as_str().to_owned(),
    })
}

async fn site_map(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        let sitemap = current_sitemap(&request, &site).await?;
        let mut query = form_urlencoded::parse(request.query_string().as_bytes());
        let text = match query.find(|(key, _)| key == "part") {
            None => &sitemap.main,
            Some((_, part)) => part
                .parse::<usize>()
                .ok()
                .and_then(|part| sitemap.parts.get(part.checked_sub(1)?))
                .ok_or_else(|| ApiError::new(ErrorCode::NotFound, "The sitemap has no such part."))?,
        };
        Ok(document(&request, XML, text.clone()))
    })
    .await
}

async fn current_sitemap(request: &HttpRequest, site: &Site) -> Result<Arc<Sitemap>> {
    let database = request.app_data::<web::Data<Database>>();
    let last = request.app_data::<web::Data<LastSitemap>>();
    let (Some(database), Some(last)) = (database, last) else {
        return Err(ApiError::internal("the sitemap's database or cache is not registered"));
    };
    let mut last = last.0.lock().await;
    let changes = database.changes();
    let generations = (changes.content(), changes.names());
    let listed = content::listed(site).await?;
    let is_current = |sitemap: &&Arc<Sitemap>| sitemap.generations == generations && sitemap.listed == listed;
    if let Some(sitemap) = last.as_ref().filter(is_current) {
        return Ok(Arc::clone(sitemap));
    }
    let mut locations = locations(site).await?;
    content::locate(site, &listed, LOCATIONS, &mut locations).await?;
    let main = sitemap::write(&locations, |part| site.links.absolute(&format!("/sitemap.xml?part={part}")));
    let parts = sitemap::write_parts(&locations);
    let sitemap = Arc::new(Sitemap { generations, listed, main, parts });
    *last = Some(Arc::clone(&sitemap));
    Ok(sitemap)
}

/// The front page, posts and pages, and the archives that have posts.
async fn locations(site: &Site) -> Result<Vec<Location>> {
    let mut locations = vec![Location { url: site.links.absolute("/"), changed: None }];
    for heading in site.posts.published_headings(None, LOCATIONS).await? {
        locations
            .push(Location { url: site.links.absolute(&heading.path), changed: Some(heading.updated_at) });
    }
    let all = PostFilter { kind: Some(PostKind::Post), ..PostFilter::default() };
    if site.posts.count_published(all).await? == 0 {
        return Ok(locations);
    }
    for (path, filter) in archives(site).await? {
        let filter = PostFilter { kind: Some(PostKind::Post), ..filter };
        if site.posts.count_published(filter).await? > 0 {
            locations.push(Location { url: site.links.absolute(&path), changed: None });
        }
    }
    Ok(locations)
}

async fn archives(site: &Site) -> Result<Vec<(String, PostFilter)>> {
    let terms = site.terms.terms().await?;
    let mut archives = Vec::new();
    for category in terms.categories() {
        let categories = Some(terms.with_descendants(category.id));
        archives.push((category_path(&category.slug), PostFilter { categories, ..PostFilter::default() }));
    }
    for tag in terms.tags() {
        archives.push((tag_path(&tag.slug), PostFilter { tag: Some(tag.id), ..PostFilter::default() }));
    }
    let mut after = None;
    loop {
        let users = site.users.list(&Actor::System, after, USERS).await?;
        let Some(last) = users.last() else { break };
        after = Some(last.id);
        for user in users.iter().filter(|user| user.role.grants(Permission::WritePosts)) {
            let filter = PostFilter { author: Some(user.id), ..PostFilter::default() };
            archives.push((author_path(&user.username), filter));
        }
    }
    Ok(archives)
}

async fn rules(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let site = Site::of(&request)?;
        Ok(document(&request, PLAIN, robots(&site.links.absolute("/sitemap.xml"))))
    })
    .await
}
