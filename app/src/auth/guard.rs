//! The extractors: a handler that takes [`Guard<P>`] runs only for an actor with the permission `P`.

use std::{future::Future, marker::PhantomData, ops::Deref, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};

use super::{Actor, AuthService, permission::PermissionMarker};
use crate::error::{ApiError, ErrorCode, Result};

/// An actor that has the permission `P`.
pub struct Guard<P> {
    actor: Actor,
    permission: PhantomData<P>,
}

impl<P> Deref for Guard<P> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

/// Whoever asks, signed in or not. Credentials that are sent must be valid.
pub struct Visitor(pub Actor);

/// Any signed-in user, whatever the role.
pub struct SignedIn(pub Actor);

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl<P: PermissionMarker> FromRequest for Guard<P> {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let actor = actor(&request).await?;
            actor.require(P::PERMISSION)?;
            Ok(Self { actor, permission: PhantomData })
        })
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { actor(&request).await.map(Self) })
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match actor(&request).await? {
                Actor::Anonymous => Err(ApiError::new(ErrorCode::Unauthenticated, "Sign in to do this.")),
                actor => Ok(Self(actor)),
            }
        })
    }
}

async fn actor(request: &HttpRequest) -> Result<Actor> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(Actor::Anonymous) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            ApiError::new(ErrorCode::InvalidToken, "The Authorization header must be `Bearer ACCESS_TOKEN`.")
        })?;
    let Some(auth) = request.app_data::<web::Data<AuthService>>() else {
        return Err(ApiError::internal("the auth service is not registered"));
    };
    auth.authenticate(token).await
}
