//! The sitemap (sitemaps.org), in parts when it is too long for one document.

use super::xml;
use crate::clock::Timestamp;

/// The most addresses that one document may hold.
pub const PART: usize = 50_000;

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// A page of the site.
#[derive(Clone, Debug)]
pub struct Location {
    /// Absolute.
    pub url: String,
    /// When it was last changed, if that is known.
    pub changed: Option<Timestamp>,
}

/// The whole sitemap, or an index of its parts; `part_url` makes the address of a part, counted from 1.
pub fn write(locations: &[Location], part_url: impl Fn(usize) -> String) -> String {
    if locations.len() <= PART {
        return document("urlset", "url", locations);
    }
    let parts: Vec<Location> = locations
        .chunks(PART)
        .zip(1..)
        .map(|(part, number)| Location {
            url: part_url(number),
            changed: part.iter().filter_map(|location| location.changed).max(),
        })
        .collect();
    document("sitemapindex", "sitemap", &parts)
}

/// The parts that [`write()`] lists; none when the whole fits one document.
pub fn write_parts(locations: &[Location]) -> Vec<String> {
    if locations.len() <= PART {
        return Vec::new();
    }
    locations.chunks(PART).map(|part| document("urlset", "url", part)).collect()
}

fn document(root: &str, item: &str, locations: &[Location]) -> String {
    let mut out = String::with_capacity(128 + locations.len() * 128);
    out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out.push_str(&format!("<{root} xmlns=\"{NAMESPACE}\">\n"));
    for location in locations {
        out.push_str(&format!("<{item}>\n"));
        xml::element(&mut out, "loc", &[], &location.url);
        if let Some(changed) = location.changed {
            xml::element(&mut out, "lastmod", &[], &changed.to_rfc3339());
        }
        out.push_str(&format!("</{item}>\n"));
    }
    out.push_str(&format!("</{root}>\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::{Location, PART, write, write_parts};
    use crate::clock::Timestamp;

    fn locations(count: usize) -> Vec<Location> {
        let location = |number| Location {
            url: format!("https://example.com/{number}?a&b"),
            changed: Some(Timestamp::from_millis(0)),
        };
        (0..count).map(location).collect()
    }

    #[test]
    fn few_pages_fit_one_document() {
        let text = write(&locations(2), |part| part.to_string());
        assert!(text.contains("<urlset xmlns="));
        assert!(text.contains(
            "<loc>https://example.com/1?a&amp;b</loc>\n<lastmod>1970-01-01T00:00:00.000Z</lastmod>"
        ));
        assert_eq!(text.matches("<url>").count(), 2);
        assert!(write_parts(&locations(PART)).is_empty());
    }

    #[test]
    fn many_pages_are_split() {
        let all = locations(PART + 1);
        let index = write(&all, |part| format!("https://example.com/sitemap.xml?part={part}"));
        assert!(
            index.contains("<sitemapindex") && index.contains("?part=2</loc>") && !index.contains("?part=3")
        );
        let parts = write_parts(&all);
        assert_eq!((parts.len(), parts[1].matches("<url>").count()), (2, 1));
    }
}
