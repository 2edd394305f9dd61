// What a plugin may ask of the server, with JSON parsed and arguments checked: an argument of the wrong type would end
// the whole plugin in the engine, out of reach of `catch` and without a line number.

import * as api from "raisfast:plugin-wit/host-api";
import * as hostContext from "fleuron:host/context@0.1.0";
import * as hostData from "fleuron:host/data@0.1.0";
import * as hostVerdict from "fleuron:host/verdict@0.1.0";

/** The most lines of the log that one call of a `log` function may fill; a hook call has 100 in all. */
const LINES = 40;

/** Whether a hook has been called: the build runs the plugin's top level, where nobody answers. */
let serving = false;

/** Notes that the server is there. */
export function beginCall() {
    serving = true;
}

/** The host's functions of one interface, once there is a host. */
export function ask(functions) {
    if (!serving) throw new Error("the server can be asked within a hook only, not while the plugin is being built");
    return functions;
}

/** Refuses what is no string, with the name that it goes by. */
export function checkText(value, name) {
    if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${typeof value}`);
    return value;
}

/** Parses what the host answers; its refusals become errors. */
export function parseAnswer(json, Refusal = Error) {
    const answer = JSON.parse(json);
    if (typeof answer?.error === "string") throw new Refusal(answer.error);
    return answer;
}

export const log = {
    debug: (...parts) => write("debug", parts),
    info: (...parts) => write("info", parts),
    warn: (...parts) => write("warn", parts),
    error: (...parts) => write("error", parts),
};

// The engine has no console of its own.
globalThis.console ??= { ...log, log: log.info, trace: log.debug };

function write(level, parts) {
    const lines = parts.map(readable).join(" ").trimEnd().split("\n");
    for (const line of lines.slice(0, LINES)) ask(api).log(level, line);
    if (lines.length > LINES) ask(api).log(level, `(${lines.length - LINES} more lines)`);
}

function readable(value) {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value}\n${value.stack ?? ""}`;
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
}

export const settings = {
    get: (key, fallback = null) => ask(api).getConfig(checkText(key, "the setting's key")) ?? fallback,
    number(key, fallback = null) {
        const value = settings.get(key);
        return value === null ? fallback : Number(value);
    },
    boolean(key, fallback = null) {
        const value = settings.get(key);
        return value === null ? fallback : value === "true";
    },
};

export const storage = {
    get: (key) => ask(api).getData(checkText(key, "the key")) ?? null,
    set: (key, value) => ask(api).setData(checkText(key, "the key"), checkText(value, "the value")),
    getJson(key) {
        const value = storage.get(key);
        return value === null ? null : JSON.parse(value);
    },
    setJson: (key, value) => storage.set(key, JSON.stringify(value)),
};

export const files = {
    read: (path) => ask(api).vfsRead(checkText(path, "the path")) ?? null,
    write: (path, content) => ask(api).vfsWrite(checkText(path, "the path"), checkText(content, "the content")),
    delete: (path) => ask(api).vfsDelete(checkText(path, "the path")),
    exists: (path) => ask(api).vfsExists(checkText(path, "the path")),
    list: (path) => JSON.parse(ask(api).vfsList(checkText(path, "the path")) ?? "[]"),
    stat(path) {
        const found = JSON.parse(ask(api).vfsStat(checkText(path, "the path")) ?? "null");
        if (found === null) return null;
        return { size: found.size, isDirectory: found.is_dir, modified: new Date(found.modified * 1000) };
    },
};

export const http = {
    get: (url) => ask(api).httpGet(checkText(url, "the URL")) ?? null,
    getJson: (url) => JSON.parse(http.get(url) ?? "null"),
    post: (url, body) => ask(api).httpPost(checkText(url, "the URL"), checkText(body, "the body")) ?? null,
    postJson: (url, value) => JSON.parse(http.post(url, JSON.stringify(value)) ?? "null"),
};

export const posts = {
    get(slug) {
        const post = JSON.parse(ask(api).getPost(checkText(slug, "the slug")) ?? "null");
        return post === null ? null : camelCased(post);
    },
};

function camelCased(record) {
    const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [camel(name), value]));
}

export const events = {
    emit(type, data) {
        const json = JSON.stringify(data ?? null);
        return parseAnswer(ask(api).emitEvent(checkText(type, "the event's type"), json)).id;
    },
};

export const verdict = {
    refuse: (code, message) =>
        ask(hostVerdict).refuse(checkText(code, "the code"), checkText(message, "the message")),
    hold: () => ask(hostVerdict).hold(),
};

export const context = () => ask(hostContext).current();

export const newId = () => ask(hostData).newId();

// The engine chooses its random numbers when the plugin is built, the same for every instance; so they are drawn anew.
const builtInRandom = Math.random;
let generator;
Math.random = () => (serving ? (generator ??= seededGenerator(newId())) : builtInRandom)();

/** The generator "sfc32", seeded with the random digits of a UUIDv7. */
function seededGenerator(id) {
    const digits = id.replaceAll("-", "");
    let [a, b, c, counter] = [0, 8, 16, 24].map((start) => parseInt(digits.slice(start, start + 8), 16) | 0);
    const next = () => {
        const sum = (((a + b) | 0) + counter) | 0;
        counter = (counter + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + sum) | 0;
        return (sum >>> 0) / 4294967296;
    };
    // Seeds that differ in a few bits give numbers alike until they are well stirred.
    for (let round = 0; round < 15; round += 1) next();
    return next;
}
