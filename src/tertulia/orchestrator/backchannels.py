"""Backchannels: the "mm-hm" by which a hearer says "go on", and asks for nothing (Yngve 1970).

Pure, and careful: what might be an answer, an objection or a question is none.
"""

import re
import unicodedata

LONGEST = 4
"""The most words of a backchannel."""

_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")
_PHRASES = (
    "got it|i see|of course|oh really|oh wow|makes sense|go on|for sure|no way|fair enough"
    "|all right|that's right|that's true|d'accord|ah bon|ach so|ya veo|de acuerdo|por supuesto"
)
_WORDS = (
    "ah|aha|ahh|alright|cool|exactly|great|ha|haha|hehe|hm|hmm|hmmm|huh|indeed|lol|mhm|mm|mm-hm"
    "|mm-hmm|mmhm|mmm|nice|oh|ok|okay|ooh|really|right|sure|totally|true|uh-huh|uhhuh|wow|yea|yeah"
    "|yep|yes|yup|ja|genau|stimmt|klar|oui|exact|voilà|voila|sí|si|claro|vale|ya|certo|esatto"
)
_ALL = re.compile(rf"(?:(?:{_PHRASES}|{_WORDS})(?:\s+|$))+")


def is_backchannel(text: str) -> bool:
    """Whether this, said while somebody else speaks, only tells them to go on.

    A few words of assent or surprise, or signs alone (👍); never with a question mark.
    """
    if "?" in text or not text.strip():
        return False
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = _WORD.findall(plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    if not words:
        return not any(sign.isalnum() for sign in text)
    if len(words) > LONGEST or any(sign.isdigit() for sign in text):
        return False
    return _ALL.fullmatch(" ".join(words)) is not None
