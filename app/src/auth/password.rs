//! Passwords: argon2id with 19 MiB, two passes and one lane, off the async threads.

use std::{sync::LazyLock, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{ApiError, ErrorCode, FieldError, Result};

/// The shortest password accepted, in characters.
pub const MIN_LENGTH: usize = 10;
/// The longest password accepted, in characters.
pub const MAX_LENGTH: usize = 256;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password on its way to being hashed or checked. Does not print.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// Wraps what somebody typed; see [`Self::fault`] for the rules.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Which rule the password breaks, if one.
    pub fn fault(&self) -> Option<FieldError> {
        let length = self.0.chars().count();
        if length < MIN_LENGTH {
            return Some(FieldError::new("password", format!("Must have at least {MIN_LENGTH} characters.")));
        }
        (length > MAX_LENGTH)
            .then(|| FieldError::new("password", format!("Must have at most {MAX_LENGTH} characters.")))
    }

    /// Hashes it; takes some tens of milliseconds on a blocking thread.
    pub async fn hash(&self) -> Result<String> {
        let _turn = turn().await?;
        let password = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let hash: argon2::password_hash::Result<PasswordHash> =
                hasher()?.hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| ApiError::internal(error.to_string()))
        })
        .await
        .map_err(ApiError::internal)?
    }

    /// Checks it against a stored hash. Without one (an unknown user, a user without a password) it takes just as long
    /// and says no.
    pub async fn verify(&self, stored: Option<String>) -> Result<Verdict> {
        let _turn = turn().await?;
        let password = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| DECOY.clone());
            let matches = hasher()?.verify_password(password.as_bytes(), stored.as_str()).is_ok();
            Ok(match (known && matches, is_current(&stored)) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButRehash,
            })
        })
        .await
        .map_err(ApiError::internal)?
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[password]")
    }
}

/// Each hash takes 19 MiB and a core: as many run at once as there are cores, and the rest wait a little.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));
/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

async fn turn() -> Result<SemaphorePermit<'static>> {
    match tokio::time::timeout(PATIENCE, TURNS.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(ApiError::new(
            ErrorCode::Unavailable,
            "Too many people sign in right now. Try again shortly.",
        )
        .retry_after(5)),
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not this password.
    Wrong,
    /// This password.
    Right,
    /// This password, hashed with older settings: hash it anew.
    RightButRehash,
}

/// The hash of nothing anybody types, checked when there is no user, so that both cases take alike.
static DECOY: LazyLock<String> = LazyLock::new(|| {
    let hash: Option<PasswordHash> =
        hasher().ok().and_then(|hasher| hasher.hash_password(uuid::Uuid::new_v4().as_bytes()).ok());
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_current(stored: &str) -> bool {
    stored.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

#[cfg(test)]
mod tests {
    use super::{Password, Verdict};

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hash = Password::new("correct horse").hash().await.unwrap();
        assert!(super::is_current(&hash), "{hash}");
        assert_eq!(Password::new("correct horse").verify(Some(hash.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(Password::new("wrong horse").verify(Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(Password::new("anything").verify(None).await.unwrap(), Verdict::Wrong);
    }

    #[test]
    fn passwords_do_not_print() {
        assert!(!format!("{:?}", Password::new("hunter2hunter2")).contains("hunter2"));
    }
}
