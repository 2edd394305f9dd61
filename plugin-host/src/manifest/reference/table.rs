//! Every table and key of a manifest. Tests hold this against the parser: it is complete, and each default, limit and
//! example in it is true.

use super::super::cron::MAX_JOB_TIMEOUT_MS;
use super::super::parse::MAX_PRIORITY;
use super::super::permissions::{MAX_MEMORY_MB, MAX_TIMEOUT_MS};

/// A table of a manifest.
pub(super) struct Section {
    /// The key at the top, such as `hooks`.
    pub(super) name: &'static str,
    /// How it is written, with what differs in `<>`.
    pub(super) header: &'static str,
    /// A header that may stand in a manifest.
    pub(super) sample: &'static str,
    pub(super) is_required: bool,
    /// What it is, in a line.
    pub(super) meaning: &'static str,
    /// What an author should know of it.
    pub(super) notes: &'static str,
    pub(super) keys: &'static [Key],
}

/// A key of a table.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What kind of value it is, in the parser's words.
    pub(super) kind: &'static str,
    pub(super) presence: Presence,
    pub(super) bounds: Bounds,
    /// What it means, in a line.
    pub(super) meaning: &'static str,
    /// A value, in TOML.
    pub(super) example: &'static str,
    /// The types of settings that have it; none: all, or it is no key of settings.
    pub(super) types: &'static [&'static str],
}

/// Whether a key may be left out.
#[derive(Clone, Copy)]
pub(super) enum Presence {
    Required,
    /// The value, in TOML, that it has then.
    Default(&'static str),
    /// What holds then, in words.
    Optional(&'static str),
}

/// What a value has to keep to.
#[derive(Clone, Copy)]
pub(super) enum Bounds {
    None,
    /// From the first to the second.
    Range(i64, i64),
    /// One of these strings.
    Words(&'static [&'static str]),
    /// In words.
    Text(&'static str),
}

/// A value of any kind, which depends on something else.
pub(super) const DEPENDS: &str = "depends on `type`";

const STRING: &str = "a string";
const STRINGS: &str = "an array of strings";
const BOOLEAN: &str = "true or false";
const WHOLE: &str = "a whole number";
const NUMBER: &str = "a number";
const NOTHING: Presence = Presence::Optional("nothing");

const fn key(name: &'static str, kind: &'static str, presence: Presence) -> Key {
    Key { name, kind, presence, bounds: Bounds::None, meaning: "", example: "", types: &[] }
}

impl Key {
    const fn within(mut self, bounds: Bounds) -> Key {
        self.bounds = bounds;
        self
    }

    const fn means(mut self, meaning: &'static str, example: &'static str) -> Key {
        (self.meaning, self.example) = (meaning, example);
        self
    }

    const fn of_types(mut self, types: &'static [&'static str]) -> Key {
        self.types = types;
        self
    }
}

/// All tables, in the order in which they are usually written.
pub(super) static SECTIONS: [Section; 6] = [
    Section {
        name: "plugin",
        header: "[plugin]",
        sample: "[plugin]",
        is_required: true,
        meaning: "who it is",
        notes: "Who the plugin is, where its code is and how it runs.",
        keys: PLUGIN,
    },
    Section {
        name: "permissions",
        header: "[permissions]",
        sample: "[permissions]",
        is_required: false,
        meaning: "what it asks for, and its limits",
        notes: "What is not listed here is denied. Without any permission a plugin has its log, its settings, its \
                key-values, its files, published posts, and what its hooks are given.\n\n\
                An entry of `http` is a host without scheme and path. Without a port it means the scheme's own, 80 or \
                443. `*.example.com` means all hosts below `example.com`, not that host itself. `setting:KEY` means the \
                host and port of the address that an administrator typed into the plugin's own setting `KEY`, which is \
                declared with `type = \"url\"`: it counts from the next request, and where nothing was typed, nothing is \
                allowed. The setting's default opens nothing; name its host as well where requests are to go there. `*` \
                means any host at any port. Redirects keep to the same list, and addresses that are not public are \
                refused unless the server's operator opened them.",
        keys: PERMISSIONS,
    },
    Section {
        name: "hooks",
        header: "[hooks.<hook>]",
        sample: "[hooks.on-content-creating]",
        is_required: false,
        meaning: "one for each hook that it listens to",
        notes: "Named after a [hook](#hooks); it may be empty. `on-cron-tick` is there whenever there are jobs and \
                `on-event` whenever there are subscriptions, and neither may be listed without.",
        keys: HOOKS,
    },
    Section {
        name: "events",
        header: "[events.\"<name>\"]",
        sample: "[events.\"plugin.com.example.shop.order-paid\"]",
        is_required: false,
        meaning: "one for each event of other plugins that it wants",
        notes: "The name is `plugin.<id>.<type>`, or what names begin with and a `*`, as in \
                `[events.\"plugin.com.example.shop.*\"]`. The table stays empty. `[hooks.on-event]` may say more about \
                the hook.",
        keys: &[],
    },
    Section {
        name: "cron",
        header: "[[cron]]",
        sample: "[[cron]]",
        is_required: false,
        meaning: "one for each job",
        notes: "Jobs call the hook `on-cron-tick`. `[hooks.on-cron-tick]` may say more about the hook.",
        keys: CRON,
    },
    Section {
        name: "settings",
        header: "[settings.<key>]",
        sample: "[settings.greeting]",
        is_required: false,
        meaning: "one for each setting",
        notes: "What administrators can set; their form is drawn from it. The key has letters, digits, `-` and `_`.",
        keys: SETTINGS,
    },
];

static PLUGIN: &[Key] = &[
    key("id", STRING, Presence::Required)
        .within(Bounds::Text(
            "a reverse-DNS name: two parts or more of lowercase letters, digits, `-` and `_`; at most 128 bytes",
        ))
        .means("who it is; it never changes", "\"com.example.my-plugin\""),
    key("name", STRING, Presence::Required).means("the name that people read", "\"My plugin\""),
    key("version", STRING, Presence::Required)
        .within(Bounds::Text("a semantic version"))
        .means("which version it is", "\"0.1.0\""),
    key("runtime", STRING, Presence::Default("\"wasm\""))
        .within(Bounds::Words(&["wasm"]))
        .means("what it runs on", "\"wasm\""),
    key("entry", STRING, Presence::Default("\"plugin.wasm\""))
        .within(Bounds::Text("a path within the plugin's folder, without `..`"))
        .means("the file with the code, relative to the manifest", "\"build/plugin.wasm\""),
    key("enabled", BOOLEAN, Presence::Default("true")).means("whether it wants to run", "false"),
    key("isolation", STRING, Presence::Default("\"instance\""))
        .within(Bounds::Words(&["instance", "call"]))
        .means("whether an instance serves many calls, or each call gets a fresh one, which is slower", "\"call\""),
    key("description", STRING, NOTHING).means("what it does, in a sentence", "\"Counts words.\""),
    key("author", STRING, NOTHING).means("who wrote it", "\"Ada Lovelace\""),
    key("homepage", STRING, NOTHING).means("where to read more", "\"https://example.com/my-plugin\""),
    key("license", STRING, NOTHING).means("its licence", "\"MIT\""),
];

static PERMISSIONS: &[Key] = &[
    key("database", STRINGS, Presence::Default("[]"))
        .within(Bounds::Text("`\"own\"`, or one of the [views](#views-of-the-site)"))
        .means("tables of its own, and views of the site", "[\"own\", \"read:posts\"]"),
    key("http", STRINGS, Presence::Default("[]"))
        .within(Bounds::Text("`HOST`, `*.HOST`, each with `:PORT` or without; `setting:KEY`; `*`"))
        .means("hosts that it may send requests to", "[\"api.example.com\", \"*.example.org:8443\"]"),
    key("events", STRINGS, Presence::Default("[]"))
        .within(Bounds::Text("`\"emit\"`"))
        .means("whether it may announce events", "[\"emit\"]"),
    key("config", STRINGS, Presence::Default("[]"))
        .within(Bounds::Text("keys of settings, or `\"*\"`"))
        .means("nothing: its own settings need no permission", "[\"*\"]"),
    key(
        "max_memory_mb",
        WHOLE,
        Presence::Optional("the server's setting, 64 unless its operator changed it"),
    )
    .within(Bounds::Range(1, MAX_MEMORY_MB))
    .means(
        "MiB of memory of one instance; never more than the server allows, which is 256 by default",
        "128",
    ),
    key("timeout_ms", WHOLE, Presence::Optional("the server's setting, 500 unless its operator changed it"))
        .within(Bounds::Range(1, MAX_TIMEOUT_MS))
        .means(
            "milliseconds of one call; never more than the server allows, which is 10000 by default",
            "2000",
        ),
];

static HOOKS: &[Key] = &[
    key("priority", WHOLE, Presence::Default("100"))
        .within(Bounds::Range(-MAX_PRIORITY, MAX_PRIORITY))
        .means("lower runs first; where it is the same, the plugins' ids decide", "10"),
    key("on_error", STRING, Presence::Default("\"keep\"")).within(Bounds::Words(&["keep", "abort"])).means(
        "what a failure means: the value stays as it was, or, for filters only, the request is refused",
        "\"abort\"",
    ),
    key("content_types", STRINGS, Presence::Default("[]"))
        .within(Bounds::Text("names of content types; only for the hooks of content"))
        .means("the content types that it wants; none means all", "[\"event\"]"),
];

static CRON: &[Key] = &[
    key("label", STRING, Presence::Required)
        .within(Bounds::Text("at most 200 bytes, no control characters"))
        .means("the name that people read", "\"Nightly report\""),
    key("job_type", STRING, Presence::Required)
        .within(Bounds::Text("at most 100 bytes, no control characters; unique within the plugin"))
        .means("the name that the plugin knows it by", "\"report\""),
    key("cron_expr", STRING, Presence::Required)
        .within(Bounds::Text("see [cron expressions](#cron-expressions)"))
        .means("when it is due, in its time zone", "\"0 3 * * *\""),
    key("time_zone", STRING, Presence::Default("\"UTC\""))
        .within(Bounds::Text("a name of the IANA database"))
        .means(
            "the clock that it goes by; see [when clocks are changed](#when-clocks-are-changed)",
            "\"Europe/Berlin\"",
        ),
    key("enabled", BOOLEAN, Presence::Default("true"))
        .means("whether it runs unless an administrator says otherwise", "false"),
    key("timeout_ms", WHOLE, Presence::Optional("as long as any call of the plugin"))
        .within(Bounds::Range(1, MAX_JOB_TIMEOUT_MS))
        .means(
            "milliseconds of one run; never more than the server allows, which is 60000 by default",
            "30000",
        ),
    key("catch_up", STRING, Presence::Default("\"once\"")).within(Bounds::Words(&["once", "skip"])).means(
        "what becomes of due times that are over for more than a minute, because no server ran: one run for the \
         last of them, or none. Until then they still count as due; where the first of several is over for more than \
         five seconds, only the last one is run",
        "\"skip\"",
    ),
    key("payload", STRING, Presence::Optional("JSON of `label`, `job_type` and the due time, `due`"))
        .means("what the hook is given", "\"full\""),
];

static SETTINGS: &[Key] = &[
    key("type", STRING, Presence::Required)
        .within(Bounds::Words(&["string", "text", "secret", "url", "number", "boolean", "select"]))
        .means("what kind of value it is; see [types of settings](#types-of-settings)", "\"string\""),
    key("label", STRING, Presence::Optional("the key")).means("the name that people read", "\"Greeting\""),
    key("description", STRING, NOTHING).means("a sentence of help", "\"What stands above the page.\""),
    key("required", BOOLEAN, Presence::Default("false"))
        .means("whether the plugin cannot do without, so that nobody may empty it", "true"),
    key("default", DEPENDS, NOTHING)
        .within(Bounds::Text("fits the type; none for a secret"))
        .means("the value until somebody sets one", "\"Hello\""),
    key("min", NUMBER, NOTHING)
        .within(Bounds::Text("at most `max`"))
        .means("the smallest value", "1")
        .of_types(&["number"]),
    key("max", NUMBER, NOTHING).means("the largest value", "50").of_types(&["number"]),
    key("options", STRINGS, Presence::Required)
        .within(Bounds::Text("at least one"))
        .means("the values to choose from", "[\"plain\", \"solemn\"]")
        .of_types(&["select"]),
];

/// The types of settings: the word, what its default is, and what it is for.
pub(super) static SETTING_TYPES: [(&str, &str, &str); 7] = [
    ("string", "a string", "one line"),
    ("text", "a string", "several lines"),
    ("secret", "none is allowed", "one line that is never shown again"),
    ("url", "a string", "an address that begins with http:// or https://"),
    ("number", "a number", "a number, whole or not"),
    ("boolean", "true or false", "yes or no"),
    ("select", "one of `options`", "one of a list"),
];
