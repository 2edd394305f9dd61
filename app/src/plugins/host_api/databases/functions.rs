//! Functions of SQLite that a plugin gets in another make.
//!
//! Nothing can interrupt a function while it runs, and SQLite looks at no clock between functions that follow each other
//! without a jump. Some of its own take seconds over two arguments of half a megabyte each, because they compare
//! everything with everything. These here take a time that is linear in their arguments, or ask while they compare, and
//! each of them first asks whether the statement must end.

mod bytes;
mod patterns;
mod strings;

use std::borrow::Cow;

use rusqlite::{
    Connection, Result, ffi,
    functions::{Context, FunctionFlags},
    types::{ToSql, ValueRef},
};

use super::usage::{Watch, failure};

/// Replaces the functions on a connection. They may be used in indexes and generated columns like SQLite's own. Their
/// results have at most `longest` bytes.
pub(super) fn register(connection: &Connection, watch: &Watch, longest: usize) -> Result<()> {
    let functions = Functions { connection, watch, longest };
    functions.add("trim", 2, |call| strings::trim(call, true, true))?;
    functions.add("ltrim", 2, |call| strings::trim(call, true, false))?;
    functions.add("rtrim", 2, |call| strings::trim(call, false, true))?;
    functions.add("instr", 2, strings::instr)?;
    functions.add("replace", 3, strings::replace)?;
    functions.add("lower", 1, |call| Ok(call.text(0).map(|text| text.to_ascii_lowercase())))?;
    functions.add("upper", 1, |call| Ok(call.text(0).map(|text| text.to_ascii_uppercase())))?;
    functions.add("like", 2, patterns::like)?;
    functions.add("like", 3, patterns::like)?;
    functions.add("glob", 2, patterns::glob)?;
    functions.add("hex", 1, bytes::hex)?;
    functions.add("unhex", 1, bytes::unhex)?;
    functions.add("unhex", 2, bytes::unhex)?;
    functions.add("zeroblob", 1, bytes::zeroblob)?;
    functions.add_with("randomblob", 1, FLAGS, bytes::randomblob)
}

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_INNOCUOUS);

struct Functions<'a> {
    connection: &'a Connection,
    watch: &'a Watch,
    longest: usize,
}

impl Functions<'_> {
    /// Adds a function that always answers the same to the same.
    fn add<T: ToSql>(
        &self,
        name: &str,
        arguments: i32,
        function: impl Fn(&Call<'_>) -> Result<T> + Send + 'static,
    ) -> Result<()> {
        self.add_with(name, arguments, FLAGS | FunctionFlags::SQLITE_DETERMINISTIC, function)
    }

    fn add_with<T: ToSql>(
        &self,
        name: &str,
        arguments: i32,
        flags: FunctionFlags,
        function: impl Fn(&Call<'_>) -> Result<T> + Send + 'static,
    ) -> Result<()> {
        let (watch, longest) = (self.watch.clone(), self.longest);
        self.connection.create_scalar_function(name, arguments, flags, move |context: &Context<'_>| {
            watch.check()?;
            function(&Call { context, watch: &watch, longest })
        })
    }
}

/// One call of a function.
struct Call<'a> {
    context: &'a Context<'a>,
    watch: &'a Watch,
    longest: usize,
}

impl Call<'_> {
    /// How many arguments there are.
    fn len(&self) -> usize {
        self.context.len()
    }

    /// An argument as it is.
    fn raw(&self, index: usize) -> ValueRef<'_> {
        self.context.get_raw(index)
    }

    /// An argument as text, as SQLite would write it; none for NULL.
    fn text(&self, index: usize) -> Option<Cow<'_, str>> {
        match self.raw(index) {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(Cow::Owned(number.to_string())),
            ValueRef::Real(number) => Some(Cow::Owned(strings::real(number))),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
        }
    }

    /// An argument as an integer, as SQLite would read it; 0 for what is none.
    fn integer(&self, index: usize) -> i64 {
        match self.raw(index) {
            ValueRef::Null => 0,
            ValueRef::Integer(number) => number,
            // Like SQLite, without what is behind the point.
            ValueRef::Real(number) => number as i64,
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => strings::integer(bytes),
        }
    }

    /// Refuses to make a result of this length, where it is too long.
    fn check_length(&self, length: usize) -> Result<()> {
        if length > self.longest {
            return Err(failure(ffi::SQLITE_TOOBIG));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rusqlite::types::Value;

    use super::*;
    use crate::plugins::host_api::databases::deadline::Deadline;

    fn connection(until: Instant) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection, &Watch::new(Deadline::new(until)), 1024 * 1024).unwrap();
        connection
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    #[test]
    fn they_answer_as_sqlites_own_do() {
        let (own, other) = (connection(later()), Connection::open_in_memory().unwrap());
        for sql in [
            "trim('xxayxx', 'xy')",
            "ltrim('xxayxx', 'xy')",
            "rtrim('éxé', 'é')",
            "trim(12321, 1)",
            "trim(1.5e300, '1')",
            "trim(NULL, 'x')",
            "trim('x', NULL)",
            "trim('abc', '')",
            "instr('äöü', 'ü')",
            "instr('abc', '')",
            "instr('', 'a')",
            "instr('abcabd', 'abd')",
            "instr(x'c3a4ff00', x'ff00')",
            "instr('ab', x'62')",
            "instr(12.5, '.')",
            "instr(NULL, 'a')",
            "instr('a', NULL)",
            "replace('aaaa', 'aa', 'b')",
            "replace('abc', '', 'x')",
            "replace('abc', 'b', '')",
            "replace('äbä', 'ä', 'ß')",
            "replace(1.0, '.', ',')",
            "replace('a', NULL, 'b')",
            "replace('a', 'b', NULL)",
            "lower('ÄBC')",
            "upper('äbc')",
            "lower(NULL)",
            "upper(1e20)",
            "hex('ab')",
            "hex(x'00ff')",
            "hex(12)",
            "hex(NULL)",
            "unhex('0aFF')",
            "unhex('0')",
            "unhex('0a-FF', '-')",
            "unhex('0-a', '-')",
            "unhex('0', '')",
            "unhex('zz', 'z')",
            "unhex(NULL, '')",
            "unhex('aa', NULL)",
            "zeroblob(3)",
            "zeroblob(-3)",
            "zeroblob('2x')",
            "length(randomblob(0))",
            "length(randomblob(7))",
        ] {
            let ask = |connection: &Connection| {
                connection.query_row(&format!("SELECT {sql}"), [], |row| row.get::<_, Value>(0)).unwrap()
            };
            assert_eq!(ask(&own), ask(&other), "{sql}");
        }
    }

    #[test]
    fn patterns_match_as_sqlites_own_do() {
        let (own, other) = (connection(later()), Connection::open_in_memory().unwrap());
        let texts =
            ["", "a", "A", "abc", "aXbc", "a%c", "a_c", "äöü", "ÄÖÜ", "a]c", "a-c", "a^c", "aaab", "a[b"];
        let likes =
            ["", "%", "_", "a%", "%C", "a_c", "A%c", "%b%", "ä__", "__", "%%_", "a!%c", "a!_c", "%!%%", "a!"];
        for text in texts {
            for like in likes {
                for sql in
                    ["SELECT ?1 LIKE ?2", "SELECT ?1 LIKE ?2 ESCAPE '!'", "SELECT ?1 LIKE ?2 ESCAPE '_'"]
                {
                    let ask = |connection: &Connection| {
                        connection.query_row(sql, [text, like], |row| row.get::<_, Value>(0)).unwrap()
                    };
                    assert_eq!(ask(&own), ask(&other), "{sql} {text} {like}");
                }
            }
            for glob in [
                "", "*", "?", "a*", "*c", "a?c", "a[]]c", "a[^x]c", "a[a-z]c", "a[-]c", "[", "a[", "*[bc]",
                "*[b-", "[^", "*ü", "??ü", "a[[]b", "*[^b]*", "a**c",
            ] {
                let ask = |connection: &Connection| {
                    let sql = "SELECT ?1 GLOB ?2";
                    connection.query_row(sql, [text, glob], |row| row.get::<_, Value>(0)).unwrap()
                };
                assert_eq!(ask(&own), ask(&other), "{text} GLOB {glob}");
            }
        }
        for sql in ["SELECT 'a' LIKE 'a' ESCAPE 'ab'", "SELECT 'a' LIKE 'a' ESCAPE ''"] {
            assert!(own.query_row(sql, [], |_| Ok(())).is_err(), "{sql}");
        }
        for sql in [
            "SELECT NULL LIKE 'a'",
            "SELECT 'a' LIKE NULL",
            "SELECT 'a' LIKE 'a' ESCAPE NULL",
            "SELECT 1 GLOB NULL",
        ] {
            assert_eq!(own.query_row(sql, [], |row| row.get::<_, Value>(0)).unwrap(), Value::Null, "{sql}");
        }
    }

    #[test]
    fn they_come_to_an_end_with_large_arguments() {
        let connection = connection(later());
        // SQLite's own would take seconds to minutes, and nothing could stop them.
        for sql in [
            "SELECT trim(printf('%.*c', 500000, 'a'), printf('%.*c', 500000, 'b') || 'a')",
            "SELECT unhex(printf('%.*c', 500000, 'z'), printf('%.*c', 500000, 'y') || 'z')",
            "SELECT instr(printf('%.*c', 1000000, 'a'), printf('%.*c', 500000, 'a') || 'b')",
            "SELECT instr(zeroblob(1000000), CAST(zeroblob(500000) || 'b' AS BLOB))",
            "SELECT replace(printf('%.*c', 1000000, 'a'), printf('%.*c', 500000, 'a') || 'b', '')",
        ] {
            connection.query_row(sql, [], |_| Ok(())).unwrap();
        }
    }

    #[test]
    fn results_are_bounded() {
        let connection = connection(later());
        for sql in [
            "SELECT replace(printf('%.*c', 1000000, 'a'), 'a', 'bb')",
            "SELECT hex(zeroblob(1000000))",
            "SELECT zeroblob(2000000)",
            "SELECT randomblob(9223372036854775807)",
        ] {
            let error = connection.query_row(sql, [], |_| Ok(())).unwrap_err();
            assert!(error.to_string().contains("too big"), "{sql}: {error}");
        }
    }

    #[test]
    fn they_ask_whether_the_statement_must_end() {
        let connection = connection(Instant::now());
        for sql in [
            "trim('a', 'a')",
            "instr('a', 'a')",
            "replace('a', 'a', 'b')",
            "lower('a')",
            "upper('a')",
            "'a' LIKE 'b'",
            "'a' LIKE 'b' ESCAPE 'c'",
            "'a' GLOB 'b'",
            "hex('a')",
            "unhex('aa')",
            "zeroblob(1)",
            "randomblob(1)",
        ] {
            let error = connection.query_row(&format!("SELECT {sql}"), [], |_| Ok(())).unwrap_err();
            assert_eq!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::OperationInterrupted),
                "{sql}: {error}"
            );
        }
    }
}
