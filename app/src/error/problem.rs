//! Problem documents (RFC 9457): how an error looks on the wire.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiError, ErrorCode};

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's name as it stands in the request.
    pub field: String,
    /// What was wrong, and what would be right.
    pub message: String,
    /// Where it is in the body: a JSON Pointer (RFC 6901) as a fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl FieldError {
    /// A broken rule of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), pointer: None }
    }

    /// A broken rule of a field that stands at this place in the body, written as `fields.items[2].name`.
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        let field = field.into();
        let pointer = Some(pointer(&field));
        Self { field, message: message.into(), pointer }
    }

    /// A broken rule of the member `name` of what stands at `parent` in the body. Such a name may be anything, also one
    /// that [`Self::at`] would take apart.
    pub fn below(parent: &str, name: &str, message: impl Into<String>) -> Self {
        let field = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
        let pointer = Some(format!("{}/{}", pointer(parent), encode(name)));
        Self { field, message: message.into(), pointer }
    }

    /// The same, where its body is part of a larger one and stands at `parent` there.
    pub fn within(&self, parent: &str) -> Self {
        let below = self.pointer.as_deref().map_or_else(|| pointer(&self.field), str::to_owned);
        let field = if below == "#" { parent.to_owned() } else { format!("{parent}.{}", self.field) };
        let pointer = Some(format!("{}{}", pointer(parent), below.trim_start_matches('#')));
        Self { field, message: self.message.clone(), pointer }
    }

    /// Several of them in one line, for logs and summaries.
    pub fn line(faults: &[Self]) -> String {
        faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>().join(" ")
    }
}

/// `fields.items[2].name` is `#/fields/items/2/name`. Names may hold anything, since clients choose them.
fn pointer(field: &str) -> String {
    let mut pointer = "#".to_owned();
    for segment in field.split('.').filter(|segment| !segment.is_empty()) {
        let (name, indexes) = segment.split_once('[').unwrap_or((segment, ""));
        let indexes = indexes.split('[').map(|index| index.trim_end_matches(']'));
        for part in std::iter::once(name).chain(indexes).filter(|part| !part.is_empty()) {
            pointer.push('/');
            pointer.push_str(&encode(part));
        }
    }
    pointer
}

/// What a fragment may not hold is percent-encoded, after the escapes of JSON Pointer.
fn encode(part: &str) -> String {
    let escaped = part.replace('~', "~0").replace('/', "~1");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    escaped
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The body of every error answer, as `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`; the code tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable code for programs.
    pub code: String,
    /// What was wrong with this request.
    pub detail: String,
    /// Every broken rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The plugin that refused, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// That plugin's own code for its reason, if it refused on purpose; `detail` is in its words then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_code: Option<String>,
}

impl ApiError {
    /// The problem document that a client gets.
    pub fn to_problem(&self) -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: self.code.title().into(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().into(),
            detail: self.detail.clone(),
            errors: self.fields.clone(),
            plugin: self.plugin().map(str::to_owned),
            plugin_code: self.plugin_code.as_deref().map(str::to_owned),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        if self.code.status().is_server_error() {
            tracing::error!(code = self.code.as_str(), error = %self, "request failed");
        }
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if matches!(self.code, ErrorCode::Unauthenticated | ErrorCode::InvalidToken) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(self.to_problem())
    }
}

#[cfg(test)]
mod tests {
    use super::FieldError;

    #[test]
    fn a_name_of_any_kind_is_one_segment() {
        let pointer = |fault: &FieldError| fault.pointer.clone().unwrap();
        let fault = FieldError::below("fields.items[2]", "a.b[0]/~ü", "Is unknown.");
        assert_eq!(fault.field, "fields.items[2].a.b[0]/~ü");
        assert_eq!(pointer(&fault), "#/fields/items/2/a.b%5B0%5D~1~0%C3%BC");
        assert_eq!(pointer(&FieldError::below("", "a.b", "Is unknown.")), "#/a.b");
        assert_eq!(pointer(&FieldError::below("", "", "Is unknown.")), "#/");
        assert_eq!(pointer(&FieldError::at("fields.items[2].a", "Is wrong.")), "#/fields/items/2/a");
        let within = fault.within("items[3]");
        assert_eq!(within.field, "items[3].fields.items[2].a.b[0]/~ü");
        assert_eq!(pointer(&within), "#/items/3/fields/items/2/a.b%5B0%5D~1~0%C3%BC");
        let whole = FieldError::at("", "Must be an object.").within("items[3]");
        assert_eq!((whole.field.as_str(), pointer(&whole).as_str()), ("items[3]", "#/items/3"));
    }
}
