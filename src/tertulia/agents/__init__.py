"""Who the agents are and what they can do: cards, prompts, models, tools, the kinds of node.

The stub beside this file lists the names; each is imported when it is first used, since a card
needs no model, and chat models take a second.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
