//! What an entry becomes on its way through the filters: what goes in, what may come out, and what is made of it.

use fleuron_plugin_host::{CallContext, ContentEvent, FilterHook, Filtered, PluginHost};
use serde_json::Value;

use super::{derive_slug, may_have, write::to_json};
use crate::{
    auth::Actor,
    clock::Timestamp,
    content::{ContentType, Entry, EntryStatus, Fields, check},
    error::{ApiError, FieldError, Result},
    plugins::refused,
};

/// Of names that nobody knows, so many are told.
const UNKNOWN_TOLD: usize = 20;

/// The members of an entry's JSON. All but `fields` and `status` are for reading.
const MEMBERS: [&str; 11] = [
    "id",
    "type",
    "status",
    "fields",
    "url",
    "created_at",
    "updated_at",
    "published_at",
    "created_by",
    "updated_by",
    "version",
];

/// What somebody wants an entry to become.
pub(super) struct Wish<'a> {
    pub(super) actor: &'a Actor,
    pub(super) content_type: &'a ContentType,
    /// What stands; none for a new entry.
    pub(super) base: Option<&'a Entry>,
}

/// An entry as it shall be.
pub(super) struct Settled {
    pub(super) entry: Entry,
    /// Whether its slug was made, so that a taken one gets a number.
    pub(super) may_be_numbered: bool,
}

impl Wish<'_> {
    /// Checks the entry, lets the filters work on it and checks again.
    pub(super) async fn settle<H: FilterHook<Payload = ContentEvent>>(
        &self,
        hooks: &PluginHost,
        entry: Entry,
    ) -> Result<Settled> {
        let settled = self.check(entry).map_err(ApiError::validation)?;
        may_have(self.actor, self.content_type, settled.entry.status)?;
        let name = self.content_type.name();
        if !hooks.listens(H::POINT) || hooks.audience(H::POINT, Some(name), &[]).is_empty() {
            return Ok(settled);
        }
        let input = self.payload(&settled.entry);
        let allowed = |answer: &ContentEvent| self.allows(&settled, answer);
        let answer = hooks.filter::<H>(input, &self.context(), allowed).await.map_err(refused)?;
        let Filtered { payload, held, .. } = answer;
        let mut answered = self.read(&settled, &payload).map_err(ApiError::validation)?;
        if held && self.content_type.definition.drafts {
            answered.entry.status = EntryStatus::Draft;
        }
        may_have(self.actor, self.content_type, answered.entry.status)?;
        Ok(answered)
    }

    /// Checks every rule and reports every fault.
    fn check(&self, mut entry: Entry) -> Result<Settled, Vec<FieldError>> {
        let definition = &self.content_type.definition;
        let may_be_numbered =
            derive_slug(definition, &mut entry.fields, entry.status == EntryStatus::Published);
        let mut faults = Vec::new();
        if entry.status == EntryStatus::Draft && !definition.drafts {
            let message = format!("`{}` has no drafts; its entries are published.", definition.name);
            faults.push(FieldError::at("status", message));
        }
        match check::fields(definition, &entry.fields, entry.is_public()) {
            Ok(fields) => entry.fields = fields,
            Err(more) => faults.extend(more),
        }
        if entry.is_public() && entry.published_at.is_none() {
            entry.published_at = Some(if self.base.is_none() { entry.created_at } else { Timestamp::now() });
        }
        if faults.is_empty() { Ok(Settled { entry, may_be_numbered }) } else { Err(faults) }
    }

    /// Whether a filter's answer is one that the actor could have sent.
    fn allows(&self, settled: &Settled, answer: &ContentEvent) -> Result<(), String> {
        let answered = self.read(settled, answer).map_err(|faults| FieldError::line(&faults))?;
        may_have(self.actor, self.content_type, answered.entry.status)
            .map_err(|error| error.detail().to_owned())
    }

    /// What a filter made of the entry.
    fn read(&self, settled: &Settled, answer: &ContentEvent) -> Result<Settled, Vec<FieldError>> {
        let fault = |field: &str, message: String| vec![FieldError::new(field, message)];
        if answer.content_type != self.content_type.name() {
            let message = format!("Must stay `{}`.", self.content_type.name());
            return Err(fault("content-type", message));
        }
        let data: Value = serde_json::from_str(&answer.data)
            .map_err(|error| fault("data", format!("Must be the entry as JSON: {error}.")))?;
        let Value::Object(data) = data else {
            return Err(fault("data", "Must be an object, as it was handed over.".to_owned()));
        };
        let unknown: Vec<FieldError> = data
            .keys()
            .filter(|name| !MEMBERS.contains(&name.as_str()))
            .take(UNKNOWN_TOLD)
            .map(|name| {
                FieldError::new("data", format!("An entry has no `{name}`; values belong into `fields`."))
            })
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let fields: Fields = match data.get("fields") {
            Some(Value::Object(fields)) => fields.clone(),
            _ => return Err(fault("fields", "Must be an object with the values of the fields.".to_owned())),
        };
        let status = match data.get("status") {
            None | Some(Value::Null) => settled.entry.status,
            Some(status) => status
                .as_str()
                .and_then(EntryStatus::parse)
                .ok_or_else(|| fault("status", "Must be `draft` or `published`.".to_owned()))?,
        };
        let keeps_slug = self.slug_of(&fields) == self.slug_of(&settled.entry.fields);
        let entry = Entry {
            fields,
            status,
            published_at: self.published_at(settled, status),
            ..settled.entry.clone()
        };
        let answered = self.check(entry)?;
        let may_be_numbered = answered.may_be_numbered || (keeps_slug && settled.may_be_numbered);
        Ok(Settled { may_be_numbered, ..answered })
    }

    /// A filter that takes an entry back which was to be published leaves no date behind.
    fn published_at(&self, settled: &Settled, status: EntryStatus) -> Option<Timestamp> {
        match (status, self.base) {
            (EntryStatus::Draft, None) => None,
            (EntryStatus::Draft, Some(base)) => base.published_at,
            (EntryStatus::Published, _) => settled.entry.published_at,
        }
    }

    fn slug_of<'f>(&self, fields: &'f Fields) -> Option<&'f Value> {
        fields.get(self.content_type.definition.slug_field()?.name.as_str())
    }

    fn payload(&self, entry: &Entry) -> ContentEvent {
        let mut data = to_json(&self.content_type.definition, entry);
        if self.base.is_none() {
            data["id"] = Value::Null;
        }
        ContentEvent {
            content_type: self.content_type.name().to_owned(),
            data: data.to_string(),
            id: self.base.map(|base| base.id.to_string()),
        }
    }

    fn context(&self) -> CallContext {
        CallContext {
            entity_id: self.base.map(|base| base.id.to_string()),
            entity_version: self.base.map(|base| base.version),
            kind: Some(self.content_type.name().to_owned()),
            acting_user: self.actor.user_id().map(|id| id.to_string()),
            ..CallContext::default()
        }
    }
}
