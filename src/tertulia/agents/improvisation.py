"""Small talk for a meeting, made of a seed and of what was said before.

A pure function: no state, no clock, and no hash that differs between processes. It is meant to
look like a conversation to a scheduler, a log and a reader's eye, never to be one.
"""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random

from langchain_core.messages import BaseMessage

from tertulia.agents.transcript import Transcript, transcript_of

OPENINGS = ("", "", "", "Right.", "Hm.", "Good point.", "I see.", "Fair enough.", "One thought.")
TOPICS = ("the plan", "the budget", "the date", "the first step", "the risk", "the people we ask")
CLAIMS = (
    "I would start with {topic}.",
    "We have not settled {topic} yet.",
    "For me {topic} comes first.",
    "I can take care of {topic} by Friday.",
    "Let us write down what we know about {topic}.",
    "{Topic} looks simpler than I thought.",
    "I worry a little about {topic}.",
    "We could halve the work on {topic}.",
    "If we leave out {topic}, the rest is easy.",
    "Two of us should look at {topic} together.",
)
ANSWERS = (
    "I agree with {name} about {topic}.",
    "{name} is right, and {topic} shows it.",
    "I see {topic} differently from {name}.",
    "What {name} said changes {topic}.",
    "Thank you, {name}; that helps with {topic}.",
)
QUESTIONS = (
    "@{name} what do you think about {topic}?",
    "@{name} could you say more on {topic}?",
    "@{name} who decides about {topic}?",
    "@{name} shall we try {topic} first?",
)
SHORT = (
    "Yes, let us do that.",
    "I am not sure yet.",
    "That works for me.",
    "Let me think it over.",
)

ANSWER_SHARE, QUESTION_SHARE, SHORT_SHARE = 0.35, 0.2, 0.1
LONG_WORD_LETTERS = 6


def improvise(seed: int, words: Sequence[str], messages: Sequence[BaseMessage]) -> str:
    """Give one or two sentences that follow from the arguments alone.

    ``words`` are the speaker's favourite subjects; names come from the transcript.
    """
    transcript = transcript_of(messages)
    chance = Random(_stable_hash(seed, transcript))  # noqa: S311 - small talk is no secret
    sentences = [chance.choice(OPENINGS), _sentence(chance, words, transcript)]
    return " ".join(sentence for sentence in sentences if sentence)


def _sentence(chance: Random, words: Sequence[str], transcript: Transcript) -> str:
    draw = chance.random()
    topic = _topic(chance, words, transcript)
    others = transcript.others
    forms: tuple[str, ...] = CLAIMS
    if draw < SHORT_SHARE:
        forms = SHORT
    elif others and draw < SHORT_SHARE + QUESTION_SHARE:
        forms = QUESTIONS
    elif others and draw < SHORT_SHARE + QUESTION_SHARE + ANSWER_SHARE:
        forms = ANSWERS
    name = chance.choice(others) if others else ""
    said = chance.choice(forms)
    return said.format(name=name, topic=topic, Topic=topic[:1].upper() + topic[1:])


def _topic(chance: Random, words: Sequence[str], transcript: Transcript) -> str:
    """Choose a favourite subject, a stock one, or a long word that somebody just used."""
    heard = _long_words(transcript)
    subjects = (words or TOPICS, TOPICS, heard or words or TOPICS)
    return chance.choice(chance.choice(subjects))


def _long_words(transcript: Transcript) -> tuple[str, ...]:
    last = transcript.lines[-1].text if transcript.lines else ""
    words = (word.strip(".,;:!?\"'()") for word in last.split() if not word.startswith("@"))
    return tuple(
        f"the {word}" for word in words if word.islower() and len(word) >= LONG_WORD_LETTERS
    )


def _stable_hash(seed: int, transcript: Transcript) -> int:
    parts = [str(seed), transcript.speaker, transcript.persona]
    for line in transcript.lines:
        parts += (line.speaker, line.text)
    digest = blake2b(digest_size=8)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(4, "big") + data)
    return int.from_bytes(digest.digest(), "big")
