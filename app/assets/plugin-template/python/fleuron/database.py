"""The plugin's own tables: typed calls on a table, and SQL for the rest."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fleuron.bindings import Err, data, host_api
from fleuron.host import ask, check_text, parse_answer

OPERATORS = {
    "=": data.Operator.EQUAL,
    "!=": data.Operator.NOT_EQUAL,
    "<": data.Operator.LESS,
    "<=": data.Operator.LESS_OR_EQUAL,
    ">": data.Operator.GREATER,
    ">=": data.Operator.GREATER_OR_EQUAL,
    "like": data.Operator.LIKE,
}

AGGREGATES = {
    "sum": data.Aggregate_Sum,
    "average": data.Aggregate_Average,
    "minimum": data.Aggregate_Minimum,
    "maximum": data.Aggregate_Maximum,
}


class DatabaseError(Exception):
    """The database refused something.

    ``code`` is ``not-granted``, ``invalid``, ``constraint``, ``over-limit`` or ``failed``; of SQL always ``failed``.
    """

    def __init__(self, message: str, code: str = "failed"):
        super().__init__(message)
        self.code = code


class Database:
    """SQL on the plugin's own tables and on the views of the site that the manifest asks for."""

    def query(self, sql: str, params=()) -> list[dict]:
        """Rows; bytes in them are base64. A ``?`` in the SQL stands for each parameter."""
        answer = ask(host_api).db_query(check_text(sql, "the SQL"), json.dumps(list(params)))
        return parse_answer(answer, DatabaseError)

    def execute(self, sql: str, params=()) -> int:
        """How many rows changed."""
        answer = ask(host_api).db_execute(check_text(sql, "the SQL"), json.dumps(list(params)))
        return parse_answer(answer, DatabaseError)["rows_affected"]

    @contextmanager
    def transaction(self):
        """``with database.transaction():`` keeps what is done within, and undoes it where an exception leaves it."""
        parse_answer(ask(host_api).db_begin(), DatabaseError)
        try:
            yield
        except BaseException:
            host_api.db_rollback()
            raise
        parse_answer(host_api.db_commit(), DatabaseError)


database = Database()


def table(name: str) -> Table:
    """The plugin's own table of this name. Needs ``database = ["own"]``; its migrations make the tables."""
    return Table(check_text(name, "the table"))


@dataclass(frozen=True)
class Table:
    """A table, or the rows of it that meet all conditions. Calls raise DatabaseError where they are refused.

    What a column holds is None, a bool (stored as 1 or 0), an int, a float, a str or bytes.
    """

    name: str
    conditions: tuple = ()
    order: tuple = ()
    most: int | None = None
    skipped: int | None = None

    def where(self, *comparison, **values) -> Table:
        """``where(path="/", n=1)`` for rows with these values, ``where("n", ">", 100)`` for other comparisons."""
        added = [_condition(column, "=", value) for column, value in values.items()]
        if comparison:
            column, operator, value = comparison
            added.append(_condition(column, operator, value))
        return replace(self, conditions=(*self.conditions, *added))

    def order_by(self, column: str, descending: bool = False) -> Table:
        return replace(self, order=(*self.order, data.Order(check_text(column, "the column"), descending)))

    def limit(self, count: int) -> Table:
        return replace(self, most=_count(count, "the limit"))

    def offset(self, count: int) -> Table:
        return replace(self, skipped=_count(count, "the offset"))

    def insert(self, row: dict) -> int:
        """Stores a row and answers its rowid."""
        with _refusals():
            return ask(data).insert(self.name, _fields(row))

    def all(self) -> list[dict]:
        with _refusals():
            return [_row(fields) for fields in ask(data).fetch_all(self.name, self._selection())]

    def first(self) -> dict | None:
        with _refusals():
            fields = ask(data).fetch_one(self.name, self._selection())
        return None if fields is None else _row(fields)

    def count(self) -> int:
        with _refusals():
            return ask(data).count(self.name, list(self.conditions))

    def sum(self, column: str):
        """0 where there are no rows."""
        with _refusals():
            return _plain(ask(data).sum(self.name, check_text(column, "the column"), list(self.conditions)))

    def update(self, changes: dict) -> int:
        """This and the next two answer how many rows there were, and need a condition."""
        with _refusals():
            return ask(data).update(self.name, _fields(changes), list(self.conditions))

    def increment(self, column: str, by: int = 1) -> int:
        with _refusals():
            return ask(data).increment(self.name, check_text(column, "the column"), by, list(self.conditions))

    def delete(self) -> int:
        with _refusals():
            return ask(data).delete(self.name, list(self.conditions))

    def group_by(self, column: str, aggregate: str = "count", of: str | None = None) -> list[tuple]:
        """Key and value of each group: ``group_by("path", "sum", "n")``; also average, minimum, maximum, count."""
        kind = _aggregate(aggregate, of)
        with _refusals():
            groups = ask(data).group_by(self.name, check_text(column, "the column"), kind, list(self.conditions))
        return [(_plain(group.key), _plain(group.value)) for group in groups]

    def _selection(self):
        return data.Selection(list(self.conditions), list(self.order), self.most, self.skipped)


def _condition(column, operator, value):
    if operator not in OPERATORS:
        raise ValueError(f"no such operator: {operator}; there are {' '.join(OPERATORS)}")
    return data.Condition(check_text(column, "the column"), OPERATORS[operator], _value(value, column))


def _count(value, name):
    if not isinstance(value, int) or not 0 <= value < 2**32:
        raise ValueError(f"{name} must be a count, not {value!r}")
    return value


def _aggregate(name, column):
    if name == "count" and column is None:
        return data.Aggregate_Count()
    if name not in AGGREGATES or column is None:
        raise ValueError(f'an aggregate is "count", or one of {", ".join(AGGREGATES)} with a column')
    return AGGREGATES[name](check_text(column, "the column"))


def _fields(row):
    return [data.Field(check_text(column, "the column"), _value(value, column)) for column, value in row.items()]


def _row(fields):
    return {field.column: _plain(field.value) for field in fields}


def _value(value, column):
    # A bool is an int as well, so it is asked about first.
    for kind, wrap in (
        (bool, data.Value_Boolean),
        (int, data.Value_Integer),
        (float, data.Value_Real),
        (str, data.Value_Text),
        (bytes, data.Value_Blob),
    ):
        if isinstance(value, kind):
            if kind is int and not -(2**63) <= value < 2**63:
                raise ValueError(f"{column} cannot hold {value}; an int must fit in 64 bits")
            return wrap(value)
    if value is None:
        return data.Value_Null()
    found = type(value).__name__
    raise TypeError(f"{column} cannot hold {found}; it takes None, a bool, an int, a float, a str or bytes")


def _plain(value):
    return getattr(value, "value", None)


@contextmanager
def _refusals():
    """The record with which a typed call fails becomes an exception."""
    try:
        yield
    except Err as error:
        refusal = error.value
    else:
        return
    raise DatabaseError(refusal.message, refusal.code.name.lower().replace("_", "-"))
