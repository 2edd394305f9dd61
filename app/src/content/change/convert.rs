//! What becomes of a value when its field is to hold something else. Whether the result keeps the field's rules is
//! checked afterwards.

use chrono::NaiveDate;
use serde_json::{Map, Number, Value};

use crate::{
    clock::Timestamp,
    content::{
        Field, Kind,
        definition::{FieldName, Target},
    },
    posts::Slug,
};

/// What many values are joined with in a text.
const JOINT: &str = ", ";
/// Whole numbers up to this one are exact in a double.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// The value as the other kind would hold it; none where it means nothing there, null where nothing remains of it.
pub(super) fn convert(from: &Kind, to: &Kind, value: &Value) -> Option<Value> {
    match (from, to) {
        (Kind::Group { fields: before, .. }, Kind::Group { fields: after, .. }) => {
            group(before, after, value)
        }
        (Kind::Json, Kind::Group { .. }) | (_, Kind::Json) => Some(value.clone()),
        (Kind::Group { .. }, _) | (_, Kind::Group { .. }) => None,
        _ => match (value, to.is_many()) {
            (Value::Array(values), true) => {
                let values: Option<Vec<Value>> = values.iter().map(|value| single(from, to, value)).collect();
                values.map(Value::Array)
            }
            (Value::Array(values), false) => match values.as_slice() {
                [] => Some(Value::Null),
                [value] => single(from, to, value),
                values => joined(to, values),
            },
            (value, true) => single(from, to, value).map(|value| Value::Array(vec![value])),
            (value, false) => single(from, to, value),
        },
    }
}

/// Whether any value of one kind can mean something as the other.
pub(super) fn is_possible(from: &Kind, to: &Kind) -> bool {
    match (from, to) {
        (Kind::Group { .. }, Kind::Group { .. } | Kind::Json) | (Kind::Json, _) | (_, Kind::Json) => true,
        (Kind::Group { .. }, _) | (_, Kind::Group { .. }) => false,
        (Kind::Relation { to: before, .. }, Kind::Relation { to: after, .. }) => is_same_place(before, after),
        (Kind::Relation { .. }, to) => is_text(to),
        (from, Kind::Relation { .. }) => is_text(from),
        (Kind::Number(_) | Kind::Integer(_) | Kind::Boolean, Kind::Date(_) | Kind::DateTime(_))
        | (Kind::Date(_) | Kind::DateTime(_), Kind::Number(_) | Kind::Integer(_) | Kind::Boolean) => false,
        _ => true,
    }
}

/// Ids of one table mean nothing in another. Posts and pages are in the same.
fn is_same_place(before: &Target, after: &Target) -> bool {
    let is_post = |target: &Target| matches!(target, Target::Post | Target::Page);
    before == after || (is_post(before) && is_post(after))
}

const fn is_text(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text(_)
            | Kind::Markdown(_)
            | Kind::Email(_)
            | Kind::Url(_)
            | Kind::Slug { .. }
            | Kind::Select { .. }
    )
}

/// One value, which is no list.
fn single(from: &Kind, to: &Kind, value: &Value) -> Option<Value> {
    match to {
        Kind::Slug { .. } if !matches!(from, Kind::Slug { .. }) => {
            let made = Slug::derive_below(&text(value)?, "");
            (!made.as_str().is_empty()).then(|| made.as_str().into())
        }
        to if is_text(to) => text(value).map(Value::String),
        Kind::Relation { .. } => value.as_str().map(|id| id.trim().into()),
        Kind::Number(_) => number(value).and_then(number_value),
        Kind::Integer(_) => whole(value).map(Value::from),
        Kind::Boolean => boolean(value).map(Value::Bool),
        Kind::Date(_) => date(value.as_str()?.trim()).map(Value::String),
        Kind::DateTime(_) => moment(value.as_str()?.trim()).map(Value::String),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => number.to_string(),
        }),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(text) => {
            let text = text.trim();
            // Rust also reads `inf` and `nan`.
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            is_plain.then(|| text.parse().ok()).flatten()?
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Whole numbers are written without a fraction.
fn number_value(number: f64) -> Option<Value> {
    match exact(number) {
        Some(whole) => Some(Value::from(whole)),
        None => Number::from_f64(number).map(Value::Number),
    }
}

fn whole(value: &Value) -> Option<i64> {
    if let Some(whole) = value.as_i64() {
        return Some(whole);
    }
    if let Some(whole) = value.as_str().and_then(|text| text.trim().parse().ok()) {
        return Some(whole);
    }
    number(value).and_then(exact)
}

/// The number as a whole one, if it is one that a double holds exactly.
fn exact(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= LARGEST_EXACT).then_some(number as i64)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The day, in UTC where it is a moment.
fn date(text: &str) -> Option<String> {
    if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() {
        return Some(text.to_owned());
    }
    let moment = moment(text)?;
    moment.get(..10).map(str::to_owned)
}

/// The moment; of a day, its beginning in UTC.
fn moment(text: &str) -> Option<String> {
    Timestamp::parse(text).ok().map(Timestamp::to_rfc3339)
}

/// Several values become one only as a text.
fn joined(to: &Kind, values: &[Value]) -> Option<Value> {
    if !matches!(to, Kind::Text(_) | Kind::Markdown(_)) {
        return None;
    }
    let texts: Option<Vec<String>> = values.iter().map(text).collect();
    texts.map(|texts| texts.join(JOINT).into())
}

/// Every item with the names and kinds of today. A field that goes leaves the item, since the whole list as it was is
/// kept.
fn group(before: &[Field], after: &[Field], value: &Value) -> Option<Value> {
    let items = value.as_array()?;
    let items: Option<Vec<Value>> =
        items.iter().map(|item| item_of(before, after, item.as_object()?)).collect();
    items.map(Value::Array)
}

fn item_of(before: &[Field], after: &[Field], item: &Map<String, Value>) -> Option<Value> {
    let mut made = Map::new();
    for field in after {
        let source = predecessor(before, field);
        let value = source.and_then(|source| Some((source, item.get(source.name.as_str())?)));
        let value = match value {
            Some((source, value)) if source.kind == field.kind => Some(value.clone()),
            Some((source, value)) => Some(convert(&source.kind, &field.kind, value)?),
            None => None,
        };
        if let Some(value) = value.filter(|value| !value.is_null()) {
            made.insert(field.name.to_string(), value);
        }
    }
    Some(Value::Object(made))
}

/// The field that this one was before: of the same name, or of the name that it says it had.
pub(super) fn predecessor<'a>(before: &'a [Field], field: &Field) -> Option<&'a Field> {
    let named = |name: &FieldName| before.iter().find(|before| before.name == *name);
    named(&field.name).or_else(|| named(field.was.as_ref()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::definition::{Bounds, OnDelete, TextRules, source};

    fn kind(name: &str) -> Kind {
        let many = Some(Bounds { min: None, max: None });
        match name {
            "text" => Kind::Text(TextRules::default()),
            "markdown" => Kind::Markdown(TextRules::default()),
            "email" => Kind::Email(TextRules::default()),
            "slug" => Kind::Slug { from: None },
            "number" => Kind::Number(Bounds::default()),
            "integer" => Kind::Integer(Bounds::default()),
            "boolean" => Kind::Boolean,
            "date" => Kind::Date(Bounds::default()),
            "datetime" => Kind::DateTime(Bounds::default()),
            "select" => Kind::Select { options: Vec::new(), many: None },
            "selects" => Kind::Select { options: Vec::new(), many },
            "json" => Kind::Json,
            "post" => Kind::Relation { to: Target::Post, many: None, on_delete: OnDelete::Clear },
            "posts" => Kind::Relation { to: Target::Post, many, on_delete: OnDelete::Clear },
            "user" => Kind::Relation { to: Target::User, many: None, on_delete: OnDelete::Clear },
            "group" => Kind::Group { fields: Vec::new(), items: Bounds::default() },
            other => panic!("{other}"),
        }
    }

    #[test]
    fn values_mean_the_same_in_the_other_kind() {
        let id = "0190a5e4-1c2d-7e3f-8a4b-5c6d7e8f9a0b";
        for (from, to, value, expected) in [
            ("text", "number", json!(" 12.50 "), Some(json!(12.5))),
            ("text", "number", json!("1e3"), Some(json!(1000))),
            ("text", "number", json!("12 EUR"), None),
            ("text", "number", json!("inf"), None),
            ("text", "number", json!(""), None),
            ("text", "integer", json!("12"), Some(json!(12))),
            ("text", "integer", json!("12.0"), Some(json!(12))),
            ("text", "integer", json!("12.5"), None),
            ("text", "boolean", json!("Yes"), Some(json!(true))),
            ("text", "boolean", json!("perhaps"), None),
            ("text", "date", json!("2026-02-03"), Some(json!("2026-02-03"))),
            ("text", "date", json!("2026-02-03T23:30:00-02:00"), Some(json!("2026-02-04"))),
            ("text", "date", json!("3 February"), None),
            ("text", "datetime", json!("2026-02-03"), Some(json!("2026-02-03T00:00:00.000Z"))),
            ("text", "slug", json!("Hello, World!"), Some(json!("hello-world"))),
            ("text", "slug", json!("Admin"), Some(json!("admin"))),
            ("text", "slug", json!("!!!"), None),
            ("text", "slug", json!(id), Some(json!(format!("{id}-2")))),
            ("text", "email", json!("a@example.com"), Some(json!("a@example.com"))),
            ("text", "select", json!("red"), Some(json!("red"))),
            ("text", "selects", json!("red"), Some(json!(["red"]))),
            ("text", "json", json!("red"), Some(json!("red"))),
            ("text", "post", json!(id), Some(json!(id))),
            ("text", "group", json!("red"), None),
            ("markdown", "text", json!("*a*"), Some(json!("*a*"))),
            ("number", "text", json!(5.0), Some(json!("5"))),
            ("number", "text", json!(5.25), Some(json!("5.25"))),
            ("integer", "text", json!(5), Some(json!("5"))),
            ("number", "integer", json!(5.0), Some(json!(5))),
            ("number", "integer", json!(5.5), None),
            ("integer", "number", json!(5), Some(json!(5))),
            ("number", "boolean", json!(1), Some(json!(true))),
            ("number", "boolean", json!(2), None),
            ("boolean", "text", json!(true), Some(json!("true"))),
            ("boolean", "integer", json!(false), Some(json!(0))),
            ("date", "datetime", json!("2026-02-03"), Some(json!("2026-02-03T00:00:00.000Z"))),
            ("datetime", "date", json!("2026-02-03T04:05:06.000Z"), Some(json!("2026-02-03"))),
            ("date", "text", json!("2026-02-03"), Some(json!("2026-02-03"))),
            ("number", "date", json!(5), None),
            ("select", "selects", json!("a"), Some(json!(["a"]))),
            ("selects", "select", json!(["a"]), Some(json!("a"))),
            ("selects", "select", json!([]), Some(Value::Null)),
            ("selects", "select", json!(["a", "b"]), None),
            ("selects", "text", json!(["a", "b"]), Some(json!("a, b"))),
            ("post", "posts", json!(id), Some(json!([id]))),
            ("posts", "post", json!([id]), Some(json!(id))),
            ("posts", "post", json!([id, id]), None),
            ("json", "number", json!("3"), Some(json!(3))),
            ("json", "text", json!({ "a": 1 }), None),
            ("json", "group", json!([{ "a": 1 }]), Some(json!([{ "a": 1 }]))),
            ("group", "json", json!([{ "a": 1 }]), Some(json!([{ "a": 1 }]))),
            ("group", "text", json!([]), None),
        ] {
            assert_eq!(convert(&kind(from), &kind(to), &value), expected, "{from} to {to}: {value}");
        }
    }

    #[test]
    fn some_kinds_have_nothing_to_say_to_each_other() {
        assert!(is_possible(&kind("text"), &kind("number")) && is_possible(&kind("json"), &kind("group")));
        assert!(is_possible(&kind("post"), &kind("posts")) && is_possible(&kind("post"), &kind("text")));
        for (from, to) in [("post", "user"), ("group", "text"), ("number", "date"), ("boolean", "post")] {
            assert!(!is_possible(&kind(from), &kind(to)), "{from} to {to}");
        }
    }

    #[test]
    fn items_of_groups_follow_their_fields() {
        let fields = |value: Value| match source::field_from_json(&value).unwrap().kind {
            Kind::Group { fields, .. } => fields,
            other => panic!("{other:?}"),
        };
        let before = fields(json!({ "name": "items", "kind": "group", "fields": [
            { "name": "amount", "kind": "text" }, { "name": "thing", "kind": "text" }, { "name": "old", "kind": "text" },
        ] }));
        let after = fields(json!({ "name": "items", "kind": "group", "fields": [
            { "name": "amount", "kind": "number" },
            { "name": "thing", "kind": "text" },
            { "name": "unit", "kind": "text" },
        ] }));
        let value = json!([{ "amount": "3", "thing": "flour", "old": "x" }, { "thing": "salt" }]);
        let expected = json!([{ "amount": 3, "thing": "flour" }, { "thing": "salt" }]);
        assert_eq!(group(&before, &after, &value), Some(expected));
        assert_eq!(group(&before, &after, &json!([{ "amount": "some" }])), None);
    }
}
