"""Whether a text can begin or end a detail that is sent in parts: most texts cannot, and need no second reading."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from switchboard.domain.contact_details.handles import HANDLE_TRIGGERS
from switchboard.domain.contact_details.number_words import Kind, number_words
from switchboard.domain.contact_details.spelled import segments_of
from switchboard.domain.contact_details.vocabulary import words_of

# Figures, other scripts, signs that stand for letters or join an address, letters held apart.
_SIGNS = re.compile(r"[^A-Za-z ,.!?'\"\n;-]|\.[A-Za-z]|(?<![A-Za-z'])[A-Za-z][ .-][A-Za-z](?![A-Za-z'])")
_WORD = re.compile(r"[a-z]+")
_DOUBLED = re.compile(r"(.)\1")
_NUMBER = (
    "(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
)
_SQUASHED = re.compile(f"{_NUMBER}{_NUMBER}")
_ADDRESS_WORDS = words_of(
    "at arroba aat att dot punto period point underscore dash guion hyphen plus email mail emails correo addy com net"
    " org gmail yahoo hotmail outlook icloud aol proton protonmail www http https site website web link"
)


@cache
def _words() -> frozenset[str]:
    # A homophone ("ate", "for") is a figure among figures only.
    figures = {word for word, (_, kind) in number_words().items() if kind is not Kind.HOMOPHONE}
    return frozenset(figures | HANDLE_TRIGGERS | _ADDRESS_WORDS)


@lru_cache(maxsize=256)  # a text is looked at again with each of the next five
def may_be_part_of_a_detail(text: str) -> bool:
    """Whether it holds a figure, a number word, a service, or anything that addresses are made of."""
    if _SIGNS.search(text):
        return True
    folded = text.lower()
    if _SQUASHED.search(folded) is not None:
        return True
    words = _WORD.findall(folded)
    return not _words().isdisjoint(words) or any(segments_of(word) for word in words if _DOUBLED.search(word))
