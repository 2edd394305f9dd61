"""From the hooks that an author writes to those that the server calls."""

from __future__ import annotations

import sys
from dataclasses import fields

from fleuron.host import begin_call
from fleuron.payloads import CommentInput, ContentEvent, PluginEvent, PostInput, PostOutput


class Plugin:
    """Derive the plugin's one class from this one, and give it the hooks you want; they may not be ``async``.

    The manifest lists the same ones, where ``on_post_creating`` is ``on-post-creating``. A filter answers the changed
    value, or None to leave it as it is.
    """

    def on_post_creating(self, post: PostInput) -> PostInput | None:
        """Filter: before a post or page is stored."""

    def on_post_updating(self, post: PostInput) -> PostInput | None:
        """Filter: before an edit is stored. The whole post as it would be; None clears an excerpt, category or cover."""

    def on_comment_creating(self, comment: CommentInput) -> CommentInput | None:
        """Filter: before a comment is stored."""

    def on_content_creating(self, entry: ContentEvent) -> ContentEvent | None:
        """Filter, does not fire yet: before an entry of a custom type is stored."""

    def on_content_updating(self, entry: ContentEvent) -> ContentEvent | None:
        """Filter, does not fire yet: before an edit of such an entry."""

    def render_markdown(self, text: str) -> str | None:
        """Filter: Markdown to HTML. The first plugin that answers is the renderer; the result is cached."""

    def filter_html(self, text: str) -> str | None:
        """Filter: the HTML of a post or page, before it is sanitised."""

    def on_post_created(self, post: PostOutput) -> None:
        """Action: a post or page was created, drafts included."""

    def on_post_updated(self, post: PostOutput) -> None:
        """Action: it was changed, published or moved to the trash."""

    def on_post_deleted(self, id: str) -> None:
        """Action: it was removed for good."""

    def on_comment_created(self, comment: CommentInput) -> None:
        """Action: a comment was stored, approved or not."""

    def on_content_created(self, entry: ContentEvent) -> None:
        """Action, does not fire yet: an entry of a custom type was created."""

    def on_content_updated(self, entry: ContentEvent) -> None:
        """Action, does not fire yet: an entry was changed."""

    def on_content_deleted(self, content_type: str, id: str) -> None:
        """Action, does not fire yet: an entry was deleted."""

    def on_login(self, user_id: str) -> None:
        """Action: someone logged in."""

    def on_cron_tick(self, payload: str | None) -> None:
        """Action: a ``[[cron]]`` job of the manifest came due."""

    def on_event(self, event: PluginEvent) -> None:
        """Action: another plugin emitted an event that the manifest's ``[events]`` subscribe to."""


#: The hooks that are handed a record, with what becomes of it.
RECORDS = {
    "on_post_creating": PostInput,
    "on_post_updating": PostInput,
    "on_comment_creating": CommentInput,
    "on_content_creating": ContentEvent,
    "on_content_updating": ContentEvent,
    "on_post_created": PostOutput,
    "on_post_updated": PostOutput,
    "on_comment_created": CommentInput,
    "on_content_created": ContentEvent,
    "on_content_updated": ContentEvent,
    "on_event": PluginEvent,
}

#: What filters answer.
ANSWERS = {
    **{name: kind for name, kind in RECORDS.items() if name.endswith(("creating", "updating"))},
    "render_markdown": str,
    "filter_html": str,
}


def the_plugin(module) -> Plugin:
    """Makes the one plugin of a module."""
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Plugin) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(found.__name__ for found in classes) or "none"
        raise TypeError(f"{module.__name__}.py must have one class that derives from Plugin; it has {names}")
    check_names(classes[0])
    return classes[0]()


def check_names(plugin: type[Plugin]) -> None:
    """Refuses methods that look like hooks and are none: they would never be called."""
    known = [name for name in vars(Plugin) if not name.startswith("_")]
    looks = ("on_", "filter_", "render_")
    unknown = [name for name in vars(plugin) if name.startswith(looks) and name not in known]
    if unknown:
        raise TypeError(f"no such hook: {', '.join(unknown)}; there are {', '.join(known)}")


def call(plugin: Plugin, hook: str, *arguments):
    """Calls a hook with what the server gave, and checks what it answers."""
    if getattr(type(plugin), hook) is getattr(Plugin, hook):
        return None
    begin_call()
    try:
        kind = RECORDS.get(hook)
        if kind is not None:
            arguments = [kind(**vars(record)) for record in arguments]
        return checked(hook, getattr(plugin, hook)(*arguments))
    except BaseException:
        # The traceback follows: the runtime writes it, and the plugin's log shows it.
        print(f"{hook} failed:", file=sys.stderr)
        raise


def checked(hook: str, answer):
    """A filter's answer, and nothing of an action's."""
    if hasattr(answer, "__await__"):
        raise TypeError(f"{hook} is async; the server awaits nothing, so write it without async and await")
    kind = ANSWERS.get(hook)
    if kind is None or answer is None:
        return None
    if not isinstance(answer, kind):
        found = type(answer).__name__
        raise TypeError(f"{hook} answered {found}; it must answer {kind.__name__}, or None to change nothing")
    if kind is not str:
        faults = [fault for field in fields(answer) for fault in faults_of(field, getattr(answer, field.name))]
        if faults:
            raise TypeError(f"{hook} answered what cannot be: {'; '.join(faults)}")
    return answer


def faults_of(field, value) -> list[str]:
    """What is wrong with a field of a filter's answer, whose fields are all texts but for a list of them."""
    if value is None and field.type.endswith("| None"):
        return []
    if field.type.startswith("list"):
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        fits = isinstance(value, str)
    return [] if fits else [f"{field.name} must be {field.type}, not {type(value).__name__}"]
