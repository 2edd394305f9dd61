//! How a list is found. Whatever it asks for, its statements walk along one index and stop when they have enough, so
//! that a page costs the same however many entries there are, and wherever it is among them; or they fetch the few
//! entries that meet one condition, and sort those.
//!
//! SQLite knows too little of the values to choose between the two, so the choice is made here, after a look at how
//! many entries meet each condition, and held by a `+` before every expression whose index shall not be used.
//! PostgreSQL has statistics, and is left to choose.

use sea_orm::{DbBackend, DbErr, Statement};

use super::interval::Interval;
use crate::content::{
    ContentType,
    definition::SortKey,
    model::{Condition, EntryCursor, EntryList, IndexValue, Operator},
    storage::{
        expression::Expression,
        indexes, row, search,
        sql::{Sql, limit},
    },
};

/// By what the entries are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::content::storage) enum Drive {
    /// Along the order, looking at each.
    Order,
    /// Along the order, among those that have the one value of this condition.
    Equality(usize),
    /// Those that meet this condition, which are sorted.
    Condition(usize),
    /// Those that have the words that are looked for, which are sorted.
    Search,
}

/// A stretch of the order, after an entry if there are several with the value.
#[derive(Clone, Debug)]
pub(in crate::content::storage) struct Run {
    interval: Interval,
    after: Option<uuid::Uuid>,
}

/// What one condition asks for, apart from those on the order's own expression.
enum Test {
    /// An expression is within a stretch.
    Within(Expression, Interval),
    /// An expression has one of several values.
    OneOf(Expression, Vec<IndexValue>),
    /// A field that takes many has one of several values; with none, any.
    Linked { key: String, values: Vec<String>, is_wanted: bool },
}

/// A list with all that is known of what it asks for.
pub(in crate::content::storage) struct Plan<'a> {
    content_type: &'a ContentType,
    list: &'a EntryList,
    backend: DbBackend,
    order: Expression,
    /// What is asked of the order's own expression.
    interval: Interval,
    tests: Vec<Test>,
    /// Tests for which one index has both the value and the order.
    compound: Vec<bool>,
    /// What is looked for, as the database has it; none where nothing is.
    query: Option<String>,
}

impl<'a> Plan<'a> {
    /// None where nothing can be found.
    pub(in crate::content::storage) fn new(
        content_type: &'a ContentType,
        list: &'a EntryList,
        backend: DbBackend,
    ) -> Result<Option<Self>, DbErr> {
        let order = expression(content_type, &list.sort.key, backend)?;
        let mut plan = Self {
            content_type,
            list,
            backend,
            order,
            interval: Interval::default(),
            tests: Vec::new(),
            compound: Vec::new(),
            query: None,
        };
        for condition in &list.conditions {
            plan.add(condition)?;
        }
        if let Some(words) = &list.search {
            plan.query = search::query(words, backend);
            if plan.query.is_none() || search::described(content_type).is_none() {
                return Ok(None);
            }
        }
        let is_empty = |test: &Test| matches!(test, Test::Within(_, interval) if interval.is_empty());
        let is_impossible = plan.interval.is_empty() || plan.tests.iter().any(is_empty);
        Ok((!is_impossible).then_some(plan))
    }

    fn add(&mut self, condition: &Condition) -> Result<(), DbErr> {
        let test = match linked(self.content_type, condition) {
            Some(test) => test,
            None => {
                let expression = expression(self.content_type, &condition.key, self.backend)?;
                let interval = Interval::of(condition, &expression.unset());
                let is_ordered = condition.key == self.list.sort.key;
                if is_ordered {
                    self.interval = std::mem::take(&mut self.interval).within(&interval);
                }
                let is_several = condition.operator == Operator::In && interval.only().is_none();
                match (is_several, is_ordered) {
                    (true, _) => Test::OneOf(expression, condition.values.clone()),
                    (false, true) => return Ok(()),
                    (false, false) => self.narrowed(expression, interval),
                }
            }
        };
        let is_compound = matches!(&test, Test::Within(_, interval) if interval.only().is_some())
            && indexes::is_compound(self.content_type, &condition.key, &self.list.sort.key);
        self.tests.push(test);
        self.compound.push(is_compound);
        Ok(())
    }

    /// The test of an expression, with what other conditions ask of the same.
    fn narrowed(&mut self, expression: Expression, mut interval: Interval) -> Test {
        let is_same = |test: &Test| matches!(test, Test::Within(other, _) if other.sql == expression.sql);
        if let Some(place) = self.tests.iter().position(is_same) {
            self.compound.remove(place);
            if let Test::Within(_, other) = self.tests.remove(place) {
                interval = interval.within(&other);
            }
        }
        Test::Within(expression, interval)
    }

    /// What there is to choose from: all of it is counted, unless there is but one.
    pub(in crate::content::storage) fn choices(&self) -> Vec<Drive> {
        let mut choices: Vec<Drive> = Vec::new();
        for (place, test) in self.tests.iter().enumerate() {
            match test {
                Test::Linked { is_wanted: false, .. } => {}
                Test::Within(..) if self.compound[place] => choices.push(Drive::Equality(place)),
                _ => choices.push(Drive::Condition(place)),
            }
        }
        if self.query.is_some() {
            choices.push(Drive::Search);
        }
        if !self.interval.is_all() && !choices.is_empty() {
            choices.push(Drive::Order);
        }
        choices
    }

    /// The stretches of the order that are looked at, one after the other. Where the list goes on after an entry, those
    /// with the same value come first.
    pub(in crate::content::storage) fn runs(&self) -> Vec<Run> {
        let Some(EntryCursor { value, id }) = &self.list.after else {
            return vec![Run { interval: self.interval.clone(), after: None }];
        };
        let same = self.interval.clone().within(&Interval::point(value));
        let all = self.interval.clone();
        let beyond =
            if self.list.sort.descending { all.below(value, false) } else { all.above(value, false) };
        let runs = [Run { interval: same, after: Some(id.0) }, Run { interval: beyond, after: None }];
        runs.into_iter().filter(|run| !run.interval.is_empty()).collect()
    }

    /// The statement for the entries of one stretch, at most so many.
    pub(in crate::content::storage) fn statement(&self, drive: Drive, run: &Run, most: u64) -> Statement {
        let mut sql = row::select(self.content_type, self.backend);
        self.push_conditions(&mut sql, drive);
        let walks = matches!(drive, Drive::Order | Drive::Equality(_));
        let guard = if walks { "" } else { self.guard() };
        run.interval.push(&mut sql, &self.order, guard);
        let (sign, direction) = if self.list.sort.descending { ("<", "DESC") } else { (">", "ASC") };
        if let Some(id) = run.after {
            sql.push(&format!(" AND {guard}id {sign} ")).bind(id);
        }
        sql.push(" ORDER BY ");
        // With one value alone, SQLite would sort by what is the same in all.
        if run.interval.only().is_none() {
            sql.push(&format!("{guard}{} {direction}, ", self.order.sql));
        }
        sql.push(&format!("{guard}id {direction} LIMIT ")).bind(limit(most));
        sql.statement()
    }

    /// The statement that counts, up to a number, the entries that this drive would look at.
    pub(in crate::content::storage) fn count(&self, drive: Drive, most: u64) -> Statement {
        let table = self.content_type.table();
        let mut sql = Sql::new(self.backend, "SELECT COUNT(*) FROM (SELECT 1 FROM ");
        match drive {
            Drive::Order => {
                sql.push(&table).push(" WHERE status = ").bind(self.list.status.as_str());
                self.interval.push(&mut sql, &self.order, "");
            }
            Drive::Equality(place) | Drive::Condition(place) => match &self.tests[place] {
                Test::Linked { key, values, .. } => {
                    self.push_links(sql.push("content_links WHERE "), key, values);
                }
                test => {
                    sql.push(&table).push(" WHERE status = ").bind(self.list.status.as_str());
                    self.push_test(&mut sql, test, true);
                }
            },
            Drive::Search => self.push_match(&mut sql),
        }
        sql.push(" LIMIT ").bind(limit(most)).push(") AS found");
        sql.statement()
    }

    /// The statement that says about how many entries there are, without counting them.
    pub(in crate::content::storage) fn size(&self) -> Statement {
        Sql::new(self.backend, &format!("SELECT MAX(seq) FROM {}", self.content_type.table())).statement()
    }

    /// What keeps SQLite from using an expression to find entries by.
    fn guard(&self) -> &'static str {
        if self.backend == DbBackend::Sqlite { "+" } else { "" }
    }

    fn push_conditions(&self, sql: &mut Sql, drive: Drive) {
        // What is found by id or by place is not to be found by status.
        let is_elsewhere = match drive {
            Drive::Search => true,
            Drive::Condition(place) => matches!(self.tests[place], Test::Linked { .. }),
            Drive::Order | Drive::Equality(_) => false,
        };
        let guard = if is_elsewhere { self.guard() } else { "" };
        sql.push(&format!("{guard}status = ")).bind(self.list.status.as_str());
        if let Some(user) = self.list.created_by {
            sql.push(" AND created_by = ").bind(user);
        }
        for (place, test) in self.tests.iter().enumerate() {
            let is_driving = matches!(drive, Drive::Equality(by) | Drive::Condition(by) if by == place);
            self.push_test(sql, test, is_driving);
        }
        if self.query.is_some() {
            match self.backend {
                DbBackend::Postgres => {
                    sql.push(" AND ");
                    self.push_match(sql);
                }
                _ => {
                    let guard = if drive == Drive::Search { "" } else { self.guard() };
                    sql.push(&format!(" AND {guard}seq IN (SELECT rowid FROM "));
                    self.push_match(sql);
                    sql.push(")");
                }
            }
        }
    }

    fn push_test(&self, sql: &mut Sql, test: &Test, is_driving: bool) {
        let guard = if is_driving { "" } else { self.guard() };
        match test {
            Test::Within(expression, interval) => interval.push(sql, expression, guard),
            Test::OneOf(expression, values) => {
                sql.push(&format!(" AND {guard}{} IN ", expression.sql));
                sql.bind_all(values.iter().map(|value| expression.value(value)));
            }
            Test::Linked { key, values, .. } if is_driving => {
                sql.push(" AND id IN (SELECT source_id FROM content_links WHERE ");
                self.push_links(sql, key, values);
                sql.push(")");
            }
            Test::Linked { key, values, is_wanted } => {
                let not = if *is_wanted { "" } else { "NOT " };
                sql.push(&format!(" AND {not}EXISTS (SELECT 1 FROM content_links WHERE "));
                self.push_links(sql, key, values);
                sql.push(&format!(" AND source_id = {}.id)", self.content_type.table()));
            }
        }
    }

    fn push_links(&self, sql: &mut Sql, key: &str, values: &[String]) {
        sql.push("source_type = ").bind(self.content_type.number).push(" AND field_key = ").bind(key);
        match values {
            [] => {}
            [value] => {
                sql.push(" AND value = ").bind(value.as_str());
            }
            values => {
                sql.push(" AND value IN ").bind_all(values.iter().map(|value| value.as_str().into()));
            }
        }
    }

    /// On SQLite, the full-text table with what is looked for in it; on PostgreSQL, a condition.
    fn push_match(&self, sql: &mut Sql) {
        let query = self.query.clone().unwrap_or_default();
        match search::column(self.content_type, self.backend) {
            Some(column) => {
                sql.push(&format!("{column} @@ ")).bind(query).push("::text::tsquery");
            }
            None => {
                let table = search::table(self.content_type).unwrap_or_default();
                sql.push(&format!("{table} WHERE {table} MATCH ")).bind(query);
            }
        }
    }
}

/// The test of a field whose values are links; none for all others.
fn linked(content_type: &ContentType, condition: &Condition) -> Option<Test> {
    let SortKey::Field(name) = &condition.key else { return None };
    let field = content_type.definition.field(name.as_str()).filter(|field| field.kind.is_many())?;
    let key = content_type.layout.key(field.name.as_str())?.to_owned();
    if condition.operator == Operator::IsNull {
        let is_wanted = condition.values.first() == Some(&IndexValue::Number(0.0));
        return Some(Test::Linked { key, values: Vec::new(), is_wanted });
    }
    let text = |value: &IndexValue| match value {
        IndexValue::Text(text) => text.clone(),
        IndexValue::Number(number) => number.to_string(),
    };
    Some(Test::Linked { key, values: condition.values.iter().map(text).collect(), is_wanted: true })
}

fn expression(content_type: &ContentType, key: &SortKey, backend: DbBackend) -> Result<Expression, DbErr> {
    let unknown = || DbErr::Custom(format!("entries of {} are not compared by {key:?}", content_type.name()));
    Expression::of(content_type, key, backend).ok_or_else(unknown)
}
