//! How much a statement grows once its views and common table expressions are put in.
//!
//! SQLite copies each into every place that names it, before anything can interrupt it: a kilobyte of expressions, each
//! of which names the one before twice, takes gigabytes, and one that nests thousands of levels exhausts the thread's
//! stack. So what would grow too far or too deep is refused before SQLite sees it. The estimate is never too low; a
//! column named like an expression makes it too high.

use std::{collections::HashMap, ops::Range};

use fleuron_plugin_host::ports::DatabaseError;

use super::{
    error::{invalid, over_limit},
    words::{Word, words},
};

/// Words that a statement may grow by. Preparing that many takes about 20 ms.
pub(super) const LARGEST: u64 = 100_000;
/// Levels that a statement may nest.
pub(super) const DEEPEST: usize = 150;
/// Common table expressions that a text may define.
const MOST_DEFINED: usize = 200;

/// What something takes once everything is put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Words.
    pub(super) words: u64,
    /// Levels of parentheses, collations and `CASE`s.
    pub(super) depth: usize,
}

impl Size {
    const ENDLESS: Self = Self { words: u64::MAX, depth: 0 };

    fn add_inner(&mut self, inner: Self, level: usize) {
        self.words = self.words.saturating_add(inner.words);
        self.depth = self.depth.max(level + 1 + inner.depth);
    }

    fn larger(self, other: Self) -> Self {
        Self { words: self.words.max(other.words), depth: self.depth.max(other.depth) }
    }
}

/// The sizes of a schema's views, by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Views(HashMap<String, Size>);

impl Views {
    /// Measures views, given by name and definition.
    pub(super) fn of(definitions: &[(String, String)]) -> Self {
        let texts = definitions.iter().map(|(name, sql)| (name.to_ascii_lowercase(), sql.as_str())).collect();
        let mut measuring = Measuring { texts, sizes: HashMap::new() };
        for (name, _) in definitions {
            measuring.size_of(&name.to_ascii_lowercase(), 0);
        }
        Self(measuring.sizes)
    }

    /// Refuses a text that grows too far or nests too deep, or cannot be read. Says why.
    pub(super) fn check(&self, sql: &str) -> Result<(), DatabaseError> {
        let (growth, depth) = self.growth(sql).map_err(invalid)?;
        if depth > DEEPEST {
            return Err(over_limit(format!("the statement nests more than {DEEPEST} levels deep")));
        }
        if growth > LARGEST {
            return Err(over_limit(format!(
                "the statement grows by more than {LARGEST} words once its views and common table expressions are put \
                 in; name each less often"
            )));
        }
        Ok(())
    }

    /// The words that a text grows by, and its depth. The error says what cannot be read.
    pub(super) fn growth(&self, sql: &str) -> Result<(u64, usize), String> {
        let text = Text::new(sql)?;
        let size = text.measure(&mut |name, _| self.0.get(name).copied());
        Ok((size.words.saturating_sub(text.words.len() as u64), size.depth))
    }
}

/// Views that name each other are measured from the innermost outwards.
struct Measuring<'a> {
    texts: HashMap<String, &'a str>,
    sizes: HashMap<String, Size>,
}

impl Measuring<'_> {
    fn size_of(&mut self, name: &str, level: usize) -> Option<Size> {
        if let Some(size) = self.sizes.get(name) {
            return Some(*size);
        }
        let sql = self.texts.get(name)?;
        let Some(text) = Text::new(sql).ok().filter(|_| level <= DEEPEST) else {
            return Some(Size::ENDLESS);
        };
        // SQLite refuses views that name themselves, also through others.
        self.sizes.insert(name.to_owned(), Size::default());
        let size = text.measure(&mut |inner, inner_level| self.size_of(inner, level + inner_level + 1));
        self.sizes.insert(name.to_owned(), size);
        Some(size)
    }
}

/// How deep one is in a text. Parentheses nest, and so does `COLLATE`, which SQLite does not count in the depth that it
/// limits by itself: `x COLLATE a COLLATE b` is an expression within an expression. Behind a `COLLATE`, what `CASE` nests
/// is not counted either, and SQLite copies it at every level. An `END` may be a column, so it ends nothing here.
#[derive(Default)]
struct Levels {
    /// For each parenthesis that is open, the collations and `CASE`s around it.
    outer: Vec<Collations>,
    here: Collations,
    /// Collations and `CASE`s that nest here and around here.
    total: usize,
}

#[derive(Clone, Copy, Default)]
struct Collations {
    /// In the item of a list that is being read, with those within its parentheses.
    current: usize,
    /// In one of the items before it.
    largest: usize,
}

impl Levels {
    /// The depth once this word is read.
    fn after(&mut self, word: &Word) -> usize {
        match word {
            Word::Open => self.outer.push(std::mem::take(&mut self.here)),
            Word::Close => {
                let inner = self.here.current.max(self.here.largest);
                self.total += inner - self.here.current;
                self.here = self.outer.pop().unwrap_or_default();
                self.here.current += inner;
            }
            Word::Comma => {
                self.here.largest = self.here.current.max(self.here.largest);
                self.total -= self.here.current;
                self.here.current = 0;
            }
            Word::Semicolon => *self = Self::default(),
            name if name.is("collate") || name.is("case") => {
                self.here.current += 1;
                self.total += 1;
            }
            _ => {}
        }
        self.outer.len() + self.total
    }
}

/// What is known of names from outside of a text. The number is how deep they are asked for.
type Outside<'a> = dyn FnMut(&str, usize) -> Option<Size> + 'a;

struct Text {
    words: Vec<Word>,
    definitions: Vec<Definition>,
    by_name: HashMap<String, Vec<usize>>,
}

struct Definition {
    /// The place of its name.
    header: usize,
    body: Range<usize>,
}

impl Text {
    fn new(sql: &str) -> Result<Self, String> {
        let mut text = Self { words: words(sql)?, definitions: Vec::new(), by_name: HashMap::new() };
        let pairs = text.pairs();
        let (ends, starts) = (text.ends(), text.starts());
        for at in 0..text.words.len() {
            let definition =
                text.expression_at(at, &pairs).or_else(|| text.view_at(at, &pairs, &ends, &starts));
            if let Some(definition) = definition
                && let Some(Word::Name(name)) = text.words.get(definition.header)
            {
                text.by_name.entry(name.clone()).or_default().push(text.definitions.len());
                text.definitions.push(definition);
            }
        }
        Ok(text)
    }

    /// Where statements end, in order.
    fn ends(&self) -> Vec<usize> {
        let semicolons = self.words.iter().enumerate().filter(|(_, word)| **word == Word::Semicolon);
        semicolons.map(|(at, _)| at).chain([self.words.len()]).collect()
    }

    /// Where each parenthesis has its other half. One that is open to the end closes there.
    fn pairs(&self) -> HashMap<usize, usize> {
        let mut pairs = HashMap::new();
        let mut open = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            match word {
                Word::Open => open.push(at),
                Word::Close => {
                    if let Some(start) = open.pop() {
                        pairs.insert(start, at);
                        pairs.insert(at, start);
                    }
                }
                _ => {}
            }
        }
        pairs.extend(open.into_iter().map(|start| (start, self.words.len())));
        pairs
    }

    fn word(&self, at: usize) -> &Word {
        self.words.get(at).unwrap_or(&Word::Other)
    }

    /// Where `AS` stands, in order.
    fn starts(&self) -> Vec<usize> {
        let all = self.words.iter().enumerate().filter(|(_, word)| word.is("as"));
        all.map(|(at, _)| at).collect()
    }

    /// The definition whose `AS` stands here: `name [(columns)] AS [[NOT] MATERIALIZED] (SELECT ..)`.
    fn expression_at(&self, at: usize, pairs: &HashMap<usize, usize>) -> Option<Definition> {
        if !self.word(at).is("as") {
            return None;
        }
        let mut open = at + 1;
        while ["not", "materialized"].iter().any(|hint| self.word(open).is(hint)) {
            open += 1;
        }
        let starts = ["select", "values", "with"].iter().any(|start| self.word(open + 1).is(start));
        if *self.word(open) != Word::Open || !starts {
            return None;
        }
        Some(Definition { header: self.header_before(at, pairs)?, body: open + 1..*pairs.get(&open)? })
    }

    /// The definition whose `VIEW` stands here, up to the end of its statement: `CREATE [TEMP] VIEW name AS ..`.
    fn view_at(
        &self,
        at: usize,
        pairs: &HashMap<usize, usize>,
        ends: &[usize],
        starts: &[usize],
    ) -> Option<Definition> {
        if !self.word(at).is("view") {
            return None;
        }
        let mut before = at.checked_sub(1)?;
        if ["temp", "temporary"].iter().any(|word| self.word(before).is(word)) {
            before = before.checked_sub(1)?;
        }
        if !self.word(before).is("create") {
            return None;
        }
        let end = *ends.get(ends.partition_point(|end| *end < at))?;
        let start = *starts.get(starts.partition_point(|start| *start < at))?;
        if start >= end {
            return None;
        }
        Some(Definition { header: self.header_before(start, pairs)?, body: start + 1..end })
    }

    /// The place of the name before an `AS`.
    fn header_before(&self, at: usize, pairs: &HashMap<usize, usize>) -> Option<usize> {
        let before = at.checked_sub(1)?;
        match self.word(before) {
            Word::Close => pairs.get(&before)?.checked_sub(1),
            _ => Some(before),
        }
    }

    fn measure(&self, outside: &mut Outside<'_>) -> Size {
        let plain = self.plain();
        if plain.depth > DEEPEST {
            return plain;
        }
        if self.definitions.len() > MOST_DEFINED {
            return Size::ENDLESS;
        }
        let mut sizes = vec![None; self.definitions.len()];
        self.size_of(0..self.words.len(), &mut Vec::new(), &mut sizes, outside)
    }

    /// The size before anything is put in.
    fn plain(&self) -> Size {
        let mut levels = Levels::default();
        let depth = self.words.iter().map(|word| levels.after(word)).max();
        Size { words: self.words.len() as u64, depth: depth.unwrap_or(0) }
    }

    fn size_of(
        &self,
        range: Range<usize>,
        within: &mut Vec<usize>,
        sizes: &mut Vec<Option<Size>>,
        outside: &mut Outside<'_>,
    ) -> Size {
        let mut size = Size { words: range.len() as u64, depth: 0 };
        let mut levels = Levels::default();
        for at in range {
            let level = levels.after(self.word(at));
            // Not where it is the table of a column, nor where it is defined.
            if let Word::Name(name) = self.word(at)
                && *self.word(at + 1) != Word::Dot
                && let Some(inner) = self.size_of_name(name, at, within, sizes, outside)
            {
                size.add_inner(inner, level);
            }
            size.depth = size.depth.max(level);
        }
        size
    }

    /// What a name stands for: the largest of what it may be; none where it is none of all that.
    fn size_of_name(
        &self,
        name: &str,
        at: usize,
        within: &mut Vec<usize>,
        sizes: &mut Vec<Option<Size>>,
        outside: &mut Outside<'_>,
    ) -> Option<Size> {
        let mut largest = outside(name, within.len());
        for index in self.by_name.get(name).into_iter().flatten() {
            let Some(definition) = self.definitions.get(*index) else { continue };
            if definition.header == at || within.last() == Some(index) {
                // A recursive one names itself, and is not copied for that.
                continue;
            }
            let inner = match sizes.get(*index).copied().flatten() {
                Some(known) => known,
                // Named in a circle, which SQLite refuses as far as scopes do not make it none.
                None if within.contains(index) || within.len() >= DEEPEST => Size::ENDLESS,
                None => {
                    within.push(*index);
                    let inner = self.size_of(definition.body.clone(), within, sizes, outside);
                    within.pop();
                    if let Some(known) = sizes.get_mut(*index) {
                        *known = Some(inner);
                    }
                    inner
                }
            };
            largest = Some(largest.map_or(inner, |other| other.larger(inner)));
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: usize, step: impl Fn(usize) -> String) -> String {
        let mut sql = "WITH a0 AS (SELECT 1 AS x)".to_owned();
        for number in 1..length {
            sql.push_str(&format!(", a{number} AS ({})", step(number - 1)));
        }
        format!("{sql} SELECT * FROM a{}", length - 1)
    }

    fn twice(before: usize) -> String {
        format!("SELECT x FROM a{before} UNION ALL SELECT x FROM \"A{before}\"")
    }

    #[test]
    fn honest_texts_hardly_grow() {
        let views = Views::default();
        for sql in [
            "SELECT 1".to_owned(),
            chain(20, |before| format!("SELECT x FROM a{before}")),
            chain(8, twice),
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE n.i < 9) SELECT n.i FROM n"
                .to_owned(),
            "WITH n AS (SELECT n.id FROM notes AS n) SELECT * FROM n JOIN n AS m ON n.id = m.id".to_owned(),
            format!("INSERT INTO notes VALUES (1){}", ", (2)".repeat(20_000)),
            format!("SELECT {}1{}", "(".repeat(100), ")".repeat(100)),
            format!("SELECT 1{}", ", (a COLLATE nocase)".repeat(1000)),
            "SELECT 1 COLLATE nocase;".repeat(1000),
            format!("SELECT 1{}", ", CASE a WHEN 1 THEN 2 END".repeat(1000)),
        ] {
            assert_eq!(views.check(&sql), Ok(()), "{sql:.200}");
        }
    }

    #[test]
    fn bombs_are_told() {
        let views = Views::default();
        let within =
            (0..40).fold("SELECT 1".to_owned(), |sql, _| format!("WITH a AS ({sql}) SELECT * FROM a, a"));
        for sql in [
            chain(30, twice),
            chain(8, |before| format!("SELECT 1 FROM a{before}{}", format!(", a{before}").repeat(30))),
            chain(190, |before| format!("SELECT x FROM (SELECT x FROM a{before})")),
            chain(1000, |before| format!("SELECT x FROM a{before}")),
            within,
            format!("SELECT * FROM {}notes{}", "(SELECT * FROM ".repeat(6000), ")".repeat(6000)),
            format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)),
            format!("SELECT 1{}", " COLLATE nocase".repeat(6000)),
            format!(
                "SELECT {}1{}",
                "CASE ".repeat(4000),
                format!("{} COLLATE nocase", " WHEN 1 THEN 1 END".repeat(90)).repeat(44)
            ),
            format!(
                "SELECT {}1{}",
                "max(".repeat(20),
                format!("{}, 0)", " COLLATE nocase".repeat(20)).repeat(20)
            ),
            format!("SELECT $a(/*), {}1{}", "(".repeat(6000), ")".repeat(6000)),
            format!("WITH a AS \u{b}({}1{}) SELECT 1", "(".repeat(6000), ")".repeat(6000)),
        ] {
            assert!(views.check(&sql).is_err(), "{sql:.200}");
        }
    }

    /// Each of them was once looked at as often as there are words.
    #[test]
    fn long_rows_of_keywords_are_read_once() {
        for word in
            ["view ", "create view ", "as ", "create view a as ", "with ", "as not ", "( as ", "create temp "]
        {
            let _ = Views::default().check(&format!("SELECT 1 {}", word.repeat(1_000_000 / word.len())));
        }
    }

    #[test]
    fn views_count_wherever_they_are_named() {
        let view = |number: usize| match number {
            0 => ("v0".to_owned(), "CREATE VIEW v0 AS SELECT 1 AS x".to_owned()),
            _ => {
                let before = number - 1;
                let sql = format!("CREATE VIEW v{number} AS SELECT a.x FROM main.V{before} a, [v{before}] b");
                (format!("v{number}"), sql)
            }
        };
        let definitions: Vec<_> = (0..30).rev().map(view).collect();
        let views = Views::of(&definitions);
        assert_eq!(views.check("SELECT * FROM v8"), Ok(()));
        for sql in [
            "SELECT * FROM v29",
            "DELETE FROM main.'V29'",
            "SELECT x IN v20",
            "UPDATE OR IGNORE v29 SET x = 1",
        ] {
            assert!(views.check(sql).is_err(), "{sql}");
        }
        let circle = [("a", "b"), ("b", "a")]
            .map(|(name, other)| (name.to_owned(), format!("CREATE VIEW {name} AS SELECT * FROM {other}")));
        assert_eq!(Views::of(&circle).check("SELECT * FROM a"), Ok(()), "SQLite refuses it");
        let file: String = (0..30).map(view).map(|(_, sql)| format!("{sql};\n")).collect();
        assert!(Views::default().check(&format!("{file} SELECT * FROM v29;")).is_err());
    }
}
