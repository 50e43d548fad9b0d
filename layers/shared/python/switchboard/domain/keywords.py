"""Keywords, judged on the whole of a text, and plain wishes to stop."""

import unicodedata
from enum import StrEnum

from switchboard.domain.wishes import is_wish_to_stop


class Keyword(StrEnum):
    """What a text asks of the switchboard; CANCEL opts out too, and the owner is told of it."""

    STOP = "stop"
    CANCEL = "cancel"
    START = "start"
    YES = "yes"
    HELP = "help"
    WISH_TO_STOP = "wish_to_stop"


_KEYWORDS: dict[str, Keyword] = {
    "stop": Keyword.STOP,
    "stopall": Keyword.STOP,
    "stop all": Keyword.STOP,
    "unsubscribe": Keyword.STOP,
    "cancel": Keyword.CANCEL,
    "end": Keyword.STOP,
    "quit": Keyword.STOP,
    "revoke": Keyword.STOP,
    "optout": Keyword.STOP,
    "opt out": Keyword.STOP,
    "opt-out": Keyword.STOP,
    "start": Keyword.START,
    "unstop": Keyword.START,
    "subscribe": Keyword.START,
    "yes": Keyword.YES,
    "help": Keyword.HELP,
    "info": Keyword.HELP,
}
_IGNORED = frozenset({"Cf", "Mn"})
_QUOTES = "\"'\u2018\u2019\u201c\u201d\u00ab\u00bb"


def read_keyword(body: str, *, opted_out: bool) -> Keyword | None:
    """The keyword or wish that the whole text is, or None for an ordinary text.

    YES counts only from a person who is opted out, and is then read as START.
    """
    plain = _plain(body)
    keyword = _KEYWORDS.get(_without_final_punctuation(plain))
    if keyword is Keyword.YES:
        return Keyword.START if opted_out else None
    if keyword is None and is_wish_to_stop(plain):
        return Keyword.WISH_TO_STOP
    return keyword


def _plain(body: str) -> str:
    """Lower case, single spaces, straight letters; invisible characters and accents gone."""
    text = body.replace("\u00a0", " ")
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if unicodedata.category(char) not in _IGNORED)
    lines = (" ".join(line.split()) for line in text.casefold().splitlines())
    return "\n".join(line for line in lines if line)


def _without_final_punctuation(text: str) -> str:
    end = len(text)
    while end and not text[end - 1].isalnum() and unicodedata.category(text[end - 1])[0] in "PZ":
        end -= 1
    return text[:end].lstrip(_QUOTES + " ").replace("\u2010", "-").replace("\u2011", "-")
