"""Where the build starts: gives the hooks in plugin.py the form that the server calls."""

import plugin as module

from fleuron.hooks import Plugin, call, the_plugin

plugin = the_plugin(module)


def exported(hook):
    return lambda _self, *arguments: call(plugin, hook, *arguments)


HOOKS = [name for name in vars(Plugin) if not name.startswith("_")]

Events = type("Events", (), {"on_event": exported("on_event")})
PluginHooks = type("PluginHooks", (), {hook: exported(hook) for hook in HOOKS if hook != "on_event"})
