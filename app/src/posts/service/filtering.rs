//! What a post becomes on its way through the filters: what goes in, what may come out, and what is made of it.

use fleuron_plugin_host::{CallContext, FilterHook, Filtered, PluginHost, PostInput};

use crate::{
    auth::Actor,
    error::{ApiError, FieldError, Result},
    plugins::refused,
    posts::{
        NewPost, Post, PostKind, PostPatch, PostStatus,
        check::{self, Checked, Source},
        timing::Timing,
    },
    taxonomies::Terms,
};

/// What somebody wants a post to become.
pub(super) struct Wish<'a> {
    pub(super) actor: &'a Actor,
    pub(super) kind: PostKind,
    /// What stands; none for a new post.
    pub(super) base: Option<&'a Post>,
    /// The status that is wanted.
    pub(super) status: PostStatus,
    /// When it is to come out.
    pub(super) timing: Timing,
    pub(super) terms: &'a Terms,
}

impl Wish<'_> {
    /// Checks the input, lets the filters work on it and checks again. `faults` are those found elsewhere in the same
    /// request: all are reported together, before any filter is asked.
    pub(super) async fn settle<H: FilterHook<Payload = PostInput>>(
        &self,
        hooks: &PluginHost,
        input: PostInput,
        mut faults: Vec<FieldError>,
    ) -> Result<Checked> {
        let checked = match self.check(&input, Source::Client) {
            Ok(checked) if faults.is_empty() => checked,
            Ok(_) => return Err(ApiError::validation(faults)),
            Err(more) => {
                faults.extend(more);
                return Err(ApiError::validation(faults));
            }
        };
        if !hooks.listens(H::POINT) {
            return Ok(checked);
        }
        let allowed = |answer: &PostInput| self.allows(answer);
        let answer = hooks.filter::<H>(input, &self.context(), allowed).await.map_err(refused)?;
        let Filtered { payload, held, .. } = answer;
        let mut checked = self.check(&payload, Source::Filter).map_err(ApiError::validation)?;
        if held && checked.status.unwrap_or(self.status).is_for_readers() {
            checked.status = Some(PostStatus::Draft);
        }
        self.authorise(&checked)?;
        Ok(checked)
    }

    /// Whether a filter's answer is one that the actor could have sent.
    fn allows(&self, answer: &PostInput) -> Result<(), String> {
        let checked = self.check(answer, Source::Filter).map_err(|faults| FieldError::line(&faults))?;
        self.authorise(&checked).map_err(|error| error.detail().to_owned())
    }

    fn check(&self, input: &PostInput, source: Source) -> Result<Checked, Vec<FieldError>> {
        let kept_slug = self.base.map(|base| base.slug.as_str());
        let checked = check::input(input, kept_slug, self.terms, source);
        let asked = input.status.as_deref().and_then(PostStatus::parse);
        let status = asked.map(|status| self.timing.settle(status));
        match (checked, status.and_then(|status| self.timing.fault(status))) {
            (Ok(checked), None) => Ok(Checked { status, ..checked }),
            (Ok(_), Some(fault)) => Err(vec![fault]),
            (Err(mut faults), fault) => {
                faults.extend(fault);
                Err(faults)
            }
        }
    }

    fn authorise(&self, checked: &Checked) -> Result<()> {
        let status = checked.status.unwrap_or(self.status);
        match self.base {
            None => check::may_create(self.actor, self.kind, status),
            Some(base) => check::may_edit(self.actor, base, status),
        }
    }

    fn context(&self) -> CallContext {
        CallContext {
            entity_id: self.base.map(|base| base.id.to_string()),
            entity_version: self.base.map(|base| base.version),
            kind: Some(self.kind.as_str().to_owned()),
            acting_user: self.actor.user_id().map(|id| id.to_string()),
            ..CallContext::default()
        }
    }
}

/// A new post as filters see it.
pub(super) fn input_of(new: &NewPost, status: PostStatus) -> PostInput {
    PostInput {
        title: new.title.clone(),
        content: new.content.clone(),
        slug: new.slug.clone(),
        excerpt: new.excerpt.clone(),
        category_id: new.category_id.map(|id| id.to_string()),
        tag_ids: Some(new.tag_ids.iter().map(ToString::to_string).collect()),
        status: Some(status.as_str().to_owned()),
        cover_image: new.cover_image.clone(),
    }
}

/// The whole post as it would be after the patch, as filters see it.
pub(super) fn merged(base: &Post, patch: &PostPatch, status: PostStatus) -> PostInput {
    let category_id = patch.category_id.unwrap_or(base.category_id);
    let tag_ids = patch.tag_ids.as_ref().unwrap_or(&base.tag_ids);
    PostInput {
        title: patch.title.clone().unwrap_or_else(|| base.title.clone()),
        content: patch.content.clone().unwrap_or_else(|| base.content.clone()),
        slug: patch.slug.clone().unwrap_or_else(|| Some(base.slug.clone())),
        excerpt: patch.excerpt.clone().unwrap_or_else(|| base.excerpt.clone()),
        category_id: category_id.map(|id| id.to_string()),
        tag_ids: Some(tag_ids.iter().map(ToString::to_string).collect()),
        status: Some(status.as_str().to_owned()),
        cover_image: patch.cover_image.clone().unwrap_or_else(|| base.cover_image.clone()),
    }
}
