//! Access tokens: short-lived JWTs, signed with one pinned algorithm and the site's own key.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::keys::SecretKey;
use crate::{
    clock::Timestamp,
    error::{ApiError, ErrorCode, Result},
    ids::UserId,
};

const ALGORITHM: Algorithm = Algorithm::HS256;
const ISSUER: &str = "fleuron";
const AUDIENCE: &str = "fleuron-api";
/// The header's `typ` (RFC 9068): no other token of this site passes for an access token.
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: UserId,
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// The user's token version at that time; an older one is refused.
    pub ver: i64,
}

/// Signs and checks access tokens.
pub struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime: i64,
}

impl TokenSigner {
    /// A signer with this key; tokens live for `lifetime`.
    pub fn new(key: &SecretKey, lifetime: std::time::Duration) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 5;
        Self {
            encoding: EncodingKey::from_secret(key.bytes()),
            decoding: DecodingKey::from_secret(key.bytes()),
            validation,
            lifetime: i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX),
        }
    }

    /// How long a new token lives, in seconds.
    pub fn lifetime(&self) -> i64 {
        self.lifetime
    }

    /// A token for the user.
    pub fn sign(&self, user: UserId, token_version: i64) -> Result<String> {
        let now = Timestamp::now().millis() / 1000;
        let claims = Claims {
            sub: user,
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            iat: now,
            exp: now + self.lifetime,
            ver: token_version,
        };
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYPE.into());
        encode(&header, &claims, &self.encoding).map_err(ApiError::internal)
    }

    /// What the token says, if this site made it and it is still good.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        let invalid =
            || ApiError::new(ErrorCode::InvalidToken, "The access token is not valid or has run out.");
        let data = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| invalid().caused_by(error))?;
        if data.header.typ.as_deref() != Some(TYPE) { Err(invalid()) } else { Ok(data.claims) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TokenSigner;
    use crate::{auth::keys, ids::UserId};

    #[test]
    fn only_own_fresh_tokens_pass() {
        let folder = tempfile::tempdir().unwrap();
        let ours = keys::load_or_create(folder.path(), "ours").unwrap();
        let theirs = keys::load_or_create(folder.path(), "theirs").unwrap();
        let signer = TokenSigner::new(&ours, Duration::from_secs(600));
        let user = UserId::generate();
        let token = signer.sign(user, 3).unwrap();
        let claims = signer.verify(&token).unwrap();
        assert_eq!((claims.sub, claims.ver), (user, 3));
        assert!(TokenSigner::new(&theirs, Duration::from_secs(600)).verify(&token).is_err());
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
        assert!(signer.verify(&unsigned).is_err());
    }
}
