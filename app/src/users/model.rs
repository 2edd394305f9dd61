//! What a user is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{Role, password::Password},
    clock::Timestamp,
    error::FieldError,
    ids::UserId,
};

/// A user, without the password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// Unset for authors who never sign in.
    pub email: Option<String>,
    /// Unique; also the author page's address.
    pub username: String,
    /// The name that readers see.
    pub display_name: String,
    /// A few words for the author page.
    pub bio: String,
    /// What the user may do.
    pub role: Role,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// Grows when password, role or status change; older sessions end.
    pub token_version: i64,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// Whether the account may be used.
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not sign in; posts stay.
    Suspended,
}

impl UserStatus {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Reads a database value; anything unknown may not sign in.
    pub fn from_database(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Suspended }
    }
}

/// An e-mail address in lower case, plausible in form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks the form: one `@`, something before it, a domain after it, at most 254 bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let plausible = text.len() <= 254
            && !text.chars().any(|character| character.is_whitespace() || character.is_control())
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !domain.contains('@')
                    && domain.split('.').all(|label| !label.is_empty())
                    && !domain.starts_with('-')
            });
        if plausible {
            Ok(Self(text.to_lowercase()))
        } else {
            Err("Is not an e-mail address such as ada@example.com.".into())
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user name: 2 to 60 of a-z, 0-9, `-`, `_` and `.`, starting and ending with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks the rules; capitals are lowered.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let edge =
            |character: Option<char>| character.is_some_and(|character| character.is_ascii_alphanumeric());
        let valid = (2..=60).contains(&text.len())
            && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
            && edge(text.chars().next())
            && edge(text.chars().last());
        if valid {
            Ok(Self(text))
        } else {
            Err("Must be 2 to 60 of a-z, 0-9, `-`, `_` and `.`, and start and end with a letter or digit."
                .into())
        }
    }

    /// Makes a valid user name of any display name: `Niko Matsakis` becomes `niko-matsakis`.
    pub fn derive(name: &str) -> Self {
        let plain = deunicode::deunicode(name).to_lowercase();
        let mut text = String::new();
        for character in plain.chars() {
            if character.is_ascii_alphanumeric() {
                text.push(character);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
            if text.len() >= 56 {
                break;
            }
        }
        let text = text.trim_end_matches('-');
        Self(if text.len() >= 2 {
            text.to_owned()
        } else {
            format!("author-{text}").trim_end_matches('-').to_owned()
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user to be created.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Needed to sign in by address.
    pub email: Option<Email>,
    /// Unique.
    pub username: Username,
    /// The name that readers see; the user name if empty.
    pub display_name: String,
    /// What the user may do.
    pub role: Role,
    /// Without one, nobody can sign in to this account.
    pub password: Option<Password>,
}

impl NewUser {
    /// Reads what somebody typed; all faults at once.
    pub fn parse(
        email: &str,
        username: &str,
        display_name: &str,
        role: Role,
        password: Password,
    ) -> Result<Self, Vec<FieldError>> {
        let mut faults: Vec<FieldError> = password.fault().into_iter().collect();
        let email = Email::parse(email).map_err(|fault| faults.push(FieldError::new("email", fault))).ok();
        let username =
            Username::parse(username).map_err(|fault| faults.push(FieldError::new("username", fault))).ok();
        let display_name = display_name.trim().to_owned();
        if display_name.chars().count() > 120 || display_name.chars().any(char::is_control) {
            faults.push(FieldError::new("display_name", "Must be one line of at most 120 characters."));
        }
        match (email, username) {
            (Some(email), Some(username)) if faults.is_empty() => {
                Ok(Self { email: Some(email), username, display_name, role, password: Some(password) })
            }
            _ => Err(faults),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Username};

    #[test]
    fn addresses_must_be_plausible() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
        for wrong in ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example..com", "a@b@c"] {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn user_names_are_derived_from_any_name() {
        assert_eq!(Username::derive("Niko Matsakis").as_str(), "niko-matsakis");
        assert_eq!(Username::derive("Émile Zölä!").as_str(), "emile-zola");
        for name in ["", "???", "x"] {
            assert!(Username::parse(Username::derive(name).as_str()).is_ok(), "{name}");
        }
    }
}
