//! The Atom feed (RFC 4287).

use url::Url;
use uuid::Uuid;

use super::{base, xml};
use crate::clock::Timestamp;

/// A feed. Addresses are absolute.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The site's name.
    pub title: String,
    /// A sentence about it, or empty.
    pub subtitle: String,
    /// Language of the content.
    pub language: String,
    /// The front page.
    pub site_url: String,
    /// Where the feed is.
    pub self_url: String,
    /// Engine and version.
    pub generator: &'static str,
    /// Newest first.
    pub entries: Vec<Entry>,
}

/// A post in the feed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identity that outlives every change of address.
    pub id: Uuid,
    /// Plain text.
    pub title: String,
    /// The post's page.
    pub url: String,
    /// When it was published.
    pub published: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Names.
    pub authors: Vec<String>,
    /// Names of categories and tags.
    pub categories: Vec<String>,
    /// Plain text, or empty.
    pub summary: String,
    /// Sanitised HTML.
    pub html: String,
}

/// Writes the feed.
pub fn write(feed: &Feed) -> String {
    let mut out = String::with_capacity(
        4096 + feed.entries.iter().map(|entry| entry.html.len() * 5 / 4).sum::<usize>(),
    );
    out.push_str(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"",
    );
    xml::text(&mut out, &feed.language);
    out.push_str("\">\n");
    xml::element(&mut out, "id", &[], &feed.self_url);
    xml::element(&mut out, "title", &[], &feed.title);
    if !feed.subtitle.is_empty() {
        xml::element(&mut out, "subtitle", &[], &feed.subtitle);
    }
    // The newest of its entries; an empty feed has been so since the beginning of time.
    let updated = feed.entries.iter().map(|entry| entry.updated).max().unwrap_or(Timestamp::from_millis(0));
    xml::element(&mut out, "updated", &[], &updated.to_rfc3339());
    xml::empty(
        &mut out,
        "link",
        &[("rel", "self"), ("type", "application/atom+xml"), ("href", &feed.self_url)],
    );
    xml::empty(&mut out, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", &feed.site_url)]);
    // For entries without an author of their own.
    person(&mut out, &feed.title);
    xml::element(&mut out, "generator", &[], feed.generator);
    for entry in &feed.entries {
        write_entry(&mut out, entry);
    }
    out.push_str("</feed>\n");
    out
}

fn write_entry(out: &mut String, entry: &Entry) {
    out.push_str("<entry>\n");
    xml::element(out, "id", &[], &entry.id.urn().to_string());
    xml::element(out, "title", &[], &entry.title);
    xml::empty(out, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", &entry.url)]);
    xml::element(out, "published", &[], &entry.published.to_rfc3339());
    xml::element(out, "updated", &[], &entry.updated.to_rfc3339());
    for author in &entry.authors {
        person(out, author);
    }
    for category in &entry.categories {
        xml::empty(out, "category", &[("term", category)]);
    }
    if !entry.summary.is_empty() {
        xml::element(out, "summary", &[], &entry.summary);
    }
    let html = match entry.url.parse::<Url>() {
        Ok(page) => base::absolute(&entry.html, &page),
        Err(_) => entry.html.clone(),
    };
    xml::element(out, "content", &[("type", "html")], &html);
    out.push_str("</entry>\n");
}

fn person(out: &mut String, name: &str) {
    out.push_str("<author>");
    let mut inner = String::new();
    xml::element(&mut inner, "name", &[], name);
    out.push_str(inner.trim_end());
    out.push_str("</author>\n");
}

#[cfg(test)]
mod tests {
    use super::{Entry, Feed, write};
    use crate::clock::Timestamp;

    fn feed(entries: Vec<Entry>) -> Feed {
        Feed {
            title: "A & B".into(),
            subtitle: String::new(),
            language: "en".into(),
            site_url: "https://example.com/".into(),
            self_url: "https://example.com/feed.xml".into(),
            generator: "Fleuron",
            entries,
        }
    }

    fn entry() -> Entry {
        Entry {
            id: uuid::Uuid::nil(),
            title: "<Title>\u{1}".into(),
            url: "https://example.com/post".into(),
            published: Timestamp::parse("2026-01-01").unwrap(),
            updated: Timestamp::parse("2026-01-02").unwrap(),
            authors: vec!["Ada".into(), "Bob".into()],
            categories: vec!["rust".into()],
            summary: "Short".into(),
            html: "<p><a href=\"/x\">x</a></p>".into(),
        }
    }

    #[test]
    fn a_feed_has_what_the_standard_asks_for() {
        let text = write(&feed(vec![entry()]));
        for part in [
            "<title>A &amp; B</title>",
            "<id>https://example.com/feed.xml</id>",
            "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://example.com/feed.xml\"/>",
            "<updated>2026-01-02T00:00:00.000Z</updated>",
            "<id>urn:uuid:00000000-0000-0000-0000-000000000000</id>",
            "<title>&lt;Title&gt;</title>",
            "<published>2026-01-01T00:00:00.000Z</published>",
            "<author><name>Ada</name></author>\n<author><name>Bob</name></author>",
            "<category term=\"rust\"/>",
            "<content type=\"html\">&lt;p&gt;&lt;a href=&quot;https://example.com/x&quot;&gt;x&lt;/a&gt;&lt;/p&gt;</content>",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert_eq!(text.matches("<entry>").count(), 1);
    }

    #[test]
    fn an_empty_feed_is_a_feed() {
        let text = write(&feed(Vec::new()));
        assert!(text.contains("<updated>1970-01-01T00:00:00.000Z</updated>") && text.contains("<author>"));
    }
}
