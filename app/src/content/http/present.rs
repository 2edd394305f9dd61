//! From entries to their wire form: fields in the order of the definition, addresses, relations expanded and Markdown
//! as HTML when asked for. Nothing is copied on the way.

use std::{collections::HashMap, io, sync::Arc};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Value;
use uuid::Uuid;

use super::query::View;
use crate::{
    auth::Actor,
    content::{
        ContentType, Entry, EntryService, Kind, check,
        definition::{Requirement, Target},
        dto::RelatedPost,
        entries::Related,
    },
    error::{ApiError, FieldError, Result},
    render::{pipeline::Renderer, sanitize::SafeHtml},
    site::Links,
};

/// Most things that the relations of one answer lead to.
pub(in crate::content) const EXPANDED: usize = 2_000;
/// The largest answer, in bytes: what relations lead to may be large, and be there many times.
pub(in crate::content) const ANSWER: usize = 16 * 1024 * 1024;

/// Makes answers of entries. Cheap to clone.
#[derive(Clone)]
pub struct EntryPresenter {
    entries: EntryService,
    renderer: Renderer,
    links: Arc<Links>,
}

/// Entries with all that is needed beside them for an answer.
pub(super) struct Prepared<'a> {
    content_type: &'a ContentType,
    entries: &'a [Entry],
    view: &'a View,
    scene: Scene<'a>,
    /// Of each entry, where asked for: fields by their places.
    html: Vec<Vec<(usize, Arc<SafeHtml>)>>,
}

/// What all entries of an answer share.
struct Scene<'a> {
    actor: &'a Actor,
    links: &'a Links,
    related: HashMap<Uuid, Related>,
}

impl EntryPresenter {
    /// Puts it together.
    pub fn new(entries: EntryService, renderer: Renderer, links: Arc<Links>) -> Self {
        Self { entries, renderer, links }
    }

    /// Gets what an answer with these entries needs: what relations lead to, by one query for each kind of it, and
    /// HTML.
    pub(super) async fn prepare<'a>(
        &'a self,
        actor: &'a Actor,
        content_type: &'a ContentType,
        entries: &'a [Entry],
        view: &'a View,
    ) -> Result<Prepared<'a>> {
        let related = self.related(actor, content_type, entries, view).await?;
        let html = if view.html { self.html(actor, content_type, entries, view).await? } else { Vec::new() };
        let scene = Scene { actor, links: &self.links, related };
        Ok(Prepared { content_type, entries, view, scene, html })
    }

    async fn related(
        &self,
        actor: &Actor,
        content_type: &ContentType,
        entries: &[Entry],
        view: &View,
    ) -> Result<HashMap<Uuid, Related>> {
        let mut wanted: Vec<(&Target, Vec<Uuid>)> = Vec::new();
        let places = view.expand.iter().filter(|place| view.shows(**place));
        for field in places.filter_map(|place| content_type.definition.fields.get(*place)) {
            let Kind::Relation { to, .. } = &field.kind else { continue };
            let values = entries.iter().filter_map(|entry| entry.fields.get(field.name.as_str()));
            let ids = values.flat_map(check::relation_ids);
            match wanted.iter_mut().find(|(target, _)| *target == to) {
                Some((_, known)) => known.extend(ids),
                None => wanted.push((to, ids.collect())),
            }
        }
        // Each is answered wherever it stands, so that it counts as often.
        let count: usize = wanted.iter().map(|(_, ids)| ids.len()).sum();
        if count > EXPANDED {
            let message = format!(
                "Leads to {count} things; at most {EXPANDED} are answered at once. Ask for a smaller `limit`, or for \
                 fewer relations."
            );
            return Err(ApiError::validation(vec![FieldError::new("expand", message)]));
        }
        let mut related = HashMap::new();
        for (target, mut ids) in wanted {
            ids.sort_unstable();
            ids.dedup();
            related.extend(self.entries.related(actor, target, &ids).await?);
        }
        Ok(related)
    }

    async fn html(
        &self,
        actor: &Actor,
        content_type: &ContentType,
        entries: &[Entry],
        view: &View,
    ) -> Result<Vec<Vec<(usize, Arc<SafeHtml>)>>> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let sees_private = content_type.may_edit(actor, entry);
            let mut rendered = Vec::new();
            for (place, field) in content_type.definition.fields.iter().enumerate() {
                let is_shown = view.shows(place) && (!field.private || sees_private);
                let value = entry.fields.get(field.name.as_str()).and_then(Value::as_str);
                if let (Kind::Markdown(_), true, Some(markdown)) = (&field.kind, is_shown, value) {
                    let (name, version) = (field.name.as_str(), entry.version);
                    let html =
                        self.renderer.content(content_type.name(), entry.id, version, name, markdown).await?;
                    rendered.push((place, html));
                }
            }
            all.push(rendered);
        }
        Ok(all)
    }
}

/// An answer to readers, which is not larger than it may be. `parameter` is what they can make smaller.
pub(super) fn written(body: &impl Serialize, parameter: &str) -> Result<Vec<u8>> {
    let mut bounded = Bounded { bytes: Vec::new(), most: ANSWER };
    match serde_json::to_writer(&mut bounded, body) {
        Ok(()) => Ok(bounded.bytes),
        Err(error) if error.is_io() => {
            let message = format!(
                "The answer would have more than {ANSWER} bytes. Ask for less of it: a smaller `limit`, some `fields` \
                 alone, or fewer relations with `expand`."
            );
            Err(ApiError::validation(vec![FieldError::new(parameter, message)]))
        }
        Err(error) => Err(ApiError::internal(error)),
    }
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::Error::other("there is more than an answer may have"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl View {
    /// Whether the field at this place is asked for.
    fn shows(&self, place: usize) -> bool {
        self.chosen.as_ref().is_none_or(|chosen| chosen.contains(&place))
    }
}

impl Prepared<'_> {
    /// The entries, ready to be written.
    pub(super) fn views(&self) -> Vec<EntryView<'_>> {
        let view = |(index, entry): (usize, _)| EntryView {
            content_type: self.content_type,
            entry,
            view: Some(self.view),
            html: self.view.html.then(|| self.html.get(index).map(Vec::as_slice).unwrap_or_default()),
            sees_private: self.content_type.may_edit(self.scene.actor, entry),
            scene: &self.scene,
        };
        self.entries.iter().enumerate().map(view).collect()
    }
}

/// One entry in its wire form.
pub(super) struct EntryView<'a> {
    content_type: &'a ContentType,
    entry: &'a Entry,
    /// How much of it; all if unset.
    view: Option<&'a View>,
    html: Option<&'a [(usize, Arc<SafeHtml>)]>,
    sees_private: bool,
    scene: &'a Scene<'a>,
}

impl Serialize for EntryView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (definition, entry) = (&self.content_type.definition, self.entry);
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("id", &entry.id)?;
        members.serialize_entry("type", definition.name.as_str())?;
        members.serialize_entry("status", entry.status.as_str())?;
        members.serialize_entry("fields", &FieldsView(self))?;
        if let Some(html) = self.html {
            members.serialize_entry("html", &HtmlView { content_type: self.content_type, html })?;
        }
        // Pages show what everybody may read.
        let has_page = entry.is_public() && definition.access.read == Requirement::Anyone;
        let path = entry.path(definition).filter(|_| has_page);
        let url = path.map(|path| self.scene.links.absolute(&path));
        members.serialize_entry("url", &url)?;
        if definition.timestamps {
            members.serialize_entry("created_at", &entry.created_at)?;
            members.serialize_entry("updated_at", &entry.updated_at)?;
            members.serialize_entry("published_at", &entry.published_at)?;
        }
        if definition.authorship {
            members.serialize_entry("created_by", &entry.created_by)?;
            members.serialize_entry("updated_by", &entry.updated_by)?;
        }
        members.serialize_entry("version", &entry.version)?;
        members.end()
    }
}

struct FieldsView<'a>(&'a EntryView<'a>);

impl Serialize for FieldsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let EntryView { content_type, entry, view, sees_private, .. } = self.0;
        let mut members = serializer.serialize_map(None)?;
        for (place, field) in content_type.definition.fields.iter().enumerate() {
            if (field.private && !sees_private) || view.is_some_and(|view| !view.shows(place)) {
                continue;
            }
            let name = field.name.as_str();
            let value = entry.fields.get(name);
            let is_expanded = view.is_some_and(|view| view.expand.contains(&place));
            match (&field.kind, value) {
                (_, None) => members.serialize_entry(name, &())?,
                (Kind::Relation { many, .. }, Some(value)) if is_expanded => {
                    let scene = self.0.scene;
                    members.serialize_entry(name, &RelationView { value, is_many: many.is_some(), scene })?;
                }
                (_, Some(value)) => members.serialize_entry(name, value)?,
            }
        }
        members.end()
    }
}

/// What a relation leads to, as far as the reader may see it.
struct RelationView<'a> {
    value: &'a Value,
    is_many: bool,
    scene: &'a Scene<'a>,
}

impl Serialize for RelationView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids = check::relation_ids(self.value);
        let mut seen = ids.iter().filter_map(|id| self.scene.related.get(id));
        let view = |related| RelatedView { related, scene: self.scene };
        if !self.is_many {
            return seen.next().map(view).serialize(serializer);
        }
        let mut items = serializer.serialize_seq(None)?;
        for related in seen {
            items.serialize_element(&view(related))?;
        }
        items.end()
    }
}

struct RelatedView<'a> {
    related: &'a Related,
    scene: &'a Scene<'a>,
}

impl Serialize for RelatedView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.related {
            Related::Entry(typed) => EntryView {
                content_type: &typed.content_type,
                entry: &typed.entry,
                view: None,
                html: None,
                sees_private: typed.content_type.may_edit(self.scene.actor, &typed.entry),
                scene: self.scene,
            }
            .serialize(serializer),
            Related::Post(post) => {
                RelatedPost::new(post, self.scene.links.absolute(&post.path())).serialize(serializer)
            }
            Related::User(user) => user.serialize(serializer),
        }
    }
}

struct HtmlView<'a> {
    content_type: &'a ContentType,
    html: &'a [(usize, Arc<SafeHtml>)],
}

impl Serialize for HtmlView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = &self.content_type.definition.fields;
        let mut members = serializer.serialize_map(None)?;
        for (place, html) in self.html {
            if let Some(field) = fields.get(*place) {
                members.serialize_entry(field.name.as_str(), html.as_str())?;
            }
        }
        members.end()
    }
}
