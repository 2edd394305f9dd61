//! SQL with typed values, and transactions that cannot be forgotten.
//!
//! The same connection as [`host_api::db_query`] and its kin, without their JSON. Needs the permission `database`:
//! `"own"` for the plugin's tables, `"read:posts"` and so on for the views of the site.

use crate::data::{Error, ErrorCode, Row, Value};
use crate::host_api;
use crate::json::Json;

/// Runs one SQL statement with a `?` for each of `params` and answers its rows. Bytes come back as text in base64.
///
/// ```no_run
/// use fleuron_plugin::database;
///
/// let latest = database::query(
///     "SELECT p.slug, v.n FROM core_posts p JOIN visits v ON v.post_id = p.id WHERE v.n > ? ORDER BY v.n DESC",
///     &[100.into()],
/// )?;
/// # Ok::<(), fleuron_plugin::data::Error>(())
/// ```
///
/// # Errors
/// [`ErrorCode::NotGranted`] without the permission, [`ErrorCode::Invalid`] where a parameter has no form in JSON, else
/// [`ErrorCode::Failed`] with the database's own words.
pub fn query(sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
    match answer(&host_api::db_query(sql, Some(&encode(params)?)))? {
        Json::Array(rows) => rows.into_iter().map(row).collect(),
        other => Err(unexpected(&other)),
    }
}

/// Runs one SQL statement that changes something and answers how many rows it changed.
///
/// # Errors
/// As for [`query`].
pub fn execute(sql: &str, params: &[Value]) -> Result<u64, Error> {
    let answer = answer(&host_api::db_execute(sql, Some(&encode(params)?)))?;
    match answer.get("rows_affected") {
        Some(Json::Integer(rows)) => Ok(rows.unsigned_abs()),
        _ => Err(unexpected(&answer)),
    }
}

/// Does `work` within a transaction: all of its changes are kept where it answers `Ok`, none where it answers `Err`.
/// Key-values take part, files do not.
///
/// While a transaction is open, requests to other servers and events are refused. It lives for 5 seconds and never
/// longer than the hook call: a panic or a timeout rolls it back too.
///
/// ```no_run
/// use fleuron_plugin::{data, database, row};
///
/// database::transaction(|| {
///     data::insert("orders", row! { "id" => data::new_id(), "amount" => 30 })?;
///     data::table("stock").equal("item", "cup").increment("left", -1)
/// })?;
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// What `work` answers, or why the transaction could not be begun or committed: a second one cannot be opened within
/// the first.
pub fn transaction<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    answer(&host_api::db_begin())?;
    let outcome = work();
    if outcome.is_ok() {
        answer(&host_api::db_commit())?;
    } else if let Err(error) = answer(&host_api::db_rollback()) {
        // Why the work failed matters more to the caller; the host rolls back at the end of the call anyway.
        host_api::log("warn", &format!("db-rollback: {error}"));
    }
    outcome
}

fn encode(params: &[Value]) -> Result<String, Error> {
    let unfit = |position: usize, what: &str| {
        Error::new(
            ErrorCode::Invalid,
            format!("parameter {} is {what}, which SQL text cannot be given", position + 1),
        )
    };
    let encoded = params.iter().enumerate().map(|(position, value)| match value {
        Value::Null => Ok(Json::Null),
        Value::Boolean(flag) => Ok(Json::Boolean(*flag)),
        Value::Integer(whole) => Ok(Json::Integer(*whole)),
        Value::Real(real) if real.is_finite() => Ok(Json::Real(*real)),
        Value::Real(_) => Err(unfit(position, "not a finite number")),
        Value::Text(text) => Ok(Json::Text(text.clone())),
        Value::Blob(_) => Err(unfit(position, "bytes")),
    });
    encoded.collect::<Result<Vec<Json>, Error>>().map(|values| Json::Array(values).to_string())
}

/// Reads an answer, or the error that it stands for.
fn answer(text: &str) -> Result<Json, Error> {
    let answer = Json::parse(text)
        .map_err(|reason| Error::new(ErrorCode::Failed, format!("the host's answer is no JSON: {reason}")))?;
    match answer.get("error") {
        Some(Json::Text(message)) => {
            let code =
                if message.starts_with("not granted") { ErrorCode::NotGranted } else { ErrorCode::Failed };
            Err(Error::new(code, message.as_str()))
        }
        _ => Ok(answer),
    }
}

fn row(row: Json) -> Result<Row, Error> {
    let Json::Object(fields) = row else { return Err(unexpected(&row)) };
    let fields = fields.into_iter().map(|(column, value)| {
        let value = match value {
            Json::Null => Value::Null,
            Json::Boolean(flag) => Value::Boolean(flag),
            Json::Integer(whole) => Value::Integer(whole),
            Json::Real(real) => Value::Real(real),
            Json::Text(text) => Value::Text(text),
            nested => return Err(unexpected(&nested)),
        };
        Ok((column, value))
    });
    fields.collect()
}

fn unexpected(answer: &Json) -> Error {
    Error::new(ErrorCode::Failed, format!("the host's answer is of no known form: {answer}"))
}

#[cfg(test)]
mod tests {
    use super::{execute, query};
    use crate::data::{ErrorCode, Value};
    use crate::row;
    use crate::testing::MemoryHost;

    #[test]
    fn rows_and_numbers_are_read_from_json() {
        let host = MemoryHost::install();
        host.set_sql_answer("SELECT", r#"[{"id":1,"x":null,"y":2.5,"z":"ü"}]"#);
        host.set_sql_answer("UPDATE", r#"{"rows_affected":3}"#);
        host.set_sql_answer("BROKEN", "[");
        let expected = row! { "id" => 1, "x" => None::<i64>, "y" => 2.5, "z" => "ü" };
        assert_eq!(query("SELECT", &[]), Ok(vec![expected]));
        assert_eq!(execute("UPDATE", &[]), Ok(3));
        assert_eq!(query("UPDATE", &[]).unwrap_err().code, ErrorCode::Failed);
        assert_eq!(query("BROKEN", &[]).unwrap_err().code, ErrorCode::Failed);
    }

    #[test]
    fn errors_keep_the_host_s_words() {
        let host = MemoryHost::install();
        host.set_sql_answer("A", r#"{"error":"not granted: no"}"#);
        host.set_sql_answer("B", r#"{"error":"near \"B\": syntax error"}"#);
        assert_eq!(query("A", &[]).unwrap_err().code, ErrorCode::NotGranted);
        let error = execute("B", &[]).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (ErrorCode::Failed, "near \"B\": syntax error"));
        let error = query("A", &[1.into(), Value::Blob(vec![1])]).unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.starts_with("parameter 2 is bytes"), "{}", error.message);
    }
}
