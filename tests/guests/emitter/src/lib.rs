//! Emits what a new post tells it to, and passes on the events that it hears.
//!
//! A post whose content begins with `script` is worked off line by line, and its content becomes the answers: `emit TYPE
//! DATA`, `many COUNT TYPE` (numbered from 1), `big BYTES TYPE`, `trap`. An event is written down as `heard ID NAME DATA`.
//! Its data may be `trap`; otherwise, where the setting `relay` is on, it is emitted again as `relayed`, and the answer
//! written down as `relayed ANSWER`.

use fleuron_plugin::*;

struct Emitter;

impl Guest for Emitter {
    fn on_post_creating(mut input: PostInput) -> Option<PostInput> {
        let mut lines = input.content.lines();
        if lines.next() != Some("script") {
            return None;
        }
        let answers: Vec<String> = lines.flat_map(run).collect();
        input.content = answers.join("\n");
        Some(input)
    }

    fn on_event(event: Event) {
        host_api::log("info", &format!("heard {} {} {}", event.id, event.event_type, event.data));
        assert_ne!(event.data, "\"trap\"", "trapped as the event asked");
        if host_api::get_config("relay").as_deref() == Some("true") {
            let answer = host_api::emit_event("relayed", &event.data);
            host_api::log("info", &format!("relayed {answer}"));
        }
    }
}

export_plugin_hooks!(Emitter);

fn run(line: &str) -> Vec<String> {
    let mut words = line.splitn(3, ' ');
    let (command, first, rest) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let count = || first.parse::<usize>().unwrap_or_default();
    match command {
        "emit" => vec![host_api::emit_event(first, rest)],
        "many" => (1..=count()).map(|number| host_api::emit_event(rest, &number.to_string())).collect(),
        "big" => vec![host_api::emit_event(rest, &format!("\"{}\"", "x".repeat(count())))],
        "trap" => panic!("trapped as the script asked"),
        other => vec![format!("unknown command: {other}")],
    }
}
