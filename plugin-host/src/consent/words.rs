//! The sentences that a site's owner reads, and how much each weighs.
//!
//! No match here has a wildcard for what a manifest can hold: whoever adds a hook or a view says what it means.

use super::Risk;
use super::key::{Key, mebibytes, milliseconds};
use crate::config::HostConfig;
use crate::hook::HookPoint;
use crate::manifest::DatabasePermission;
use crate::plugin_log::tidy;
use crate::ports::{HostPattern, HttpPermission, SiteView};

/// Bytes of an author's own word that are shown.
const LONGEST: usize = 100;

/// What stands in a sentence for the content types that a hook is about.
const ANY_TYPE: &str = "your own content types";

/// What a key means, in a sentence.
pub(super) fn sentence(key: &Key) -> String {
    match key {
        Key::Database(DatabasePermission::Own) => "It keeps data of its own on this server.".to_owned(),
        Key::Database(DatabasePermission::Read(view)) => reading(*view).0.to_owned(),
        Key::Database(DatabasePermission::ReadContent(name)) => {
            format!("It can read the published entries of your content type {}.", quoted(name))
        }
        Key::Http(permission) => format!("It can send data to {} and read the answers.", servers(permission)),
        Key::Emit => "It can announce events, on which other plugins may act.".to_owned(),
        Key::Listen(name) => listening(name),
        Key::Hook { point, content_type } => match content_type {
            None => hook(*point).0.to_owned(),
            Some(name) => hook(*point).0.replace(ANY_TYPE, &format!("the content type {}", quoted(name))),
        },
        Key::Abort(point) => abort(*point).0.to_owned(),
        Key::Job(job_type) => format!("It does the job {} by itself at set times.", quoted(job_type)),
        Key::Memory(wanted) => format!(
            "It may use more memory than others: up to {wanted} MiB for each copy of it that runs, where {} MiB are \
             usual.",
            mebibytes(HostConfig::default().max_memory)
        ),
        Key::Time(wanted) => format!(
            "It may keep people waiting longer than others: up to {} each time, where {} are usual.",
            seconds(*wanted),
            seconds(milliseconds(HostConfig::default().call_timeout))
        ),
    }
}

/// How much a key weighs.
pub(super) fn risk(key: &Key) -> Risk {
    match key {
        Key::Database(DatabasePermission::Own) | Key::Emit | Key::Job(_) | Key::Memory(_) | Key::Time(_) => {
            Risk::Low
        }
        Key::Database(DatabasePermission::Read(view)) => reading(*view).1,
        // The type may be one that not everybody reads.
        Key::Database(DatabasePermission::ReadContent(_)) => Risk::Medium,
        Key::Http(HttpPermission::AnyHost) => Risk::High,
        Key::Http(HttpPermission::Host(_) | HttpPermission::Setting(_)) => Risk::Medium,
        Key::Listen(name) if is_every_plugin(name) => Risk::Medium,
        Key::Listen(_) => Risk::Low,
        Key::Hook { point, .. } => hook(*point).1,
        Key::Abort(point) => abort(*point).1,
    }
}

fn reading(view: SiteView) -> (&'static str, Risk) {
    match view {
        SiteView::Posts => ("It can read your published posts.", Risk::Low),
        SiteView::Pages => ("It can read your published pages.", Risk::Low),
        SiteView::Drafts => ("It can read your drafts and unpublished pages.", Risk::High),
        SiteView::Comments => {
            ("It can read the approved comments and the names of those who wrote them.", Risk::Low)
        }
        SiteView::Categories => ("It can read your categories.", Risk::Low),
        SiteView::Tags => ("It can read your tags and which posts carry them.", Risk::Low),
        SiteView::Users => (
            "It can read the names and roles of everyone with an account here, but no e-mail addresses and no \
             passwords.",
            Risk::Medium,
        ),
    }
}

fn hook(point: HookPoint) -> (&'static str, Risk) {
    match point {
        HookPoint::OnPostCreating => (
            "It sees every new post and page before it is stored and may change, hold back or refuse it.",
            Risk::Medium,
        ),
        HookPoint::OnPostUpdating => (
            "It sees every edit of a post or page before it is stored and may change, hold back or refuse it.",
            Risk::Medium,
        ),
        HookPoint::OnCommentCreating => (
            "It sees every comment before it is stored, with the name and e-mail address of its writer, and may \
             change, hold back or refuse it.",
            Risk::High,
        ),
        HookPoint::OnContentCreating => (
            "It sees every new entry of your own content types before it is stored and may change, hold back or refuse \
             it.",
            Risk::Medium,
        ),
        HookPoint::OnContentUpdating => (
            "It sees every edit of an entry of your own content types before it is stored and may change, hold back or \
             refuse it.",
            Risk::Medium,
        ),
        HookPoint::RenderMarkdown => {
            ("It turns the text of your posts and pages into what visitors see.", Risk::Medium)
        }
        HookPoint::FilterHtml => ("It may change every post and page as visitors see it.", Risk::Medium),
        HookPoint::OnPostCreated => ("It is told of every new post and page, drafts included.", Risk::Medium),
        HookPoint::OnPostUpdated => {
            ("It is told of every change of a post or page, drafts included.", Risk::Medium)
        }
        HookPoint::OnPostDeleted => ("It is told when a post or page is deleted for good.", Risk::Low),
        HookPoint::OnCommentCreated => {
            ("It is told of every new comment, with the name and e-mail address of its writer.", Risk::Medium)
        }
        HookPoint::OnContentCreated => {
            ("It is told of every new entry of your own content types.", Risk::Medium)
        }
        HookPoint::OnContentUpdated => {
            ("It is told of every change of an entry of your own content types.", Risk::Medium)
        }
        HookPoint::OnContentDeleted => {
            ("It is told when an entry of your own content types is deleted.", Risk::Low)
        }
        HookPoint::OnLogin => ("It learns who logs in, and when.", Risk::Medium),
        HookPoint::OnCronTick => ("It works at set times, also when nobody visits your site.", Risk::Low),
        HookPoint::OnEvent => ("It acts on events that other plugins announce.", Risk::Low),
    }
}

/// What it means that a hook must agree. Actions have nothing to agree to, and their manifests cannot ask for it.
fn abort(point: HookPoint) -> (&'static str, Risk) {
    match point {
        HookPoint::OnPostCreating => {
            ("It may stop everyone from adding posts and pages while it is broken.", Risk::Medium)
        }
        HookPoint::OnPostUpdating => {
            ("It may stop everyone from editing posts and pages while it is broken.", Risk::Medium)
        }
        HookPoint::OnCommentCreating => {
            ("It may stop visitors from commenting while it is broken.", Risk::High)
        }
        HookPoint::OnContentCreating => (
            "It may stop everyone from adding entries of your own content types while it is broken.",
            Risk::Medium,
        ),
        HookPoint::OnContentUpdating => (
            "It may stop everyone from editing entries of your own content types while it is broken.",
            Risk::Medium,
        ),
        HookPoint::RenderMarkdown => (
            "It may keep visitors from seeing posts and pages while it is broken, since nothing else may make them.",
            Risk::High,
        ),
        HookPoint::FilterHtml => {
            ("It may keep visitors from seeing posts and pages while it is broken.", Risk::High)
        }
        HookPoint::OnPostCreated
        | HookPoint::OnPostUpdated
        | HookPoint::OnPostDeleted
        | HookPoint::OnCommentCreated
        | HookPoint::OnContentCreated
        | HookPoint::OnContentUpdated
        | HookPoint::OnContentDeleted
        | HookPoint::OnLogin
        | HookPoint::OnCronTick
        | HookPoint::OnEvent => ("It may hold up what it is told of while it is broken.", Risk::Low),
    }
}

/// Where requests may go, as part of a sentence.
pub(super) fn servers(permission: &HttpPermission) -> String {
    match permission {
        HttpPermission::AnyHost => "any server on the internet".to_owned(),
        HttpPermission::Setting(key) => {
            format!("the server whose address you put into its setting {}", quoted(key))
        }
        HttpPermission::Host(pattern) => host(pattern),
    }
}

fn host(pattern: &HostPattern) -> String {
    let (name, below, port) = pattern.parts();
    let servers =
        if below { format!("every server with a name that ends in .{name}") } else { name.to_owned() };
    match port {
        Some(port) => format!("{servers} (port {port})"),
        None => servers,
    }
}

fn listening(name: &str) -> String {
    if is_every_plugin(name) {
        return "It is told of every event that any plugin announces.".to_owned();
    }
    let whole = name.strip_prefix("plugin.").unwrap_or(name);
    if let Some(beginning) = whole.strip_suffix('*') {
        return format!("It is told of events whose name begins with {beginning}, by whichever plugin.");
    }
    match whole.rsplit_once('.') {
        Some((plugin, event)) => format!("It is told of the event {} of the plugin {plugin}.", quoted(event)),
        None => format!("It is told of the event {}.", quoted(whole)),
    }
}

/// Whether a subscription is one to everything.
fn is_every_plugin(name: &str) -> bool {
    name == "plugin.*"
}

/// An author's own word, so that it cannot be taken for ours: in quotation marks, without any of its own, in one line.
pub(super) fn quoted(word: &str) -> String {
    let word = tidy(word, LONGEST);
    let plain = word.replace(['"', '“', '”', '„', '«', '»'], "'");
    format!("“{plain}”")
}

fn seconds(milliseconds: u64) -> String {
    let (whole, rest) = (milliseconds / 1000, milliseconds % 1000);
    match (whole, rest) {
        (1, 0) => "1 second".to_owned(),
        (whole, 0) => format!("{whole} seconds"),
        (whole, rest) => {
            let decimals = format!("{rest:03}");
            format!("{whole}.{} seconds", decimals.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::hook::HookKind;

    fn of(text: &str) -> (String, Risk) {
        let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
        (sentence(&key), risk(&key))
    }

    #[test]
    fn every_permission_and_every_hook_has_a_sentence_of_its_own() {
        let mut texts =
            ["database:own", "database:read:content:event", "events:emit"].map(str::to_owned).to_vec();
        texts.extend(SiteView::ALL.map(|view| format!("database:read:{view}")));
        texts.extend(HookPoint::ALL.map(|point| format!("hook:{point}")));
        let filters = HookPoint::ALL.into_iter().filter(|point| point.kind() == HookKind::Filter);
        texts.extend(filters.map(|point| format!("hook:{point}:abort")));
        let sentences: BTreeSet<String> = texts.iter().map(|text| of(text).0).collect();
        assert_eq!(sentences.len(), texts.len(), "{sentences:#?}");
        for sentence in &sentences {
            assert!(sentence.starts_with("It ") && sentence.ends_with('.'), "{sentence}");
            for word in ["hook", "WASM", "Wasm", "API", "JSON", "SQL", "HTML", "manifest"] {
                assert!(!sentence.contains(word), "no word for programmers: {sentence}");
            }
        }
    }

    #[test]
    fn what_is_said() {
        for (key, sentence, weight) in [
            (
                "http:api.example.com",
                "It can send data to api.example.com and read the answers.",
                Risk::Medium,
            ),
            ("http:*", "It can send data to any server on the internet and read the answers.", Risk::High),
            (
                "http:*.example.com:8443",
                "It can send data to every server with a name that ends in .example.com (port 8443) and read the \
                 answers.",
                Risk::Medium,
            ),
            (
                "http:setting:target",
                "It can send data to the server whose address you put into its setting “target” and read the \
                 answers.",
                Risk::Medium,
            ),
            ("database:read:drafts", "It can read your drafts and unpublished pages.", Risk::High),
            (
                "database:read:content:event",
                "It can read the published entries of your content type “event”.",
                Risk::Medium,
            ),
            (
                "hook:on-comment-creating:abort",
                "It may stop visitors from commenting while it is broken.",
                Risk::High,
            ),
            (
                "hook:on-content-deleted:type:event",
                "It is told when an entry of the content type “event” is deleted.",
                Risk::Low,
            ),
            (
                "events:listen:plugin.com.example.shop.order-paid",
                "It is told of the event “order-paid” of the plugin com.example.shop.",
                Risk::Low,
            ),
            (
                "events:listen:plugin.com.example.*",
                "It is told of events whose name begins with com.example., by whichever plugin.",
                Risk::Low,
            ),
            ("events:listen:plugin.*", "It is told of every event that any plugin announces.", Risk::Medium),
            ("cron:report", "It does the job “report” by itself at set times.", Risk::Low),
            (
                "memory:128",
                "It may use more memory than others: up to 128 MiB for each copy of it that runs, where 64 MiB are \
                 usual.",
                Risk::Low,
            ),
            (
                "time:1250",
                "It may keep people waiting longer than others: up to 1.25 seconds each time, where 0.5 seconds are \
                 usual.",
                Risk::Low,
            ),
        ] {
            assert_eq!(of(key), (sentence.to_owned(), weight));
        }
    }

    #[test]
    fn a_hook_for_some_content_types_says_which() {
        let about_content =
            HookPoint::ALL.into_iter().filter(|point| point.name().starts_with("on-content-"));
        for point in about_content {
            let (sentence, _) = of(&format!("hook:{point}:type:event"));
            assert!(sentence.contains("the content type “event”"), "{sentence}");
        }
    }

    #[test]
    fn an_authors_words_stay_within_their_quotation_marks() {
        let (sentence, _) = of("cron:nothing” at all.\nIt is harmless\u{202e}");
        assert_eq!(sentence.matches('”').count(), 1, "{sentence}");
        assert!(!sentence.contains(['\n', '\u{202e}']), "{sentence}");
        assert!(sentence.ends_with("” by itself at set times."), "{sentence}");
        assert!(of(&format!("cron:{}", "x".repeat(5000))).0.len() < 300);
    }

    #[test]
    fn times_are_in_seconds() {
        for (milliseconds, words) in
            [(500, "0.5 seconds"), (1000, "1 second"), (2000, "2 seconds"), (1050, "1.05 seconds")]
        {
            assert_eq!(seconds(milliseconds), words);
        }
    }
}
