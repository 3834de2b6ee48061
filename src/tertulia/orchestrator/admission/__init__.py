"""What somebody asks for, checked against the floor and worded as events. Pure.

Each function returns the drafts that a request amounts to, in their order, or raises a ``Refused``
that says what to change. An empty answer means that it has come true already.
"""

from tertulia.orchestrator.admission.approvals import (
    approve,
    ask_approval,
    decide,
    expire_approvals,
    may_decide,
)
from tertulia.orchestrator.admission.hands import deny, nominate, request, withdraw
from tertulia.orchestrator.admission.keeping import keep
from tertulia.orchestrator.admission.members import join, leave, member
from tertulia.orchestrator.admission.notes import note, strike
from tertulia.orchestrator.admission.outcomes import OUTCOMES, ask_outcomes, outcome_recorded
from tertulia.orchestrator.admission.parking import (
    Wait,
    ask_back,
    asked,
    awaited,
    expire_parked,
    miss,
    park,
    take_back,
)
from tertulia.orchestrator.admission.plans import planned
from tertulia.orchestrator.admission.posts import Post, post
from tertulia.orchestrator.admission.questions import (
    addressee_found,
    advise,
    bid,
    end_consultation,
    unadvised,
)
from tertulia.orchestrator.admission.rights import (
    Description,
    acting,
    check_right,
    describe,
    invite,
    rights_of,
)
from tertulia.orchestrator.admission.routing import equip, not_routed, routed
from tertulia.orchestrator.admission.subrooms import (
    Breakout,
    close_sub_room,
    open_sub_room,
    sub_room,
    sub_room_ended,
)
from tertulia.orchestrator.admission.time import elapse
from tertulia.orchestrator.admission.turns import (
    RESUMPTIONS,
    Look,
    Progress,
    barge_in,
    cut,
    finish,
    go_on,
    inform,
    take_up,
)
from tertulia.orchestrator.admission.votes import expire, vote, vote_of_agent
from tertulia.orchestrator.admission.words import WORDS, check_words

__all__ = [
    "OUTCOMES",
    "RESUMPTIONS",
    "WORDS",
    "Breakout",
    "Description",
    "Look",
    "Post",
    "Progress",
    "Wait",
    "acting",
    "addressee_found",
    "advise",
    "approve",
    "ask_approval",
    "ask_back",
    "ask_outcomes",
    "asked",
    "awaited",
    "barge_in",
    "bid",
    "check_right",
    "check_words",
    "close_sub_room",
    "cut",
    "decide",
    "deny",
    "describe",
    "elapse",
    "end_consultation",
    "equip",
    "expire",
    "expire_approvals",
    "expire_parked",
    "finish",
    "go_on",
    "inform",
    "invite",
    "join",
    "keep",
    "leave",
    "may_decide",
    "member",
    "miss",
    "nominate",
    "not_routed",
    "note",
    "open_sub_room",
    "outcome_recorded",
    "park",
    "planned",
    "post",
    "request",
    "rights_of",
    "routed",
    "strike",
    "sub_room",
    "sub_room_ended",
    "take_back",
    "take_up",
    "unadvised",
    "vote",
    "vote_of_agent",
    "withdraw",
]
