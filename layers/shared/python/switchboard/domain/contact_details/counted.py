"""Numbers given as counts of things: "nine dogs, one cat, nine birds ... that's my number, in order"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from switchboard.domain.contact_details.cues import STRONG, Cues
from switchboard.domain.contact_details.number_words import Kind, number_words
from switchboard.domain.contact_details.phones import PhoneSpan, Scope, as_e164
from switchboard.domain.contact_details.shapes import LOCAL, NATIONAL, WITH_COUNTRY, is_counting
from switchboard.domain.contact_details.tokens import Reading
from switchboard.domain.contact_details.vocabulary import LINE_NOUNS, REACH_ME, REACH_VERBS

# One of these says that the counts are a number.
_TOLD = LINE_NOUNS | REACH_VERBS | REACH_ME
_FIGURES = "0123456789"
_MOST_APART = 3
_LENGTHS = frozenset({LOCAL, NATIONAL, WITH_COUNTRY})
_MOST_PLACES = 64


def counted_numbers_in(reading: Reading, scope: Scope, cues: Cues) -> Iterator[PhoneSpan]:
    """Rows of single digits with a thing behind each, where the text says that they are a number."""
    if _TOLD.isdisjoint(reading.known):
        return
    digit_of = _digit_words()
    digits = {i: digit_of[word] for i, word in enumerate(reading.words) if word in digit_of}
    if not LOCAL <= len(digits) <= _MOST_PLACES:
        return
    for row in _rows(list(digits)):
        number = "".join([digits[i] for i in row])
        if len(row) not in _LENGTHS or is_counting(list(number)) or as_e164(number) in scope.hotlines:
            continue
        if cues.near(row[0], row[-1]) >= STRONG:
            yield PhoneSpan(reading.starts[row[0]], reading.ends[row[-1]], number, is_held=True)


@cache
def _digit_words() -> dict[str, str]:
    """Single digits, as figures and in words."""
    spelled = {word: digits for word, (digits, kind) in number_words().items() if kind is Kind.SPELLED}
    return {word: digits for word, digits in spelled.items() if len(digits) == 1} | {one: one for one in _FIGURES}


def _rows(places: list[int]) -> Iterator[list[int]]:
    """The places cut where more than a few words stand between two, and where none does."""
    row = places[:1]
    for i in places[1:]:
        if not 1 < i - row[-1] <= _MOST_APART:
            yield row
            row = []
        row.append(i)
    yield row
