//! An answer of the server, and what tests ask of it. Whatever is not as it should be fails with the body shown.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, in words, for messages.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Asserts the status.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
        self
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: not JSON ({error}): {}", self.request, self.text()))
    }

    /// The `items` of a list.
    ///
    /// # Panics
    /// When the body is no list.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        match &self.json()["items"] {
            Value::Array(items) => items.clone(),
            _ => panic!("{}: not a list: {}", self.request, self.text()),
        }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A header that must be there.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn must_have(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| {
            panic!("{} ({}): no header `{name}`: {:?}", self.request, self.status, self.headers)
        })
    }

    /// Asserts a problem document with this status and code, and answers it.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status, text(&problem, "code")), (status, code), "{}: {problem:#}", self.request);
        problem
    }

    /// Asserts a well-formed problem document, whatever it says, and answers it.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn any_problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{} ({}): {}",
            self.request,
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"].as_u64(), Some(u64::from(self.status)), "{}: {problem:#}", self.request);
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].is_string(), "{}: no `{member}` in {problem:#}", self.request);
        }
        problem
    }

    /// The fields that a problem document finds fault with, in its order.
    ///
    /// # Panics
    /// When it is no problem document of a failed validation.
    #[track_caller]
    pub fn faulty_fields(&self) -> Vec<String> {
        let problem = self.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| text(error, "field").to_owned()).collect()
    }
}

#[track_caller]
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    crate::wait::text(value, field)
}
