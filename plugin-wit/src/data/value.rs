//! One value in a table.

use super::{Error, ErrorCode};

/// A value in a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// Stored as 1 or 0, and read back as such.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Real(_) => "a number with a fraction",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytes",
        }
    }
}

macro_rules! into_value {
    ($($source:ty, $value:ident => $result:expr;)*) => {
        $(
            impl From<$source> for Value {
                fn from($value: $source) -> Value {
                    $result
                }
            }
        )*
    };
}

into_value! {
    bool, flag => Value::Boolean(flag);
    i32, whole => Value::Integer(whole.into());
    u32, whole => Value::Integer(whole.into());
    i64, whole => Value::Integer(whole);
    f64, real => Value::Real(real);
    &str, text => Value::Text(text.to_owned());
    &String, text => Value::Text(text.clone());
    String, text => Value::Text(text);
    &[u8], bytes => Value::Blob(bytes.to_vec());
    Vec<u8>, bytes => Value::Blob(bytes);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// Types that a [`Value`] can be read as; `Option<T>` reads NULL as `None`.
pub trait FromValue: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] where it is something else.
    fn from_value(value: Value) -> Result<Self, Error>;
}

fn unlike<T>(value: &Value, wanted: &str) -> Result<T, Error> {
    Err(Error::new(ErrorCode::Invalid, format!("is {}, not {wanted}", value.kind())))
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Value, Error> {
        Ok(value)
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<bool, Error> {
        match value {
            Value::Boolean(flag) => Ok(flag),
            Value::Integer(whole @ (0 | 1)) => Ok(whole == 1),
            other => unlike(&other, "a boolean, 1 or 0"),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<i64, Error> {
        match value {
            Value::Integer(whole) => Ok(whole),
            Value::Boolean(flag) => Ok(flag.into()),
            other => unlike(&other, "a whole number"),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<f64, Error> {
        match value {
            Value::Real(real) => Ok(real),
            // A column without fractions comes back as whole numbers; beyond 2^53 the nearest one has to do.
            Value::Integer(whole) => Ok(whole as f64),
            other => unlike(&other, "a number"),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<String, Error> {
        match value {
            Value::Text(text) => Ok(text),
            other => unlike(&other, "text"),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Vec<u8>, Error> {
        match value {
            Value::Blob(bytes) => Ok(bytes),
            other => unlike(&other, "bytes"),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Option<T>, Error> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FromValue, Value};

    #[test]
    fn values_come_from_what_rust_has() {
        assert_eq!(Value::from(true), Value::Boolean(true));
        assert_eq!(Value::from(3), Value::Integer(3));
        assert_eq!(Value::from(3_i64), Value::Integer(3));
        assert_eq!(Value::from(0.5), Value::Real(0.5));
        assert_eq!(Value::from("a"), Value::Text("a".to_owned()));
        assert_eq!(Value::from(String::from("a")), Value::Text("a".to_owned()));
        assert_eq!(Value::from(vec![1_u8, 2]), Value::Blob(vec![1, 2]));
        assert_eq!(Value::from(Some("a")), Value::Text("a".to_owned()));
        assert_eq!(Value::from(None::<i64>), Value::Null);
    }

    #[test]
    fn values_are_read_as_what_they_are() {
        assert_eq!(bool::from_value(Value::Integer(1)), Ok(true));
        assert_eq!(f64::from_value(Value::Integer(2)), Ok(2.0));
        assert_eq!(Option::<String>::from_value(Value::Null), Ok(None));
        assert_eq!(Option::<i64>::from_value(Value::Integer(4)), Ok(Some(4)));
        let error = i64::from_value(Value::Text("4".to_owned())).unwrap_err();
        assert_eq!(error.message, "is text, not a whole number");
        assert!(bool::from_value(Value::Integer(2)).is_err());
        assert!(String::from_value(Value::Null).is_err());
    }
}
