//! JSON Schemas of entries, field kind by field kind. What is answered keeps every rule here; what is sent may be
//! anything that becomes right when it is put in order, and more is looked at than a schema can say.

use serde_json::{Map, Value, json};

use super::{Described, entry_of, reference};
use crate::content::{
    Field, Kind, TypeDefinition,
    definition::{Bounds, INDEXED_LENGTH, ITEMS, Target, TextRules},
};

/// Whole numbers that a double holds exactly lie between this and its negative.
const WHOLE: i64 = 9_007_199_254_740_991;

/// Which way values go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To clients.
    Out,
    /// From clients who create.
    Create,
    /// From clients who change.
    Patch,
}

/// The components of a type.
pub(super) fn of_type(one: &Described<'_>, described: &[Described<'_>]) -> [(String, Value); 4] {
    [
        (one.entry.clone(), entry(one)),
        (one.fields.clone(), fields(one, described)),
        (one.input.clone(), request(one, described, Way::Create)),
        (one.patch.clone(), request(one, described, Way::Patch)),
    ]
}

/// One value of a field, as filters take it.
pub(super) fn single(field: &Field) -> Value {
    match &field.kind {
        Kind::Text(_) | Kind::Slug { .. } | Kind::Email(_) | Kind::Url(_) => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::Select { options, .. } => {
            json!({ "type": "string", "enum": options.iter().map(|option| &option.value).collect::<Vec<_>>() })
        }
        Kind::Relation { .. } => json!({ "type": "string", "format": "uuid" }),
        // One may ask for more than a field takes; then nothing is found.
        Kind::Number(_) => json!({ "type": "number" }),
        Kind::Integer(_) => json!({ "type": "integer", "minimum": -WHOLE, "maximum": WHOLE }),
        kind => value(field, kind, &[], Way::Create),
    }
}

fn entry(one: &Described<'_>) -> Value {
    let definition = &one.content_type.definition;
    let mut properties = Map::new();
    let mut required = vec!["id", "type", "status", "fields", "url", "version"];
    let mut add = |name: &str, schema: Value, description: &str| {
        properties.insert(name.to_owned(), with(schema, "description", description));
    };
    add("id", uuid(), "Identity.");
    add("type", json!({ "type": "string", "const": one.content_type.name() }), "The name of its type.");
    add("status", status(true), "Draft or published.");
    add("fields", reference(&one.fields), "Values by the names of the fields.");
    let url = json!({ "type": ["string", "null"], "format": "uri" });
    let of_url =
        "The address of its page; null where it has none, as a draft and what not everybody may read.";
    add("url", url, of_url);
    add("version", json!({ "type": "integer", "format": "int64" }), "For If-Match.");
    if definition.timestamps {
        let moment = || json!({ "type": "string", "format": "date-time" });
        add("created_at", moment(), "When it was made.");
        add("updated_at", moment(), "When it was last changed.");
        add("published_at", nullable(moment()), "When it was first published.");
        required.extend(["created_at", "updated_at", "published_at"]);
    }
    if definition.authorship {
        add("created_by", nullable(uuid()), "Who made it; null when it was the engine.");
        add("updated_by", nullable(uuid()), "Who changed it last; null when it was the engine.");
        required.extend(["created_by", "updated_by"]);
    }
    let markdown = definition.fields.iter().filter(|field| matches!(field.kind, Kind::Markdown(_)));
    let html: Map<String, Value> =
        markdown.map(|field| (field.name.to_string(), json!({ "type": "string" }))).collect();
    if !html.is_empty() {
        let html = json!({ "type": "object", "properties": html });
        add("html", html, "Fields of Markdown as safe HTML; only when asked for with `include=html`.");
    }
    json!({
        "type": "object",
        "description": about(definition),
        "properties": properties,
        "required": required,
    })
}

/// The fields of an answer. None is required: a client may ask for some alone.
fn fields(one: &Described<'_>, described: &[Described<'_>]) -> Value {
    let definition = &one.content_type.definition;
    let property = |field: &Field| (field.name.to_string(), property(definition, field, described, Way::Out));
    let properties: Map<String, Value> = definition.fields.iter().map(property).collect();
    json!({ "type": "object", "description": "Null where a field has no value.", "properties": properties })
}

fn request(one: &Described<'_>, described: &[Described<'_>], way: Way) -> Value {
    let definition = &one.content_type.definition;
    let property = |field: &Field| (field.name.to_string(), property(definition, field, described, way));
    let properties: Map<String, Value> = definition.fields.iter().map(property).collect();
    let mut fields = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let mut body =
        json!({ "type": "object", "description": about(definition), "additionalProperties": false });
    let needed: Vec<&str> = definition
        .fields
        .iter()
        .filter(|field| way == Way::Create && must_be_sent(definition, field))
        .map(|field| field.name.as_str())
        .collect();
    if !needed.is_empty() {
        fields["required"] = json!(needed);
        body["required"] = json!(["fields"]);
    }
    body["properties"] = json!({ "status": status(definition.drafts), "fields": fields });
    body
}

/// A field with what people are told of it.
fn property(definition: &TypeDefinition, field: &Field, described: &[Described<'_>], way: Way) -> Value {
    let schema = value(field, &field.kind, described, way);
    let may_be_null = match way {
        // What somebody may not see is null, too.
        Way::Out => !is_complete(definition, field) || matches!(field.kind, Kind::Relation { .. }),
        Way::Create | Way::Patch => !is_complete(definition, field),
    };
    let schema = if may_be_null { nullable(schema) } else { schema };
    let schema = with(schema, "title", &field.label);
    match description(field, described) {
        text if text.is_empty() => schema,
        text => with(schema, "description", &text),
    }
}

/// Whether every entry has a value: drafts may lack what is required.
fn is_complete(definition: &TypeDefinition, field: &Field) -> bool {
    field.required && !definition.drafts
}

fn must_be_sent(definition: &TypeDefinition, field: &Field) -> bool {
    is_complete(definition, field) && field.default.is_none() && !matches!(field.kind, Kind::Slug { .. })
}

fn value(field: &Field, kind: &Kind, described: &[Described<'_>], way: Way) -> Value {
    match kind {
        Kind::Text(rules) => text(rules, None, longest(field), way),
        Kind::Markdown(rules) => text(rules, None, None, way),
        Kind::Email(rules) => text(rules, Some("email"), longest(field), way),
        Kind::Url(rules) => text(rules, Some("uri"), longest(field), way),
        Kind::Slug { .. } => json!({ "type": "string", "minLength": 1 }),
        Kind::Number(bounds) => bounded(json!({ "type": "number" }), bounds, "minimum", "maximum"),
        Kind::Integer(bounds) => {
            let bounds = Bounds { min: bounds.min.or(Some(-WHOLE)), max: bounds.max.or(Some(WHOLE)) };
            bounded(json!({ "type": "integer" }), &bounds, "minimum", "maximum")
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Date(_) => json!({ "type": "string", "format": "date" }),
        Kind::DateTime(_) => json!({ "type": "string", "format": "date-time" }),
        Kind::Select { options, many } => {
            let options: Vec<&String> = options.iter().map(|option| &option.value).collect();
            let one = json!({ "type": "string", "enum": options });
            many.as_ref().map_or(one.clone(), |many| list(one, many, way))
        }
        Kind::Json => json!({}),
        Kind::Relation { to, many, .. } => {
            let one = related(to, described, way);
            many.as_ref().map_or(one.clone(), |many| list(one, many, way))
        }
        Kind::Group { fields, items } => group(fields, items, way),
    }
}

/// An id, or what it stands for where that was asked for.
fn related(to: &Target, described: &[Described<'_>], way: Way) -> Value {
    if way != Way::Out {
        return uuid();
    }
    let component = match to {
        Target::Post | Target::Page => Some("RelatedPost"),
        Target::User => Some("Author"),
        Target::Type(name) => entry_of(described, name.as_str()),
    };
    component.map_or_else(uuid, |component| json!({ "anyOf": [uuid(), reference(component)] }))
}

fn group(fields: &[Field], items: &Bounds<u64>, way: Way) -> Value {
    let property = |field: &Field| {
        let schema = nullable(value(field, &field.kind, &[], way));
        (field.name.to_string(), with(schema, "title", &field.label))
    };
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let mut item = json!({ "type": "object", "properties": properties });
    if way != Way::Out {
        item["additionalProperties"] = false.into();
    }
    let max = items.max.or(Some(ITEMS));
    bounded(json!({ "type": "array", "items": item }), &Bounds { min: None, max }, "minItems", "maxItems")
}

fn list(item: Value, many: &Bounds<u64>, way: Way) -> Value {
    let mut list = json!({ "type": "array", "items": item });
    if way != Way::Out {
        list["uniqueItems"] = true.into();
    }
    let bounds = Bounds { min: many.min.filter(|_| way != Way::Out), max: many.max.or(Some(ITEMS)) };
    bounded(list, &bounds, "minItems", "maxItems")
}

fn text(rules: &TextRules, format: Option<&str>, longest: Option<u64>, way: Way) -> Value {
    let length = Bounds { min: rules.length.min, max: rules.length.max.or(longest) };
    let mut schema = bounded(json!({ "type": "string" }), &length, "minLength", "maxLength");
    if let Some(format) = format {
        schema["format"] = format.into();
    }
    if let Some(pattern) =
        rules.pattern.as_ref().filter(|pattern| way != Way::Out && is_common(&pattern.text))
    {
        schema["pattern"] = format!("^(?:{})$", pattern.text).into();
    }
    schema
}

/// The longest text where nothing is said of it: indexes take no longer one.
fn longest(field: &Field) -> Option<u64> {
    (field.unique || field.filterable || field.sortable).then_some(INDEXED_LENGTH)
}

/// Whether a regular expression means the same in JSON Schema, which knows those of ECMAScript.
fn is_common(pattern: &str) -> bool {
    let foreign = [
        "\\A", "\\z", "\\p", "\\P", "\\x{", "\\u", "\\U", "[[", "[^[", "&&", "--", "~~", "\\<", "\\>", "\\b{",
    ];
    let plain_groups = pattern.split("(?").skip(1).all(|rest| rest.starts_with(':'));
    plain_groups && !foreign.iter().any(|part| pattern.contains(part))
}

fn bounded<T: serde::Serialize>(mut schema: Value, bounds: &Bounds<T>, least: &str, most: &str) -> Value {
    if let Some(min) = &bounds.min {
        schema[least] = json!(min);
    }
    if let Some(max) = &bounds.max {
        schema[most] = json!(max);
    }
    schema
}

/// The schema, which null fits, too.
fn nullable(mut schema: Value) -> Value {
    if let Some(Value::Array(options)) = schema.get_mut("enum") {
        options.push(Value::Null);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(json!({ "type": "null" }));
    }
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    schema
}

fn with(mut schema: Value, name: &str, text: &str) -> Value {
    schema[name] = text.into();
    schema
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn status(has_drafts: bool) -> Value {
    let names: &[&str] = if has_drafts { &["draft", "published"] } else { &["published"] };
    json!({ "type": "string", "enum": names })
}

fn about(definition: &TypeDefinition) -> String {
    match definition.description.as_str() {
        "" => definition.singular.clone(),
        text => format!("{}. {text}", definition.singular),
    }
}

/// What is to be known of a field beside its label.
fn description(field: &Field, described: &[Described<'_>]) -> String {
    let mut sentences = Vec::new();
    if !field.help.is_empty() {
        sentences.push(field.help.clone());
    }
    if field.required {
        sentences.push("A published entry must have it.".to_owned());
    }
    if field.unique {
        sentences.push("No two entries have the same.".to_owned());
    }
    if field.private {
        sentences.push("Only for those who may change the entry.".to_owned());
    }
    match &field.kind {
        Kind::Slug { from: Some(from) } => {
            sentences.push(format!("Made from `{from}` where it is left out."))
        }
        Kind::Date(bounds) | Kind::DateTime(bounds) => {
            sentences.extend(bounds.min.iter().map(|min| format!("Not before {min}.")));
            sentences.extend(bounds.max.iter().map(|max| format!("Not after {max}.")));
        }
        // Of a type that is not described, not even the name is.
        Kind::Relation { to: Target::Type(name), .. } => {
            let is_known = entry_of(described, name.as_str()).is_some();
            sentences.extend(is_known.then(|| format!("Leads to entries of `{name}`.")));
        }
        Kind::Relation { to, .. } => sentences.push(format!("Leads to: {}.", to.name())),
        Kind::Text(rules) | Kind::Email(rules) | Kind::Url(rules) => {
            sentences.extend(rules.pattern.iter().map(|pattern| format!("Must match `{}`.", pattern.text)));
        }
        _ => {}
    }
    sentences.join(" ")
}
