//! One place answers whether a plugin may do something, and says what it lacks.

use crate::manifest::Permissions;

/// What a plugin may be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capability {
    /// `db-*`.
    Database,
    /// `http-*`.
    Http,
    /// `emit-event`.
    Events,
}

/// What a plugin was granted.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    permissions: Permissions,
}

impl Grants {
    pub(crate) fn new(permissions: Permissions) -> Grants {
        Grants { permissions }
    }

    /// Why a call that needs `capability` is denied, in words for the plugin's author.
    pub(crate) fn denial(&self, capability: Capability) -> String {
        let (asked, permission) = match capability {
            Capability::Database => (!self.permissions.database.is_empty(), "`permissions.database`"),
            Capability::Http => (!self.permissions.http.is_empty(), "`permissions.http`"),
            Capability::Events => {
                return "not granted: this server does not take events from plugins".to_owned();
            }
        };
        match asked {
            true => {
                format!("not granted: the manifest asks for {permission}, but this server does not offer it")
            }
            false => format!("not granted: the manifest does not ask for {permission}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_name_the_permission() {
        let nothing = Grants::new(Permissions::default());
        assert!(nothing.denial(Capability::Database).contains("does not ask for `permissions.database`"));
        let http =
            Grants::new(Permissions { http: vec!["example.com".to_owned()], ..Permissions::default() });
        assert!(http.denial(Capability::Http).contains("asks for `permissions.http`"));
        for capability in [Capability::Database, Capability::Http, Capability::Events] {
            assert!(http.denial(capability).starts_with("not granted: "));
        }
    }
}
