"""Phone numbers that end in letters ("202-555-DOGS")."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

from switchboard.domain.contact_details.cues import Cues
from switchboard.domain.contact_details.phones import PhoneSpan, Scope, as_e164
from switchboard.domain.contact_details.tokens import Reading

_HINT = re.compile(r"[0-9]{3}[ .-][a-z]{3}")
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_THRESHOLD = 4.0
_BEFORE_HINT, _LONGEST = 9, 20
_WITH_AREA, _LOCAL, _IN_CAPITALS = 2.0, 1.0, 2.0


@cache
def _number() -> re.Pattern[str]:
    """A number with letters."""
    return re.compile(
        r"(?<![\w-])(?:\+?1[ .-]?)?(?:\(?(?P<area>[2-9][0-9]{2})\)?[ .-]{0,2})?"
        r"[2-9][0-9]{2}(?P<sign>[ .-])[a-z]{4}(?![\w-])"
        r"|(?<![\w-])(?:1[ .-]?)?(?P<split>[2-9][0-9]{2})(?P<split_sign>[ .-])"
        r"(?:[a-z]{7}|[a-z]{3}[ .-][a-z]{4}|[a-z]{4}[ .-][a-z]{3})(?![\w-])"
        r"|(?<![\w-])(?:1[ .-]?)?(?P<free>8(?:00|88|77|66|55|44|33))[.-][a-z]{7}(?![\w-])"
    )


def vanity_numbers_in(reading: Reading, scope: Scope, cues: Cues) -> Iterator[PhoneSpan]:
    """The numbers with letters; without a cue only those with an area code and loud letters count."""
    for match in _matches(reading):
        is_loud = reading.as_written(match.end() - 4, match.end()).isupper()
        if (match["sign"] == " " or match["split"]) and not is_loud:
            continue
        word = max(0, bisect_right(reading.starts, match.start()) - 1)
        points = _WITH_AREA if match["area"] or match["free"] or match["split_sign"] == "-" else _LOCAL
        points += cues.near(word, word + 2) + (_IN_CAPITALS if is_loud else 0.0)
        digits = "".join(char for char in match.group().translate(_KEYS) if char.isdigit())
        if points >= _THRESHOLD and as_e164(digits) not in scope.hotlines:
            yield PhoneSpan(match.start(), match.end(), digits, is_held=True)


def _matches(reading: Reading) -> Iterator[re.Match[str]]:
    """The numbers with letters around each three figures that letters follow, behind a space only loud ones."""
    at = 0
    for hint in _HINT.finditer(reading.text):
        is_spaced = hint.group()[3] == " "
        if hint.start() < at or (is_spaced and not reading.as_written(hint.end() - 3, hint.end()).isupper()):
            continue
        match = _number().search(reading.text, max(at, hint.start() - _BEFORE_HINT), hint.start() + _LONGEST)
        if match is not None:
            at = match.end()
            yield match
