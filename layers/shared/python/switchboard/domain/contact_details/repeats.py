"""Stretches of a text that say the same over and over, which reading once is enough for."""

from __future__ import annotations

_SAMPLE = 32
_LONGEST_PERIOD = 64
_KEPT_AT_EACH_END = 160


def repeats_in(text: str) -> list[tuple[int, int]]:
    """Start and end of the middles of all long repetitions, in order, by whole periods.

    What is kept of each repetition reads the same as all of it.
    """
    found: list[tuple[int, int]] = []
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
            found.append((begin, begin + superfluous - superfluous % (again - at)))
        at = max(end, at + _SAMPLE)
    return found


def _end_of_repetition(text: str, at: int, period: int) -> int:
    """The end of the stretch from at that repeats itself after that many characters, short by a sample at most."""
    end = at
    while end + period + _SAMPLE <= len(text) and text.startswith(text[end : end + _SAMPLE], end + period):
        end += _SAMPLE
    return end + period
