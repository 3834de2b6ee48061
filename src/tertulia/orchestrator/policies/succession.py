"""Which policy a room has after an event: the one it was opened with, or was given since."""

from collections.abc import Iterable

from tertulia.orchestrator.events import Draft, Event, PolicyChanged, RoomOpened
from tertulia.orchestrator.policies.specification import build
from tertulia.orchestrator.ports import Policy


def policy_after(happenings: Iterable[Draft | Event], policy: Policy) -> Policy:
    """The policy that decides after these, where ``policy`` decided before.

    Raises ``Unknown`` and ``Invalid`` for a specification that nothing can be built from.
    """
    for happening in happenings:
        match happening.body:
            case RoomOpened(settings=settings):
                policy = build(settings.policy)
            case PolicyChanged(policy=specification):
                policy = build(specification)
    return policy
