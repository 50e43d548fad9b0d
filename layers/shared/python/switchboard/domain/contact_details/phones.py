"""Phone numbers: runs of digits weighed by their shape, their writing and the words around them."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from switchboard.domain.contact_details.cues import STRONG, Cues
from switchboard.domain.contact_details.runs import Group, Link, runs_of
from switchboard.domain.contact_details.tokens import Reading
from switchboard.domain.contact_details.vocabulary import FILLERS, PARTS


class PhoneSpan(NamedTuple):
    """A number at text[start:end] of the folded text; held, or only recorded."""

    start: int
    end: int
    digits: str
    is_held: bool


_THRESHOLD = 4.0
_LOCAL, _NATIONAL, _WITH_COUNTRY, _LONGEST = 7, 10, 11, 15
_SHORTEST_INTERNATIONAL = 8

# Points for how ten digits (after a leading 1) are grouped.
_TEN_SHAPES = {
    (10,): 4.0,
    (3, 3, 4): 5.0,
    (3, 7): 4.0,
    (6, 4): 4.0,
    (2, 4, 4): 2.5,
    (4, 3, 3): 2.5,
    (3, 3, 2, 2): 4.0,
    (3, 4, 3): 2.5,
    (5, 5): 2.0,
    (4, 6): 2.0,
    (2, 8): 1.0,
    (3, 2, 2, 3): 2.5,
}
_OTHER_TEN = 2.0
_INTERNATIONAL = 5.0
_TRUNK_ELEVEN = 2.5
_COUNTRY_GUESS = 1.5
_LOCAL_SHAPES = {(3, 4): 1.0, (7,): 0.5, (3, 2, 2): 1.0}
_DISGUISED = 2.0
_NOTHING_ELSE = 2.0
_PART_WORDS = 3.0
_LISTED = -1.0
_BAD_AREA = -3.0
_COUNTING = -5.0
_LABELLED = -4.0
_LABELLED_BUT_CUED = -2.0
_FEW_WORDS = 3
_MOST_GROUP = 4
_SEQUENCES = ("01234567890", "1234567890", "12345678910", "9876543210", "10987654321")
_VANITY = re.compile(
    r"(?<![\w-])(?:\+?1[ .-]?)?(?:\(?([2-9][0-9]{2})\)?[ .-]{0,2})?([2-9][0-9]{2})([ .-])([a-z]{4})(?![\w])"
    r"|(?<![\w-])(?:1[ .-]?)?8(?:00|88|77|66|55|44|33)[.-]([a-z]{7})(?![\w])"
)
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")


def phones_in(
    reading: Reading, *, hotlines: Container[str], quiet: list[tuple[int, int]], boundary: int = 0
) -> list[PhoneSpan]:
    """The numbers of a text; quiet are spans (an allowed address) where digits are taken for an id.

    With a boundary, only numbers that go over it or lie behind it are given.
    """
    runs = runs_of(reading)
    spans: list[PhoneSpan] = []
    cues: Cues | None = None
    for run in runs:
        if sum(len(group.digits) for group in run) < _LOCAL:
            continue
        cues = cues or Cues(reading)
        spans.extend(_phones_in_run(run, reading, cues, hotlines, quiet, boundary))
    spans.extend(_vanity(reading, cues, hotlines))
    return spans


def _phones_in_run(
    run: list[Group],
    reading: Reading,
    cues: Cues,
    hotlines: Container[str],
    quiet: list[tuple[int, int]],
    boundary: int,
) -> list[PhoneSpan]:
    spans: list[PhoneSpan] = []
    i = 0
    while i < len(run):
        best = _best_from(run, i, reading, cues, quiet)
        if best is None:
            i += 1
            continue
        score, j, digits = best
        start, end = run[i].start, run[j].end
        if _e164(digits) not in hotlines and end > boundary:
            spans.append(PhoneSpan(start, end, digits, score >= _THRESHOLD))
        i = j + 1
    return spans


def _best_from(
    run: list[Group], i: int, reading: Reading, cues: Cues, quiet: list[tuple[int, int]]
) -> tuple[float, int, str] | None:
    """The best number that begins with group i: its score, last group and digits."""
    best: tuple[float, int, str] | None = None
    total = 0
    for j in range(i, len(run)):
        total += len(run[j].digits)
        if total > _LONGEST:
            break
        if total < _LOCAL:
            continue
        window = run[i : j + 1]
        shape = _shape(window, is_whole=len(window) == len(run))
        if shape <= 0:
            continue
        score = shape + _context(window, run, reading, cues, quiet)
        digits = "".join(group.digits for group in window)
        is_kept = score >= _THRESHOLD or _is_ten(digits, window)
        if is_kept and (best is None or score > best[0]):
            best = (score, j, digits)
    return best


def _is_ten(digits: str, window: list[Group]) -> bool:
    """Whether this is a ten-digit number as such, which is recorded whatever stands around it."""
    ten = digits[1:] if len(digits) == _WITH_COUNTRY and digits[0] == "1" else digits
    if len(ten) != _NATIONAL or ten[0] in "01":
        return False
    return len(window) == 1 or _lengths(window) in {(3, 3, 4), (1, 3, 3, 4)}


def _shape(window: list[Group], *, is_whole: bool) -> float:
    """Points for the digits alone; none where they are no number."""
    digits = "".join(group.digits for group in window)
    lengths = _lengths(window)
    if window[0].is_international:
        return _INTERNATIONAL if len(digits) >= _SHORTEST_INTERNATIONAL else 0.0
    points = _national(digits, lengths, is_whole=is_whole)
    if points <= 0:
        return 0.0
    links = [group.link for group in window[1:]]
    if Link.LIST in links:
        points += _LISTED
    if Link.FILLED in links:
        points += _LISTED if lengths in _TEN_SHAPES else 2 * _LISTED
    return points


def _lengths(window: list[Group]) -> tuple[int, ...]:
    return tuple(len(group.digits) for group in window)


def _national(digits: str, lengths: tuple[int, ...], *, is_whole: bool) -> float:
    count = len(digits)
    if count == _WITH_COUNTRY and digits[0] == "1":
        return _ten(digits[1:], lengths[1:] if lengths[0] == 1 else (lengths[0] - 1, *lengths[1:]), is_whole=is_whole)
    if count == _NATIONAL:
        return _ten(digits, lengths, is_whole=is_whole)
    if count == _LOCAL:
        return _LOCAL_SHAPES.get(lengths, 0.5) if is_whole else 0.0
    return _foreign(digits, lengths) if is_whole else 0.0


def _ten(digits: str, lengths: tuple[int, ...], *, is_whole: bool) -> float:
    points = _TEN_SHAPES.get(lengths)
    if points is None:
        if not is_whole or max(lengths) > _MOST_GROUP:
            return 0.0
        points = _OTHER_TEN
    if digits[0] in "01":
        points += _BAD_AREA
    if len(set(digits)) == 1 or digits in _SEQUENCES:
        points += _COUNTING
    return max(points, 0.0)


def _foreign(digits: str, lengths: tuple[int, ...]) -> float:
    if digits.startswith(("00", "011")) and len(digits) > _WITH_COUNTRY:
        return _INTERNATIONAL - 1
    if digits.startswith("0") and len(digits) == _WITH_COUNTRY:
        return _TRUNK_ELEVEN
    if len(digits) in range(_WITH_COUNTRY, _LONGEST - 1) and len(lengths) > 1 and digits[0] not in "01":
        return _COUNTRY_GUESS if lengths[0] in (2, 3) else 0.0
    return 0.0


def _context(
    window: list[Group], run: list[Group], reading: Reading, cues: Cues, quiet: list[tuple[int, int]]
) -> float:
    """Points for how it is written and what stands around it."""
    first, last = window[0].first, window[-1].last
    cue = cues.near(first, last)
    points = cue
    if _is_disguised(window, reading):
        points += _DISGUISED
    if _is_counting(window):
        points += _COUNTING
    if cue < STRONG:
        points += _surroundings(window, run, reading)
    in_quiet = any(start <= window[0].start < end for start, end in quiet)
    if in_quiet or cues.is_labelled(first, last):
        points += _LABELLED_BUT_CUED if cue >= STRONG and not in_quiet else _LABELLED
    return points


def _is_disguised(window: list[Group], reading: Reading) -> bool:
    if sum(len(group.digits) for group in window if group.is_mixed) >= 2:  # noqa: PLR2004 - one may be a slip
        return True
    return reading.folded.is_disguised(window[0].start, window[-1].end)


def _is_counting(window: list[Group]) -> bool:
    """Whether the groups are a list of quantities: rising, falling or level in four steps or more."""
    if len(window) < _MOST_GROUP or any(group.digits[0] == "0" and len(group.digits) > 1 for group in window):
        return False
    values = [int(group.digits) for group in window]
    return values == sorted(values) or values == sorted(values, reverse=True)


def _surroundings(window: list[Group], run: list[Group], reading: Reading) -> float:
    """Points where the text says little else, or speaks of the number's parts."""
    inside = reading.words[window[0].first : window[-1].last + 1]
    if any(word in PARTS for word in inside):
        return _PART_WORDS
    first, last = run[0].first, run[-1].last
    outside = [word for word in reading.words[:first][-6:] + reading.words[last + 1 :][:6] if word not in FILLERS]
    return _NOTHING_ELSE if len(outside) <= _FEW_WORDS and len(window) == len(run) else 0.0


def _vanity(reading: Reading, cues: Cues | None, hotlines: Container[str]) -> list[PhoneSpan]:
    """Numbers that end in letters ("202-555-DOGS")."""
    if not any(word in {"800", "888", "877", "866", "855", "844", "833"} or len(word) == 3 and word.isdigit() for word in reading.words):  # noqa: E501, PLR2004
        return []
    spans: list[PhoneSpan] = []
    for match in _VANITY.finditer(reading.text):
        first = max(0, _word_at(reading, match.start()))
        cues = cues or Cues(reading)
        is_full = match.group(1) is not None or match.group(5) is not None
        is_loud = reading.as_written(*match.span())[-4:].isupper()
        points = (2.0 if is_full else 1.0) + (2.0 if is_loud else 0.0) + cues.near(first, first + 2)
        if match.group(3) == " " and not is_loud:
            continue
        digits = "".join(char for char in match.group().translate(_KEYPAD) if char.isdigit())
        if points >= _THRESHOLD and _e164(digits) not in hotlines:
            spans.append(PhoneSpan(match.start(), match.end(), digits, is_held=True))
    return spans


def _word_at(reading: Reading, start: int) -> int:
    from bisect import bisect_right

    return bisect_right(reading.starts, start) - 1


def _e164(digits: str) -> str:
    if len(digits) == _NATIONAL:
        return "+1" + digits
    return "+" + digits
