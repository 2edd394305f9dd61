//! What front matter says of a post, whichever site generator it was written for. Every fault is collected.

use serde_json::{Map, Value};

use super::{
    dates::{self, Moment},
    front_matter::{Fault, Split},
};

/// Longest name of an author, tag or category, in characters.
const NAME_LENGTH: usize = 120;

/// What front matter says. Unknown fields are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) date: Option<Moment>,
    pub(super) draft: bool,
    pub(super) authors: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) slug: Option<String>,
    pub(super) path: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) cover: Option<String>,
}

/// Reads the front matter of a file.
pub(super) fn read(split: &Split<'_>) -> Result<Metadata, Vec<Fault>> {
    let fields = split.parse().map_err(|fault| vec![fault])?;
    let mut reader = Reader { split, fields: &fields, faults: Vec::new() };
    let metadata = Metadata {
        title: reader.line(&["title"]),
        date: reader.date(),
        draft: reader.flag("draft").unwrap_or(false) || reader.flag("published") == Some(false),
        authors: reader.names(&["authors", "author", "taxonomies.authors", "extra.authors"], false),
        tags: reader.names(&["tags", "taxonomies.tags", "tag"], true),
        categories: reader.names(&["categories", "taxonomies.categories", "category"], true),
        description: reader.line(&["description", "summary", "excerpt"]),
        slug: reader.line(&["slug"]),
        path: reader.line(&["path", "permalink", "url"]),
        aliases: reader.list(&["aliases", "alias", "redirect_from"], false),
        cover: reader.cover(),
    };
    if reader.faults.is_empty() { Ok(metadata) } else { Err(reader.faults) }
}

struct Reader<'a> {
    split: &'a Split<'a>,
    fields: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// The first of these fields that is there. A dot leads into a table.
    fn field(&self, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        names.iter().find_map(|name| {
            let (table, rest) =
                name.split_once('.').map_or((*name, None), |(table, rest)| (table, Some(rest)));
            let value = self.fields.get(table)?;
            let value = rest.map_or(Some(value), |rest| value.get(rest))?;
            (!value.is_null()).then_some((*name, value))
        })
    }

    fn fault(&mut self, field: &str, message: impl std::fmt::Display) {
        let line = self.split.line_of(field);
        self.faults.push(Fault { line, message: format!("`{field}` {message}") });
    }

    /// One line of text; runs of white space become one space. Empty is none.
    fn line(&mut self, names: &[&'static str]) -> Option<String> {
        let (name, value) = self.field(names)?;
        match scalar(value) {
            Some(text) => tidy(&text),
            None => {
                self.fault(name, format!("must be text, not {}", kind(value)));
                None
            }
        }
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        let (_, value) = self.field(&[name])?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.fault(name, "must be true or false");
        }
        flag
    }

    fn date(&mut self) -> Option<Moment> {
        let (name, value) = self.field(&["date", "publishdate", "pubdate", "published_at", "created"])?;
        match scalar(value).map(|text| dates::parse(&text)) {
            Some(Ok(moment)) => Some(moment),
            Some(Err(message)) => {
                self.fault(name, format!("cannot be read: {message}"));
                None
            }
            None => {
                self.fault(name, format!("must be a date, not {}", kind(value)));
                None
            }
        }
    }

    /// A picture's address: text, or a table that holds it.
    fn cover(&mut self) -> Option<String> {
        let names = [
            "cover.image",
            "cover.src",
            "image.src",
            "extra.image",
            "extra.cover",
            "image",
            "cover",
            "featured_image",
        ];
        let (_, value) = self.field(&names)?;
        scalar(value).and_then(|text| tidy(&text))
    }

    fn names(&mut self, names: &[&'static str], commas: bool) -> Vec<String> {
        let list = self.list(names, commas);
        let too_long = list.iter().filter(|name| name.chars().count() > NAME_LENGTH).count();
        if too_long > 0 {
            self.fault(names[0], format!("holds a name of more than {NAME_LENGTH} characters"));
        }
        list
    }

    /// A list of texts, or one text (with commas between several, if `commas`).
    fn list(&mut self, names: &[&'static str], commas: bool) -> Vec<String> {
        let Some((name, value)) = self.field(names) else { return Vec::new() };
        let mut list: Vec<String> = Vec::new();
        let mut add = |text: &str| {
            let text = tidy(text).filter(|text| !list.contains(text));
            list.extend(text);
        };
        let mut wrong = None;
        match value {
            Value::Array(items) => {
                for item in items {
                    match scalar(item.get("name").unwrap_or(item)) {
                        Some(text) => add(&text),
                        None => wrong = Some(kind(item)),
                    }
                }
            }
            other => match scalar(other.get("name").unwrap_or(other)) {
                Some(text) if commas => text.split(',').for_each(add),
                Some(text) => add(&text),
                None => wrong = Some(kind(other)),
            },
        }
        if let Some(wrong) = wrong {
            self.fault(name, format!("must be a list of texts; {wrong} is in it"));
        }
        list
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn tidy(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|character: char| character.is_whitespace() || character.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
        _ => "a single value",
    }
}

#[cfg(test)]
mod tests {
    use super::{Metadata, read};
    use crate::import::front_matter::split;

    fn metadata(text: &str) -> Metadata {
        read(&split(text).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn zola_hugo_and_jekyll_are_understood() {
        let zola = metadata(
            "+++\ntitle = \"A\"\npath = \"2019/11/07/A\"\ndate = 2019-11-08T01:02:03Z\nauthors = [\"Ada\", \"Bob, Jr.\"]\n\
             aliases = [\"old\"]\n[taxonomies]\ntags = [\"x\", \"y\", \"x\"]\ncategories = [\"News\"]\n[extra]\nimage = \"a.png\"\n+++\n",
        );
        assert_eq!(zola.authors, ["Ada", "Bob, Jr."]);
        assert_eq!(
            (zola.tags.as_slice(), zola.categories.as_slice()),
            (["x", "y"].map(String::from).as_slice(), ["News".to_owned()].as_slice())
        );
        assert_eq!((zola.path.as_deref(), zola.cover.as_deref()), (Some("2019/11/07/A"), Some("a.png")));
        assert_eq!(zola.date.unwrap().at.to_rfc3339(), "2019-11-08T01:02:03.000Z");

        let hugo = metadata(
            "---\ntitle: 2020\nsummary: |\n  Two\n  lines\nauthor:\n  name: Ada\ncover:\n  image: c.png\ndraft: true\n---\n",
        );
        assert_eq!(hugo.title.as_deref(), Some("2020"));
        assert_eq!(hugo.description.as_deref(), Some("Two lines"));
        assert_eq!(
            (hugo.authors[0].as_str(), hugo.cover.as_deref(), hugo.draft),
            ("Ada", Some("c.png"), true)
        );

        let jekyll = metadata(
            "---\ntitle: A\npublished: false\ndate: 2019-11-07 10:00:00 +0100\ntags: x, y\npermalink: /a/\n---\n",
        );
        assert!(jekyll.draft);
        assert_eq!(jekyll.tags, ["x", "y"]);
        assert_eq!(jekyll.path.as_deref(), Some("/a/"));
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        let text = "---\ntitle: [a]\ndate: someday\ndraft: perhaps\nauthors:\n  - [x]\n---\n";
        let faults = read(&split(text).unwrap().unwrap()).unwrap_err();
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [Some(2), Some(3), Some(4), Some(5)], "{faults:?}");
    }
}
