//! What happened to a post, from the point of view of somebody who sees what is public.

use fleuron_plugin::PostOutput;

/// How a post stands, to who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may be public or not.
    Unknown,
    /// Everybody can read it.
    Public,
    /// It is a draft or in the trash.
    Hidden,
    /// It was removed for good.
    Gone,
}

impl Standing {
    /// How a post stands as it was committed; without one, it is gone.
    pub(crate) fn of(post: Option<&PostOutput>) -> Self {
        match post {
            None => Self::Gone,
            Some(post) if post.status == "published" => Self::Public,
            Some(_) => Self::Hidden,
        }
    }

    /// The word that is remembered.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Public => "public",
            Self::Hidden => "hidden",
            Self::Gone => "gone",
        }
    }

    /// Reads a word that was remembered.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Public, Self::Hidden, Self::Gone].into_iter().find(|standing| standing.word() == word)
    }
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The post became public, or is heard of for the first time.
    Published,
    /// It was changed and stays public.
    Updated,
    /// It became a draft, or went to the trash.
    Unpublished,
    /// It was removed for good while it was public.
    Deleted,
}

impl Change {
    /// What there is to tell between what was told before and how it is now.
    pub(crate) fn between(before: Standing, now: Standing) -> Option<Self> {
        match (before, now) {
            (Standing::Public, Standing::Public) => Some(Self::Updated),
            (_, Standing::Public) => Some(Self::Published),
            (Standing::Public | Standing::Unknown, Standing::Hidden) => Some(Self::Unpublished),
            (Standing::Public | Standing::Unknown, Standing::Gone) => Some(Self::Deleted),
            _ => None,
        }
    }

    /// The type of the event.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Published => "post.published",
            Self::Updated => "post.updated",
            Self::Unpublished => "post.unpublished",
            Self::Deleted => "post.deleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::PostOutput;

    use super::Change::{self, Deleted, Published, Unpublished, Updated};
    use super::Standing::{self, Gone, Hidden, Public, Unknown};

    #[test]
    fn every_step_has_its_name() {
        for (before, now, change) in [
            (Unknown, Public, Some(Published)),
            (Hidden, Public, Some(Published)),
            (Gone, Public, Some(Published)),
            (Public, Public, Some(Updated)),
            (Public, Hidden, Some(Unpublished)),
            (Unknown, Hidden, Some(Unpublished)),
            (Hidden, Hidden, None),
            (Gone, Hidden, None),
            (Public, Gone, Some(Deleted)),
            (Unknown, Gone, Some(Deleted)),
            (Hidden, Gone, None),
            (Gone, Gone, None),
        ] {
            assert_eq!(Change::between(before, now), change, "{before:?} {now:?}");
        }
    }

    #[test]
    fn only_what_is_published_is_public() {
        for (status, standing) in [("published", Public), ("draft", Hidden), ("trash", Hidden), ("", Hidden)]
        {
            let post = PostOutput { status: status.to_owned(), ..PostOutput::default() };
            assert_eq!(Standing::of(Some(&post)), standing, "{status}");
            assert_eq!(Standing::parse(standing.word()), Some(standing));
        }
        assert_eq!(
            (Standing::of(None), Standing::parse("gone"), Standing::parse("")),
            (Gone, Some(Gone), None)
        );
    }
}
