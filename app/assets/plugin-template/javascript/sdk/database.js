// The plugin's own tables: typed calls on a table, and SQL for the rest.

import * as api from "raisfast:plugin-wit/host-api";
import * as data from "fleuron:host/data@0.1.0";
import { ask, checkText, parseAnswer } from "./host.js";

const OPERATORS = {
    "=": "equal",
    "!=": "not-equal",
    "<": "less",
    "<=": "less-or-equal",
    ">": "greater",
    ">=": "greater-or-equal",
    like: "like",
};
const AGGREGATES = ["sum", "average", "minimum", "maximum"];

/** The database refused something; `code` says why, for programs. */
export class DatabaseError extends Error {
    constructor(message, code = "failed") {
        super(message);
        this.name = "DatabaseError";
        this.code = code;
    }
}

export const database = {
    query: (sql, params = []) => parseAnswer(ask(api).dbQuery(checkText(sql, "the SQL"), listed(params)), DatabaseError),
    execute(sql, params = []) {
        return parseAnswer(ask(api).dbExecute(checkText(sql, "the SQL"), listed(params)), DatabaseError).rows_affected;
    },
    transaction(work) {
        parseAnswer(ask(api).dbBegin(), DatabaseError);
        let result;
        try {
            result = work();
            if (typeof result?.then === "function") throw new TypeError("a transaction cannot wait for a promise");
        } catch (error) {
            ask(api).dbRollback();
            throw error;
        }
        parseAnswer(ask(api).dbCommit(), DatabaseError);
        return result;
    },
};

function listed(params) {
    if (!Array.isArray(params)) throw new TypeError("parameters must be an array, with a value for each `?`");
    return JSON.stringify(params);
}

/** A table, or some of its rows. Conditions and the like answer a new selection and leave the old one alone. */
export const table = (name) => new Table(checkText(name, "the table"), [], [], null, null);

class Table {
    #name;
    #conditions;
    #order;
    #limit;
    #offset;

    constructor(name, conditions, order, limit, offset) {
        this.#name = name;
        this.#conditions = conditions;
        this.#order = order;
        this.#limit = limit;
        this.#offset = offset;
    }

    where(column, operator, value) {
        const added =
            typeof column === "string"
                ? [condition(column, operator, value)]
                : Object.entries(column).map(([column, value]) => condition(column, "=", value));
        return new Table(this.#name, [...this.#conditions, ...added], this.#order, this.#limit, this.#offset);
    }

    orderBy(column, direction = "asc") {
        if (direction !== "asc" && direction !== "desc") throw new TypeError('the direction must be "asc" or "desc"');
        const added = { column: checkText(column, "the column"), descending: direction === "desc" };
        return new Table(this.#name, this.#conditions, [...this.#order, added], this.#limit, this.#offset);
    }

    limit(count) {
        return new Table(this.#name, this.#conditions, this.#order, checkCount(count, "the limit"), this.#offset);
    }

    offset(count) {
        return new Table(this.#name, this.#conditions, this.#order, this.#limit, checkCount(count, "the offset"));
    }

    insert(row) {
        return attempt(() => ask(data).insert(this.#name, fromRow(row)));
    }

    all() {
        return attempt(() => ask(data).fetchAll(this.#name, this.#selection())).map(toRow);
    }

    first() {
        const row = attempt(() => ask(data).fetchOne(this.#name, this.#selection())) ?? null;
        return row === null ? null : toRow(row);
    }

    count() {
        return attempt(() => ask(data).count(this.#name, this.#conditions));
    }

    sum(column) {
        return fromValue(attempt(() => ask(data).sum(this.#name, checkText(column, "the column"), this.#conditions)));
    }

    update(changes) {
        return attempt(() => ask(data).update(this.#name, fromRow(changes), this.#conditions));
    }

    increment(column, by = 1) {
        if (!Number.isSafeInteger(by)) throw new TypeError("a column is increased by an integer");
        return attempt(() => ask(data).increment(this.#name, checkText(column, "the column"), by, this.#conditions));
    }

    delete() {
        return attempt(() => ask(data).delete(this.#name, this.#conditions));
    }

    groupBy(column, aggregate = "count") {
        const groups = attempt(() =>
            ask(data).groupBy(this.#name, checkText(column, "the column"), toAggregate(aggregate), this.#conditions),
        );
        return groups.map(({ key, value }) => ({ key: fromValue(key), value: fromValue(value) }));
    }

    #selection() {
        return { conditions: this.#conditions, order: this.#order, limit: this.#limit, offset: this.#offset };
    }
}

function condition(column, operator, value) {
    if (!Object.hasOwn(OPERATORS, operator)) {
        throw new TypeError(`no such operator: ${operator}; there are ${Object.keys(OPERATORS).join(" ")}`);
    }
    return { column, operator: OPERATORS[operator], value: toValue(value, column) };
}

function toAggregate(aggregate) {
    if (aggregate === "count") return { tag: "count" };
    const [[kind, column], ...more] = Object.entries(aggregate);
    if (!AGGREGATES.includes(kind) || more.length > 0) {
        throw new TypeError(`an aggregate is "count" or like { sum: "column" }, with one of ${AGGREGATES.join(", ")}`);
    }
    return { tag: kind, val: checkText(column, "the column") };
}

function fromRow(row) {
    return Object.entries(row).map(([column, value]) => ({ column, value: toValue(value, column) }));
}

function toRow(fields) {
    return Object.fromEntries(fields.map(({ column, value }) => [column, fromValue(value)]));
}

function toValue(value, column) {
    if (value === null || value === undefined) return { tag: "null" };
    if (typeof value === "string") return { tag: "text", val: value };
    if (typeof value === "boolean") return { tag: "boolean", val: value };
    if (Number.isSafeInteger(value)) return { tag: "integer", val: value };
    if (typeof value === "number") return { tag: "real", val: value };
    if (value instanceof Uint8Array) return { tag: "blob", val: value };
    const kinds = "null, a boolean, a number, a string or a Uint8Array";
    throw new TypeError(`${column} cannot hold ${typeof value}; it takes ${kinds}`);
}

function fromValue(value) {
    return value.tag === "null" ? null : value.val;
}

function checkCount(count, name) {
    if (!Number.isInteger(count) || count < 0 || count > 0xffff_ffff) throw new TypeError(`${name} must be a count`);
    return count;
}

/** Runs a typed call; the record with which it fails becomes an error. */
function attempt(call) {
    try {
        return call();
    } catch (failure) {
        const refusal = failure?.payload ?? failure;
        throw typeof refusal?.code === "string" ? new DatabaseError(refusal.message, refusal.code) : failure;
    }
}
