"""Stands for what is generated from the contract when a plugin is built."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any

from fleuron.testing import tables

#: The host of the running test.
current: Any = None


class Err(Exception):
    """How a typed call fails."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class Interface:
    """Hands every call to the host of the running test."""

    def __getattr__(self, name):
        return getattr(current, name)


host_api = Interface()
verdict = Interface()
context = SimpleNamespace(current=lambda: current.context)


def variants(group: str, *names: str) -> dict:
    """Classes that hold one value or none, named like the generated ones."""

    def case(name):
        return dataclass(type(f"{group}_{name}", (), {"__annotations__": {"value": "object"}, "value": None}))

    return {f"{group}_{name}": case(name) for name in names}


@dataclass
class Record:
    column: str
    value: object


@dataclass
class Condition:
    column: str
    operator: object
    value: object


@dataclass
class Order:
    column: str
    descending: bool


@dataclass
class Selection:
    conditions: list
    order: list
    limit: int | None
    offset: int | None


@dataclass
class Group:
    key: object
    value: object


Operator = Enum("Operator", "EQUAL NOT_EQUAL LESS LESS_OR_EQUAL GREATER GREATER_OR_EQUAL LIKE")
ErrorCode = Enum("ErrorCode", "NOT_GRANTED INVALID CONSTRAINT OVER_LIMIT FAILED")


def _refused(error: Exception, code: str):
    return Err(SimpleNamespace(code=ErrorCode[code], message=str(error)))


data = SimpleNamespace(
    **variants("Value", "Null", "Boolean", "Integer", "Real", "Text", "Blob"),
    **variants("Aggregate", "Count", "Sum", "Average", "Minimum", "Maximum"),
    Condition=Condition,
    Field=Record,
    Group=Group,
    Operator=Operator,
    Order=Order,
    Selection=Selection,
    new_id=lambda: current.new_id(),
)
tables.add_functions(data, lambda: current.connection, _refused)
