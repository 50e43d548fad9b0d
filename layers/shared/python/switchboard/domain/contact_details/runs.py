"""Digits that belong together: groups, and runs of groups held by separators or filling words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from switchboard.domain.contact_details.links import CLOSE, NONE, Link, link_between
from switchboard.domain.contact_details.number_words import FIGURES, MIXED
from switchboard.domain.contact_details.numerals import numbers_of
from switchboard.domain.contact_details.said_numbers import Piece
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading
from switchboard.domain.contact_details.vocabulary import SOFT_UNITS, UNITS


class Group(NamedTuple):
    """Digits written as one."""

    digits: str
    start: int
    end: int
    first: int
    last: int
    link: Link
    is_mixed: bool
    is_international: bool


_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR = r"(?:(?:19|20)[0-9]{2}|[0-9]{2})"
# What is plainly a time, a date, a price, a measure, a place or a file is no part of a number; by the sign behind the
# figures it begins with.
_EXPLAINED = {
    ":": (r"(?<![0-9:.])[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9])?(?![0-9:])",),
    "/": (
        rf"(?<![0-9/]){_MONTH}/{_DAY}(?:/{_YEAR})?(?![0-9/])",
        rf"(?<![0-9/]){_DAY}/{_MONTH}/{_YEAR}(?![0-9/])",
    ),
    "-": (
        rf"(?<![0-9-]){_MONTH}-{_DAY}-{_YEAR}(?![0-9-])",
        rf"(?<![0-9-])(?:19|20)[0-9]{{2}}-{_MONTH}-{_DAY}(?![0-9-])",
    ),
    ".": (
        rf"(?<![0-9.]){_MONTH}\.{_DAY}\.{_YEAR}(?![0-9.])",
        r"(?<![0-9a-z.-])[0-9]{1,4}\.[0-9]{1,2}(?![0-9.-])",
        r"(?<![0-9.])[0-9]{1,3}\.[0-9]{3,8}, ?-?[0-9]{1,3}\.[0-9]{3,8}",
    ),
    ",": (r"(?<![0-9.,-])[0-9]{1,3}(?:,[0-9]{3}){1,2}(?:\.[0-9]{1,2})?(?![0-9,.-])",),
    "%": ("[0-9]{1,3} ?%(?![0-9])",),
}
_PRICE = r"[0-9][0-9,]{0,9}(?:\.[0-9]{1,2})?(?![0-9.-])"
_BEFORE_EXPLAINED = frozenset("$_")
_FILE = r"(?<=[a-z]_)[0-9_-]{1,24}(?=\.[a-z])"
_UNIT_GAP = frozenset({"", " ", "-", "  "})
_PLUS_WORDS = frozenset({"plus", "mas"})
_SAID_AFTER_PLUS = frozenset({1, 2, 10, 11, 12, 13})
_MOST_QUANTITY_DIGITS = 4


class Run:
    """Groups in a row, read from the text only as far as they are looked at."""

    __slots__ = ("_following", "_groups", "_is_ended", "_more")

    def __init__(self, first: Group, more: Iterator[Group]) -> None:
        self._groups = [first]
        self._more = more
        self._is_ended = False
        self._following: Group | None = None

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self._groups[0].start

    def at(self, i: int) -> Group | None:
        """The group at i, or None behind the last one."""
        groups = self._groups
        if i < len(groups):
            return groups[i]
        while len(groups) <= i and not self._is_ended:
            group = next(self._more, None)
            if group is None or group.link is NONE:
                self._is_ended, self._following = True, group
            else:
                groups.append(group)
        return groups[i] if i < len(groups) else None

    def window(self, first: int, last: int) -> list[Group]:
        """The groups from first to last, which have been looked at."""
        return self._groups[first : last + 1]

    def following(self) -> Group | None:
        """The group that the next run begins with."""
        while self.at(len(self._groups)) is not None:
            pass
        return self._following


def runs_of(reading: Reading, boundary: int = 0) -> Iterator[Run]:
    """All runs of a text, in order; with a boundary, those that may reach across that place."""
    groups = _groups(numbers_of(reading, boundary), reading)
    first = next(groups, None)
    while first is not None:
        run = Run(first, groups)
        yield run
        first = run.following()


@cache
def _explained() -> dict[str, re.Pattern[str]]:
    return {sign: re.compile("|".join(patterns)) for sign, patterns in _EXPLAINED.items()}


@cache
def _price_or_file() -> dict[str, re.Pattern[str]]:
    return {"$": re.compile(_PRICE), "_": re.compile(_FILE)}


def _end_of_explained(text: str, start: int, end: int) -> int:
    """Where the time, date, price, measure and the like ends that begins with figures at text[start:end]."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before == " ":
        before = text[start - 2 : start - 1]
    match = _price_or_file()[before].match(text, start) if before in _BEFORE_EXPLAINED else None
    if after == " " and text.startswith("%", end + 1):
        after = "%"
    if match is None and after in _EXPLAINED:
        match = _explained()[after].match(text, start)
    return start if match is None else match.end()


def _unexplained(pieces: Iterable[Piece | None], reading: Reading) -> Iterator[Piece | None]:
    """The pieces; None where one is a time, date, price, measure and the like."""
    explained = 0
    for piece in pieces:
        if piece is None:
            yield None
            continue
        if piece.start >= explained and piece.kind is FIGURES:
            explained = _end_of_explained(reading.text, piece.start, piece.end)
        yield None if piece.start < explained or _is_quantity(piece, reading) else piece


def _is_quantity(piece: Piece, reading: Reading) -> bool:
    """Whether a unit follows ("20 mg"), and the digits look like a quantity."""
    after = piece.last + 1
    if after >= len(reading.words) or reading.words[after] not in UNITS:
        return False
    if len(piece.digits) > _MOST_QUANTITY_DIGITS or piece.digits[0] == "0":
        return False
    word = reading.words[after]
    if reading.text[piece.end : reading.starts[after]] not in _UNIT_GAP or reading.gap(after) == "-":
        return False
    return word not in SOFT_UNITS or _stands_alone(piece, reading)


def _stands_alone(piece: Piece, reading: Reading) -> bool:
    before = piece.first - 1
    return before < 0 or not reading.words[before].isdigit()


def _groups(pieces: Iterable[Piece | None], reading: Reading) -> Iterator[Group]:
    """The pieces with digits and number words that stand side by side put together."""
    together: list[Piece] = []
    link = NONE
    decoy: tuple[str, ...] = ()
    after_break = True
    may_be_signed = "+" in reading.text or not _PLUS_WORDS.isdisjoint(reading.known)
    for piece in _unexplained(pieces, reading):
        if piece is None:
            after_break = True
            continue
        following = NONE
        if not after_break:
            following, decoy = link_between(together[-1], piece, decoy, reading)
        if following is CLOSE and _grows(together, piece, reading):
            together.append(piece)
        else:
            if together:
                yield _group(together, link, reading, may_be_signed=may_be_signed)
            together, link = [piece], following
        after_break = False
    if together:
        yield _group(together, link, reading, may_be_signed=may_be_signed)


def _group(pieces: list[Piece], link: Link, reading: Reading, *, may_be_signed: bool) -> Group:
    first, last = pieces[0], pieces[-1]
    is_international = may_be_signed and _has_plus(first, reading, is_linked=link is not NONE)
    link = NONE if is_international else link
    if first is last:
        is_mixed = first.kind is MIXED
        return Group(first.digits, first.start, first.end, first.first, first.last, link, is_mixed, is_international)
    digits = "".join([piece.digits for piece in pieces])
    is_mixed = MIXED in [piece.kind for piece in pieces]
    return Group(digits, first.start, last.end, first.first, last.last, link, is_mixed, is_international)


def _has_plus(piece: Piece, reading: Reading, *, is_linked: bool = False) -> bool:
    """Whether a plus begins a country code here; said between groups, it only joins them ("212 plus 555")."""
    if piece.first and reading.words[piece.first - 1] in _PLUS_WORDS:
        return not is_linked or len(piece.digits) in _SAID_AFTER_PLUS
    before = reading.text[max(0, piece.start - 3) : piece.start].rstrip(" (")
    return before.endswith("+") and not before[-2:-1].isalnum()


def _grows(together: list[Piece], piece: Piece, reading: Reading) -> bool:
    """Whether a piece goes on the group: single digits and number words side by side, without a sign."""
    previous = together[-1]
    if piece.first == previous.last:
        return True
    if PART_BREAK in reading.text[previous.end : piece.start]:
        return sum(len(one.digits) for one in together) + len(piece.digits) <= _MOST_QUANTITY_DIGITS - 1
    if previous.kind is FIGURES and piece.kind is FIGURES:
        is_single = len(piece.digits) == 1 and len(together[0].digits) == 1 and len(previous.digits) == 1
        return is_single and not _has_plus(piece, reading)
    return not _is_wide(previous) and not _is_wide(piece)


def _is_wide(piece: Piece) -> bool:
    """Whether it is a number of several figures written together."""
    return piece.kind is FIGURES and piece.end - piece.start == len(piece.digits) > 1
