"""What holds two groups of digits together: signs, words that lead on, a word that is none of the number's."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from switchboard.domain.contact_details.number_words import FIGURES
from switchboard.domain.contact_details.said_numbers import Piece, leads_on
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading
from switchboard.domain.contact_details.vocabulary import CHATTER, FILLERS, HYPHENS, LABELS, UNITS, words_of


class Link(IntEnum):
    """What holds a group to the one before it, the strongest first."""

    CLOSE = 0  # spaces and separators
    LIST = 1  # a comma, a sentence's end
    FILLED = 2  # words that hold a number apart
    REPEATED = 3  # the same word again
    ASIDE = 4  # such words, and others in brackets
    DECOY = 5  # some word
    NONE = 6


CLOSE, LIST, FILLED, REPEATED, ASIDE, DECOY, NONE = Link  # by name, as the kinds of number words

_CLOSE = re.compile(r"[ \n~()\[\]{}<>*_|\\/.\-:;'\"#!?^=%\x1e@]{0,16}")
_LIST = re.compile(r"[ \n~()\[\]{}<>*_|\\/.\-:;'\"#!?^=%,&\x1e@]{0,16}")
_SENTENCE = re.compile(r"[.!?;] |,")
_NO_DECOYS = frozenset({"or", "at", "on", "for", "of", "o", "through"})
_ONE_LETTER_BETWEEN = 3
_MOST_FILLERS = 8
_MOST_DECOYS = 2
_AREA_LENGTHS, _PART_LENGTHS = frozenset({3}), frozenset({3, 4})
_PART_TALK = words_of(
    "area prefix starts begins ends finish finishes followed behind dial tack close stick append middle"
)
_MOST_WORDS_ASIDE = 4
_MOST_DIGITS_IN_PART = 4
_LONGEST_DECOY = 12


def link_between(one: Piece, other: Piece, decoy: tuple[str, ...], reading: Reading) -> tuple[Link, tuple[str, ...]]:
    """What holds the two together, and the words between them."""
    gap = reading.text[one.end : other.start]
    if other.first == one.last and len(gap) <= _ONE_LETTER_BETWEEN:
        return CLOSE, decoy
    if other.first <= one.last + 1:
        is_tight = (len(gap) == 1 and gap not in "$,") or (gap == "," and len(one.digits) == len(other.digits) == 1)
        return CLOSE if is_tight else _sign_link(gap), decoy
    behind = one.last + 1
    between = tuple(reading.words[behind : min(other.first, behind + _MOST_FILLERS + 1)])
    if "$" in gap or "%" in gap or "=" in gap:
        return NONE, ()
    if PART_BREAK in gap:
        is_chatter = len(between) <= _MOST_FILLERS and all(word in CHATTER for word in between)
        return FILLED if is_chatter else NONE, ()
    is_bracketed = "(" in gap
    if (is_bracketed and _is_aside(gap, between)) or _tells_a_part(one, other, between, reading):
        return FILLED, between
    has_aside = is_bracketed and _has_aside(one, other, reading)
    return ASIDE if has_aside else _word_link(between, decoy), between


def _is_aside(gap: str, between: tuple[str, ...]) -> bool:
    """Whether nothing but a few words in brackets stands between."""
    return len(between) <= _MOST_WORDS_ASIDE and gap.lstrip()[:1] == "(" and gap.rstrip()[-1:] == ")"


def _has_aside(one: Piece, other: Piece, reading: Reading) -> bool:
    """Whether filling words lead on, but for an aside in brackets: "206 (that's seattle) and after it 555"."""
    text = reading.text
    places = range(one.last + 1, other.first)
    if len(places) > _MOST_FILLERS + _MOST_WORDS_ASIDE:
        return False
    aside: list[str] = []
    outside: list[str] = []
    for i in places:
        is_open = text.count("(", one.end, reading.starts[i]) > text.count(")", one.end, reading.starts[i])
        (aside if is_open else outside).append(reading.words[i])
    if len(aside) > _MOST_WORDS_ASIDE or not (UNITS.isdisjoint(aside) and LABELS.isdisjoint(aside)):
        return False
    return bool(outside) and _word_link(tuple(outside), ()) is FILLED


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
    return count in lengths or (piece.kind is not FIGURES and count < _MOST_DIGITS_IN_PART)


def _word_link(between: tuple[str, ...], decoy: tuple[str, ...]) -> Link:
    count = len(between)
    if count == 1 and between[0] in HYPHENS:
        return CLOSE
    if count <= _MOST_FILLERS and _says_nothing(between):
        return FILLED
    if leads_on(between):
        return FILLED
    if count <= _MOST_DECOYS and between == decoy:
        return REPEATED
    if _is_decoy(between):
        return DECOY
    return NONE


def _says_nothing(between: tuple[str, ...]) -> bool:
    """Whether there are only filling words, and perhaps single figures."""
    if between[0] not in FILLERS and len(between[0]) > 1:
        return False  # as mostly
    return all(word in FILLERS or (len(word) == 1 and word.isdigit()) for word in between)


def _is_decoy(between: tuple[str, ...]) -> bool:
    """Whether a single word stands where none belongs: neither a unit nor what a number would name."""
    word = between[0]
    if len(between) > 1 or len(word) > _LONGEST_DECOY or not word.isalpha():
        return False
    return word not in UNITS and word not in LABELS and word not in _NO_DECOYS
