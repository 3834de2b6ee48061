"""Which models there are: a ``models.yaml``, the environment, and the names that need neither."""

from tertulia.agents.models.models import Models, chat_model
from tertulia.agents.models.reading import BadModels

__all__ = ["BadModels", "Models", "chat_model"]
