//! The secret that a webhook and its receiver share.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::error::{ApiError, Result};

const PREFIX: &str = "whsec_";
/// How long a secret may be, in bytes, as the specification has it.
const SHORTEST: usize = 24;
const LONGEST: usize = 64;
/// How long those are that are made here.
const MADE: usize = 32;

/// A key for signatures. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self> {
        let mut key = vec![0; MADE];
        getrandom::fill(&mut key).map_err(ApiError::internal)?;
        Ok(Self(key))
    }

    /// Reads `whsec_` and base64, as [`Self::reveal`] writes it.
    ///
    /// # Errors
    /// Says what would be right; the text is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let key = text.trim().strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
        key.filter(|key| (SHORTEST..=LONGEST).contains(&key.len())).map(Self).ok_or_else(|| {
            format!("Must be `{PREFIX}` and {SHORTEST} to {LONGEST} random bytes in base64, or left out.")
        })
    }

    /// The secret as text, for the one answer that shows it, and for the database.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The last four characters, to tell one from another by.
    pub fn hint(&self) -> String {
        let text = self.reveal();
        text[text.len().saturating_sub(4)..].to_owned()
    }

    /// The bytes to sign with.
    pub(super) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_back_and_do_not_print() {
        let secret = Secret::generate().unwrap();
        let text = secret.reveal();
        assert_eq!(Secret::parse(&text).unwrap(), secret);
        assert_ne!(Secret::generate().unwrap(), secret);
        assert!(text.ends_with(&secret.hint()) && secret.hint().len() == 4);
        assert_eq!(format!("{secret:?}"), "[secret]");
    }

    #[test]
    fn what_is_no_secret() {
        let of = |length: usize| format!("{PREFIX}{}", STANDARD.encode(vec![7; length]));
        for length in [24, 64] {
            assert!(Secret::parse(&of(length)).is_ok(), "{length}");
        }
        let (bare, bent) = (of(32)[6..].to_owned(), of(32).replace('=', "!"));
        for wrong in [of(23), of(65), String::new(), PREFIX.to_owned(), bare, bent] {
            let fault = Secret::parse(&wrong).unwrap_err();
            assert!(fault.contains("24 to 64") && (wrong.len() < 10 || !fault.contains(&wrong)), "{fault}");
        }
    }
}
