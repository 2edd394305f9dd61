//! The query parameters of a type: the filters and orders that its fields declare, by their literal names.

use serde_json::{Value, json};

use super::schemas;
use crate::content::{
    ContentType, Field, Kind,
    definition::SortKey,
    http::{
        present::{ANSWER, EXPANDED},
        query::{
            SEARCH_LENGTH,
            filter::{self, OF_MOMENTS},
        },
    },
    model::Operator,
};

/// Parameters of lists.
pub(super) fn of_list(content_type: &ContentType) -> Vec<Value> {
    let definition = &content_type.definition;
    let mut parameters = Vec::new();
    if definition.drafts {
        let schema = json!({ "type": "string", "enum": ["draft", "published"] });
        let description = "Published if left out. Drafts are for those who may write; without the permission to edit \
                           others' content, one's own.";
        parameters.push(parameter("status", description, schema));
    }
    let sortable = definition.fields.iter().filter(|field| field.sortable).map(|field| field.name.as_str());
    let orders: Vec<String> = sortable
        .chain(definition.moments().iter().map(SortKey::as_str))
        .flat_map(|key| [key.to_owned(), format!("-{key}")])
        .collect();
    if !orders.is_empty() {
        let description = format!("`{}` if left out; `-`: the largest first.", definition.default_sort);
        parameters.push(parameter("sort", &description, json!({ "type": "string", "enum": orders })));
    }
    if definition.fields.iter().any(|field| field.searchable) {
        let schema = json!({ "type": "string", "maxLength": SEARCH_LENGTH });
        let description = "Words that are all in the searchable fields; the last one may be unfinished.";
        parameters.push(parameter("q", description, schema));
    }
    for field in definition.fields.iter().filter(|field| field.filterable) {
        parameters.extend(filter::operators(&field.kind).iter().map(|operator| filter_of(field, *operator)));
    }
    for key in definition.moments() {
        let name = key.as_str();
        let moment = || json!({ "type": "string", "format": "date-time" });
        let filter =
            |operator: &Operator| parameter(&filter::parameter(name, *operator), words(*operator), moment());
        parameters.extend(OF_MOMENTS.iter().map(filter));
    }
    parameters
}

/// Parameters of whatever answers entries.
pub(super) fn of_entries(content_type: &ContentType) -> Vec<Value> {
    let fields = &content_type.definition.fields;
    let names = |fits: fn(&Field) -> bool| -> Vec<&str> {
        fields.iter().filter(|field| fits(field)).map(|field| field.name.as_str()).collect()
    };
    let mut parameters = vec![joined("fields", "Only these fields; all if left out.", &names(|_| true))];
    let relations = names(|field| matches!(field.kind, Kind::Relation { .. }));
    if !relations.is_empty() {
        let description = format!(
            "Relations that are to be what they lead to instead of ids: at most {EXPANDED} things, and {ANSWER} bytes, \
             in one answer. Those that `fields` leaves out are left out."
        );
        parameters.push(joined("expand", &description, &relations));
    }
    if fields.iter().any(|field| matches!(field.kind, Kind::Markdown(_))) {
        let schema = json!({ "type": "string", "enum": ["html"] });
        parameters.push(parameter("include", "Adds fields of Markdown as safe HTML.", schema));
    }
    parameters
}

fn filter_of(field: &Field, operator: Operator) -> Value {
    let name = filter::parameter(field.name.as_str(), operator);
    let only = if field.private { " Only for those who may change all entries." } else { "" };
    let description = format!("{}: {}{only}", field.label, words(operator));
    match operator {
        Operator::IsNull => parameter(&name, &description, json!({ "type": "boolean" })),
        Operator::In => list(&name, &description, schemas::single(field), Some(filter::VALUES)),
        _ => parameter(&name, &description, schemas::single(field)),
    }
}

fn words(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "equal to this.",
        Operator::Greater => "greater than this.",
        Operator::GreaterOrEqual => "this or greater.",
        Operator::Less => "less than this.",
        Operator::LessOrEqual => "this or less.",
        Operator::In => "one of these.",
        Operator::Contains => "has this among its values.",
        Operator::IsNull => "whether it has no value.",
    }
}

fn joined(name: &str, description: &str, names: &[&str]) -> Value {
    list(name, description, json!({ "type": "string", "enum": names }), None)
}

/// Values joined by commas; one that stands twice does no harm.
fn list(name: &str, description: &str, item: Value, most: Option<usize>) -> Value {
    let mut schema = json!({ "type": "array", "items": item, "minItems": 1 });
    if let Some(most) = most {
        schema["maxItems"] = most.into();
    }
    let mut parameter = parameter(name, &format!("{description} Joined by commas."), schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

fn parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
}
