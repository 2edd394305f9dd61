"""What a Fleuron plugin is made of, and what it may ask of the server."""

from fleuron.database import DatabaseError, Table, database, table
from fleuron.hooks import Plugin
from fleuron.host import (
    HostError,
    context,
    events,
    files,
    http,
    log,
    new_id,
    posts,
    settings,
    storage,
    verdict,
)
from fleuron.payloads import (
    CallContext,
    CommentInput,
    ContentEvent,
    FileInfo,
    PluginEvent,
    PostInput,
    PostOutput,
)

__all__ = [
    "CallContext",
    "CommentInput",
    "ContentEvent",
    "DatabaseError",
    "FileInfo",
    "HostError",
    "Plugin",
    "PluginEvent",
    "PostInput",
    "PostOutput",
    "Table",
    "context",
    "database",
    "events",
    "files",
    "http",
    "log",
    "new_id",
    "posts",
    "settings",
    "storage",
    "table",
    "verdict",
]
