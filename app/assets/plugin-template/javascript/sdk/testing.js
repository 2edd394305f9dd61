// A host in memory for tests, which run in Node: `npm test` loads this file before any other, so that what a plugin
// imports from the server comes from here.

import * as nodeModule from "node:module";

const CURRENT = Symbol.for("fleuron.testing.host");

/** The functions of each interface that the server offers. */
const INTERFACES = {
    "raisfast:plugin-wit/host-api": [
        ...["log", "getConfig", "httpGet", "httpPost", "getData", "setData", "getPost"],
        ...["dbQuery", "dbExecute", "dbBegin", "dbCommit", "dbRollback"],
        ...["vfsRead", "vfsWrite", "vfsDelete", "vfsExists", "vfsList", "vfsStat", "emitEvent"],
    ],
    "fleuron:host/verdict@0.1.0": ["refuse", "hold"],
    "fleuron:host/context@0.1.0": ["current"],
    "fleuron:host/data@0.1.0": [
        ...["insert", "fetchOne", "fetchAll", "update", "delete", "count", "increment", "sum", "groupBy", "newId"],
    ],
};

/** A module that hands every call to the host of the running test. */
function moduleFor(specifier) {
    const names = INTERFACES[specifier];
    const functions = names.map((name) => `const _${name} = (...args) => ask("${name}", args);`);
    const exported = names.map((name) => `_${name} as ${name}`);
    return `const ask = (name, args) => globalThis[Symbol.for("${CURRENT.description}")].answer(name, args);
${functions.join("\n")}
export { ${exported.join(", ")} };`;
}

const sources = Object.fromEntries(
    Object.keys(INTERFACES).map((name) => [name, `data:text/javascript,${encodeURIComponent(moduleFor(name))}`]),
);

if (nodeModule.registerHooks) {
    nodeModule.registerHooks({
        resolve: (specifier, context, next) =>
            specifier in sources ? { url: sources[specifier], shortCircuit: true } : next(specifier, context),
    });
} else {
    const hook = `const sources = ${JSON.stringify(sources)};
export const resolve = async (specifier, context, next) =>
    specifier in sources ? { url: sources[specifier], shortCircuit: true } : next(specifier, context);`;
    nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

/** A post as a filter gets it: what is not given is null, and the title and text are examples. */
export function newPost(fields = {}) {
    const none = { slug: null, excerpt: null, categoryId: null, tagIds: null, status: null, coverImage: null };
    return { title: "A title", content: "Some *text*", ...none, ...fields };
}

/** A post as an action gets it. */
export function storedPost(fields = {}) {
    const at = "2030-01-01T00:00:00Z";
    const none = { excerpt: null, updatedBy: null, categoryId: null, publishedAt: null };
    const text = { id: "1", title: "A title", slug: "a-title", content: "Some *text*", status: "draft" };
    return { ...text, createdBy: "2", viewCount: 0, createdAt: at, updatedAt: at, ...none, ...fields };
}

/** Answers a plugin's questions and keeps what it does. Everything is granted; no limit is kept. */
export class MemoryHost {
    /** Settings by key, as text. */
    settings = new Map();
    /** Key-values. */
    storage = new Map();
    /** Files by path. */
    files = new Map();
    /** Published posts by slug, with the field names of `storedPost`. */
    posts = new Map();
    /** What other servers answer, by URL. */
    answers = new Map();
    /** Requests that were made: `{ url, body }`, the body null where there was none. */
    requests = [];
    /** Lines such as `info: hello`. */
    logLines = [];
    /** Events of the calls that ended well: `{ id, type, data }`. */
    events = [];
    /** The last verdict: `{ refuse: [code, message] }`, `"hold"`, or null. */
    verdict = null;
    /** What `context()` answers, beside the hook. */
    context = {};
    /**
     * Stands for the database: set `query(sql, params)` to answer rows, `execute(sql, params)` to answer a count, and
     * functions named like those of the interface `data` for what `table()` calls.
     */
    database = {};

    #plugin;
    #hook = "";
    #emitted = [];
    #ids = 0;

    constructor(plugin) {
        this.#plugin = plugin;
    }

    /** Calls a hook like the server does, and answers what the server would get. */
    call(hook, ...input) {
        globalThis[CURRENT] = this;
        this.#hook = hook.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        this.#emitted = [];
        this.verdict = null;
        const { pluginHooks, events } = componentExports(this.#plugin);
        const answer = { ...pluginHooks, ...events }[hook](...structuredClone(input));
        this.events.push(...this.#emitted);
        return answer;
    }

    /** Answers one of the plugin's questions. */
    answer(name, args) {
        if (Object.hasOwn(this.#own, name)) return this.#own[name](...args);
        if (typeof this.database[name] === "function") return this.database[name](...args);
        throw new Error(`the plugin calls ${name}: give the host's \`database\` a function of this name for the test`);
    }

    #own = {
        log: (level, line) => void this.logLines.push(`${level}: ${line}`),
        getConfig: (key) => this.settings.get(key) ?? null,
        getData: (key) => this.storage.get(key) ?? null,
        setData: (key, value) => (this.storage.set(key, value), true),
        getPost: (slug) => (this.posts.has(slug) ? JSON.stringify(snakeCased(this.posts.get(slug))) : null),
        httpGet: (url) => this.#request(url, null),
        httpPost: (url, body) => this.#request(url, body),
        vfsRead: (path) => this.files.get(path) ?? null,
        vfsWrite: (path, content) => (this.files.set(path, content), true),
        vfsDelete: (path) => this.files.delete(path),
        vfsExists: (path) => this.files.has(path) || this.#names(path).length > 0,
        vfsList: (path) => JSON.stringify(this.#names(path)),
        vfsStat: (path) => this.#stat(path),
        emitEvent: (type, data) => {
            this.#emitted.push({ id: this.#newId(), type, data: JSON.parse(data) });
            return JSON.stringify({ ok: true, id: this.#emitted.at(-1).id });
        },
        dbQuery: (sql, params) => JSON.stringify(this.#sql("query", sql, params)),
        dbExecute: (sql, params) => JSON.stringify({ rows_affected: this.#sql("execute", sql, params) }),
        dbBegin: () => '{"ok":true}',
        dbCommit: () => '{"ok":true}',
        dbRollback: () => '{"ok":true}',
        refuse: (code, message) => void (this.verdict = { refuse: [code, message] }),
        hold: () => void (this.verdict = "hold"),
        newId: () => this.#newId(),
        current: () => ({
            ...{ hook: this.#hook, eventId: null, attempt: 0, entityId: null, entityVersion: null },
            ...{ parentId: null, kind: null, actingUser: null },
            ...this.context,
        }),
    };

    #newId() {
        this.#ids += 1;
        return `01900000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
    }

    #request(url, body) {
        this.requests.push({ url, body });
        return this.answers.get(url) ?? null;
    }

    #sql(kind, sql, params) {
        if (typeof this.database[kind] !== "function") {
            throw new Error(`the plugin uses SQL: give the host's \`database\` a function \`${kind}\` for the test`);
        }
        return this.database[kind](sql, JSON.parse(params));
    }

    #names(folder) {
        const start = folder === "" ? "" : `${folder}/`;
        const within = [...this.files.keys()].filter((path) => path.startsWith(start));
        const names = within.map((path) => path.slice(start.length).replace(/\/.*/, "/"));
        return [...new Set(names)].sort();
    }

    #stat(path) {
        const content = this.files.get(path);
        const isDirectory = content === undefined && this.#names(path).length > 0;
        if (content === undefined && !isDirectory) return null;
        return JSON.stringify({ size: Buffer.byteLength(content ?? ""), is_dir: isDirectory, modified: 0 });
    }
}

function snakeCased(record) {
    const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [snake(name), value]));
}

// Last, since it imports what the hooks above put in place.
const { componentExports } = await import("./hooks.js");
