//! Permissions that are worse together than each by itself.

use super::key::{Key, keys};
use super::words::servers;
use crate::hook::HookPoint;
use crate::manifest::{DatabasePermission, Manifest};
use crate::ports::{HttpPermission, SiteView};

/// How many servers are named in a sentence.
const NAMED: usize = 3;

/// Dangerous combinations of what the plugin with this manifest asks for, each as a sentence for the site's owner: what
/// it knows and can send out, or have sent out by others; what it shows that comes from elsewhere.
pub fn warnings(manifest: &Manifest) -> Vec<String> {
    let keys = keys(manifest);
    let mut warnings = Vec::new();
    let secrets = secrets(&keys);
    let servers = reachable(&keys);
    if let Some(servers) = &servers {
        warnings.extend(secrets.iter().map(|secret| format!("It {secret} and can send data to {servers}.")));
        if keys.iter().any(is_page_maker) {
            warnings.push(format!(
                "It changes what visitors see and can fetch what it puts there from {servers}."
            ));
        }
    }
    if keys.contains(&Key::Http(HttpPermission::AnyHost)) {
        warnings.push(
            "It chooses by itself which servers it talks to: whatever it knows can go anywhere.".to_owned(),
        );
    }
    if keys.contains(&Key::Emit) && !secrets.is_empty() {
        let beside = if servers.is_some() { "" } else { ", although it can send nothing itself" };
        warnings.push(format!(
            "It {}, and it announces events: another plugin that can reach other servers could pass on what it puts \
             into them{beside}.",
            list(&secrets)
        ));
    }
    warnings
}

/// What it gets to know and not everybody may, as verbs that follow "It".
fn secrets(keys: &[Key]) -> Vec<&'static str> {
    let asks = |wanted: fn(&Key) -> bool| keys.iter().any(wanted);
    let mut secrets = Vec::new();
    if asks(|key| *key == Key::Database(DatabasePermission::Read(SiteView::Drafts))) {
        secrets.push("reads drafts");
    } else if asks(|key| matches!(key, Key::Hook { point, .. } if shows_drafts(*point))) {
        // Whoever reads all drafts sees these as well.
        secrets.push("sees posts before they are published");
    }
    if asks(|key| matches!(key, Key::Hook { point, .. } if shows_addresses(*point))) {
        secrets.push("sees the e-mail addresses of those who comment");
    }
    if asks(|key| matches!(key, Key::Hook { point: HookPoint::OnLogin, .. })) {
        secrets.push("learns who logs in");
    }
    if asks(|key| *key == Key::Database(DatabasePermission::Read(SiteView::Users))) {
        secrets.push("reads the names of everyone with an account");
    }
    if asks(|key| matches!(key, Key::Database(DatabasePermission::ReadContent(_)))) {
        secrets.push("reads entries of your own content types");
    }
    if asks(|key| matches!(key, Key::Listen(_))) {
        secrets.push("hears what other plugins announce");
    }
    secrets
}

/// Whether a hook's payload may be content that is not published.
fn shows_drafts(point: HookPoint) -> bool {
    match point {
        HookPoint::OnPostCreating
        | HookPoint::OnPostUpdating
        | HookPoint::OnPostCreated
        | HookPoint::OnPostUpdated
        | HookPoint::OnContentCreating
        | HookPoint::OnContentUpdating
        | HookPoint::OnContentCreated
        | HookPoint::OnContentUpdated => true,
        // Those who write see their drafts rendered.
        HookPoint::RenderMarkdown | HookPoint::FilterHtml => true,
        HookPoint::OnCommentCreating
        | HookPoint::OnCommentCreated
        | HookPoint::OnPostDeleted
        | HookPoint::OnContentDeleted
        | HookPoint::OnLogin
        | HookPoint::OnCronTick
        | HookPoint::OnEvent => false,
    }
}

/// Whether a hook's payload has the e-mail addresses of people who comment.
fn shows_addresses(point: HookPoint) -> bool {
    matches!(point, HookPoint::OnCommentCreating | HookPoint::OnCommentCreated)
}

/// Whether it decides what stands on pages.
fn is_page_maker(key: &Key) -> bool {
    matches!(key, Key::Hook { point: HookPoint::RenderMarkdown | HookPoint::FilterHtml, .. })
}

/// Where requests may go, in words; none where they may go nowhere.
fn reachable(keys: &[Key]) -> Option<String> {
    let permissions = keys.iter().filter_map(|key| match key {
        Key::Http(permission) => Some(permission),
        _ => None,
    });
    let permissions: Vec<&HttpPermission> = permissions.collect();
    if permissions.contains(&&HttpPermission::AnyHost) {
        return Some(servers(&HttpPermission::AnyHost));
    }
    let mut named: Vec<String> =
        permissions.iter().take(NAMED).map(|permission| servers(permission)).collect();
    match permissions.len().saturating_sub(NAMED) {
        0 => {}
        1 => named.push("one more".to_owned()),
        more => named.push(format!("{more} more")),
    }
    (!named.is_empty()).then(|| list(&named))
}

/// `a`, `a and b`, `a, b and c`.
fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::manifest;
    use super::*;

    fn warned(lines: &str) -> Vec<String> {
        warnings(&manifest(lines))
    }

    const API: &str = "http = [\"api.example.com\"]";

    #[test]
    fn what_is_harmless_by_itself_is_no_warning() {
        for lines in [
            "",
            "[permissions]\ndatabase = [\"own\", \"read:drafts\", \"read:users\", \"read:content:event\"]",
            "[permissions]\nhttp = [\"api.example.com\"]",
            "[permissions]\nevents = [\"emit\"]",
            "[permissions]\ndatabase = [\"read:posts\"]\nhttp = [\"api.example.com\"]\nevents = [\"emit\"]",
            "[hooks.on-comment-creating]\n[hooks.on-login]\n[hooks.filter-html]",
            "[permissions]\nhttp = [\"api.example.com\"]\n[hooks.on-post-deleted]",
        ] {
            assert_eq!(warned(lines), Vec::<String>::new(), "{lines}");
        }
    }

    #[test]
    fn secrets_that_can_be_sent_are_told() {
        for (lines, expected) in [
            (
                "database = [\"read:drafts\"]\n[hooks.on-post-created]",
                "It reads drafts and can send data to api.example.com.",
            ),
            (
                "[hooks.on-post-created]",
                "It sees posts before they are published and can send data to api.example.com.",
            ),
            (
                "[hooks.on-comment-created]",
                "It sees the e-mail addresses of those who comment and can send data to api.example.com.",
            ),
            (
                "[hooks.on-comment-creating]",
                "It sees the e-mail addresses of those who comment and can send data to api.example.com.",
            ),
            ("[hooks.on-login]", "It learns who logs in and can send data to api.example.com."),
            (
                "database = [\"read:users\"]",
                "It reads the names of everyone with an account and can send data to api.example.com.",
            ),
            (
                "database = [\"read:content:event\", \"read:content:recipe\"]",
                "It reads entries of your own content types and can send data to api.example.com.",
            ),
            (
                "[events.\"plugin.com.example.shop.*\"]",
                "It hears what other plugins announce and can send data to api.example.com.",
            ),
        ] {
            assert_eq!(warned(&format!("[permissions]\n{API}\n{lines}")), [expected], "{lines}");
        }
    }

    #[test]
    fn pages_with_content_from_elsewhere_are_told() {
        for hook in ["filter-html", "render-markdown"] {
            let found = warned(&format!("[permissions]\n{API}\n[hooks.{hook}]"));
            let expected = [
                "It sees posts before they are published and can send data to api.example.com.",
                "It changes what visitors see and can fetch what it puts there from api.example.com.",
            ];
            assert_eq!(found, expected, "{hook}");
        }
    }

    #[test]
    fn any_server_is_a_warning_by_itself() {
        let found = warned("[permissions]\nhttp = [\"api.example.com\", \"*\"]\n[hooks.on-login]");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "It learns who logs in and can send data to any server on the internet.");
        assert!(found[1].contains("can go anywhere"), "{found:?}");
    }

    #[test]
    fn events_can_carry_secrets_out() {
        let alone =
            warned("[permissions]\nevents = [\"emit\"]\n[hooks.on-login]\n[hooks.on-comment-created]");
        assert_eq!(alone.len(), 1, "{alone:?}");
        assert!(
            alone[0].starts_with(
                "It sees the e-mail addresses of those who comment and learns who logs in, and it announces events: "
            ),
            "{alone:?}"
        );
        assert!(alone[0].ends_with("although it can send nothing itself."), "{alone:?}");
        let both = warned(&format!("[permissions]\nevents = [\"emit\"]\n{API}\n[hooks.on-login]"));
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(both[1].ends_with("what it puts into them."), "{both:?}");
    }

    #[test]
    fn many_servers_are_counted() {
        let hosts = |names: &[&str]| {
            format!("[permissions]\nhttp = {names:?}\n[settings.a]\ntype = \"url\"\n[hooks.on-login]")
        };
        for (names, words) in [
            (
                &["a.example", "setting:a"][..],
                "data to a.example and the server whose address you put into its setting “a”.",
            ),
            (&["a.example", "b.example:81"], "data to a.example and b.example (port 81)."),
            (&["a.a", "b.b", "c.c", "d.d"], "data to a.a, b.b, c.c and one more."),
            (&["a.a", "b.b", "c.c", "d.d", "e.e"], "data to a.a, b.b, c.c and 2 more."),
        ] {
            let found = warned(&hosts(names));
            assert!(found.len() == 1 && found[0].ends_with(words), "{found:?}");
        }
    }
}
