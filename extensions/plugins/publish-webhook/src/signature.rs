//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and data.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret in base64 begins with.
const PREFIX: &str = "whsec_";
/// Shorter keys could be guessed.
const SHORTEST: usize = 16;

/// Base64, with or without the signs that fill it up.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key that both sides know.
#[derive(Clone)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// Reads a secret: `whsec_` and base64, or else any text, whose bytes are the key.
    ///
    /// # Errors
    /// What is wrong with it, to be read behind its name; without the secret itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let key = match text.strip_prefix(PREFIX) {
            Some(encoded) => LENIENT
                .decode(encoded)
                .map_err(|_| format!("begins with {PREFIX}, but what follows is not base64"))?,
            None => text.as_bytes().to_vec(),
        };
        if key.len() < SHORTEST {
            return Err(format!("has {} bytes; at least {SHORTEST} are needed", key.len()));
        }
        Ok(Self(key))
    }

    /// Signs; answers `v1,` and the signature in base64.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, data: &str) -> String {
        // A key of any length will do, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{timestamp}.{data}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A secret is not printed.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    /// The example of the specification.
    #[test]
    fn the_known_example_is_signed_as_expected() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_come_in_two_forms() {
        let sign = |secret: &str| Secret::parse(secret).map(|secret| secret.sign("id", 1, "{}"));
        assert_eq!(sign("whsec_MDEyMzQ1Njc4OWFiY2RlZg=="), sign("0123456789abcdef"));
        assert_eq!(sign("whsec_MDEyMzQ1Njc4OWFiY2RlZg"), sign("0123456789abcdef"));
        assert_ne!(sign("0123456789abcdef"), sign("0123456789abcdeF"));
    }

    #[test]
    fn bad_secrets_are_named_and_not_told() {
        for (secret, reason) in [
            ("", "has 0 bytes; at least 16 are needed"),
            ("whsec_", "has 0 bytes; at least 16 are needed"),
            ("fifteen letters", "has 15 bytes; at least 16 are needed"),
            ("whsec_not base64!", "begins with whsec_, but what follows is not base64"),
        ] {
            assert_eq!(Secret::parse(secret).unwrap_err(), reason);
        }
        assert_eq!(format!("{:?}", Secret::parse("0123456789abcdef").unwrap()), "Secret(..)");
    }
}
