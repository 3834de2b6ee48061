"""Talking a task over with a group: forms and intents, who may say what, what comes next."""

from tertulia.agents.dialogue.desk import (
    Desk,
    DialogueState,
    parties_of,
    task_returner,
    task_talker,
)
from tertulia.agents.dialogue.filling import Filling, Stage, Voice, survey, values_of
from tertulia.agents.dialogue.forms import Form, form_of
from tertulia.agents.dialogue.intents import (
    ByMeaning,
    ByModel,
    ByWords,
    Classifier,
    Guess,
    Intent,
    IntentRouter,
    Nearest,
    first_sure,
)
from tertulia.agents.dialogue.lexicon import Lexicon
from tertulia.agents.dialogue.modelled import Modelled
from tertulia.agents.dialogue.moves import Move, Says
from tertulia.agents.dialogue.rules import Rules
from tertulia.agents.dialogue.slots import (
    ANYBODY,
    REQUESTER,
    Party,
    Settle,
    Slot,
    Who,
    only,
    with_role,
)
from tertulia.agents.dialogue.steps import prompt_of, step
from tertulia.agents.dialogue.tasks import Tasks, advance, back_to
from tertulia.agents.dialogue.understanding import (
    QUESTION,
    Fill,
    Heard,
    Understand,
    Understanding,
    first_that_understands,
    with_intents,
)
from tertulia.agents.dialogue.wording import ENGLISH, Told, Wording, shown, worded

__all__ = [
    "ANYBODY",
    "ENGLISH",
    "QUESTION",
    "REQUESTER",
    "ByMeaning",
    "ByModel",
    "ByWords",
    "Classifier",
    "Desk",
    "DialogueState",
    "Fill",
    "Filling",
    "Form",
    "Guess",
    "Heard",
    "Intent",
    "IntentRouter",
    "Lexicon",
    "Modelled",
    "Move",
    "Nearest",
    "Party",
    "Rules",
    "Says",
    "Settle",
    "Slot",
    "Stage",
    "Tasks",
    "Told",
    "Understand",
    "Understanding",
    "Voice",
    "Who",
    "Wording",
    "advance",
    "back_to",
    "first_sure",
    "first_that_understands",
    "form_of",
    "only",
    "parties_of",
    "prompt_of",
    "shown",
    "step",
    "survey",
    "task_returner",
    "task_talker",
    "values_of",
    "with_intents",
    "with_role",
    "worded",
]
