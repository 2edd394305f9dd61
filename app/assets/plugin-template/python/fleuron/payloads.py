"""What the hooks carry. Ids are UUIDs; times are RFC 3339 in UTC, as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass
class PostInput:
    """A post or page before it is stored."""

    title: str
    #: Markdown.
    content: str
    #: The last part of the address. In an answer to ``on_post_creating``, None: derived from the title.
    slug: str | None = None
    excerpt: str | None = None
    category_id: str | None = None
    tag_ids: list[str] | None = None
    #: ``draft`` or ``published``.
    status: str | None = None
    cover_image: str | None = None


@dataclass
class PostOutput:
    """A post or page as it is stored."""

    id: str
    title: str
    slug: str
    #: Markdown.
    content: str
    excerpt: str | None = None
    #: ``draft``, ``published`` or ``trash``.
    status: str = "draft"
    created_by: str = ""
    updated_by: str | None = None
    category_id: str | None = None
    view_count: int = 0
    created_at: str = ""
    updated_at: str = ""
    published_at: str | None = None


@dataclass
class CommentInput:
    """A comment, before or after it is stored."""

    content: str
    nickname: str | None = None
    email: str | None = None
    #: The comment that this one answers.
    parent_id: str | None = None


@dataclass
class ContentEvent:
    """An entry of a custom content type."""

    content_type: str
    #: A JSON object.
    data: str
    id: str | None = None


@dataclass
class PluginEvent:
    """What another plugin emitted."""

    #: The same at every attempt to deliver it.
    id: str
    #: ``plugin.<id>.<type>``, where ``<id>`` is the plugin that emitted it.
    event_type: str
    #: JSON.
    data: str


@dataclass
class CallContext:
    """Why the plugin is called."""

    #: The hook, such as ``on-post-created``.
    hook: str
    #: The event that is delivered, the same at every attempt. None in filters.
    event_id: str | None = None
    #: Which attempt this is, from 1; 0 in filters.
    attempt: int = 0
    #: What the call is about; None before it exists.
    entity_id: str | None = None
    entity_version: int | None = None
    #: What the entity belongs to: a comment's post.
    parent_id: str | None = None
    #: ``post``, ``page``, ``comment``, ``user``, or the name of a content type.
    kind: str | None = None
    #: None for visitors and the site itself.
    acting_user: str | None = None


@dataclass
class FileInfo:
    """What there is to know about a file or folder."""

    #: Bytes.
    size: int
    is_directory: bool
    modified: datetime
