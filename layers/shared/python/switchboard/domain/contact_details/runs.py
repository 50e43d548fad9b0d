"""Digits that belong together: groups, and runs of groups held by separators or filling words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache, lru_cache
from typing import NamedTuple

from switchboard.domain.contact_details.number_words import (
    FIGURES,
    MIXED,
)
from switchboard.domain.contact_details.numerals import numbers_of
from switchboard.domain.contact_details.said_numbers import Piece, leads_on
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading
from switchboard.domain.contact_details.vocabulary import (
    CHATTER,
    FILLERS,
    HYPHENS,
    LABELS,
    SOFT_UNITS,
    UNITS,
    words_of,
)


class Link(IntEnum):
    """What holds a group to the one before it, the strongest first."""

    CLOSE = 0  # spaces and separators
    LIST = 1  # a comma, a sentence's end
    FILLED = 2  # words that hold a number apart
    REPEATED = 3  # the same word again
    DECOY = 4  # some word
    NONE = 5


CLOSE, LIST, FILLED, REPEATED, DECOY, NONE = Link  # by name, as the kinds of number words


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
_FILE = r"(?<=[a-z]_)[0-9_-]{1,24}(?=\.[a-z])"
_CLOSE = re.compile(r"[ \n~()\[\]{}<>*_|\\/.\-:;'\"#!?^=%\x1e@]{0,16}")
_LIST = re.compile(r"[ \n~()\[\]{}<>*_|\\/.\-:;'\"#!?^=%,&\x1e@]{0,16}")
_SENTENCE = re.compile(r"[.!?;] |,")
_UNIT_GAP = frozenset({"", " ", "-", "  "})
_NO_DECOYS = frozenset({"or", "at", "on", "for", "of", "o", "through"})
_PLUS_WORDS = frozenset({"plus", "mas"})
_SAID_AFTER_PLUS = frozenset({1, 2, 10, 11, 12, 13})
_ONE_LETTER_BETWEEN = 3
_MOST_FILLERS = 8
_MOST_DECOYS = 2
_AREA_LENGTHS, _PART_LENGTHS = frozenset({3}), frozenset({3, 4})
_PART_TALK = words_of(
    "area prefix starts begins ends finish finishes followed behind dial tack close stick append middle"
)
_MOST_WORDS_ASIDE = 4
_MOST_QUANTITY_DIGITS = 4
_LONGEST_DECOY = 12


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
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    by_before = _price_or_file().get(before[-1:] if before[-1:] != " " else before[:1])
    match = by_before.match(text, start) if by_before is not None else None
    if match is None and (after[:1] != " " or after == " %"):
        pattern = _explained().get(after.strip()[:1])
        match = pattern.match(text, start) if pattern is not None else None
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
            following, decoy = _link(together[-1], piece, decoy, reading)
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


def _link(one: Piece, other: Piece, decoy: tuple[str, ...], reading: Reading) -> tuple[Link, tuple[str, ...]]:
    """What holds the two together, and the words between them."""
    gap = reading.text[one.end : other.start]
    if other.first == one.last and len(gap) <= _ONE_LETTER_BETWEEN:
        return CLOSE, decoy
    if other.first <= one.last + 1:
        is_tight = (len(gap) == 1 and gap not in "$,") or (gap == "," and len(one.digits) == len(other.digits) == 1)
        return CLOSE if is_tight else _sign_link(gap), decoy
    between = tuple(reading.words[one.last + 1 : other.first][: _MOST_FILLERS + 1])
    if "$" in gap or "%" in gap or "=" in gap:
        return NONE, ()
    if PART_BREAK in gap:
        is_chatter = len(between) <= _MOST_FILLERS and all(word in CHATTER for word in between)
        return FILLED if is_chatter else NONE, ()
    is_aside = len(between) <= _MOST_WORDS_ASIDE and gap.lstrip()[:1] == "(" and gap.rstrip()[-1:] == ")"
    if is_aside or _tells_a_part(one, other, between, reading):
        return FILLED, between
    return _word_link(between, decoy), between


def _tells_a_part(one: Piece, other: Piece, between: tuple[str, ...], reading: Reading) -> bool:
    """Whether the words lead from one part of a number to the next: "602 and after that you put 555"."""
    if len(between) > _MOST_FILLERS or not (_may_be_part(one, _AREA_LENGTHS) and _may_be_part(other, _PART_LENGTHS)):
        return False
    if _PART_TALK.isdisjoint(reading.known):
        return False
    return between[0] not in UNITS and LABELS.isdisjoint(between)


@lru_cache(maxsize=1024)
def _sign_link(gap: str) -> Link:
    if _SENTENCE.search(gap):
        return LIST if _LIST.fullmatch(gap) else NONE
    if _CLOSE.fullmatch(gap):
        return CLOSE
    return LIST if _LIST.fullmatch(gap) else NONE


def _may_be_part(piece: Piece, lengths: frozenset[int]) -> bool:
    """Whether the piece has the digits of a part, or begins or ends one in words."""
    count = len(piece.digits)
    return count in lengths or (piece.kind is not FIGURES and count < _MOST_QUANTITY_DIGITS)


def _word_link(between: tuple[str, ...], decoy: tuple[str, ...]) -> Link:
    if len(between) == 1 and between[0] in HYPHENS:
        return CLOSE
    if len(between) <= _MOST_FILLERS and _says_nothing(between):
        return FILLED
    if leads_on(between):
        return FILLED
    if len(between) <= _MOST_DECOYS and between == decoy:
        return REPEATED
    if _is_decoy(between):
        return DECOY
    return NONE


def _says_nothing(between: tuple[str, ...]) -> bool:
    """Whether there are only filling words, and perhaps single figures."""
    return FILLERS.issuperset(between) or all(
        word in FILLERS or (len(word) == 1 and word.isdigit()) for word in between
    )


def _is_decoy(between: tuple[str, ...]) -> bool:
    """Whether a single word stands where none belongs: neither a unit nor what a number would name."""
    word = between[0]
    if len(between) > 1 or len(word) > _LONGEST_DECOY or not word.isalpha():
        return False
    return word not in UNITS and word not in LABELS and word not in _NO_DECOYS
