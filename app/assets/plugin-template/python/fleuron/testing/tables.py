"""The typed calls on tables, as SQL on SQLite."""

import sqlite3

COMPARISONS = {
    "EQUAL": "IS",
    "NOT_EQUAL": "IS NOT",
    "LESS": "<",
    "LESS_OR_EQUAL": "<=",
    "GREATER": ">",
    "GREATER_OR_EQUAL": ">=",
    "LIKE": "LIKE",
}
AGGREGATES = {"Sum": "sum", "Average": "avg", "Minimum": "min", "Maximum": "max"}


def add_functions(data, connection, refused):
    """Adds the functions of the interface to ``data``. ``refused`` makes an error of what SQLite refuses."""

    def run(sql, values=()):
        try:
            return connection().execute(sql, [_plain(value) for value in values])
        except sqlite3.IntegrityError as error:
            raise refused(error, "CONSTRAINT") from error
        except sqlite3.Error as error:
            raise refused(error, "INVALID") from error

    def insert(table, row):
        columns = ", ".join(_quoted(field.column) for field in row)
        places = ", ".join("?" for _ in row)
        return run(f"INSERT INTO {_quoted(table)} ({columns}) VALUES ({places})", _values(row)).lastrowid

    def fetch_all(table, selection):
        order = ", ".join(f"{_quoted(by.column)} {'DESC' if by.descending else 'ASC'}" for by in selection.order)
        sql = f"SELECT * FROM {_quoted(table)}{_where(selection.conditions)}"
        sql += f" ORDER BY {order}" if order else ""
        sql += f" LIMIT {-1 if selection.limit is None else selection.limit} OFFSET {selection.offset or 0}"
        cursor = run(sql, _values(selection.conditions))
        columns = [column[0] for column in cursor.description]
        return [[data.Field(name, value_of(value)) for name, value in zip(columns, row)] for row in cursor]

    def fetch_one(table, selection):
        return next(iter(fetch_all(table, selection)), None)

    def update(table, changes, conditions):
        assignments = ", ".join(f"{_quoted(field.column)} = ?" for field in changes)
        return change(f"UPDATE {_quoted(table)} SET {assignments}", conditions, _values(changes))

    def increment(table, column, by, conditions):
        sql = f"UPDATE {_quoted(table)} SET {_quoted(column)} = {_quoted(column)} + ?"
        return change(sql, conditions, [by])

    def delete(table, conditions):
        return change(f"DELETE FROM {_quoted(table)}", conditions, [])

    def change(sql, conditions, values):
        if not conditions:
            raise refused(ValueError("at least one condition is required"), "INVALID")
        return run(sql + _where(conditions), [*values, *_values(conditions)]).rowcount

    def count(table, conditions):
        return run(f"SELECT count(*) FROM {_quoted(table)}{_where(conditions)}", _values(conditions)).fetchone()[0]

    def sum(table, column, conditions):
        sql = f"SELECT coalesce(sum({_quoted(column)}), 0) FROM {_quoted(table)}{_where(conditions)}"
        return value_of(run(sql, _values(conditions)).fetchone()[0])

    def group_by(table, column, aggregate, conditions):
        kind = type(aggregate).__name__.removeprefix("Aggregate_")
        wanted = "count(*)" if kind == "Count" else f"{AGGREGATES[kind]}({_quoted(aggregate.value)})"
        by = _quoted(column)
        sql = f"SELECT {by}, {wanted} FROM {_quoted(table)}{_where(conditions)} GROUP BY {by} ORDER BY {by}"
        return [data.Group(value_of(key), value_of(value)) for key, value in run(sql, _values(conditions))]

    def value_of(value):
        kinds = {int: data.Value_Integer, float: data.Value_Real, str: data.Value_Text, bytes: data.Value_Blob}
        return data.Value_Null() if value is None else kinds[type(value)](value)

    functions = (insert, fetch_all, fetch_one, update, increment, delete, count, sum, group_by)
    vars(data).update({function.__name__: function for function in functions})


def _where(conditions):
    tests = [f"{_quoted(one.column)} {COMPARISONS[one.operator.name]} ?" for one in conditions]
    return f" WHERE {' AND '.join(tests)}" if tests else ""


def _values(fields):
    return [field.value for field in fields]


def _plain(value):
    return getattr(value, "value", value)


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'
