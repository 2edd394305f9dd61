//! Which events a webhook hears.

use std::fmt;

/// The site's own events, and the one that the test button sends.
const SITE_EVENTS: [&str; 15] = [
    "post.created",
    "post.updated",
    "post.deleted",
    "post.published",
    "post.unpublished",
    "comment.created",
    "comment.updated",
    "comment.deleted",
    "content.created",
    "content.updated",
    "content.deleted",
    "content.published",
    "content.unpublished",
    "user.logged_in",
    TEST_EVENT,
];
/// What the test button sends.
pub(super) const TEST_EVENT: &str = "webhook.test";
/// The longest pattern, in bytes: no event's name is longer.
const LONGEST: usize = 255;

/// An event's name, or with a `*` at the end all names that begin so: `post.created`, `post.*`,
/// `plugin.com.example.shop.*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPattern(String);

impl EventPattern {
    /// Reads one. The names of the site's own events must be such; what a plugin may emit, nobody knows.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_known = match text.strip_suffix('*') {
            Some("" | "plugin.") => true,
            Some(start) if start.starts_with("plugin.") => start.ends_with('.') && is_plugin_name(start),
            Some(start) => start.ends_with('.') && SITE_EVENTS.iter().any(|name| is_group(name, start)),
            None if text.starts_with("plugin.") => !text.ends_with('.') && is_plugin_name(text),
            None => SITE_EVENTS.contains(&text),
        };
        if is_known && text.len() <= LONGEST {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(60).flat_map(char::escape_default).collect();
        Err(format!(
            "`{shown}` is no event: write one of {}, the name of a plugin's event such as \
             `plugin.com.example.shop.order-paid`, or with a `*` for all beneath: `post.*`, \
             `plugin.com.example.shop.*`, `*`.",
            SITE_EVENTS.join(", ")
        ))
    }

    /// One from the database, whatever this version knows of it.
    pub(super) fn from_database(text: String) -> Self {
        Self(text)
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for this event.
    pub fn matches(&self, event_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => event_type.starts_with(start),
            None => event_type == self.0,
        }
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `start` is what stands before the last part of `name`, with its dot.
fn is_group(name: &str, start: &str) -> bool {
    name.strip_prefix(start).is_some_and(|rest| !rest.contains('.'))
}

/// Whether `text` is `plugin.` and labels of a plugin's id and event, with or without a dot at the end.
fn is_plugin_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::{DomainEvent, Origin},
        ids::{CommentId, EntryId, PostId, UserId},
    };

    #[test]
    fn patterns_match_what_is_beneath() {
        for (pattern, event_type, matches) in [
            ("*", "post.created", true),
            ("*", "plugin.com.example.shop.order-paid", true),
            ("post.*", "post.created", true),
            ("post.*", "comment.created", false),
            ("post.created", "post.created", true),
            ("post.created", "post.updated", false),
            ("plugin.*", "plugin.com.example.shop.order-paid", true),
            ("plugin.com.example.shop.*", "plugin.com.example.shop.order-paid", true),
            ("plugin.com.example.shop.*", "plugin.com.example.shopping.order-paid", false),
            ("plugin.com.example.*", "plugin.com.example.shop.order-paid", true),
            ("plugin.com.example.shop.order-paid", "plugin.com.example.shop.order-paid", true),
        ] {
            let pattern = EventPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(event_type), matches, "{pattern} and {event_type}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        let long = format!("plugin.{}", "a".repeat(LONGEST));
        for wrong in [
            "",
            " ",
            "post",
            "post.",
            "post.c*",
            "post.craeted",
            "post*",
            "*.created",
            "**",
            "po.*",
            "p*",
            "media.*",
            "plugin",
            "plugin.",
            "plugin.com.example.shop.",
            "plugin.com..example",
            "plugin.com.example*",
            "plugin.Com.Example.x",
            "plugin.com.example.a*b",
            "plugin.com.example.a\0",
            &long,
        ] {
            let fault = EventPattern::parse(wrong).expect_err(wrong);
            assert!(fault.contains("is no event") && !fault.contains('\0'), "{fault}");
        }
    }

    #[test]
    fn every_event_of_the_site_is_known() {
        let (id, post_id, origin) = (PostId::generate(), PostId::generate(), Origin::default());
        let facts = [
            DomainEvent::PostDeleted { id, kind: None, origin },
            DomainEvent::PostUnpublished { id, kind: None, origin },
            DomainEvent::CommentDeleted { id: CommentId::generate(), post_id, origin },
            DomainEvent::ContentDeleted { content_type: "event".to_owned(), id: EntryId::generate(), origin },
            DomainEvent::ContentUnpublished {
                content_type: "event".to_owned(),
                id: EntryId::generate(),
                origin,
            },
            DomainEvent::UserLoggedIn { id: UserId::generate() },
        ];
        for fact in facts {
            // Whoever adds an event comes by here, and adds its name above.
            match &fact {
                DomainEvent::PostCreated { .. }
                | DomainEvent::PostUpdated { .. }
                | DomainEvent::PostDeleted { .. }
                | DomainEvent::PostPublished { .. }
                | DomainEvent::PostUnpublished { .. }
                | DomainEvent::CommentCreated { .. }
                | DomainEvent::CommentUpdated { .. }
                | DomainEvent::CommentDeleted { .. }
                | DomainEvent::ContentCreated { .. }
                | DomainEvent::ContentUpdated { .. }
                | DomainEvent::ContentDeleted { .. }
                | DomainEvent::ContentPublished { .. }
                | DomainEvent::ContentUnpublished { .. }
                | DomainEvent::UserLoggedIn { .. }
                | DomainEvent::PluginEmitted { .. } => assert!(EventPattern::parse(fact.name()).is_ok()),
            }
        }
    }
}
