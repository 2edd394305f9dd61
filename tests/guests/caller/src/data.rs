//! `data`. Values are written as their JSON; bytes as `{"blob": [0, 255]}`.

use fleuron_plugin::data::{self, Aggregate, Error, ErrorCode, Operator, Query, Row, Value as Stored};
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;

/// Performs a call by its name in the contract; none where the name is another interface's.
pub fn perform(name: &str, arguments: &Arguments<'_>) -> Option<Value> {
    let table = arguments.text(0);
    Some(match name {
        "insert" => answer(data::insert(&table, row(arguments.value(1))), Value::from),
        "fetch-one" => answer(selected(&table, arguments.value(1)).fetch_one(), |found| {
            found.map_or(Value::Null, object)
        }),
        "fetch-all" => answer(selected(&table, arguments.value(1)).fetch_all(), |found| {
            found.into_iter().map(object).collect()
        }),
        "update" => {
            let query = meeting(&table, arguments.value(2));
            answer(query.update(row(arguments.value(1))), Value::from)
        }
        "delete" => answer(meeting(&table, arguments.value(1)).delete(), Value::from),
        "count" => answer(meeting(&table, arguments.value(1)).count(), Value::from),
        "increment" => {
            let query = meeting(&table, arguments.value(3));
            answer(query.increment(&arguments.text(1), arguments.integer(2)), Value::from)
        }
        "sum" => answer(meeting(&table, arguments.value(2)).sum(&arguments.text(1)), plain),
        "group-by" => {
            let query = meeting(&table, arguments.value(3));
            let groups = query.group_by(&arguments.text(1), aggregate(arguments.value(2)));
            answer(groups, |groups| {
                groups.into_iter().map(|group| json!([plain(group.key), plain(group.value)])).collect()
            })
        }
        "new-id" => data::new_id().into(),
        _ => return None,
    })
}

fn answer<T>(outcome: Result<T, Error>, present: impl FnOnce(T) -> Value) -> Value {
    match outcome {
        Ok(value) => present(value),
        Err(error) => json!({ "code": code(error.code), "error": error.message }),
    }
}

fn code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotGranted => "not-granted",
        ErrorCode::Invalid => "invalid",
        ErrorCode::Constraint => "constraint",
        ErrorCode::OverLimit => "over-limit",
        ErrorCode::Failed => "failed",
    }
}

/// `{"conditions": [..], "order": [["column", true]], "limit": 1, "offset": 1}`, where `true` turns the order around.
fn selected(table: &str, selection: &Value) -> Query {
    let number = |key: &str| selection[key].as_u64().and_then(|number| u32::try_from(number).ok());
    let mut query = meeting(table, &selection["conditions"]);
    for order in selection["order"].as_array().into_iter().flatten() {
        query = query.order_by(text(&order[0]));
        if order[1] == true {
            query = query.descending();
        }
    }
    if let Some(limit) = number("limit") {
        query = query.limit(limit);
    }
    if let Some(offset) = number("offset") {
        query = query.offset(offset);
    }
    query
}

/// `[["column", "equal", value], ..]`.
fn meeting(table: &str, conditions: &Value) -> Query {
    conditions.as_array().into_iter().flatten().fold(data::table(table), |query, condition| {
        query.filter(text(&condition[0]), operator(&condition[1]), stored(&condition[2]))
    })
}

fn operator(name: &Value) -> Operator {
    match text(name) {
        "equal" => Operator::Equal,
        "not-equal" => Operator::NotEqual,
        "less" => Operator::Less,
        "less-or-equal" => Operator::LessOrEqual,
        "greater" => Operator::Greater,
        "greater-or-equal" => Operator::GreaterOrEqual,
        "like" => Operator::Like,
        other => panic!("there is no operator `{other}`"),
    }
}

/// `"count"`, or the name of another aggregate and its column.
fn aggregate(value: &Value) -> Aggregate {
    let column = || text(&value[1]).to_owned();
    match value.as_str().unwrap_or_else(|| text(&value[0])) {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum(column()),
        "average" => Aggregate::Average(column()),
        "minimum" => Aggregate::Minimum(column()),
        "maximum" => Aggregate::Maximum(column()),
        other => panic!("there is no aggregate `{other}`"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn row(value: &Value) -> Row {
    value.as_object().into_iter().flatten().map(|(column, value)| (column.as_str(), stored(value))).collect()
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(flag) => Stored::Boolean(*flag),
        Value::String(text) => Stored::Text(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Stored::Integer(whole),
            None => Stored::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        other => {
            let bytes = other["blob"].as_array().into_iter().flatten();
            Stored::Blob(bytes.filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok()).collect())
        }
    }
}

fn object(row: Row) -> Value {
    let fields = row.into_iter().map(|field| (field.column, plain(field.value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn plain(value: Stored) -> Value {
    match value {
        Stored::Null => Value::Null,
        Stored::Boolean(flag) => flag.into(),
        Stored::Integer(whole) => whole.into(),
        Stored::Real(real) => real.into(),
        Stored::Text(text) => text.into(),
        Stored::Blob(bytes) => json!({ "blob": bytes }),
    }
}
