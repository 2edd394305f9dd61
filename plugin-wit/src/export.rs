//! From an author's [`Guest`](crate::Guest) to the exports that the host looks for.
//!
//! The generated traits have no default methods, so [`Exported`] implements all of them by forwarding to the author's.

/// Exports the hooks of a type that implements [`Guest`](crate::Guest). Call it once in the crate, at its root.
///
/// Outside WebAssembly it exports nothing and only checks that the type is a plugin, so that `cargo test` runs.
#[macro_export]
macro_rules! export_plugin_hooks {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type __FleuronExported = $crate::private::Exported<$plugin>;
    $crate::bindings::export!(__FleuronExported with_types_in $crate::bindings);
        };
        #[cfg(not(target_family = "wasm"))]
        const _: fn() = || {
            fn is_a_plugin<T: $crate::Guest>() {}
            is_a_plugin::<$plugin>();
        };
    };
}

#[cfg(target_family = "wasm")]
mod forward {
    use std::marker::PhantomData;
    use std::sync::Once;

    use crate::Guest;
    use crate::bindings::exports::fleuron::host::events;
    use crate::bindings::exports::raisfast::plugin_wit::plugin_hooks;
    use crate::types::{CommentInput, ContentEvent, Event, PostInput, PostOutput};

    /// The generated traits, implemented by whatever implements the crate's own.
    pub struct Exported<P>(PhantomData<P>);

    impl<P: Guest> plugin_hooks::Guest for Exported<P> {
        fn on_post_creating(input: PostInput) -> Option<PostInput> {
            report_panics();
            P::on_post_creating(input)
        }

        fn on_post_updating(input: PostInput) -> Option<PostInput> {
            report_panics();
            P::on_post_updating(input)
        }

        fn on_comment_creating(input: CommentInput) -> Option<CommentInput> {
            report_panics();
            P::on_comment_creating(input)
        }

        fn on_content_creating(input: ContentEvent) -> Option<ContentEvent> {
            report_panics();
            P::on_content_creating(input)
        }

        fn on_content_updating(input: ContentEvent) -> Option<ContentEvent> {
            report_panics();
            P::on_content_updating(input)
        }

        fn render_markdown(input: String) -> Option<String> {
            report_panics();
            P::render_markdown(input)
        }

        fn filter_html(input: String) -> Option<String> {
            report_panics();
            P::filter_html(input)
        }

        fn on_post_created(output: PostOutput) {
            report_panics();
            P::on_post_created(output);
        }

        fn on_post_updated(output: PostOutput) {
            report_panics();
            P::on_post_updated(output);
        }

        fn on_post_deleted(id: String) {
            report_panics();
            P::on_post_deleted(id);
        }

        fn on_comment_created(input: CommentInput) {
            report_panics();
            P::on_comment_created(input);
        }

        fn on_content_created(input: ContentEvent) {
            report_panics();
            P::on_content_created(input);
        }

        fn on_content_updated(input: ContentEvent) {
            report_panics();
            P::on_content_updated(input);
        }

        fn on_content_deleted(content_type: String, id: String) {
            report_panics();
            P::on_content_deleted(content_type, id);
        }

        fn on_login(user_id: String) {
            report_panics();
            P::on_login(user_id);
        }

        fn on_cron_tick(payload: Option<String>) {
            report_panics();
            P::on_cron_tick(payload);
        }
    }

    impl<P: Guest> events::Guest for Exported<P> {
        fn on_event(event: Event) {
            report_panics();
            P::on_event(event);
        }
    }

    /// Sends panic messages to the plugin's log: a bare WebAssembly module has no other place for them.
    fn report_panics() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            std::panic::set_hook(Box::new(|panic| crate::host_api::log("error", &panic.to_string())));
        });
    }
}

#[cfg(target_family = "wasm")]
pub use forward::Exported;
