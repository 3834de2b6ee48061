"""What an MCP server can do wrong, as errors that say which server, what happened, what to do.

::

    ServerFailed
    ├── ServerSilent     the call has not reached it: it cannot be started, or nobody listens there
    ├── ServerLost       it went away while a call was on its way: the call may have happened
    └── ServerUnusable   its packages, its configuration, or what it says cannot be used

Whoever retries looks at the project's tree, not at this one: each class is also an
``Unreachable`` or a ``Refused``. No error here ever carries a secret of a configuration.
"""

from tertulia.orchestrator.errors import Refused, TertuliaError, Unreachable, Unsettled


class ServerFailed(TertuliaError):
    """An MCP server did not do what it was asked for."""

    says = "MCP server {server!r} {what}{hint}"

    def __init__(self, server: str, what: str, *, hint: str = "") -> None:
        """Say ``what`` went wrong with ``server``, and what to do."""
        super().__init__(server=server, what=what, hint=f"; {hint}" if hint else "")


class ServerSilent(ServerFailed, Unreachable):
    """Nothing has been asked of it; the call may be made again, whatever it does."""


class ServerLost(ServerFailed, Unsettled):
    """The call was on its way; whether it has happened nobody knows."""


class ServerUnusable(ServerFailed, Refused):
    """Trying again changes nothing."""
