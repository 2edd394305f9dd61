//! As much JSON as host calls speak, so that the SDK needs no other crate for it.

use std::fmt;

/// The deepest nesting that is read; deeper text is refused rather than recursed into.
const MAX_DEPTH: usize = 128;

/// A JSON value. Objects keep the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    /// A number without fraction or exponent that fits.
    Integer(i64),
    /// Any other number.
    Real(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing behind it.
    pub(crate) fn parse(text: &str) -> Result<Json, String> {
        let mut parser = Parser { text, position: 0 };
        let value = parser.value(0)?;
        parser.skip_space();
        if parser.position < text.len() {
            return parser.fault("the end");
        }
        Ok(value)
    }

    /// The value under a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => formatter.write_str("null"),
            Json::Boolean(flag) => write!(formatter, "{flag}"),
            Json::Integer(whole) => write!(formatter, "{whole}"),
            Json::Real(real) if real.is_finite() => write!(formatter, "{real:?}"),
            // JSON has no word for these.
            Json::Real(_) => formatter.write_str("null"),
            Json::Text(text) => write_text(formatter, text),
            Json::Array(items) => {
                formatter.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    let comma = if position == 0 { "" } else { "," };
                    write!(formatter, "{comma}{item}")?;
                }
                formatter.write_str("]")
            }
            Json::Object(fields) => {
                formatter.write_str("{")?;
                for (position, (name, value)) in fields.iter().enumerate() {
                    formatter.write_str(if position == 0 { "" } else { "," })?;
                    write_text(formatter, name)?;
                    write!(formatter, ":{value}")?;
                }
                formatter.write_str("}")
            }
        }
    }
}

fn write_text(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            control if control < ' ' => write!(formatter, "\\u{:04x}", u32::from(control))?,
            other => write!(formatter, "{other}")?,
        }
    }
    formatter.write_str("\"")
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.position += usize::from(there);
        there
    }

    fn fault<T>(&self, wanted: &str) -> Result<T, String> {
        Err(format!("{wanted} is expected at byte {}", self.position))
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH} levels"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, String> {
        let words = [("null", Json::Null), ("true", Json::Boolean(true)), ("false", Json::Boolean(false))];
        for (word, value) in words {
            if self.text.as_bytes()[self.position..].starts_with(word.as_bytes()) {
                self.position += word.len();
                return Ok(value);
            }
        }
        self.fault("a value")
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        let mut items = Vec::new();
        self.position += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return self.fault("`,` or `]`");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut fields = Vec::new();
        self.position += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.fault("a key in quotes");
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return self.fault("`:`");
            }
            fields.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(fields));
            }
            if !self.take(b',') {
                return self.fault("`,` or `}`");
            }
        }
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        if self.position == start { self.fault("a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.position;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut is_whole = true;
        if self.take(b'.') {
            is_whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            is_whole = false;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let digits = &self.text[start..self.position];
        if let (true, Ok(whole)) = (is_whole, digits.parse()) {
            return Ok(Json::Integer(whole));
        }
        match digits.parse::<f64>() {
            Ok(real) if real.is_finite() => Ok(Json::Real(real)),
            _ => Err(format!("the number {digits} is too large")),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        self.position += 1;
        loop {
            let rest = &self.text[self.position..];
            let plain = rest.find(|character: char| matches!(character, '"' | '\\') || character < ' ');
            let Some(length) = plain else { return self.fault("the end of a string") };
            text.push_str(&rest[..length]);
            self.position += length;
            if self.take(b'"') {
                return Ok(text);
            }
            if !self.take(b'\\') {
                return self.fault("`\\u` and four digits instead of a control character");
            }
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let letter = self.peek();
        self.position += 1;
        Ok(match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => {
                self.position -= 1;
                return self.fault("one of the escapes of JSON");
            }
        })
    }

    fn unicode(&mut self) -> Result<char, String> {
        let mut code = self.hexadecimal()?;
        if (0xd800..0xdc00).contains(&code) && self.take(b'\\') && self.take(b'u') {
            let low = self.hexadecimal()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.fault("the second half of a character");
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        char::from_u32(code).map_or_else(|| self.fault("a whole character"), Ok)
    }

    fn hexadecimal(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.position..self.position + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.position += 4;
                Ok(code)
            }
            None => self.fault("four hexadecimal digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "null",
            "true",
            "-3",
            "2.5",
            "[]",
            "{}",
            r#"[1,[2,"three"],{"a":null,"b":[false]}]"#,
            r#""quote \" slash \\ line \n tab \t bell \u0007 ü 😀""#,
        ] {
            assert_eq!(Json::parse(text).map(|value| value.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Json::parse(" [ 1 , 2 ] "), Ok(Json::Array(vec![Json::Integer(1), Json::Integer(2)])));
        assert_eq!(Json::parse(r#""\ud83d\ude00\u00e4""#), Ok(Json::Text("😀ä".to_owned())));
        assert_eq!(Json::parse("18446744073709551615"), Ok(Json::Real(18_446_744_073_709_551_615.0)));
        assert_eq!(Json::parse("1E+2"), Ok(Json::Real(100.0)));
        assert_eq!(Json::Real(f64::NAN).to_string(), "null");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(500);
        for text in [
            "",
            "nul",
            "[1,]",
            "[1 2]",
            "{a:1}",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "'a'",
            "\"a",
            "\"\n\"",
            "01",
            "1.",
            "-",
            "1e",
            "1e999",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\u0041\"",
            "1 2",
            "\"\\",
            &deep,
        ] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fields_are_found_by_name() {
        let object = Json::parse(r#"{"ok":true}"#).unwrap();
        assert_eq!(object.get("ok"), Some(&Json::Boolean(true)));
        assert_eq!(object.get("error"), None);
        assert_eq!(Json::Null.get("ok"), None);
    }
}
