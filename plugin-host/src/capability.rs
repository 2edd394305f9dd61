//! One place answers whether a plugin may do something, and says what it lacks.

use crate::manifest::{DatabasePermission, Permissions};
use crate::ports::{DatabaseAccess, HostAllowList, HttpPermission, SiteView};

/// What a plugin may be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capability {
    /// `db-*`: any database access.
    Database,
    /// `data`: its own tables.
    OwnTables,
    /// `http-*`.
    Http,
    /// `emit-event`.
    Emit,
}

/// What a plugin was granted. Everything else is denied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    database: DatabaseAccess,
    /// The hosts that the manifest names by themselves.
    hosts: HostAllowList,
    /// The settings that name further ones.
    host_settings: Vec<String>,
    any_http: bool,
    emit: bool,
}

impl Grants {
    /// Everything that was asked for.
    pub(crate) fn new(asked: &Permissions) -> Grants {
        let mut database = DatabaseAccess::default();
        for permission in &asked.database {
            match permission {
                DatabasePermission::Own => database.own_tables = true,
                DatabasePermission::Read(view) => {
                    database.views.insert(*view);
                }
                DatabasePermission::ReadContent(name) => {
                    database.content.insert(name.clone());
                }
            }
        }
        let host_settings = asked.http.iter().filter_map(|permission| match permission {
            HttpPermission::Setting(key) => Some(key.clone()),
            HttpPermission::AnyHost | HttpPermission::Host(_) => None,
        });
        Grants {
            database,
            hosts: HostAllowList::new(&asked.http),
            host_settings: host_settings.collect(),
            any_http: !asked.http.is_empty(),
            emit: asked.emit,
        }
    }

    /// What its SQL may reach.
    pub(crate) fn database(&self) -> &DatabaseAccess {
        &self.database
    }

    /// The hosts that it may reach, whatever its settings hold.
    pub(crate) fn hosts(&self) -> &HostAllowList {
        &self.hosts
    }

    /// The keys of the settings whose hosts it may reach as well.
    pub(crate) fn host_settings(&self) -> &[String] {
        &self.host_settings
    }

    /// Whether `get-post` answers posts that are not published.
    pub(crate) fn reads_drafts(&self) -> bool {
        self.database.views.contains(&SiteView::Drafts)
    }

    /// Whether a call that needs `capability` may go on.
    ///
    /// # Errors
    /// What is missing, in words for the plugin's author.
    pub(crate) fn check(&self, capability: Capability) -> Result<(), String> {
        let (granted, wanted) = match capability {
            Capability::Database => (self.database.is_any(), "`permissions.database`, as in [\"own\"]"),
            Capability::OwnTables => (self.database.own_tables, "\"own\" in `permissions.database`"),
            Capability::Http => (self.any_http, "`permissions.http`, as in [\"api.example.com\"]"),
            Capability::Emit => (self.emit, "\"emit\" in `permissions.events`"),
        };
        if granted { Ok(()) } else { Err(format!("not granted: the manifest does not ask for {wanted}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Capability; 4] =
        [Capability::Database, Capability::OwnTables, Capability::Http, Capability::Emit];

    fn permissions(database: &[DatabasePermission], http: &[&str], emit: bool) -> Permissions {
        let http = http.iter().map(|host| host.parse().expect(host)).collect();
        Permissions { database: database.to_vec(), http, emit, ..Permissions::default() }
    }

    #[test]
    fn nothing_is_granted_that_was_not_asked_for() {
        let nothing = Grants::new(&Permissions::default());
        assert!(!nothing.reads_drafts());
        for capability in ALL {
            let reason = nothing.check(capability).expect_err("denied");
            assert!(reason.starts_with("not granted: ") && reason.contains("permissions."), "{reason}");
        }
    }

    #[test]
    fn each_permission_opens_its_own_door_alone() {
        let read = DatabasePermission::Read(SiteView::Posts);
        let content = DatabasePermission::ReadContent("event".to_owned());
        for (asked, open) in [
            (
                permissions(&[DatabasePermission::Own], &[], false),
                &[Capability::Database, Capability::OwnTables][..],
            ),
            (permissions(&[read], &[], false), &[Capability::Database]),
            (permissions(&[content], &[], false), &[Capability::Database]),
            (permissions(&[], &["example.com"], false), &[Capability::Http]),
            (permissions(&[], &["*"], false), &[Capability::Http]),
            (permissions(&[], &["setting:target"], false), &[Capability::Http]),
            (permissions(&[], &[], true), &[Capability::Emit]),
        ] {
            let grants = Grants::new(&asked);
            for capability in ALL {
                assert_eq!(
                    grants.check(capability).is_ok(),
                    open.contains(&capability),
                    "{asked:?} {capability:?}"
                );
            }
        }
        let drafts = Grants::new(&permissions(&[DatabasePermission::Read(SiteView::Drafts)], &[], false));
        assert!(drafts.reads_drafts());
    }

    #[test]
    fn content_types_are_granted_by_name() {
        let types = ["event", "recipe", "event"].map(|name| DatabasePermission::ReadContent(name.to_owned()));
        let granted = Grants::new(&permissions(&types, &[], false));
        let names: Vec<&str> = granted.database().content.iter().map(String::as_str).collect();
        assert_eq!(names, ["event", "recipe"]);
        assert!(granted.database().views.is_empty() && !granted.database().own_tables);
        assert!(!granted.reads_drafts());
    }
}
