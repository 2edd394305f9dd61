"""A host in memory for tests, which run in any Python: ``python3 -m unittest``.

No limit is kept, and everything is granted. The database is SQLite, with the tables that ``migrate`` makes.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from dataclasses import asdict, replace
from typing import Any

from fleuron import hooks
from fleuron.payloads import CallContext, PostOutput
from fleuron.testing import bindings

Event = namedtuple("Event", "id type data")
Request = namedtuple("Request", "url body")


class MemoryHost:
    """Answers a plugin's questions, and keeps what it does for the test to look at."""

    def __init__(self, plugin: hooks.Plugin):
        self.plugin = plugin
        #: Settings by key, as text.
        self.settings: dict[str, str] = {}
        #: Key-values.
        self.storage: dict[str, str] = {}
        #: Files by path.
        self.files: dict[str, str] = {}
        #: Published posts by slug.
        self.posts: dict[str, PostOutput] = {}
        #: What other servers answer, by URL.
        self.answers: dict[str, str] = {}
        #: Requests that were made; the body is None where there was none.
        self.requests: list[Request] = []
        #: Lines such as ``info: hello``.
        self.log_lines: list[str] = []
        #: Events of the calls that ended well.
        self.events: list[Event] = []
        #: The last verdict: ``("refuse", code, message)``, ``("hold",)`` or None.
        self.verdict: tuple | None = None
        #: What ``context()`` answers, but for the hook.
        self.context = CallContext(hook="")
        #: The plugin's own database.
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self._emitted: list[Event] = []
        self._ids = 0
        hooks.check_names(type(plugin))

    def migrate(self, sql: str) -> None:
        """Makes tables: the text of a file in ``migrations/``."""
        self.connection.executescript(sql)

    def call(self, hook: str, *arguments) -> Any:
        """Calls a hook like the server does, and answers what the server would get."""
        bindings.current = self
        self.context = replace(self.context, hook=hook.replace("_", "-"))
        self.verdict = None
        self._emitted = []
        try:
            answer = hooks.call(self.plugin, hook, *arguments)
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        self.events += self._emitted
        return answer

    # What follows answers the functions of the contract, under their names.

    def log(self, level, line):
        self.log_lines.append(f"{level}: {line}")

    def get_config(self, key):
        return self.settings.get(key)

    def get_data(self, key):
        return self.storage.get(key)

    def set_data(self, key, value):
        self.storage[key] = value
        return True

    def get_post(self, slug):
        return json.dumps(asdict(self.posts[slug])) if slug in self.posts else None

    def http_get(self, url):
        return self.http_post(url, None)

    def http_post(self, url, body):
        self.requests.append(Request(url, body))
        return self.answers.get(url)

    def vfs_read(self, path):
        return self.files.get(path)

    def vfs_write(self, path, content):
        self.files[path] = content
        return True

    def vfs_delete(self, path):
        return self.files.pop(path, None) is not None

    def vfs_exists(self, path):
        return path in self.files or bool(self._names(path))

    def vfs_list(self, path):
        return json.dumps(self._names(path))

    def vfs_stat(self, path):
        if not self.vfs_exists(path):
            return None
        size = len(self.files.get(path, "").encode())
        return json.dumps({"size": size, "is_dir": path not in self.files, "modified": 0})

    def _names(self, folder):
        start = f"{folder}/" if folder else ""
        within = [path[len(start) :] for path in self.files if path.startswith(start)]
        return sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in within})

    def emit_event(self, type, data):
        event = Event(self.new_id(), type, json.loads(data))
        self._emitted.append(event)
        return json.dumps({"ok": True, "id": event.id})

    def refuse(self, code, message):
        self.verdict = ("refuse", code, message)

    def hold(self):
        self.verdict = ("hold",)

    def new_id(self):
        self._ids += 1
        return f"01900000-0000-7000-8000-{self._ids:012}"

    def db_query(self, sql, params):
        def rows():
            cursor = self.connection.execute(sql, json.loads(params))
            columns = [column[0] for column in cursor.description or ()]
            return [dict(zip(columns, row)) for row in cursor]

        return self._sql(rows)

    def db_execute(self, sql, params):
        return self._sql(lambda: {"rows_affected": self.connection.execute(sql, json.loads(params)).rowcount})

    def db_begin(self):
        return self._transaction("BEGIN")

    def db_commit(self):
        return self._transaction("COMMIT")

    def db_rollback(self):
        return self._transaction("ROLLBACK")

    def _transaction(self, statement):
        return self._sql(lambda: self.connection.execute(statement) and {"ok": True})

    @staticmethod
    def _sql(work):
        try:
            return json.dumps(work())
        except sqlite3.Error as error:
            return json.dumps({"error": str(error)})
