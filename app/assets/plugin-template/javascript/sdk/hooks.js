// From the hooks that an author writes to those that the server calls: fills in the rest, checks what they answer, and
// puts what they throw into the plugin's log.

import { beginCall, log } from "./host.js";

const TEXT = { fits: (value) => typeof value === "string", name: "a string" };
const OPTIONAL_TEXT = {
    fits: (value) => value === null || typeof value === "string",
    name: "a string or null",
};
const OPTIONAL_TEXTS = {
    fits: (value) => value === null || (Array.isArray(value) && value.every(TEXT.fits)),
    name: "an array of strings or null",
};

const POST = {
    title: TEXT,
    content: TEXT,
    slug: OPTIONAL_TEXT,
    excerpt: OPTIONAL_TEXT,
    categoryId: OPTIONAL_TEXT,
    tagIds: OPTIONAL_TEXTS,
    status: OPTIONAL_TEXT,
    coverImage: OPTIONAL_TEXT,
};
const COMMENT = { content: TEXT, nickname: OPTIONAL_TEXT, email: OPTIONAL_TEXT, parentId: OPTIONAL_TEXT };
const CONTENT = { contentType: TEXT, data: TEXT, id: OPTIONAL_TEXT };

/** Every hook, with what becomes of its answer. */
const HOOKS = {
    onPostCreating: record(POST),
    onPostUpdating: record(POST),
    onCommentCreating: record(COMMENT),
    onContentCreating: record(CONTENT),
    onContentUpdating: record(CONTENT),
    renderMarkdown: text,
    filterHtml: text,
    onPostCreated: nothing,
    onPostUpdated: nothing,
    onPostDeleted: nothing,
    onCommentCreated: nothing,
    onContentCreated: nothing,
    onContentUpdated: nothing,
    onContentDeleted: nothing,
    onLogin: nothing,
    onCronTick: nothing,
    onEvent: nothing,
};

/** Checks the names of a plugin's hooks, all at once, and answers them as they are. */
export function definePlugin(hooks) {
    const faults = Object.keys(hooks).filter((name) => !(name in HOOKS));
    if (faults.length > 0) {
        throw new TypeError(`no such hook: ${faults.join(", ")}; there are ${Object.keys(HOOKS).join(", ")}`);
    }
    for (const [name, hook] of Object.entries(hooks)) {
        if (typeof hook !== "function") throw new TypeError(`the hook ${name} is not a function`);
    }
    return hooks;
}

/** The two interfaces that a plugin exports. */
export function componentExports(plugin) {
    const hooks = definePlugin(plugin);
    const { onEvent, ...pluginHooks } = Object.fromEntries(
        Object.entries(HOOKS).map(([name, finish]) => [name, guarded(hooks, name, finish)]),
    );
    return { pluginHooks, events: { onEvent } };
}

/** A hook that always exists, and says in the log why it fails. */
function guarded(hooks, name, finish) {
    if (hooks[name] === undefined) return () => null;
    return (...input) => {
        beginCall();
        try {
            return finish(name, hooks[name](...input), ...input);
        } catch (error) {
            log.error(`${name} failed:`, error);
            throw error;
        }
    };
}

function nothing(name, answer) {
    refusePromise(name, answer);
}

function text(name, answer) {
    refusePromise(name, answer);
    if (answer === undefined || answer === null) return null;
    if (typeof answer === "string") return answer;
    throw new TypeError(`${name} answered ${typeof answer}; it must answer a string, or nothing to change nothing`);
}

/** An answer of named fields. What it does not name stays as it came in. */
function record(fields) {
    return (name, answer, input) => {
        refusePromise(name, answer);
        if (answer === undefined || answer === null) return null;
        if (typeof answer !== "object") {
            throw new TypeError(`${name} answered ${typeof answer}; it must answer an object, or nothing to change nothing`);
        }
        const faults = Object.keys(answer).filter((field) => !(field in fields)).map((field) => `${field} is no field`);
        const result = {};
        for (const [field, kind] of Object.entries(fields)) {
            result[field] = (answer[field] === undefined ? input[field] : answer[field]) ?? null;
            if (!kind.fits(result[field])) faults.push(`${field} must be ${kind.name}`);
        }
        if (faults.length > 0) throw new TypeError(`${name} answered what cannot be: ${faults.join("; ")}`);
        return result;
    };
}

function refusePromise(name, answer) {
    if (typeof answer?.then === "function") {
        throw new TypeError(`${name} is async; the server waits for no promise, so write it without async and await`);
    }
}
