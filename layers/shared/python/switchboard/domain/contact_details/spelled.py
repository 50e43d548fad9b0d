"""Number words that are run together, drawn out, misspelled or written in leet."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from switchboard.domain.contact_details.number_words import AS_THEY_SOUND, Kind, number_words
from switchboard.domain.contact_details.tokens import without_leet

# A letter and the figures and signs that stand for it inside a number word.
_LEET = {"o": "[o0]", "i": "[i1!]", "e": "[e3]", "a": "[a4@]", "s": "[s5$]", "t": "[t7]", "g": "[g9]", "l": "[l1]"}
_REPEATED_LETTER = re.compile(r"(.)\1+")
_TENS = frozenset(f"{tens}0" for tens in range(2, 10))
_UNITS = frozenset("123456789")


@cache
def squashed() -> tuple[re.Pattern[str], dict[str, str], frozenset[str]]:
    """The pattern of one number word or figure in a word, the digits of each word, and how these begin."""
    words = {word: digits for word, (digits, kind) in number_words().items() if kind is Kind.SPELLED}
    words |= {word: digits + "0" for word, (digits, kind) in number_words().items() if kind is Kind.TENS}
    words |= {"oh": "0"}
    by_initial: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        by_initial.setdefault(word[0], []).append("".join(_LEET.get(letter, letter) for letter in word[1:]))
    branches = [f"{_LEET.get(initial, initial)}(?:{'|'.join(rest)})" for initial, rest in by_initial.items()]
    values = {without_leet(word): digits for word, digits in words.items()} | {"o": "0"}
    return re.compile("|".join((*branches, "[0-9]", "o"))), values, frozenset(word[:2] for word in words)


def value_of(written: str, values: dict[str, str]) -> str:
    return written if written.isdigit() else values[without_leet(written)]


@lru_cache(maxsize=4096)
def segments_of(word: str) -> tuple[tuple[str, int, int], ...]:
    """The digits of each part of the word, and where it begins and ends."""
    pattern, values, _ = squashed()
    plain = _REPEATED_LETTER.sub(r"\1", word)
    if plain != word and plain in _stretched():
        return ((_stretched()[plain], 0, len(word)),)
    found: list[tuple[str, int, int]] = []
    at = 0
    while at < len(word):
        match = pattern.match(word, at)
        if match is None:
            return ()
        digits = value_of(match.group(), values)
        if found and found[-1][0] in _TENS and digits in _UNITS:
            tens, begin, _ = found.pop()
            found.append((tens[0] + digits, begin, match.end()))
        else:
            found.append((digits, at, match.end()))
        at = match.end()
    single_leet = len(found) == 1 and not word.isdigit()
    return tuple(found) if single_leet or len(found) > 1 else ()


@cache
def _stretched() -> dict[str, str]:
    """The digits of number words whose letters are drawn out ("fivee", "threeee"), by the word without doubled ones."""
    spelled = {word: digits for word, (digits, kind) in number_words().items() if kind is Kind.SPELLED}
    return {_REPEATED_LETTER.sub(r"\1", word): digits for word, digits in spelled.items() if len(digits) == 1}


@cache
def slips() -> dict[str, str]:
    """The digits of number words with a letter left out, or two swapped, where that is no number word itself."""
    slips: dict[str, str] = {}
    for word, (digits, kind) in number_words().items():
        if kind is Kind.SPELLED and len(digits) == 1 and word not in AS_THEY_SOUND:
            for at in range(len(word)):
                slips[word[:at] + word[at + 1 :]] = digits
                slips[word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]] = digits
    return {slip: digits for slip, digits in slips.items() if slip not in number_words()}
