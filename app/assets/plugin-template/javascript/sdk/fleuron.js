// What a plugin imports. fleuron.d.ts beside this file describes all of it, for people and for editors.

export { definePlugin } from "./hooks.js";
export { context, events, files, http, log, newId, posts, settings, storage, verdict } from "./host.js";
export { database, DatabaseError, table } from "./database.js";
