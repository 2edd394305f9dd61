//! Filters: `filter[price][gte]=10`. Which comparisons a field takes depends on what it holds; each is one that an
//! index serves.

use super::{Reader, printable, quoted};
use crate::{
    content::{
        Field, Kind, check,
        definition::SortKey,
        model::{Condition, IndexValue, Operator},
    },
    error::FieldError,
};

/// Most conditions of one list.
const CONDITIONS: usize = 20;
/// Most values of one `in`.
pub(in crate::content) const VALUES: usize = 100;

/// Comparisons by their names in requests.
const OPERATORS: [(&str, Operator); 8] = [
    ("eq", Operator::Equal),
    ("gt", Operator::Greater),
    ("gte", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("lte", Operator::LessOrEqual),
    ("in", Operator::In),
    ("contains", Operator::Contains),
    ("null", Operator::IsNull),
];

/// What moments take.
pub(in crate::content) const OF_MOMENTS: &[Operator] =
    &[Operator::Greater, Operator::GreaterOrEqual, Operator::Less, Operator::LessOrEqual];
const OF_VALUES: &[Operator] = &[
    Operator::Equal,
    Operator::In,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::IsNull,
];
const OF_NAMES: &[Operator] = &[Operator::Equal, Operator::In, Operator::IsNull];
const OF_FLAGS: &[Operator] = &[Operator::Equal, Operator::IsNull];
const OF_LISTS: &[Operator] = &[Operator::Contains];

/// What a filterable field of this kind takes.
pub(in crate::content) fn operators(kind: &Kind) -> &'static [Operator] {
    match kind {
        kind if kind.is_many() => OF_LISTS,
        Kind::Text(_)
        | Kind::Slug { .. }
        | Kind::Number(_)
        | Kind::Integer(_)
        | Kind::Date(_)
        | Kind::DateTime(_) => OF_VALUES,
        Kind::Email(_) | Kind::Url(_) | Kind::Select { .. } | Kind::Relation { .. } => OF_NAMES,
        Kind::Boolean => OF_FLAGS,
        Kind::Markdown(_) | Kind::Json | Kind::Group { .. } => &[],
    }
}

/// The name of a parameter: `filter[price][gte]`.
pub(in crate::content) fn parameter(key: &str, operator: Operator) -> String {
    match operator {
        Operator::Equal => format!("filter[{key}]"),
        operator => format!("filter[{key}][{}]", name(operator)),
    }
}

fn name(operator: Operator) -> &'static str {
    OPERATORS.iter().find(|(_, other)| *other == operator).map_or("", |(name, _)| *name)
}

/// `filter[price][gte]` is `price` and `gte`.
fn parts(parameter: &str) -> Option<(&str, Option<&str>)> {
    let (key, rest) = parameter.strip_prefix("filter[")?.split_once(']')?;
    if rest.is_empty() {
        return Some((key, None));
    }
    Some((key, Some(rest.strip_prefix('[')?.strip_suffix(']')?)))
}

impl Reader<'_> {
    /// All conditions.
    pub(super) fn conditions(&mut self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut faults = Vec::new();
        for (parameter, text) in self.given.iter().filter(|(name, _)| name.starts_with("filter[")) {
            match self.condition(parameter, text) {
                Ok(condition) => conditions.push(condition),
                Err(message) => faults.push(FieldError::new(printable(parameter), message)),
            }
        }
        if conditions.len() > CONDITIONS {
            faults.push(FieldError::new("filter", format!("At most {CONDITIONS} conditions are taken.")));
        }
        self.faults.append(&mut faults);
        leave_out_unset(&mut conditions);
        conditions
    }

    fn condition(&self, parameter: &str, text: &str) -> Result<Condition, String> {
        let Some((key, operator)) = parts(parameter) else {
            return Err("Must be written as `filter[field]` or `filter[field][operator]`.".into());
        };
        let (key, field) = self.key(key)?;
        let offered = field.map_or(OF_MOMENTS, |field| operators(&field.kind));
        let operator = chosen(operator, offered)?;
        let value = |text: &str| match field {
            Some(field) => check::filter_value(field, text),
            None => check::moment(text),
        };
        if text.is_empty() {
            let hint = if offered.contains(&Operator::IsNull) {
                "; use the operator `null` for entries without a value"
            } else {
                ""
            };
            return Err(format!("Must not be empty{hint}."));
        }
        let values = match operator {
            Operator::IsNull => vec![flag(text)?],
            Operator::In => several(text, value)?,
            _ => vec![value(text)?],
        };
        Ok(Condition { key, operator, values })
    }

    /// What a filter compares: a moment, or a field that may be filtered by.
    fn key(&self, name: &str) -> Result<(SortKey, Option<&Field>), String> {
        let definition = &self.content_type.definition;
        if let Some(key) = definition.moments().iter().find(|moment| moment.as_str() == name) {
            return Ok((key.clone(), None));
        }
        let fits = |field: &&Field| field.filterable && (!field.private || self.sees_private);
        if let Some(field) = definition.field(name).filter(fits) {
            return Ok((SortKey::Field(field.name.clone()), Some(field)));
        }
        let filterable = definition.fields.iter().filter(fits).map(|field| field.name.as_str());
        let keys = quoted(filterable.chain(definition.moments().iter().map(SortKey::as_str)));
        Err(if keys.is_empty() {
            "Lists of this content type cannot be filtered.".to_owned()
        } else {
            format!("Lists of this content type can be filtered by {keys}.")
        })
    }
}

/// Without an operator: what lists contain, what all else is equal to.
fn chosen(name: Option<&str>, offered: &[Operator]) -> Result<Operator, String> {
    let plain = [Operator::Equal, Operator::Contains].into_iter().find(|operator| offered.contains(operator));
    let operator = match name {
        None => plain,
        Some(name) => OPERATORS.iter().find(|(other, _)| *other == name).map(|(_, operator)| *operator),
    };
    operator.filter(|operator| offered.contains(operator)).ok_or_else(|| {
        let names = offered.iter().map(|operator| self::name(*operator));
        format!("Must be written with one of the operators {}.", quoted(names))
    })
}

fn flag(text: &str) -> Result<IndexValue, String> {
    match text {
        "true" => Ok(IndexValue::Number(1.0)),
        "false" => Ok(IndexValue::Number(0.0)),
        _ => Err("Must be `true` or `false`.".into()),
    }
}

fn several(
    text: &str,
    value: impl Fn(&str) -> Result<IndexValue, String>,
) -> Result<Vec<IndexValue>, String> {
    let mut values = Vec::new();
    for part in text.split(',') {
        if part.is_empty() {
            return Err("Must be values joined by commas, none of them empty.".into());
        }
        let value = value(part)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > VALUES {
        return Err(format!("Must be at most {VALUES} values."));
    }
    Ok(values)
}

/// What is unset counts as the smallest in an index; it is not smaller than a value for whoever asks.
fn leave_out_unset(conditions: &mut Vec<Condition>) {
    let is_upper = |operator| matches!(operator, Operator::Less | Operator::LessOrEqual);
    let is_lower = |operator| matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
    let open: Vec<SortKey> = conditions
        .iter()
        .filter(|upper| is_upper(upper.operator) && matches!(upper.key, SortKey::Field(_)))
        .filter(|upper| !conditions.iter().any(|other| other.key == upper.key && is_lower(other.operator)))
        .map(|upper| upper.key.clone())
        .collect();
    for key in open {
        let values = vec![IndexValue::Number(0.0)];
        let set = Condition { key, operator: Operator::IsNull, values };
        if !conditions.contains(&set) {
            conditions.push(set);
        }
    }
}
