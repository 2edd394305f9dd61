//! The hooks, once: name, kind and payload of each stand in one table, and everything that must know them is
//! made from it.
//!
//! A hook is a type ([`OnPostCreating`], ...) that ties a [`HookPoint`] to its payload, so that the two generic calls of
//! the dispatcher, filter and notify, cannot mix them up.

mod payload;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::types::{Component as ComponentType, ComponentFunc};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, TypedFunc};

use crate::guest_state::GuestState;
pub use payload::{
    CommentInput, ContentDeleted, ContentEvent, HookPayload, PluginEvent, PostInput, PostOutput,
};

/// Whether a hook changes something or reacts to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// Runs before the change and may alter it.
    Filter,
    /// Runs after the change.
    Action,
}

/// A hook: its point, its payload and the shape of its answer. Implemented by the unit types of this module only.
pub trait Hook: Send + Sync + 'static {
    /// Where it fires.
    const POINT: HookPoint;
    /// What it hands over.
    type Payload: HookPayload;
    /// What the guest's function returns.
    #[doc(hidden)]
    type Results: ComponentNamedList + Lift + Send + Sync + 'static;

    /// What listeners choose by: the type of custom content, or the name of an event.
    fn topic(payload: &Self::Payload) -> Option<&str> {
        payload.topic()
    }
}

/// A hook whose listeners may change the payload.
pub trait FilterHook: Hook {
    /// The changed payload, none where the guest leaves it as it is.
    #[doc(hidden)]
    fn answer(results: Self::Results) -> Option<Self::Payload>;
}

/// A hook whose listeners react.
pub trait ActionHook: Hook {}

macro_rules! kind_of {
    (filter) => {
        HookKind::Filter
    };
    (action) => {
        HookKind::Action
    };
}

macro_rules! implement_hook {
    (filter $hook:ident $payload:ty) => {
        impl Hook for $hook {
            const POINT: HookPoint = HookPoint::$hook;
            type Payload = $payload;
            type Results = (Option<$payload>,);
        }

        impl FilterHook for $hook {
            fn answer(results: Self::Results) -> Option<Self::Payload> {
                results.0
            }
        }
    };
    (action $hook:ident $payload:ty) => {
        impl Hook for $hook {
            const POINT: HookPoint = HookPoint::$hook;
            type Payload = $payload;
            type Results = ();
        }

        impl ActionHook for $hook {}
    };
}

macro_rules! hooks {
    ($($kind:ident $hook:ident($payload:ty) = $name:literal, $doc:literal;)*) => {
        /// A place where plugins take part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HookPoint {
            $(#[doc = $doc] $hook,)*
        }

        impl HookPoint {
            /// Every hook, filters first.
            pub const ALL: [HookPoint; COUNT] = [$(HookPoint::$hook,)*];

            /// The name in manifests and in the contract, such as `on-post-creating`.
            pub fn name(self) -> &'static str {
                match self {
                    $(HookPoint::$hook => $name,)*
                }
            }

            /// Whether it is a filter or an action.
            pub fn kind(self) -> HookKind {
                match self {
                    $(HookPoint::$hook => kind_of!($kind),)*
                }
            }

            /// What it is for, in a sentence.
            pub fn summary(self) -> &'static str {
                match self {
                    $(HookPoint::$hook => $doc,)*
                }
            }

            /// Whether an exported function has the contract's signature.
            pub(crate) fn check_signature(
                self,
                function: &ComponentFunc,
                component: &ComponentType,
            ) -> wasmtime::Result<()> {
                match self {
                    $(HookPoint::$hook => check_signature::<$hook>(function, component),)*
                }
            }

            /// Finds the typed function of a new instance.
            pub(crate) fn resolve(
                self,
                instance: &Instance,
                store: &mut Store<GuestState>,
                export: &ComponentExportIndex,
            ) -> wasmtime::Result<ErasedFunction> {
                match self {
                    $(HookPoint::$hook => resolve::<$hook>(instance, store, export),)*
                }
            }
        }

        $(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug)]
            pub struct $hook;

            implement_hook!($kind $hook $payload);
        )*
    };
}

/// How many hooks there are.
pub(crate) const COUNT: usize = 17;

hooks! {
    filter OnPostCreating(PostInput) = "on-post-creating", "Before a post is created.";
    filter OnPostUpdating(PostInput) = "on-post-updating", "Before a post is changed; the payload is the whole post as it would be.";
    filter OnCommentCreating(CommentInput) = "on-comment-creating", "Before a comment is created.";
    filter OnContentCreating(ContentEvent) = "on-content-creating", "Before an entry of a custom content type is created.";
    filter OnContentUpdating(ContentEvent) = "on-content-updating", "Before an entry of a custom content type is changed.";
    filter RenderMarkdown(String) = "render-markdown", "Turns Markdown into HTML; the first plugin that answers is the renderer.";
    filter FilterHtml(String) = "filter-html", "Changes rendered HTML, before it is sanitised.";
    action OnPostCreated(PostOutput) = "on-post-created", "After a post was created.";
    action OnPostUpdated(PostOutput) = "on-post-updated", "After a post was changed.";
    action OnPostDeleted(String) = "on-post-deleted", "After a post was deleted; the payload is its id.";
    action OnCommentCreated(CommentInput) = "on-comment-created", "After a comment was created.";
    action OnContentCreated(ContentEvent) = "on-content-created", "After an entry of a custom content type was created.";
    action OnContentUpdated(ContentEvent) = "on-content-updated", "After an entry of a custom content type was changed.";
    action OnContentDeleted(ContentDeleted) = "on-content-deleted", "After an entry of a custom content type was deleted.";
    action OnLogin(String) = "on-login", "After somebody logged in; the payload is the user's id.";
    action OnCronTick(Option<String>) = "on-cron-tick", "When a cron job of the plugin is due; the payload is the job's.";
    action OnEvent(PluginEvent) = "on-event", "After another plugin emitted an event to which the plugin subscribes.";
}

impl HookPoint {
    /// The hook of that name, none where there is none.
    pub fn from_name(name: &str) -> Option<HookPoint> {
        HookPoint::ALL.into_iter().find(|point| point.name() == name)
    }

    /// The interface that exports its function.
    pub(crate) fn interface(self) -> &'static str {
        match self {
            HookPoint::OnEvent => "fleuron:host/events@0.1.0",
            _ => "raisfast:plugin-wit/plugin-hooks",
        }
    }

    /// Position in [`HookPoint::ALL`], for tables by hook.
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A typed function of some hook, in a form that fits one table.
pub(crate) type ErasedFunction = Box<dyn Any + Send + Sync>;

/// The typed function of one hook.
pub(crate) type HookFunction<H> =
    TypedFunc<<<H as Hook>::Payload as HookPayload>::Params, <H as Hook>::Results>;

fn check_signature<H: Hook>(function: &ComponentFunc, component: &ComponentType) -> wasmtime::Result<()> {
    function.typecheck::<<H::Payload as HookPayload>::Params, H::Results>(&component.instance_type())
}

fn resolve<H: Hook>(
    instance: &Instance,
    store: &mut Store<GuestState>,
    export: &ComponentExportIndex,
) -> wasmtime::Result<ErasedFunction> {
    let function: HookFunction<H> = instance.get_typed_func(store, export)?;
    Ok(Box::new(function))
}

/// The parameters of one call. The payload is shared, not copied: the caller keeps it until an answer is accepted.
pub(crate) fn params<H: Hook>(payload: &Arc<H::Payload>) -> <H::Payload as HookPayload>::Params {
    H::Payload::params(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = include_str!("../../plugin-wit/plugin.wit");
    const OWN: &str = include_str!("../../plugin-wit/wit/host.wit");

    /// Name and whether something is returned, of each function in an interface.
    fn functions(package: &str, interface: &str) -> Vec<(String, bool)> {
        let start =
            package.find(&format!("interface {interface} {{")).expect("the package has the interface");
        let body = &package[start..];
        let body = &body[..body.find("\n}").expect("the interface ends")];
        body.lines()
            .filter_map(|line| line.trim().split_once(": func("))
            .map(|(name, rest)| (name.to_owned(), rest.contains("->")))
            .collect()
    }

    #[test]
    fn the_table_is_the_contract() {
        let ours: Vec<(String, bool)> = HookPoint::ALL
            .into_iter()
            .map(|point| (point.name().to_owned(), point.kind() == HookKind::Filter))
            .collect();
        let mut contract = functions(CONTRACT, "plugin-hooks");
        contract.extend(functions(OWN, "events"));
        assert_eq!(ours, contract);
    }

    #[test]
    fn names_and_positions_round_trip() {
        for (position, point) in HookPoint::ALL.into_iter().enumerate() {
            assert_eq!(HookPoint::from_name(point.name()), Some(point));
            assert_eq!(point.index(), position);
        }
        assert_eq!(HookPoint::from_name("on-post-renamed"), None);
    }
}
