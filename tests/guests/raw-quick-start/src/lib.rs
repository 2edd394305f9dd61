//! The quick start without the guest SDK: bindings generated from the contract alone, all sixteen hooks written out.

#[cfg(target_family = "wasm")]
mod plugin {
    wit_bindgen::generate!({
        path: "../../../plugin-wit/plugin.wit",
        world: "plugin-world",
    });

    use exports::raisfast::plugin_wit::plugin_hooks::{
        CommentInput, ContentEvent, Guest, PostInput, PostOutput,
    };
    use raisfast::plugin_wit::host_api;

    struct Plugin;

    impl Guest for Plugin {
        fn on_post_creating(input: PostInput) -> Option<PostInput> {
            let mut post = input;
            if post.slug.is_none() {
                post.slug = Some(post.title.to_lowercase().replace(' ', "-"));
            }
            Some(post)
        }

        fn on_post_updating(_input: PostInput) -> Option<PostInput> {
            None
        }

        fn on_comment_creating(_input: CommentInput) -> Option<CommentInput> {
            None
        }

        fn on_content_creating(_input: ContentEvent) -> Option<ContentEvent> {
            None
        }

        fn on_content_updating(_input: ContentEvent) -> Option<ContentEvent> {
            None
        }

        fn render_markdown(_input: String) -> Option<String> {
            None
        }

        fn filter_html(_input: String) -> Option<String> {
            None
        }

        fn on_post_created(output: PostOutput) {
            host_api::log("info", &format!("published: {}", output.slug));
            let key = format!("cache/posts/{}.json", output.slug);
            host_api::vfs_write(&key, "{}");
        }

        fn on_post_updated(_output: PostOutput) {}

        fn on_post_deleted(_id: String) {}

        fn on_comment_created(_input: CommentInput) {}

        fn on_content_created(_input: ContentEvent) {}

        fn on_content_updated(_input: ContentEvent) {}

        fn on_content_deleted(_content_type: String, _id: String) {}

        fn on_login(_user_id: String) {}

        fn on_cron_tick(payload: Option<String>) {
            if let Some(payload) = payload {
                host_api::log("info", &format!("cron fired: {payload}"));
            }
        }
    }

    export!(Plugin);
}
