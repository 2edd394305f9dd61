//! A running site as the command line speaks to it: JSON over its own API.

use std::time::{Duration, Instant};

use hyper::{
    HeaderMap, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};

use super::Failure;
use crate::egress::{Egress, EgressConfig, EgressRequest};

/// How long one request may take. Large packages take a while to upload and to compile.
const PATIENCE: Duration = Duration::from_secs(600);

/// A site at an address, and somebody who may manage its plugins.
#[derive(Clone)]
pub(super) struct Api {
    egress: Egress,
    base: String,
    token: String,
}

/// What a request carries.
pub(super) enum Body {
    None,
    Json(Value),
    Package(Vec<u8>),
}

impl Api {
    /// The site at `base` for whoever has this access token. Whoever names an address on the command line may reach it,
    /// in their own network too.
    pub(super) fn new(base: &str, token: &str) -> Result<Self, Failure> {
        let config = EgressConfig {
            allow_private: EgressConfig::parse_allow("0.0.0.0/0, ::/0")?,
            timeout: PATIENCE,
            max_body: 64 << 20,
            max_redirects: 0,
            ..EgressConfig::default()
        };
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { egress: Egress::new(config)?, base, token: token.to_owned() })
    }

    /// Signs in at the site.
    pub(super) async fn sign_in(base: &str, user: &str, password: &str) -> Result<Self, Failure> {
        let anonymous = Self::new(base, "")?;
        let body = Body::Json(json!({ "email": user, "password": password }));
        let session = anonymous.send(Method::POST, "/auth/login", body).await?;
        let token = session["access_token"].as_str().ok_or("the site answered no access token")?;
        Self::new(base, token)
    }

    /// A page of the site, as any reader sees it.
    pub(super) async fn page(&self, path: &str) -> Result<String, Failure> {
        let request = EgressRequest {
            caller: "command line".to_owned(),
            method: Method::GET,
            url: format!("{}{path}", self.base),
            headers: HeaderMap::new(),
            body: None,
            max_redirects: None,
            until: Instant::now() + PATIENCE,
        };
        let response = self.egress.send(request, &|_| Ok(())).await?;
        match response.status.is_success() {
            true => Ok(String::from_utf8_lossy(&response.body).into_owned()),
            false => Err(format!("{path} answered {}", response.status).into()),
        }
    }

    /// Sends a request below `/api/v1` and answers the JSON that comes back; null where nothing does.
    pub(super) async fn send(&self, method: Method, path: &str, body: Body) -> Result<Value, Failure> {
        let mut headers = HeaderMap::new();
        if !self.token.is_empty() {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", self.token))
                .map_err(|error| format!("the token cannot be sent: {error}"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let body = match body {
            Body::None if method == Method::GET => None,
            Body::None => Some(Vec::new()),
            Body::Json(value) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Some(value.to_string().into_bytes())
            }
            Body::Package(bytes) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
                Some(bytes)
            }
        };
        let request = EgressRequest {
            caller: "command line".to_owned(),
            method,
            url: format!("{}/api/v1{path}", self.base),
            headers,
            body,
            max_redirects: None,
            until: Instant::now() + PATIENCE,
        };
        let response = self.egress.send(request, &|_| Ok(())).await?;
        let is_empty = response.body.is_empty();
        let answer: Value = match serde_json::from_slice(&response.body) {
            Ok(answer) => answer,
            Err(_) if is_empty => Value::Null,
            Err(error) => {
                return Err(format!("{} answered {} and no JSON: {error}", self.base, response.status).into());
            }
        };
        if response.status.is_success() { Ok(answer) } else { Err(problem(&answer).into()) }
    }
}

/// A problem document in words, each of its reasons on a line of its own.
fn problem(problem: &Value) -> String {
    let mut words =
        problem["detail"].as_str().unwrap_or("the site refused it and did not say why").to_owned();
    for error in problem["errors"].as_array().into_iter().flatten() {
        words.push_str(&format!(
            "\n  - {}: {}",
            error["field"].as_str().unwrap_or_default(),
            error["message"].as_str().unwrap_or_default()
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_tells_all_its_reasons() {
        let document = json!({
            "detail": "Some fields are not valid.",
            "errors": [{ "field": "package", "message": "one" }, { "field": "package", "message": "two" }],
        });
        assert_eq!(problem(&document), "Some fields are not valid.\n  - package: one\n  - package: two");
    }
}
