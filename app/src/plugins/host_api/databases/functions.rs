//! Functions of SQLite that a plugin gets in another make.
//!
//! Nothing can interrupt a function while it runs. These few take minutes over two arguments of half a megabyte each,
//! because they compare everything with everything; here they take milliseconds.

use std::{borrow::Cow, collections::HashSet};

use rusqlite::{
    Connection, Result,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

/// How SQLite marks a text that is JSON, so that other JSON functions don't quote it.
const JSON: u32 = 74;

/// Replaces the functions on a connection. They may be used in indexes and generated columns like SQLite's own.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("trim", 2, flags, |call| trim(call, true, true))?;
    connection.create_scalar_function("ltrim", 2, flags, |call| trim(call, true, false))?;
    connection.create_scalar_function("rtrim", 2, flags, |call| trim(call, false, true))?;
    connection.create_scalar_function("unhex", 2, flags, unhex)?;
    connection.create_scalar_function(
        "json_patch",
        2,
        flags | FunctionFlags::SQLITE_RESULT_SUBTYPE,
        json_patch,
    )
}

fn trim(call: &Context<'_>, start: bool, end: bool) -> Result<Option<String>> {
    let (Some(text), Some(set)) = (text(call, 0), text(call, 1)) else {
        return Ok(None);
    };
    let set: HashSet<char> = set.chars().collect();
    let mut rest = &*text;
    if start {
        rest = rest.trim_start_matches(|character| set.contains(&character));
    }
    if end {
        rest = rest.trim_end_matches(|character| set.contains(&character));
    }
    Ok(Some(rest.to_owned()))
}

/// Bytes in hexadecimal, between whose pairs some characters may stand; none where there is anything else.
fn unhex(call: &Context<'_>) -> Result<Option<Vec<u8>>> {
    let (Some(text), Some(passed)) = (text(call, 0), text(call, 1)) else {
        return Ok(None);
    };
    let passed: HashSet<char> = passed.chars().collect();
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut characters = text.chars();
    while let Some(first) = characters.next() {
        let Some(high) = first.to_digit(16) else {
            if passed.contains(&first) {
                continue;
            }
            return Ok(None);
        };
        let Some(low) = characters.next().and_then(|second| second.to_digit(16)) else {
            return Ok(None);
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    Ok(Some(bytes))
}

/// A JSON text with an RFC 7396 patch applied. Names come in order.
fn json_patch(call: &Context<'_>) -> Result<(Option<String>, Option<u32>)> {
    let (Some(target), Some(patch)) = (text(call, 0), text(call, 1)) else {
        return Ok((None, None));
    };
    let parse = |text: &str| {
        serde_json::from_str(text)
            .map_err(|error| rusqlite::Error::ModuleError(format!("malformed JSON: {error}")))
    };
    let mut target: serde_json::Value = parse(&target)?;
    merge(&mut target, parse(&patch)?);
    Ok((Some(target.to_string()), Some(JSON)))
}

/// As deep as serde_json reads, which is 128 levels.
fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
    let serde_json::Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = serde_json::Value::Object(serde_json::Map::new());
    }
    let Some(members) = target.as_object_mut() else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(serde_json::Value::Null), change);
        }
    }
}

/// An argument as text; none for NULL.
fn text<'a>(call: &'a Context<'_>, index: usize) -> Option<Cow<'a, str>> {
    match call.get_raw(index) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Cow::Owned(number.to_string())),
        ValueRef::Real(number) => Some(Cow::Owned(format!("{number:?}"))),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;

    #[test]
    fn they_answer_as_sqlites_own_do() {
        let (own, other) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        register(&own).unwrap();
        for sql in [
            "trim('xxayxx', 'xy')",
            "ltrim('xxayxx', 'xy')",
            "rtrim('éxé', 'é')",
            "trim(12321, 1)",
            "trim(NULL, 'x')",
            "trim('x', NULL)",
            "trim('abc', '')",
            "unhex('0a-FF', '-')",
            "unhex('0-a', '-')",
            "unhex('0', '')",
            "unhex('zz', 'z')",
            "unhex(NULL, '')",
            "json_patch('{\"a\":1,\"b\":{\"c\":2}}', '{\"b\":{\"c\":null,\"d\":[1]}}')",
            "json_patch('[1]', '{\"a\":1}')",
            "json_patch('{\"a\":1}', '2')",
            "json_patch(NULL, '{}')",
            "json_array(json_patch('{}', '{\"a\":1}'))",
        ] {
            let ask = |connection: &Connection| {
                connection.query_row(&format!("SELECT {sql}"), [], |row| row.get::<_, Value>(0)).unwrap()
            };
            assert_eq!(ask(&own), ask(&other), "{sql}");
        }
        assert!(own.query_row("SELECT json_patch('{', '{}')", [], |_| Ok(())).is_err());
    }

    #[test]
    fn they_come_to_an_end_with_large_arguments() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        // SQLite's own would take minutes, and nothing could stop them.
        for sql in [
            "SELECT trim(printf('%.*c', 500000, 'a'), printf('%.*c', 500000, 'b') || 'a')",
            "SELECT unhex(printf('%.*c', 500000, 'z'), printf('%.*c', 500000, 'y') || 'z')",
        ] {
            connection.query_row(sql, [], |_| Ok(())).unwrap();
        }
    }
}
