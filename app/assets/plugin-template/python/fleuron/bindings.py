"""The server's interfaces: the real ones in a plugin, those of a host in memory in tests."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleuron.testing.bindings import Err, context, data, host_api, verdict
else:
    try:
        from componentize_py_types import Err
        from wit_world.imports import context, data, host_api, verdict
    except ModuleNotFoundError:
        from fleuron.testing.bindings import Err, context, data, host_api, verdict

__all__ = ["Err", "context", "data", "host_api", "verdict"]
