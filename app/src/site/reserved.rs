//! The first path segments of our own routes. No slug, permalink or alias may begin with one.

/// In alphabetical order, for the search.
const RESERVED: [&str; 24] = [
    "admin",
    "api",
    "archives",
    "authors",
    "categories",
    "comments",
    "content",
    "feed",
    "feed.json",
    "feed.xml",
    "healthz",
    "login",
    "logout",
    "media",
    "metrics",
    "page",
    "readyz",
    "robots.txt",
    "rss.xml",
    "search",
    "setup",
    "sitemap.xml",
    "tags",
    "theme",
];

/// Whether the first segment of a path belongs to the site itself.
pub fn is_reserved(segment: &str) -> bool {
    RESERVED.binary_search(&segment).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_sorted() {
        assert!(super::RESERVED.is_sorted());
        assert!(super::is_reserved("api") && super::is_reserved("theme") && !super::is_reserved("apis"));
    }
}
