//! How a statement reads a table: which columns, in which order, and which conditions the site's database checks.
//!
//! SQLite checks every condition again, so a plan may let too many rows through, never too few.

use rusqlite::vtab::{IndexConstraintOp, IndexFlags, IndexInfo};

use super::{
    source::failure,
    tables::{Kind, Lookup, Table},
};

/// What a query costs before its first row, counted in rows.
const QUERY_COST: f64 = 60.0;

/// How often large text makes a row dearer.
const LONG_ROW_COST: f64 = 4.0;

/// How a comparison is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    pub(super) const ALL: [Self; 5] =
        [Self::Equal, Self::Greater, Self::GreaterOrEqual, Self::Less, Self::LessOrEqual];

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    fn of(constraint: &IndexConstraintOp) -> Option<Self> {
        match constraint {
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Some(Self::Equal),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => Some(Self::Greater),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Some(Self::GreaterOrEqual),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => Some(Self::Less),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Some(Self::LessOrEqual),
            _ => None,
        }
    }
}

/// A condition whose value comes with each search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pushed {
    pub(super) column: usize,
    pub(super) operator: Operator,
}

/// In which order rows come. The key always decides between equals, in the same direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// A column before the key.
    pub(super) column: Option<usize>,
    pub(super) descending: bool,
}

/// How a table is read. SQLite hands it from the planning to each search as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// One bit for each column that is wanted.
    pub(super) columns: u64,
    pub(super) order: Order,
    /// In the order of the values.
    pub(super) pushed: Vec<Pushed>,
}

impl Plan {
    pub(super) fn wants(&self, column: usize) -> bool {
        column < 64 && self.columns & (1 << column) != 0
    }

    fn to_text(&self) -> String {
        let order = self.order.column.map_or_else(|| "key".to_owned(), |column| column.to_string());
        let direction = if self.order.descending { "desc" } else { "asc" };
        let mut text = format!("{:x} {order} {direction}", self.columns);
        for pushed in &self.pushed {
            text.push_str(&format!(" {}{}", pushed.column, pushed.operator.sql()));
        }
        text
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let columns = u64::from_str_radix(words.next()?, 16).ok()?;
        let column = match words.next()? {
            "key" => None,
            number => Some(number.parse().ok()?),
        };
        let descending = words.next()? == "desc";
        let pushed = words.map(parse_pushed).collect::<Option<Vec<_>>>()?;
        Some(Self { columns, order: Order { column, descending }, pushed })
    }
}

fn parse_pushed(word: &str) -> Option<Pushed> {
    let end = word.find(|character: char| !character.is_ascii_digit())?;
    let (column, sign) = word.split_at(end);
    let operator = Operator::ALL.into_iter().find(|operator| operator.sql() == sign)?;
    Some(Pushed { column: column.parse().ok()?, operator })
}

/// Tells SQLite's planner how the table would be read under the conditions and the order that it names.
pub(super) fn choose(table: &Table, info: &mut IndexInfo) -> rusqlite::Result<()> {
    let usable = usable(table, info)?;
    let pushed: Vec<Pushed> = usable.iter().map(|(_, pushed)| *pushed).collect();
    let wanted = wanted_order(table, info);
    let plan = Plan {
        columns: info.col_used(),
        order: wanted.unwrap_or_else(|| natural_order(table, &pushed)),
        pushed,
    };
    for (argument, (constraint, _)) in (1..).zip(&usable) {
        info.constraint_usage(*constraint).set_argv_index(argument);
    }
    let rows = rows(table, &plan.pushed);
    info.set_estimated_rows(rows);
    info.set_estimated_cost(QUERY_COST + cost_per_row(table, &plan) * rows as f64);
    if plan.pushed.iter().any(|pushed| finds_one_id(table, *pushed)) {
        info.set_idx_flags(IndexFlags::SQLITE_INDEX_SCAN_UNIQUE);
    }
    info.set_order_by_consumed(wanted.is_some());
    info.set_idx_str(&plan.to_text());
    Ok(())
}

/// The constraints, by their number, that the site's database can check.
fn usable(table: &Table, info: &IndexInfo) -> rusqlite::Result<Vec<(usize, Pushed)>> {
    let mut usable = Vec::new();
    for (number, constraint) in info.constraints().enumerate() {
        let Some(operator) = Operator::of(&constraint.operator()) else { continue };
        let Ok(column) = usize::try_from(constraint.column()) else { continue };
        let pushed = Pushed { column, operator };
        // Another collation takes other texts for equal.
        if constraint.is_usable() && is_pushable(table, pushed)? && info.collation(number)? == "BINARY" {
            usable.push((number, pushed));
        }
    }
    Ok(usable)
}

fn is_pushable(table: &Table, pushed: Pushed) -> rusqlite::Result<bool> {
    let column = table.columns.get(pushed.column).ok_or_else(|| failure("a column is out of range"))?;
    Ok(match column.lookup {
        Lookup::No => false,
        Lookup::Moment { .. } | Lookup::Sorted(_) => true,
        _ if pushed.operator == Operator::Equal => true,
        // A walk through the table by the key, page by page.
        _ => pushed.column == 0 && column.kind == Kind::Id,
    })
}

/// The order that the statement asks for, where the site's database can deliver it.
fn wanted_order(table: &Table, info: &IndexInfo) -> Option<Order> {
    let terms: Vec<(usize, bool)> = info
        .order_bys()
        .map(|term| Some((usize::try_from(term.column()).ok()?, term.is_order_by_desc())))
        .collect::<Option<_>>()?;
    let (first, descending) = *terms.first()?;
    let leads = table.columns.get(first)?.lookup.is_ordered();
    let (column, rest) = if leads { (Some(first), &terms[1..]) } else { (None, &terms[..]) };
    // Beyond the whole key nothing is left to be ordered.
    let follows_key = rest.iter().zip(0..table.key).all(|(term, column)| *term == (column, descending));
    follows_key.then_some(Order { column, descending })
}

/// Where no order is asked for: that in which an index has what is searched, so that it is found without sorting.
fn natural_order(table: &Table, pushed: &[Pushed]) -> Order {
    let lookup = |pushed: &Pushed| table.columns.get(pushed.column).map(|column| column.lookup);
    if let Some(order) = table.order_of_many
        && pushed.iter().any(|pushed| matches!(lookup(pushed), Some(Lookup::Many(_))))
    {
        return order;
    }
    let ordered = |pushed: &&Pushed| lookup(pushed).is_some_and(Lookup::is_ordered);
    Order { column: pushed.iter().find(ordered).map(|pushed| pushed.column), descending: false }
}

fn rows(table: &Table, pushed: &[Pushed]) -> i64 {
    let estimate = pushed.iter().fold(table.rows, |rows, pushed| {
        let lookup = table.columns.get(pushed.column).map_or(Lookup::No, |column| column.lookup);
        match (pushed.operator, lookup) {
            (_, Lookup::No) => rows,
            (Operator::Equal, Lookup::One | Lookup::Path | Lookup::Moment { .. }) => 1,
            (Operator::Equal, Lookup::Many(others) | Lookup::Filter(others) | Lookup::Sorted(others)) => {
                rows.min(others)
            }
            _ => rows / 4,
        }
    });
    estimate.max(1)
}

fn cost_per_row(table: &Table, plan: &Plan) -> f64 {
    let is_long = table
        .columns
        .iter()
        .enumerate()
        .any(|(number, column)| column.kind == Kind::LongText && plan.wants(number));
    if is_long { LONG_ROW_COST } else { 1.0 }
}

/// Texts are left out: one of them may equal a number in more than one way.
fn finds_one_id(table: &Table, pushed: Pushed) -> bool {
    pushed.operator == Operator::Equal
        && table
            .columns
            .get(pushed.column)
            .is_some_and(|column| column.lookup == Lookup::One && column.kind == Kind::Id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_survive_as_text() {
        let pushed = |column, operator| Pushed { column, operator };
        for plan in [
            Plan::default(),
            Plan {
                columns: 0b1011,
                order: Order { column: Some(13), descending: true },
                pushed: vec![pushed(0, Operator::Equal), pushed(13, Operator::GreaterOrEqual)],
            },
            Plan { columns: u64::MAX, order: Order::default(), pushed: vec![pushed(11, Operator::Less)] },
        ] {
            assert_eq!(Plan::parse(&plan.to_text()), Some(plan));
        }
        for broken in ["", "x", "1 key", "1 key asc =", "1 key asc 3", "1 key asc 3!", "1 x asc"] {
            assert_eq!(Plan::parse(broken), None, "{broken}");
        }
    }
}
