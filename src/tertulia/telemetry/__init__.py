"""Watching rooms: OpenTelemetry's spans, Prometheus' figures, lines of JSON. Off unless asked for.

The stub beside this file lists the names; each is imported when it is first used, since what they
need is installed with the extra ``telemetry`` alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
