"""What a plugin may ask of the server, with JSON parsed and arguments checked.

An argument of the wrong type would end the whole plugin in the interpreter, out of reach of ``except``.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, List, TypeVar, overload

from fleuron import bindings
from fleuron.payloads import CallContext, FileInfo, PostOutput

#: The most lines of the log that one call of a ``log`` function may fill; a hook call has 100 in all.
LINES = 40

#: Whether a hook has been called: the build runs the plugin's top level, where nobody answers.
_serving = False


T = TypeVar("T")


class HostError(Exception):
    """The server refused something."""


def begin_call() -> None:
    """Notes that the server is there."""
    global _serving
    _serving = True


def ask(interface):
    """An interface of the server, once there is a server."""
    if not _serving:
        raise RuntimeError("the server can be asked within a hook only, not while the plugin is being built")
    return interface


def check_text(value, name: str) -> str:
    """Refuses what is no string, with the name that it goes by."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value


def parse_answer(answer: str, refusal: type[Exception] = HostError) -> Any:
    """Parses what the server answers; its refusals become exceptions."""
    parsed = json.loads(answer)
    if isinstance(parsed, dict) and "error" in parsed:
        raise refusal(parsed["error"])
    return parsed


def _parsed(answer: str | None) -> Any:
    return None if answer is None else json.loads(answer)


class Log:
    """The plugin's log. Parts are joined by spaces, like ``print`` does it."""

    def debug(self, *parts) -> None:
        self._write("debug", parts)

    def info(self, *parts) -> None:
        self._write("info", parts)

    def warn(self, *parts) -> None:
        self._write("warn", parts)

    def error(self, *parts) -> None:
        self._write("error", parts)

    def _write(self, level: str, parts) -> None:
        api = ask(bindings.host_api)
        lines = " ".join(str(part) for part in parts).rstrip().split("\n")
        for line in lines[:LINES]:
            api.log(level, line)
        if len(lines) > LINES:
            api.log(level, f"({len(lines) - LINES} more lines)")


class Settings:
    """The settings that the manifest declares, as an administrator set them."""

    @overload
    def get(self, key: str) -> str | None: ...
    @overload
    def get(self, key: str, default: T) -> str | T: ...
    def get(self, key, default=None):
        """The setting as text; the default where it has no value."""
        value = ask(bindings.host_api).get_config(check_text(key, "the setting's key"))
        return default if value is None else value

    @overload
    def number(self, key: str) -> float | None: ...
    @overload
    def number(self, key: str, default: T) -> float | T: ...
    def number(self, key, default=None):
        value = self.get(key)
        return default if value is None else float(value)

    @overload
    def boolean(self, key: str) -> bool | None: ...
    @overload
    def boolean(self, key: str, default: T) -> bool | T: ...
    def boolean(self, key, default=None):
        value = self.get(key)
        return default if value is None else value == "true"


class Storage:
    """Key-values of the plugin's own. Where something is refused, the reason is in the log."""

    def get(self, key: str) -> str | None:
        return ask(bindings.host_api).get_data(check_text(key, "the key"))

    def set(self, key: str, value: str) -> bool:
        """False where it was refused."""
        api = ask(bindings.host_api)
        return api.set_data(check_text(key, "the key"), check_text(value, "the value"))

    def get_json(self, key: str):
        return _parsed(self.get(key))

    def set_json(self, key: str, value) -> bool:
        return self.set(key, json.dumps(value))


class Files:
    """Text files of the plugin's own. Paths are relative. Where something is refused, the reason is in the log."""

    def read(self, path: str) -> str | None:
        return ask(bindings.host_api).vfs_read(check_text(path, "the path"))

    def write(self, path: str, content: str) -> bool:
        """False where it was refused."""
        api = ask(bindings.host_api)
        return api.vfs_write(check_text(path, "the path"), check_text(content, "the content"))

    def delete(self, path: str) -> bool:
        return ask(bindings.host_api).vfs_delete(check_text(path, "the path"))

    def exists(self, path: str) -> bool:
        return ask(bindings.host_api).vfs_exists(check_text(path, "the path"))

    def list(self, path: str) -> List[str]:
        """Names in a folder, in order; those of folders end in ``/``."""
        return _parsed(ask(bindings.host_api).vfs_list(check_text(path, "the path"))) or []

    def stat(self, path: str) -> FileInfo | None:
        found = _parsed(ask(bindings.host_api).vfs_stat(check_text(path, "the path")))
        if found is None:
            return None
        modified = datetime.fromtimestamp(found["modified"], timezone.utc)
        return FileInfo(size=found["size"], is_directory=found["is_dir"], modified=modified)


class Http:
    """Requests to the hosts that the manifest's ``http`` names. None: failed, with the reason in the log."""

    def get(self, url: str) -> str | None:
        return ask(bindings.host_api).http_get(check_text(url, "the URL"))

    def get_json(self, url: str):
        return _parsed(self.get(url))

    def post(self, url: str, body: str) -> str | None:
        return ask(bindings.host_api).http_post(check_text(url, "the URL"), check_text(body, "the body"))

    def post_json(self, url: str, value):
        """Sends a value as JSON, and reads the answer as JSON."""
        return _parsed(self.post(url, json.dumps(value)))


class Posts:
    def get(self, slug: str) -> PostOutput | None:
        """A published post; drafts as well with the permission ``read:drafts``."""
        post = _parsed(ask(bindings.host_api).get_post(check_text(slug, "the slug")))
        return None if post is None else PostOutput(**post)


class Events:
    def emit(self, type: str, data=None) -> str:
        """Emits an event ``plugin.<id>.<type>`` when the hook has ended well, and answers its id.

        Needs ``events = ["emit"]``. Raises HostError where it is refused.
        """
        api = ask(bindings.host_api)
        return parse_answer(api.emit_event(check_text(type, "the event's type"), json.dumps(data)))["id"]


class Verdict:
    """What a filter that ends in ``_creating`` or ``_updating`` says beside its answer. The last call counts."""

    def refuse(self, code: str, message: str) -> None:
        """Nothing is stored; the client gets status 422 with the message. A code is 1 to 64 of ``a-z0-9-_``."""
        ask(bindings.verdict).refuse(check_text(code, "the code"), check_text(message, "the message"))

    def hold(self) -> None:
        """It is stored, but not in public: a comment waits for a moderator, a post stays a draft."""
        ask(bindings.verdict).hold()


def context() -> CallContext:
    """Why the plugin is called."""
    return CallContext(**vars(ask(bindings.context).current()))


def new_id() -> str:
    """A new UUIDv7."""
    return ask(bindings.data).new_id()


log = Log()
settings = Settings()
storage = Storage()
files = Files()
http = Http()
posts = Posts()
events = Events()
verdict = Verdict()
