"""Phone numbers: runs of digits weighed by their shape, their writing and the words around them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from switchboard.domain.contact_details.cues import STRONG, Cues
from switchboard.domain.contact_details.links import ASIDE, CLOSE, DECOY, FILLED, LIST, REPEATED
from switchboard.domain.contact_details.number_words import number_words
from switchboard.domain.contact_details.runs import Group, Run, runs_of
from switchboard.domain.contact_details.shapes import (
    LOCAL,
    LONGEST,
    NATIONAL,
    WITH_COUNTRY,
    is_counting,
    is_known_shape,
    is_ten,
    may_begin,
    shape_points,
)
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading
from switchboard.domain.contact_details.vocabulary import CHATTER, FILLERS, PARTS


class PhoneSpan(NamedTuple):
    """A number at text[start:end] of the folded text; held, or only recorded."""

    start: int
    end: int
    digits: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """What numbers are judged against.

    quiet are spans (an allowed address) where digits are taken for an id; with a boundary, the end of earlier
    texts, a number complete before it takes nothing from behind it. Numbers that begin where is_beyond says so are
    not asked for, nor are any behind them.
    """

    hotlines: Container[str] = ()
    quiet: list[tuple[int, int]] = field(default_factory=list)
    boundary: int = 0
    is_beyond: Callable[[int], bool] = lambda _: False


class _Around(NamedTuple):
    """What a run of digits is read in."""

    reading: Reading
    cues: Cues
    scope: Scope


class _Candidate(NamedTuple):
    points: float
    last: int
    end: int
    digits: str


_THRESHOLD = 4.0
_PLAUSIBLE = frozenset({7, 9, 10, 11, 12, 13, 14, 15})
_LISTED = -1.0
_ASIDES, _RISING_WITH_ASIDES = -2.0, -2.0
_FILLED = -1.0
_FILLED_LOCAL = -2.0
_DECOYS = -2.0
_INTERLEAVED = 4
_DISGUISED = 2.0
_MIXED_DIGITS = 2
_NOTHING_ELSE = 2.0
_PART_WORDS = 3.0
_ONLY_PARTS = 4.0
_LEADING_ZERO = 1.0
_COUNTING = -5.0
_LABELLED = -4.0
_LABELLED_BUT_CUED = -2.0
_FEW_WORDS = 4
_MOST_GROUPS = 5
_AROUND = 6
_MOST_NUMBERS = 32  # more are a list


def phones_in(reading: Reading, scope: Scope, cues: Cues) -> Iterator[PhoneSpan]:
    """The numbers of a text in order, one by one as they are asked for; hotlines are left out."""
    return islice(_each_phone(_Around(reading, cues, scope)), _MOST_NUMBERS)


def _each_phone(around: _Around) -> Iterator[PhoneSpan]:
    boundary = around.scope.boundary
    for run in runs_of(around.reading, boundary):
        if around.scope.is_beyond(run.start):
            return
        if _is_long(run) and not (boundary and _is_complete_before(run, boundary)):
            yield from _in_run(run, around)


def _is_long(run: Run) -> bool:
    """Whether the run has the digits of a number."""
    count = 0
    for i in range(LOCAL):
        group = run.at(i)
        if group is None:
            break
        count += len(group.digits)
        if count >= LOCAL:
            return True
    return False


def as_e164(digits: str) -> str:
    """The digits with a plus, those of ten taken for the US."""
    return "+1" + digits if len(digits) == NATIONAL else "+" + digits


def _in_run(run: Run, around: _Around) -> Iterator[PhoneSpan]:
    i = _first_that_may_cross(run, around.scope.boundary)
    while (group := run.at(i)) is not None:
        if around.scope.is_beyond(group.start):
            return
        best = _best_from(run, i, group, around)
        if best is None:
            i += 1
            continue
        if as_e164(best.digits) not in around.scope.hotlines:
            start = _sign_before(around.reading.text, group.start) if group.is_international else group.start
            yield PhoneSpan(start, best.end, best.digits, best.points >= _THRESHOLD)
        i = best.last + 1


def _first_that_may_cross(run: Run, boundary: int) -> int:
    """The first group from which a number may reach behind the boundary; 0 where there is none."""
    return max(0, _count_before(run, boundary) - LONGEST) if boundary else 0


def _count_before(run: Run, boundary: int) -> int:
    """How many groups begin before the boundary."""
    count = 0
    while (group := run.at(count)) is not None and group.start < boundary:
        count += 1
    return count


def _is_complete_before(run: Run, boundary: int) -> bool:
    """Whether nothing of the run crosses the boundary: it ends there, or gave a whole number before."""
    count = _count_before(run, boundary)
    before = run.window(0, count - 1)
    if before and before[-1].end > boundary:
        return False
    return run.at(count) is None or sum(len(group.digits) for group in before) >= NATIONAL


def _sign_before(text: str, start: int) -> int:
    sign = text.rfind("+", max(0, start - 2), start)
    return sign if sign >= 0 else start


def _best_from(run: Run, i: int, first: Group, around: _Around) -> _Candidate | None:
    """The best number that begins with group i."""
    may_be_whole = _may_begin_whole(run, i, first)
    if not (may_be_whole or first.is_international or _may_begin_shape(run, i, first)):
        return None
    best: _Candidate | None = None
    for j, lengths, is_whole in _ends(run, i, around.scope, may_be_whole=may_be_whole):
        if not (is_whole or first.is_international or is_known_shape(lengths)):
            continue
        window = run.window(i, j)
        digits = "".join([group.digits for group in window])
        points = _points(window, digits, lengths, around, is_whole=is_whole)
        if points is None or (points < _THRESHOLD and not is_ten(digits, lengths)):
            continue
        if best is None or points > best.points or (first.is_international and points == best.points):
            best = _Candidate(points, j, window[-1].end, digits)
    return best


def _ends(run: Run, i: int, scope: Scope, *, may_be_whole: bool) -> Iterator[tuple[int, tuple[int, ...], bool]]:
    """Where a number beginning with group i may end, its groups' lengths, and whether nothing else stands close."""
    lengths: list[int] = []
    count = 0
    is_loose = False
    group = run.at(i)
    is_open = may_be_whole or (group is not None and group.is_international)
    j = i
    while group is not None and (is_open or j - i < _MOST_GROUPS):
        count += len(group.digits)
        if count > (LONGEST if is_open else WITH_COUNTRY) or (scope.boundary and _is_complete(run, i, j, group, scope)):
            return
        lengths.append(len(group.digits))
        is_loose = is_loose or (j > i and group.link is not CLOSE)
        group = run.at(j + 1)
        if is_open or count in _PLAUSIBLE:
            ends = group is None or group.link is LIST
            is_whole = may_be_whole and ends and (not is_loose or (i == 0 and group is None))
            yield j, tuple(lengths), is_whole and count in _PLAUSIBLE
        j += 1


def _may_begin_whole(run: Run, i: int, group: Group) -> bool:
    if i == 0:
        return True
    if group.link is not LIST:
        return False
    following = run.at(i + 1)
    return following is None or following.link is CLOSE


def _may_begin_shape(run: Run, i: int, group: Group) -> bool:
    """Whether a usual grouping begins at group i."""
    first = len(group.digits)
    if may_begin(first, 0):
        return True
    following = run.at(i + 1)
    return following is not None and may_begin(first, len(following.digits))


def _is_complete(run: Run, i: int, j: int, group: Group, scope: Scope) -> bool:
    """Whether earlier texts gave a whole number before group j, which is the new one's first."""
    if not i < j or group.start < scope.boundary:
        return False
    before = run.window(0, j - 1)
    return before[-1].end <= scope.boundary and sum(len(one.digits) for one in before) >= NATIONAL


def _points(
    window: list[Group], digits: str, lengths: tuple[int, ...], around: _Around, *, is_whole: bool
) -> float | None:
    """The points of the groups together, None where they are no number."""
    points = shape_points(digits, lengths, is_international=window[0].is_international, is_whole=is_whole)
    if len(digits) == NATIONAL and _is_only_parts(window, around):
        points = max(points, _ONLY_PARTS)
    if points <= 0 or (len(digits) == LOCAL and not _may_be_local(window, around)):
        return None
    return points + _links(window, digits) + _context(window, around, is_whole=is_whole)


def _is_across(window: list[Group], scope: Scope) -> bool:
    return window[0].start < scope.boundary < window[-1].end


def _may_be_local(window: list[Group], around: _Around) -> bool:
    """Seven digits over several texts need a plain cue, and little else beside them."""
    if not _is_across(window, around.scope):
        return True
    first, last = window[0].first, window[-1].last
    return around.cues.near(first, last) >= STRONG and _surroundings(first, last, around.reading) > 0


def _links(window: list[Group], digits: str) -> float:
    """Points lost where commas or words stand between the groups."""
    if len(window) == 1:
        return 0.0
    links = [group.link for group in window[1:] if group.link is not CLOSE]
    if not links:
        return 0.0
    points = _LISTED if LIST in links else 0.0
    if links.count(REPEATED) >= _INTERLEAVED:
        points += _DISGUISED
    elif DECOY in links:
        points += _FILLED if REPEATED in links else _DECOYS
    if ASIDE in links:
        points += _asides(window)
    if FILLED in links:
        points += _FILLED if len(digits) >= NATIONAL else _FILLED_LOCAL
    return points


def _asides(window: list[Group]) -> float:
    """Points lost where something is said of each group: of ever larger ones more, as they are counted."""
    values = [int(group.digits) for group in window if group.digits[0] != "0"]
    is_rising = len(values) == len(window) and values == sorted(values)
    return _ASIDES + (_RISING_WITH_ASIDES if is_rising else 0.0)


def _context(window: list[Group], around: _Around, *, is_whole: bool) -> float:
    """Points for how it is written and what stands around it."""
    reading, cues, scope = around
    first, last = window[0].first, window[-1].last
    cue = cues.near(first, last)
    points = cue
    if _is_disguised(window, reading):
        points += _DISGUISED
    if len(window) > 1:
        points += _list_points(window)
    in_quiet = bool(scope.quiet) and any(start <= window[0].start < end for start, end in scope.quiet)
    if in_quiet or cues.is_labelled(first, last):
        return points + (_LABELLED_BUT_CUED if cue >= STRONG and not in_quiet else _LABELLED)
    if cue < STRONG and is_whole:
        points += _surroundings(first, last, reading)
    return points


def _list_points(window: list[Group]) -> float:
    """Points for what several groups look like in a row: quantities lose some, a leading zero is none of these."""
    points = 0.0
    if not window[0].is_international and is_counting([group.digits for group in window]):
        points += _COUNTING
    if any(group.digits[0] == "0" and len(group.digits) > 1 for group in window[1:]):
        points += _LEADING_ZERO
    return points


def _is_disguised(window: list[Group], reading: Reading) -> bool:
    if sum([len(group.digits) for group in window if group.is_mixed]) >= _MIXED_DIGITS:
        return True
    return reading.folded.is_disguised(window[0].start, window[-1].end)


def _surroundings(first: int, last: int, reading: Reading) -> float:
    """Points where the text says little else, or speaks of the number's parts."""
    if any(word in PARTS for word in reading.words[first : last + 1]):
        return _PART_WORDS
    around = reading.words[max(0, first - _AROUND) : first] + reading.words[last + 1 : last + 1 + _AROUND]
    return _NOTHING_ELSE if sum(word not in FILLERS for word in around) <= _FEW_WORDS else 0.0


def _is_only_parts(window: list[Group], around: _Around) -> bool:
    """Whether the texts that the groups come from, one of them new, hold next to nothing else."""
    if not (around.scope.boundary and _is_across(window, around.scope)):
        return False
    reading = around.reading
    begin = reading.text.rfind(PART_BREAK, 0, window[0].start) + 1
    numbers = number_words()
    return all(
        word.isdigit() or word in CHATTER or word in numbers
        for word, start in zip(reading.words, reading.starts, strict=True)
        if start >= begin
    )
