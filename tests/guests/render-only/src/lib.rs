//! Exports one hook of the sixteen and imports nothing: the contract's interface cut down to `render-markdown`.

#[cfg(target_family = "wasm")]
mod plugin {
    wit_bindgen::generate!({
        inline: r#"
            package raisfast:plugin-wit;

            interface plugin-hooks {
                render-markdown: func(input: string) -> option<string>;
            }

            world render-only {
                export plugin-hooks;
            }
        "#,
    });

    use exports::raisfast::plugin_wit::plugin_hooks::Guest;

    struct Renderer;

    impl Guest for Renderer {
        /// One paragraph, in capitals: nothing that another renderer would produce.
        fn render_markdown(input: String) -> Option<String> {
            let text = input.replace('&', "&amp;").replace('<', "&lt;").to_uppercase();
            Some(format!("<p>render-only: {text}</p>"))
        }
    }

    export!(Renderer);
}
