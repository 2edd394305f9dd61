//! Stretches of an order. All that a list asks of one expression becomes one stretch with two ends, so that a database,
//! which starts an index at one condition, starts it at the right one.

use std::cmp::Ordering;

use crate::content::{
    model::{Condition, IndexValue, Operator},
    storage::{expression::Expression, sql::Sql},
};

/// One end of a stretch.
#[derive(Clone, Debug, PartialEq)]
struct End {
    value: IndexValue,
    /// Whether the value itself is still in it.
    is_inside: bool,
}

/// From one value to another, where one or both may be open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Interval {
    lower: Option<End>,
    upper: Option<End>,
}

impl Interval {
    /// One value alone.
    pub(super) fn point(value: &IndexValue) -> Self {
        let end = End { value: value.clone(), is_inside: true };
        Self { lower: Some(end.clone()), upper: Some(end) }
    }

    /// What a condition leaves; of `in`, all between the smallest and the largest. `unset` is the value of entries that
    /// have none: those are in it only where they are asked for.
    pub(super) fn of(condition: &Condition, unset: &IndexValue) -> Self {
        let Some(value) = condition.values.first() else { return Self::default() };
        let all = || Self::default().above(unset, false);
        match condition.operator {
            Operator::Equal | Operator::Contains => Self::point(value),
            Operator::Greater => Self::default().above(value, false),
            Operator::GreaterOrEqual => Self::default().above(value, true),
            Operator::Less => all().below(value, false),
            Operator::LessOrEqual => all().below(value, true),
            Operator::IsNull if *value == IndexValue::Number(0.0) => all(),
            Operator::IsNull => Self::point(unset),
            Operator::In => {
                let smallest = condition.values.iter().min_by(|a, b| order(a, b)).unwrap_or(value);
                let largest = condition.values.iter().max_by(|a, b| order(a, b)).unwrap_or(value);
                Self::default().above(smallest, true).below(largest, true)
            }
        }
    }

    /// What of it is above a value.
    pub(super) fn above(mut self, value: &IndexValue, is_inside: bool) -> Self {
        let is_narrower = |end: &End| match order(value, &end.value) {
            Ordering::Equal => !is_inside,
            ordering => ordering == Ordering::Greater,
        };
        if self.lower.as_ref().is_none_or(is_narrower) {
            self.lower = Some(End { value: value.clone(), is_inside });
        }
        self
    }

    /// What of it is below a value.
    pub(super) fn below(mut self, value: &IndexValue, is_inside: bool) -> Self {
        let is_narrower = |end: &End| match order(value, &end.value) {
            Ordering::Equal => !is_inside,
            ordering => ordering == Ordering::Less,
        };
        if self.upper.as_ref().is_none_or(is_narrower) {
            self.upper = Some(End { value: value.clone(), is_inside });
        }
        self
    }

    /// What is in both.
    pub(super) fn within(mut self, other: &Self) -> Self {
        if let Some(end) = &other.lower {
            self = self.above(&end.value, end.is_inside);
        }
        if let Some(end) = &other.upper {
            self = self.below(&end.value, end.is_inside);
        }
        self
    }

    /// Whether nothing can be in it.
    pub(super) fn is_empty(&self) -> bool {
        let (Some(lower), Some(upper)) = (&self.lower, &self.upper) else { return false };
        match order(&lower.value, &upper.value) {
            Ordering::Less => false,
            Ordering::Equal => !(lower.is_inside && upper.is_inside),
            Ordering::Greater => true,
        }
    }

    /// Whether everything is in it.
    pub(super) fn is_all(&self) -> bool {
        self.lower.is_none() && self.upper.is_none()
    }

    /// The only value in it, if it has but one.
    pub(super) fn only(&self) -> Option<&IndexValue> {
        let (Some(lower), Some(upper)) = (&self.lower, &self.upper) else { return None };
        let are_equal = order(&lower.value, &upper.value) == Ordering::Equal;
        (are_equal && lower.is_inside && upper.is_inside).then_some(&lower.value)
    }

    /// Adds ` AND ..` for the expression to be in it. `guard` stands before the expression.
    pub(super) fn push(&self, sql: &mut Sql, expression: &Expression, guard: &str) {
        if let Some(value) = self.only() {
            sql.push(&format!(" AND {guard}{} = ", expression.sql)).bind(expression.value(value));
            return;
        }
        for (end, sign) in [(&self.lower, ">"), (&self.upper, "<")] {
            let Some(end) = end else { continue };
            let equal = if end.is_inside { "=" } else { "" };
            sql.push(&format!(" AND {guard}{} {sign}{equal} ", expression.sql));
            sql.bind(expression.value(&end.value));
        }
    }
}

/// The order of values as databases have it: numbers by size, texts by their bytes.
fn order(a: &IndexValue, b: &IndexValue) -> Ordering {
    match (a, b) {
        (IndexValue::Number(a), IndexValue::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (IndexValue::Text(a), IndexValue::Text(b)) => a.cmp(b),
        (IndexValue::Number(_), IndexValue::Text(_)) => Ordering::Less,
        (IndexValue::Text(_), IndexValue::Number(_)) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::definition::SortKey;

    const UNSET: IndexValue = IndexValue::Number(f64::NEG_INFINITY);

    fn number(number: f64) -> IndexValue {
        IndexValue::Number(number)
    }

    fn of(operator: Operator, values: &[f64]) -> Interval {
        let values = values.iter().copied().map(number).collect();
        Interval::of(&Condition { key: SortKey::CreatedAt, operator, values }, &UNSET)
    }

    #[test]
    fn conditions_are_stretches() {
        assert_eq!(of(Operator::Equal, &[5.0]).only(), Some(&number(5.0)));
        assert_eq!(of(Operator::IsNull, &[1.0]).only(), Some(&UNSET));
        assert_eq!(of(Operator::IsNull, &[0.0]), Interval::default().above(&UNSET, false));
        let less = Interval::default().above(&UNSET, false).below(&number(5.0), false);
        assert_eq!(of(Operator::Less, &[5.0]), less, "what is unset is not less");
        let several = Interval::default().above(&number(1.0), true).below(&number(9.0), true);
        assert_eq!(of(Operator::In, &[3.0, 9.0, 1.0]), several);
    }

    #[test]
    fn the_narrower_end_counts() {
        let both = of(Operator::GreaterOrEqual, &[5.0]).within(&of(Operator::Greater, &[5.0]));
        assert_eq!(both, of(Operator::Greater, &[5.0]));
        let both = of(Operator::Greater, &[5.0]).within(&of(Operator::GreaterOrEqual, &[4.0]));
        assert_eq!(both, of(Operator::Greater, &[5.0]));
        let between = of(Operator::GreaterOrEqual, &[5.0]).within(&of(Operator::LessOrEqual, &[5.0]));
        assert_eq!(between.only(), Some(&number(5.0)));
        assert!(!between.is_empty());
        assert!(between.below(&number(5.0), false).is_empty());
        assert!(of(Operator::Greater, &[5.0]).within(&of(Operator::Less, &[4.0])).is_empty());
        assert!(Interval::default().is_all());
    }
}
