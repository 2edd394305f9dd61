//! Takes timers of WASI in `filter-html`, as many as it can get, and gives none back.

#[cfg(target_family = "wasm")]
mod plugin {
    wit_bindgen::generate!({
        inline: r#"
            package raisfast:plugin-wit;

            interface plugin-hooks {
                filter-html: func(input: string) -> option<string>;
            }

            world hoarder {
                import wasi:clocks/monotonic-clock@0.2.6;
                export plugin-hooks;
            }

            package wasi:io@0.2.6 {
                interface poll {
                    resource pollable;
                }
            }

            package wasi:clocks@0.2.6 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.6.{pollable};
                    subscribe-duration: func(when: u64) -> pollable;
                }
            }
        "#,
        generate_all,
    });

    use exports::raisfast::plugin_wit::plugin_hooks::Guest;
    use wasi::clocks::monotonic_clock::subscribe_duration;

    struct Hoarder;

    impl Guest for Hoarder {
        fn filter_html(input: String) -> Option<String> {
            if !input.contains("please-hoard") {
                return Some(format!("{input}<p>modest</p>"));
            }
            let mut hoard = Vec::new();
            loop {
                hoard.push(subscribe_duration(3_600_000_000_000));
            }
        }
    }

    export!(Hoarder);
}
