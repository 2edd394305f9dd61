//! Signatures by the Standard Webhooks specification (www.standardwebhooks.com): HMAC-SHA256 over the event's id, the
//! time of the attempt and the body, so that a receiver can tell a repetition, an old request and a forged one.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Secret;
use crate::{
    clock::Timestamp,
    error::{ApiError, Result},
};

/// The header with the event's id, the same at every attempt.
pub(super) const ID: &str = "webhook-id";
/// The header with the time of the attempt, in seconds.
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub(super) const SIGNATURE: &str = "webhook-signature";

/// The time as it is signed and sent: whole seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

/// The value of the header: one signature for each secret, with a space between them.
pub(super) fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    id: &str,
    at: Timestamp,
    body: &str,
) -> Result<String> {
    let message = format!("{id}.{}.{body}", seconds(at));
    let signatures = secrets.into_iter().map(|secret| one(secret, &message)).collect::<Result<Vec<_>>>()?;
    Ok(signatures.join(" "))
}

fn one(secret: &Secret, message: &str) -> Result<String> {
    // A key of any length is taken, so that this does not fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.key())
        .map_err(|error| ApiError::internal(error.to_string()))?;
    mac.update(message.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification_s_libraries() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_millis(1_614_265_330_999);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign([&secret], id, at, r#"{"test": 2432232314}"#).unwrap(), expected);
        let other = Secret::generate().unwrap();
        let both = sign([&other, &secret], id, at, r#"{"test": 2432232314}"#).unwrap();
        let (first, second) = both.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != expected && second == expected, "{both}");
    }
}
