"""Rooms in which several people and several agents talk: who speaks, when, what is remembered.

The stub beside this file lists the names; each is imported when it is first used, since
``tertulia.orchestrator`` alone needs no database.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
