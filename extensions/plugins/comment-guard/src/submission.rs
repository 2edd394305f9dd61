//! A comment as the signals look at it: taken apart once.

use fleuron_plugin::{CallContext, CommentInput};

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::links::{self, Link};
use crate::{hash, text};

/// A comment that is to be judged.
#[derive(Debug)]
pub(crate) struct Submission<'a> {
    /// What the visitor wrote.
    pub(crate) content: &'a str,
    /// The same without its links.
    pub(crate) prose: String,
    /// What the visitor wrote, folded.
    pub(crate) folded: String,
    /// The links in it, all of them, in order.
    pub(crate) links: Vec<Link<'a>>,
    /// The name that the visitor gave; empty without one.
    pub(crate) nickname: &'a str,
    /// The address that the visitor gave.
    pub(crate) email: Option<Address>,
    /// The post that the comment is about.
    pub(crate) post_id: &'a str,
    /// When it came, in seconds since 1970.
    pub(crate) now: i64,
    /// What is remembered of the text; none where it is too short.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl<'a> Submission<'a> {
    /// Takes a comment apart that came at `now`.
    pub(crate) fn new(comment: &'a CommentInput, context: &'a CallContext, now: i64) -> Self {
        let content = comment.content.as_str();
        let links = links::find(content);
        // The path of an address is what spammers vary.
        let to_hosts = text::fold(&links::replace(content, &links, |link| &link.host));
        Self {
            content,
            prose: links::replace(content, &links, |_| " "),
            folded: text::fold(content),
            fingerprint: Fingerprint::of(&text::words(&to_hosts)),
            links,
            nickname: comment.nickname.as_deref().map(str::trim).unwrap_or_default(),
            email: comment.email.as_deref().and_then(Address::parse),
            post_id: context.parent_id.as_deref().unwrap_or_default(),
            now,
        }
    }

    /// The words of the text, folded.
    pub(crate) fn words(&self) -> Vec<&str> {
        text::words(&self.folded)
    }

    /// Who wrote it, as the tables know people; `None` where no address was given.
    pub(crate) fn author(&self) -> Option<i64> {
        self.email.as_ref().map(author_key)
    }
}

/// How the tables know somebody by their address.
pub(crate) fn author_key(email: &Address) -> i64 {
    hash::key("author", &email.plain())
}

/// How the tables know somebody by their name, which proves nothing: everybody can read it on the site.
pub(crate) fn nickname_key(nickname: &str) -> i64 {
    hash::key("nickname", text::fold(nickname).trim())
}
