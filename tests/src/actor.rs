//! Who uses the site in a test: somebody of a role, or a guest, with an HTTP client at hand.

use fleuron::auth::Role;
use fleuron::ids::UserId;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http_text::encode_form;

/// The password of every actor that has one.
pub const PASSWORD: &str = "a quite long password";

/// Somebody who uses the site.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The role's name, or `guest`.
    pub name: &'static str,
    /// The account; guests have none.
    pub account: Option<Account>,
    client: Client,
    base: String,
}

/// An actor's account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Identity.
    pub id: UserId,
    /// To sign in with.
    pub email: String,
    /// To sign in with.
    pub username: String,
    /// Good for ten minutes.
    pub access_token: String,
    /// Good once.
    pub refresh_token: String,
}

impl Actor {
    pub(crate) fn new(client: Client, base: &str, role: Option<Role>, account: Option<Account>) -> Self {
        Self { name: role.map_or("guest", Role::as_str), account, client, base: base.to_owned() }
    }

    /// The actor's account.
    ///
    /// # Panics
    /// For guests.
    #[track_caller]
    pub fn account(&self) -> &Account {
        self.account.as_ref().expect("this actor has an account")
    }

    /// The account's id as text.
    ///
    /// # Panics
    /// For guests.
    #[track_caller]
    pub fn id(&self) -> String {
        self.account().id.to_string()
    }

    /// The same person with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        let mut other = self.clone();
        if let Some(account) = &mut other.account {
            account.access_token = token.to_owned();
        }
        other
    }

    /// A request that carries the actor's credentials. Send it with [`Actor::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.account {
            Some(account) => request.bearer_auth(&account.access_token),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{} got no answer: {error:?}", self.name))
    }

    /// As [`Actor::send`], for servers that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let request = request.build()?;
        let words = format!("{} as {}: {} {}", self.name, self.base, request.method(), request.url().path());
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        Ok(Answer { request: words, status, headers, body })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET with one more header.
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(header, value)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// POST of a form as browsers send it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(encode_form(fields))).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// PATCH for one version alone.
    pub async fn patch_if(&self, path: &str, version: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).header("if-match", version).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST to the login with a name or address and a password.
    pub async fn login(&self, login: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", &json!({ "email": login, "password": password })).await
    }
}
