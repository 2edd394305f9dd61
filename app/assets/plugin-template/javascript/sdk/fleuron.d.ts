// What a Fleuron plugin is made of, and what it may ask of the server. Editors show this while you write.

/** A post or page before it is stored. What a filter's answer leaves out stays as it came in. */
export interface PostInput {
    title: string;
    /** Markdown. */
    content: string;
    /** The last part of the address. In an answer to `onPostCreating`, null: derived from the title. */
    slug: string | null;
    excerpt: string | null;
    categoryId: string | null;
    tagIds: string[] | null;
    /** `draft` or `published`. */
    status: string | null;
    coverImage: string | null;
}

/** A post or page as it is stored. Ids are UUIDs; times are RFC 3339 in UTC. */
export interface PostOutput {
    id: string;
    title: string;
    slug: string;
    /** Markdown. */
    content: string;
    excerpt: string | null;
    /** `draft`, `published` or `trash`. */
    status: string;
    createdBy: string;
    updatedBy: string | null;
    categoryId: string | null;
    viewCount: number;
    createdAt: string;
    updatedAt: string;
    publishedAt: string | null;
}

export interface CommentInput {
    content: string;
    nickname: string | null;
    email: string | null;
    /** The comment that this one answers. */
    parentId: string | null;
}

/** An entry of a custom content type. */
export interface ContentEvent {
    contentType: string;
    /** A JSON object. */
    data: string;
    id: string | null;
}

/** What another plugin emitted. */
export interface PluginEvent {
    /** The same at every attempt to deliver it. */
    id: string;
    /** `plugin.<id>.<type>`, where `<id>` is the plugin that emitted it. */
    eventType: string;
    /** JSON. */
    data: string;
}

/** A filter's answer: the changed value, or some of its fields; nothing leaves the value as it is. */
type Changed<T> = Partial<T> | null | void;

/**
 * The hooks. A plugin has those it wants, and lists the same ones in manifest.toml, where `onPostCreating` is
 * `on-post-creating`. None of them may be `async`.
 */
export interface Hooks {
    /** Filter: before a post or page is stored. */
    onPostCreating?(post: PostInput): Changed<PostInput>;
    /** Filter: before an edit is stored. The whole post as it would be; null clears an excerpt, category or cover. */
    onPostUpdating?(post: PostInput): Changed<PostInput>;
    /** Filter: before a comment is stored. */
    onCommentCreating?(comment: CommentInput): Changed<CommentInput>;
    /** Filter, does not fire yet: before an entry of a custom type is stored. */
    onContentCreating?(entry: ContentEvent): Changed<ContentEvent>;
    /** Filter, does not fire yet: before an edit of such an entry. */
    onContentUpdating?(entry: ContentEvent): Changed<ContentEvent>;
    /** Filter: Markdown to HTML. The first plugin that answers is the renderer; the result is cached. */
    renderMarkdown?(markdown: string): string | null | void;
    /** Filter: the HTML of a post or page, before it is sanitised. */
    filterHtml?(html: string): string | null | void;
    /** Action: a post or page was created, drafts included. */
    onPostCreated?(post: PostOutput): void;
    /** Action: it was changed, published or moved to the trash. */
    onPostUpdated?(post: PostOutput): void;
    /** Action: it was removed for good. */
    onPostDeleted?(id: string): void;
    /** Action: a comment was stored, approved or not. */
    onCommentCreated?(comment: CommentInput): void;
    /** Action, does not fire yet: an entry of a custom type was created. */
    onContentCreated?(entry: ContentEvent): void;
    /** Action, does not fire yet: an entry was changed. */
    onContentUpdated?(entry: ContentEvent): void;
    /** Action, does not fire yet: an entry was deleted. */
    onContentDeleted?(contentType: string, id: string): void;
    /** Action: someone logged in. */
    onLogin?(userId: string): void;
    /** Action: a `[[cron]]` job of the manifest came due. */
    onCronTick?(payload: string | null): void;
    /** Action: another plugin emitted an event that the manifest's `[events]` subscribe to. */
    onEvent?(event: PluginEvent): void;
}

/** Checks the hooks' names and answers the hooks as they are: what plugin.js exports by default. */
export function definePlugin(hooks: Hooks): Hooks;

/** The plugin's log. Parts are joined by spaces; objects are written as JSON, errors with their stack. */
export const log: {
    debug(...parts: unknown[]): void;
    info(...parts: unknown[]): void;
    warn(...parts: unknown[]): void;
    error(...parts: unknown[]): void;
};

/** The settings that the manifest declares, as an administrator set them. */
export const settings: {
    /** The setting as text; the fallback where it has no value. */
    get(key: string): string | null;
    get<T>(key: string, fallback: T): string | T;
    number(key: string): number | null;
    number<T>(key: string, fallback: T): number | T;
    boolean(key: string): boolean | null;
    boolean<T>(key: string, fallback: T): boolean | T;
};

/** Key-values of the plugin's own. Where something is refused, the reason is in the log. */
export const storage: {
    get(key: string): string | null;
    /** False where it was refused. */
    set(key: string, value: string): boolean;
    getJson(key: string): any;
    setJson(key: string, value: unknown): boolean;
};

/** Text files of the plugin's own. Paths are relative. Where something is refused, the reason is in the log. */
export const files: {
    read(path: string): string | null;
    /** False where it was refused. */
    write(path: string, content: string): boolean;
    delete(path: string): boolean;
    exists(path: string): boolean;
    /** Names in a folder, in order; those of folders end in `/`. */
    list(path: string): string[];
    stat(path: string): { size: number; isDirectory: boolean; modified: Date } | null;
};

/** Requests to the hosts that the manifest's `http` names. Null: failed, with the reason in the log. */
export const http: {
    get(url: string): string | null;
    getJson(url: string): any;
    post(url: string, body: string): string | null;
    /** Sends a value as JSON, and reads the answer as JSON. */
    postJson(url: string, value: unknown): any;
};

export const posts: {
    /** A published post; drafts as well with the permission `read:drafts`. */
    get(slug: string): PostOutput | null;
};

export const events: {
    /**
     * Emits an event `plugin.<id>.<type>` when the hook has ended well, and answers its id. Needs `events = ["emit"]`.
     * Throws where it is refused.
     */
    emit(type: string, data?: unknown): string;
};

/** What a filter that ends in `-creating` or `-updating` says beside its answer. The last call counts. */
export const verdict: {
    /** Nothing is stored; the client gets status 422 with the message. A code is 1 to 64 of `a-z0-9-_`. */
    refuse(code: string, message: string): void;
    /** It is stored, but not in public: a comment waits for a moderator, a post stays a draft. */
    hold(): void;
};

/** Why the plugin is called. */
export interface CallContext {
    /** The hook, such as `on-post-created`. */
    hook: string;
    /** The event that is delivered, the same at every attempt. Null in filters. */
    eventId: string | null;
    /** Which attempt this is, from 1; 0 in filters. */
    attempt: number;
    /** What the call is about; null before it exists. */
    entityId: string | null;
    entityVersion: number | null;
    /** What the entity belongs to: a comment's post. */
    parentId: string | null;
    /** `post`, `page`, `comment`, `user`, or the name of a content type. */
    kind: string | null;
    /** Null for visitors and the site itself. */
    actingUser: string | null;
}

export function context(): CallContext;

/** A new UUIDv7. */
export function newId(): string;

/** What a column holds. A boolean is stored as 1 or 0. Integers must be safe ones, below 2⁵³. */
export type Value = null | boolean | number | string | Uint8Array;
export type Row = Record<string, Value>;
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "like";
export type Aggregate =
    | "count"
    | { sum: string }
    | { average: string }
    | { minimum: string }
    | { maximum: string };

/** The plugin's own tables. Needs `database = ["own"]`; its migrations make the tables. */
export function table(name: string): Table;

/** A table, or the rows of it that meet all conditions. Every call throws a DatabaseError where it is refused. */
export interface Table {
    /** Rows whose columns have these values; null asks for columns that are null. */
    where(values: Row): Table;
    where(column: string, operator: Operator, value: Value): Table;
    orderBy(column: string, direction?: "asc" | "desc"): Table;
    limit(count: number): Table;
    offset(count: number): Table;
    /** Stores a row and answers its rowid. */
    insert(row: Row): number;
    all(): Row[];
    first(): Row | null;
    count(): number;
    /** 0 where there are no rows. */
    sum(column: string): number;
    /** This and the next two answer how many rows there were, and need a condition. */
    update(changes: Row): number;
    increment(column: string, by?: number): number;
    delete(): number;
    /** One value for each group of rows with the same value in a column. */
    groupBy(column: string, aggregate?: Aggregate): { key: Value; value: Value }[];
}

/** SQL on the plugin's own tables and on the views of the site that the manifest asks for. */
export const database: {
    /** Rows; bytes in them are base64. A `?` in the SQL stands for each parameter. */
    query(sql: string, params?: unknown[]): Record<string, any>[];
    /** How many rows changed. */
    execute(sql: string, params?: unknown[]): number;
    /** Keeps what is done within where it returns, and undoes it where it throws. */
    transaction<T>(work: () => T): T;
};

export class DatabaseError extends Error {
    /** `not-granted`, `invalid`, `constraint`, `over-limit` or `failed`; of SQL always `failed`. */
    code: string;
}
