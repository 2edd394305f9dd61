//! What a value that SQL compares a column with means to the site's database.
//!
//! SQL compares the texts that plugins see; the site's database holds UUIDs and milliseconds. A condition made here
//! lets every row through that the comparison of the texts would, whatever the value is: a malformed id, a number, NULL.

use rusqlite::types::ValueRef;
use uuid::Uuid;

use super::{
    plan::{Operator, Pushed},
    tables::{Kind, Lookup, Table},
};
use crate::clock::Timestamp;

/// Up to here every whole number is a double.
const EXACT: u64 = 1 << 53;

/// A condition for the site's database.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// A column compared with a value.
    Compare { column: usize, operator: Operator, value: sea_orm::Value },
    /// The path of a post or page: one kept from an import, or made of its slug.
    Path { kept: String, slug: Option<String> },
}

impl Condition {
    /// Whether it is a comparison with this column.
    pub(super) fn is_on(&self, wanted: usize) -> bool {
        matches!(self, Self::Compare { column, .. } if *column == wanted)
    }

    /// Whether an index other than that of the key finds the rows.
    pub(super) fn uses_index(&self, table: &Table) -> bool {
        match self {
            Self::Path { .. } => true,
            Self::Compare { column, operator, .. } => {
                match table.columns.get(*column).map(|column| column.lookup) {
                    Some(Lookup::One | Lookup::Many(_)) => *operator == Operator::Equal,
                    Some(Lookup::Moment { ordered, .. }) => ordered,
                    Some(Lookup::Sorted(_)) => true,
                    _ => false,
                }
            }
        }
    }
}

/// What becomes of a condition once its value is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    /// No row can meet it.
    Nothing,
    /// The site's database can't decide it; SQLite does.
    Left,
    /// The site's database checks it.
    Checked(Condition),
}

/// Gives a condition its value.
pub(super) fn bind(table: &Table, pushed: Pushed, value: ValueRef<'_>) -> Bound {
    let Some(column) = table.columns.get(pushed.column) else { return Bound::Left };
    let equal = pushed.operator == Operator::Equal;
    if column.kind.is_number() {
        return number(pushed, value);
    }
    let text = match value {
        ValueRef::Null => return Bound::Nothing,
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        // No number reads like an id, but one may equal another text.
        ValueRef::Integer(_) | ValueRef::Real(_) if equal && column.kind == Kind::Id => {
            return Bound::Nothing;
        }
        ValueRef::Integer(_) | ValueRef::Real(_) => return Bound::Left,
        ValueRef::Blob(_) => None,
    };
    // PostgreSQL takes no text with a NUL, and none is stored.
    match (text.filter(|text| !text.contains('\0')), column.kind) {
        (None, _) if equal => Bound::Nothing,
        (None, _) => Bound::Left,
        (Some(text), Kind::Id) => id(pushed, text),
        (Some(text), Kind::Time) => moment(pushed, text),
        (Some(text), _) if column.lookup == Lookup::Path => Bound::Checked(path(text)),
        (Some(text), _) => compare(pushed.column, pushed.operator, text.into()),
    }
}

fn compare(column: usize, operator: Operator, value: sea_orm::Value) -> Bound {
    Bound::Checked(Condition::Compare { column, operator, value })
}

/// The site's database compares numbers as doubles. What no double is exactly, and texts that may be numbers to SQLite,
/// are left to it.
fn number(pushed: Pushed, value: ValueRef<'_>) -> Bound {
    match value {
        ValueRef::Null => Bound::Nothing,
        ValueRef::Integer(whole) if whole.unsigned_abs() <= EXACT => {
            compare(pushed.column, pushed.operator, (whole as f64).into())
        }
        ValueRef::Real(real) if real.is_finite() => compare(pushed.column, pushed.operator, real.into()),
        ValueRef::Blob(_) if pushed.operator == Operator::Equal => Bound::Nothing,
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Bound::Left,
    }
}

/// UUIDs sort like their texts.
fn id(pushed: Pushed, text: &str) -> Bound {
    match Uuid::parse_str(text) {
        Ok(id) if id.hyphenated().to_string() == text => compare(pushed.column, pushed.operator, id.into()),
        _ if pushed.operator == Operator::Equal => Bound::Nothing,
        _ => Bound::Left,
    }
}

/// Times sort like their texts in the one form in which they are shown. Any other text is compared as a text, by
/// SQLite; where it begins with a date, only times that can come before or after it are fetched.
fn moment(pushed: Pushed, text: &str) -> Bound {
    let Pushed { column, operator } = pushed;
    if let Some(moment) = Timestamp::parse(text).ok().filter(|moment| moment.to_rfc3339() == text) {
        return compare(column, operator, moment.millis().into());
    }
    let midnight = text
        .get(..10)
        .and_then(|date| Timestamp::parse(date).ok().filter(|moment| moment.to_rfc3339().starts_with(date)));
    match (operator, midnight) {
        (Operator::Equal, _) => Bound::Nothing,
        (_, None) => Bound::Left,
        (Operator::Greater | Operator::GreaterOrEqual, Some(midnight)) => {
            compare(column, Operator::GreaterOrEqual, midnight.millis().into())
        }
        (Operator::Less | Operator::LessOrEqual, Some(midnight)) => {
            compare(column, Operator::Less, midnight.plus_seconds(24 * 60 * 60).millis().into())
        }
    }
}

fn path(text: &str) -> Condition {
    Condition::Path { kept: text.to_owned(), slug: text.strip_prefix('/').map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::host_api::databases::views::tables;

    fn bound(column: &str, operator: Operator, value: ValueRef<'_>) -> Bound {
        let table = &tables::ALL[0];
        let column = table.columns.iter().position(|found| found.name == column).unwrap();
        bind(table, Pushed { column, operator }, value)
    }

    fn text(text: &str) -> ValueRef<'_> {
        ValueRef::Text(text.as_bytes())
    }

    #[test]
    fn what_no_text_can_equal_finds_nothing() {
        for value in [
            ValueRef::Null,
            ValueRef::Integer(1),
            ValueRef::Real(0.5),
            ValueRef::Blob(&[1; 16]),
            ValueRef::Text(&[0xff]),
            text(""),
            text("019a0000-0000-7000-8000-00000000000G"),
            text("019A0000-0000-7000-8000-000000000001"),
            text("019a0000000070008000000000000001"),
            text("{019a0000-0000-7000-8000-000000000001}"),
        ] {
            assert_eq!(bound("id", Operator::Equal, value), Bound::Nothing, "{value:?}");
        }
        let good = bound("id", Operator::Equal, text("019a0000-0000-7000-8000-000000000001"));
        assert!(matches!(good, Bound::Checked(_)));
        assert_eq!(bound("slug", Operator::Equal, text("a\0b")), Bound::Nothing);
        assert_eq!(bound("slug", Operator::Equal, ValueRef::Integer(7)), Bound::Left);
    }

    #[test]
    fn numbers_are_compared_where_a_double_is_exact() {
        let pushed = |operator| Pushed { column: 3, operator };
        let checked = |operator, value: f64| {
            Bound::Checked(Condition::Compare { column: 3, operator, value: value.into() })
        };
        for operator in Operator::ALL {
            assert_eq!(number(pushed(operator), ValueRef::Integer(-7)), checked(operator, -7.0));
            assert_eq!(number(pushed(operator), ValueRef::Real(0.5)), checked(operator, 0.5));
            assert_eq!(number(pushed(operator), ValueRef::Null), Bound::Nothing);
            for left in [
                ValueRef::Integer((1 << 53) + 1),
                ValueRef::Integer(i64::MIN),
                ValueRef::Real(f64::INFINITY),
                text("7"),
            ] {
                assert_eq!(number(pushed(operator), left), Bound::Left, "{left:?}");
            }
        }
        assert_eq!(number(pushed(Operator::Equal), ValueRef::Blob(b"7")), Bound::Nothing);
        assert_eq!(number(pushed(Operator::Greater), ValueRef::Blob(b"7")), Bound::Left);
    }

    #[test]
    fn times_are_bounded_by_what_their_texts_allow() {
        let value = |bound| match bound {
            Bound::Checked(Condition::Compare { operator, value, .. }) => Some((operator, value)),
            _ => None,
        };
        let midnight = Timestamp::parse("2026-02-03").unwrap().millis();
        let exact = text("2026-02-03T00:00:00.000Z");
        for operator in Operator::ALL {
            assert_eq!(value(bound("published_at", operator, exact)), Some((operator, midnight.into())));
        }
        for inexact in ["2026-02-03", "2026-02-03T00:00:00Z", "2026-02-03T23:00:00+05:00", "2026-02-03 12"] {
            let above = value(bound("published_at", Operator::Greater, text(inexact)));
            assert_eq!(above, Some((Operator::GreaterOrEqual, midnight.into())), "{inexact}");
            let below = value(bound("published_at", Operator::LessOrEqual, text(inexact)));
            assert_eq!(below, Some((Operator::Less, (midnight + 86_400_000).into())), "{inexact}");
            assert_eq!(bound("published_at", Operator::Equal, text(inexact)), Bound::Nothing);
        }
        for unclear in ["2026", "2026-2-3", "tomorrow", "", "2026-13-01", "é026-02-03"] {
            assert_eq!(bound("published_at", Operator::Less, text(unclear)), Bound::Left, "{unclear}");
        }
        assert_eq!(bound("published_at", Operator::Less, ValueRef::Integer(2026)), Bound::Left);
        assert_eq!(bound("published_at", Operator::Less, ValueRef::Null), Bound::Nothing);
    }
}
