//! What a query string asks for, checked against the type. Everything that is wrong with it is said at once, with the
//! name of the parameter and what would be right.

pub(in crate::content) mod cursor;
pub(in crate::content) mod filter;

use std::borrow::Cow;

use url::form_urlencoded;

use crate::{
    auth::{Actor, Permission},
    content::{
        ContentType, EntryStatus, Field, Kind,
        definition::{Sort, SortKey},
        model::EntryList,
    },
    error::{ApiError, ErrorCode, FieldError, Result},
    http::Cursor,
    ids::UserId,
};

/// What lists take, beside filters.
const LIST: [&str; 8] = ["status", "sort", "q", "fields", "expand", "include", "cursor", "limit"];
/// What single entries take.
const READ: [&str; 3] = ["fields", "expand", "include"];
/// The longest `q`, in characters.
pub(in crate::content) const SEARCH_LENGTH: usize = 200;

/// How much of an entry is answered. Fields are named by their places in the definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Only these fields; all if unset.
    pub(super) chosen: Option<Vec<usize>>,
    /// Relations that are answered as what they lead to.
    pub(super) expand: Vec<usize>,
    /// Whether Markdown is answered as HTML, too.
    pub(super) html: bool,
}

/// Reads the query string of a list.
pub(super) fn list(content_type: &ContentType, actor: &Actor, query: &str) -> Result<(EntryList, View)> {
    let mut reader = Reader::new(content_type, actor, query);
    let is_list = |name: &str| LIST.contains(&name) || name.starts_with("filter[");
    reader.refuse_unknown(is_list, &format!("{} and `filter[...]`", quoted(LIST)));
    let status = reader.status();
    let created_by = reader.only_of(status)?;
    reader.sees_private = reader.is_unfenced() || created_by.is_some();
    let sort = reader.sort();
    let conditions = reader.conditions();
    let search = reader.search();
    let limit = reader.limit();
    let view = reader.view();
    let cursor = reader.one("cursor");
    reader.finish()?;
    let after = cursor.map(|text| cursor::decode(content_type, &sort, &text)).transpose()?;
    Ok((EntryList { status, created_by, conditions, search, sort, after, limit }, view))
}

/// Reads the query string of a single entry.
pub(super) fn read(content_type: &ContentType, actor: &Actor, query: &str) -> Result<View> {
    let mut reader = Reader::new(content_type, actor, query);
    reader.refuse_unknown(|name| READ.contains(&name), &quoted(READ));
    let view = reader.view();
    reader.finish()?;
    Ok(view)
}

struct Reader<'a> {
    content_type: &'a ContentType,
    actor: &'a Actor,
    given: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether lists may be filtered and sorted by private fields: where all that is in them may be seen whole.
    sees_private: bool,
    faults: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn new(content_type: &'a ContentType, actor: &'a Actor, query: &'a str) -> Self {
        let given = form_urlencoded::parse(query.as_bytes()).collect();
        Self { content_type, actor, given, sees_private: false, faults: Vec::new() }
    }

    fn fault(&mut self, parameter: impl Into<String>, message: impl Into<String>) {
        self.faults.push(FieldError::new(parameter, message));
    }

    fn finish(self) -> Result<()> {
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::validation(self.faults)) }
    }

    fn refuse_unknown(&mut self, is_known: impl Fn(&str) -> bool, known: &str) {
        let mut faults = Vec::new();
        for (name, value) in &self.given {
            if !is_known(name) {
                let message = format!("There is no such parameter here; there are {known}.");
                faults.push(FieldError::new(printable(name), message));
            } else if value.contains('\0') || name.contains('\0') {
                faults.push(FieldError::new(printable(name), "Must not hold NUL characters."));
            }
        }
        self.faults.append(&mut faults);
    }

    /// The value of a parameter that is given at most once.
    fn one(&mut self, parameter: &str) -> Option<String> {
        let mut values = self.given.iter().filter(|(name, _)| name == parameter).map(|(_, value)| value);
        let first = values.next().map(|value| value.clone().into_owned());
        if values.next().is_some() {
            self.fault(parameter, "Must be given once.");
        }
        first
    }

    /// Whether the actor may change every entry of the type, and so see all of it.
    fn is_unfenced(&self) -> bool {
        let sees_others = !self.content_type.definition.authorship || self.actor.may(Permission::EditOthers);
        self.content_type.may_write(self.actor) && sees_others
    }

    fn status(&mut self) -> EntryStatus {
        let Some(text) = self.one("status") else { return EntryStatus::Published };
        match EntryStatus::parse(&text) {
            Some(EntryStatus::Draft) if !self.content_type.definition.drafts => {
                self.fault("status", "Must be `published`: this content type has no drafts.");
            }
            Some(status) => return status,
            None => self.fault("status", "Must be `draft` or `published`."),
        }
        EntryStatus::Published
    }

    /// Whose entries of this status the actor may see; everybody's if unset.
    fn only_of(&self, status: EntryStatus) -> Result<Option<UserId>> {
        if status == EntryStatus::Published || self.is_unfenced() {
            return Ok(None);
        }
        if self.content_type.may_write(self.actor)
            && let Some(user) = self.actor.user_id()
        {
            return Ok(Some(user));
        }
        Err(match self.actor {
            Actor::Anonymous => ApiError::new(ErrorCode::Unauthenticated, "Sign in to see drafts."),
            _ => ApiError::new(
                ErrorCode::Forbidden,
                "Drafts are for those who may write entries of this type.",
            ),
        })
    }

    fn sort(&mut self) -> Sort {
        let default = self.content_type.definition.default_sort.clone();
        let Some(text) = self.one("sort") else { return default };
        let (name, descending) = text.strip_prefix('-').map_or((text.as_str(), false), |name| (name, true));
        let definition = &self.content_type.definition;
        if let Some(key) = definition.moments().iter().find(|moment| moment.as_str() == name) {
            return Sort { key: key.clone(), descending };
        }
        let fits = |field: &&Field| field.sortable && (!field.private || self.sees_private);
        if let Some(field) = definition.field(name).filter(fits) {
            return Sort { key: SortKey::Field(field.name.clone()), descending };
        }
        let sortable = definition.fields.iter().filter(fits).map(|field| field.name.as_str());
        let keys = quoted(sortable.chain(definition.moments().iter().map(SortKey::as_str)));
        let message = if keys.is_empty() {
            "Lists of this content type have one order alone.".to_owned()
        } else {
            format!("Must be one of {keys}, with `-` in front for the largest first.")
        };
        self.fault("sort", message);
        default
    }

    fn search(&mut self) -> Option<String> {
        let words = self.one("q")?;
        if !self.content_type.definition.fields.iter().any(|field| field.searchable) {
            self.fault("q", "This content type has no searchable fields.");
        } else if words.chars().count() > SEARCH_LENGTH {
            self.fault("q", format!("Must have at most {SEARCH_LENGTH} characters."));
        }
        Some(words)
    }

    fn limit(&mut self) -> u64 {
        // What is no number is as wrong as 0.
        let asked = self.one("limit").map(|text| text.parse().unwrap_or(0));
        match Cursor::limit(asked) {
            Ok(limit) => limit,
            Err(error) => {
                self.faults.extend_from_slice(error.fields());
                1
            }
        }
    }

    fn view(&mut self) -> View {
        let may_write = self.content_type.may_write(self.actor);
        let is_shown = |field: &Field| !field.private || may_write;
        let chosen = self.names("fields", "fields", is_shown);
        let is_relation = |field: &Field| is_shown(field) && matches!(field.kind, Kind::Relation { .. });
        let expand = self.names("expand", "relations", is_relation).unwrap_or_default();
        let html = match self.one("include").as_deref() {
            None => false,
            Some("html") => {
                let is_markdown = |field: &Field| is_shown(field) && matches!(field.kind, Kind::Markdown(_));
                if !self.content_type.definition.fields.iter().any(is_markdown) {
                    self.fault("include", "This content type has no fields of Markdown.");
                }
                true
            }
            Some(_) => {
                self.fault("include", "Only `html` can be included.");
                false
            }
        };
        View { chosen, expand, html }
    }

    /// The places of the fields that a parameter names.
    fn names(&mut self, parameter: &str, what: &str, fits: impl Fn(&Field) -> bool) -> Option<Vec<usize>> {
        let text = self.one(parameter)?;
        let fields = &self.content_type.definition.fields;
        let mut places = Vec::new();
        let mut wrong = Vec::new();
        for name in text.split(',') {
            match fields.iter().position(|field| field.name.as_str() == name && fits(field)) {
                Some(place) if places.contains(&place) => {}
                Some(place) => places.push(place),
                None => wrong.push(printable(name)),
            }
        }
        if !wrong.is_empty() {
            let right: Vec<&str> =
                fields.iter().filter(|field| fits(field)).map(|field| field.name.as_str()).collect();
            let wrong = quoted(wrong.iter().map(String::as_str));
            let message = if right.is_empty() {
                format!("This content type has no {what}.")
            } else {
                format!("There are no {what} {wrong}; there are {}, to be joined by commas.", quoted(right))
            };
            self.fault(parameter, message);
        }
        Some(places)
    }
}

/// Names for messages.
pub(super) fn quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What a client wrote, short and without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
