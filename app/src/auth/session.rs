//! A session that is looked at again while something lasts, such as a stream of events.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};

use super::{Actor, AuthService};
use crate::error::{ApiError, Result};

/// Whoever made a request, to be asked again later.
#[derive(Clone)]
pub struct Session {
    auth: Arc<AuthService>,
    token: String,
}

impl Session {
    /// Who it is now; none once the session has ended.
    pub async fn actor(&self) -> Option<Actor> {
        self.auth.authenticate(&self.token).await.ok()
    }
}

impl FromRequest for Session {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.split_once(' ')).map_or("", |(_, token)| token.trim());
        let session = request
            .app_data::<web::Data<AuthService>>()
            .map(|auth| Self { auth: Arc::clone(auth), token: token.to_owned() })
            .ok_or_else(|| ApiError::internal("the auth service is not registered"));
        Box::pin(async move { session })
    }
}
