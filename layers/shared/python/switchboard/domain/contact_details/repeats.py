"""Stretches of a text that say the same over and over, which reading once is enough for."""

from __future__ import annotations

from typing import NamedTuple

_SAMPLE = 32
_LONGEST_PERIOD = 64
_KEPT_AT_EACH_END = 160


class Repeat(NamedTuple):
    """A part text[start:end], whole periods of a repetition, that tells nothing new."""

    start: int
    end: int


def repeats_in(text: str) -> list[Repeat]:
    """The middles of all long repetitions, in order; what is kept of each reads the same as all of it."""
    found: list[Repeat] = []
    at = 0
    while at + _SAMPLE < len(text):
        again = text.find(text[at : at + _SAMPLE], at + 1, at + 1 + _LONGEST_PERIOD + _SAMPLE)
        if again < 0:
            at += _SAMPLE
            continue
        end = _end_of_repetition(text, at, again - at)
        begin = at + _KEPT_AT_EACH_END
        superfluous = end - _KEPT_AT_EACH_END - begin
        if superfluous > 0:
            found.append(Repeat(begin, begin + superfluous - superfluous % (again - at)))
        at = max(end, at + _SAMPLE)
    return found


def _end_of_repetition(text: str, at: int, period: int) -> int:
    """The end of the stretch from at that repeats itself after that many characters, short by a sample at most."""
    end = at
    while end + period + _SAMPLE <= len(text) and text.startswith(text[end : end + _SAMPLE], end + period):
        end += _SAMPLE
    return end + period
