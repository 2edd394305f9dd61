//! What the two policies allow.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use url::{ParseError, Url};

use super::RESERVED_IDS;

const CONTENT_TAGS: [&str; 78] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

const COMMENT_TAGS: [&str; 12] =
    ["a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "strong", "ul"];

/// Elements that go with all they hold: it is no text for a reader.
const DROPPED_WITH_CONTENT: [&str; 16] = [
    "canvas", "head", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select",
    "style", "svg", "template", "textarea", "title", "xmp",
];

/// The attributes that any element may have.
const COMMON_ATTRIBUTES: [&str; 7] = ["class", "dir", "id", "lang", "role", "tabindex", "title"];

const ROLES: [&str; 12] = [
    "doc-backlink",
    "doc-endnotes",
    "doc-noteref",
    "doc-pullquote",
    "doc-tip",
    "figure",
    "group",
    "img",
    "list",
    "none",
    "note",
    "region",
];

/// The longest id that is kept, in bytes.
const ID_LIMIT: usize = 200;

/// The policy for posts and pages.
pub(super) fn content() -> Builder<'static> {
    let attributes: [(&str, &[&str]); 27] = [
        ("a", &["href", "hreflang", "name", "rel"]),
        ("audio", &["controls", "loop", "muted", "preload", "src"]),
        ("blockquote", &["cite"]),
        ("col", &["align", "span"]),
        ("colgroup", &["align", "span"]),
        ("data", &["value"]),
        ("del", &["cite", "datetime"]),
        ("details", &["open"]),
        ("img", &["align", "alt", "decoding", "height", "loading", "sizes", "src", "srcset", "width"]),
        ("input", &["checked", "disabled", "type"]),
        ("ins", &["cite", "datetime"]),
        ("li", &["value"]),
        ("ol", &["reversed", "start", "type"]),
        ("p", &["align"]),
        ("q", &["cite"]),
        ("source", &["height", "media", "sizes", "src", "srcset", "type", "width"]),
        ("table", &["align"]),
        ("tbody", &["align"]),
        ("td", &["align", "colspan", "headers", "rowspan"]),
        ("tfoot", &["align"]),
        ("th", &["align", "abbr", "colspan", "headers", "rowspan", "scope"]),
        ("thead", &["align"]),
        ("time", &["datetime"]),
        ("tr", &["align"]),
        ("track", &["default", "kind", "label", "src", "srclang"]),
        ("ul", &["type"]),
        (
            "video",
            &["controls", "height", "loop", "muted", "playsinline", "poster", "preload", "src", "width"],
        ),
    ];
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(CONTENT_TAGS))
        .clean_content_tags(HashSet::from(DROPPED_WITH_CONTENT))
        .tag_attributes(tag_attributes(&attributes))
        .generic_attributes(HashSet::from(COMMON_ATTRIBUTES))
        .generic_attribute_prefixes(HashSet::from(["aria-"]))
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("audio", "controls", "")
        .set_tag_attribute_value("video", "controls", "")
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(UrlRelative::Custom(Box::new(relative)))
        .attribute_filter(attribute)
        .link_rel(None);
    builder
}

/// The policy for comments.
pub(super) fn comment() -> Builder<'static> {
    let attributes: [(&str, &[&str]); 2] = [("a", &["href"]), ("ol", &["start"])];
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(COMMENT_TAGS))
        .clean_content_tags(HashSet::from(DROPPED_WITH_CONTENT))
        .tag_attributes(tag_attributes(&attributes))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Custom(Box::new(relative)))
        .attribute_filter(attribute)
        .link_rel(Some("nofollow ugc noopener"));
    builder
}

fn tag_attributes(table: &[(&'static str, &[&'static str])]) -> HashMap<&'static str, HashSet<&'static str>> {
    table.iter().map(|(tag, attributes)| (*tag, attributes.iter().copied().collect())).collect()
}

/// Looks at the values of attributes that are allowed by name: none takes the attribute out.
fn attribute<'value>(tag: &str, name: &str, value: &'value str) -> Option<Cow<'value, str>> {
    let allowed = match name {
        "id" | "name" => is_free_id(value),
        "tabindex" => value == "0",
        "dir" => ["ltr", "rtl", "auto"].iter().any(|it| value.eq_ignore_ascii_case(it)),
        "role" => ROLES.contains(&value),
        "src" | "poster" => is_resource(value),
        "srcset" => value.split(',').all(|candidate| {
            candidate
                .split_ascii_whitespace()
                .next()
                .is_some_and(|url| is_resource(url) && relative_or_absolute(url))
        }),
        "cite" => is_resource(value) && relative_or_absolute(value),
        "align" => {
            ["left", "center", "right", "middle", "top"].iter().any(|it| value.eq_ignore_ascii_case(it))
        }
        "width" | "height" | "colspan" | "rowspan" | "span" | "start" => is_small_number(value),
        "preload" => ["none", "metadata"].contains(&value),
        "value" if tag == "li" => is_small_number(value),
        _ => true,
    };
    allowed.then_some(Cow::Borrowed(value))
}

fn is_free_id(id: &str) -> bool {
    let plain = !id.is_empty() && id.len() <= ID_LIMIT && !id.contains(char::is_whitespace);
    plain && !RESERVED_IDS.contains(&id)
}

fn is_small_number(value: &str) -> bool {
    let digits = value.strip_suffix('%').unwrap_or(value);
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a URL may be loaded, unlike one that may be followed: from the web or from here.
fn is_resource(url: &str) -> bool {
    match Url::parse(url) {
        Ok(url) => matches!(url.scheme(), "http" | "https"),
        Err(error) => error == ParseError::RelativeUrlWithoutBase,
    }
}

fn relative_or_absolute(url: &str) -> bool {
    Url::parse(url).is_ok() || relative(url).is_some()
}

/// A relative URL without the blanks around it, if no browser could take it for anything else. The sanitiser asks
/// for every URL that does not parse as absolute.
fn relative(url: &str) -> Option<Cow<'_, str>> {
    let url = url.trim_matches(|char: char| char <= ' ');
    // Browsers drop tabs and line feeds and read a backslash as a slash.
    let odd = url.contains(|char: char| char.is_control() || char == '\\');
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let first_segment = path.split('/').next().unwrap_or_default();
    let elsewhere = path.starts_with("//") || has_scheme_look(first_segment);
    let hidden = url.chars().next().is_some_and(|char| !char.is_ascii() && !char.is_alphanumeric());
    (!odd && !elsewhere && !hidden).then_some(Cow::Borrowed(url))
}

/// Whether a path's first segment has a colon, plain or encoded. Such a path must be written `./a:b`.
fn has_scheme_look(segment: &str) -> bool {
    segment.contains(':') || segment.to_ascii_lowercase().contains("%3a") || segment.contains("&colon")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_plain_relative_urls() {
        for url in [
            "",
            "/",
            "/a/b?c=d#e",
            "a/b:c",
            "../x.png",
            "#über",
            "?page=2",
            "?u=http://x",
            "ü.html",
            "a%20b",
            "./a:b",
        ] {
            assert_eq!(relative(url).as_deref(), Some(url));
        }
        assert_eq!(relative(" /a \n").as_deref(), Some("/a"));
    }

    #[test]
    fn refuses_doubtful_urls() {
        for url in [
            "//host/x",
            "/\\host",
            "\\\\host",
            "/\t/host",
            "\u{a0}javascript:x",
            "\u{200b}javascript:x",
            "java\nscript:x",
            "javascript%3ax",
            "\u{feff}x",
            "1a:b",
            "\u{1}javascript:x\u{7f}",
            "\u{3000}//host",
            " //host",
        ] {
            assert_eq!(relative(url), None, "{url:?}");
        }
    }

    #[test]
    fn builds_policies_that_do_not_contradict_themselves() {
        assert_eq!(content().clean("<p>x</p>").to_string(), "<p>x</p>");
        assert_eq!(comment().clean("<p>x</p>").to_string(), "<p>x</p>");
    }
}
