"""Numbers said in several words: tens, hundreds and repeats worked out, words that are no digits here left out."""

from __future__ import annotations

from typing import NamedTuple

from switchboard.domain.contact_details.number_words import (
    FIGURES,
    HOMOPHONE,
    HUNDRED,
    HUNDREDS,
    MIXED,
    PLURAL,
    REPEAT,
    SPELLED,
    TENS,
    WEAK,
    Kind,
)
from switchboard.domain.contact_details.tokens import Reading
from switchboard.domain.contact_details.vocabulary import BESIDE_ORDER_WORDS, ORDER_WORDS, words_of


class Piece(NamedTuple):
    """Digits at text[start:end], in the words first to last."""

    digits: str
    kind: Kind
    start: int
    end: int
    first: int
    last: int


_PART = frozenset({"part", "parte"})
_BEFORE_A_COUNT = words_of("last first second third next final middle other remaining")
_UNITS = frozenset("123456789")
_TIMES = frozenset({"times", "veces"})
_LOCAL_LENGTH = 7


def joined(pieces: list[Piece], reading: Reading) -> list[Piece]:
    """The pieces with tens, hundreds and repeats worked out, and words that are no digits here left out."""
    has_counts = not (_PART.isdisjoint(reading.known) and _BEFORE_A_COUNT.isdisjoint(reading.known))
    has_times = not _TIMES.isdisjoint(reading.known)
    if not has_times and max([piece.kind for piece in pieces], default=FIGURES) <= MIXED:
        if not has_counts:
            return pieces
        return [piece for piece in pieces if len(piece.digits) > 1 or not _counts_digits(piece, reading)]
    result: list[Piece] = []
    is_spelled_out = len(pieces) >= _LOCAL_LENGTH
    i = 0
    while i < len(pieces):
        piece = pieces[i]
        if has_counts and _counts_digits(piece, reading):
            i += 1
        elif piece.kind <= MIXED:
            i = _after_plain(pieces, i, result, reading)
        elif piece.kind >= WEAK:
            if _counts(pieces, i, result, reading, is_spelled_out=is_spelled_out):
                result.append(piece._replace(kind=SPELLED))
            i += 1
        else:
            i = _after_composed(pieces, i, result, reading)
    return result


def _after_plain(pieces: list[Piece], i: int, result: list[Piece], reading: Reading) -> int:
    """Takes a digit or number, with "hundred" or a plural ("three fives") behind it."""
    piece = pieces[i]
    following = pieces[i + 1] if i + 1 < len(pieces) else None
    if following is not None and _says_how_often(piece, following, reading):
        times = following._replace(end=reading.ends[following.last + 1], last=following.last + 1)
        result.append(_span(piece, times, piece.digits * int(following.digits)))
        return i + 2
    if following is not None and following.kind > HUNDREDS and len(piece.digits) == 1:
        if following.kind is HUNDRED and _touch(piece, following, reading):
            return _take_hundreds(pieces, i + 2, piece.digits, piece, result=result, reading=reading)
        if following.kind is PLURAL and _touch(piece, following, reading):
            result.append(_span(piece, following, following.digits * int(piece.digits)))
            return i + 2
    result.append(piece)
    return i + 1


def _says_how_often(piece: Piece, following: Piece, reading: Reading) -> bool:
    """Whether a digit is to be repeated: "5 three times"."""
    if len(piece.digits) > 1 or following.digits not in {"2", "3", "4"} or not _touch(piece, following, reading):
        return False
    return not _TIMES.isdisjoint(reading.words[following.last + 1 : following.last + 2])


def _after_composed(pieces: list[Piece], i: int, result: list[Piece], reading: Reading) -> int:
    """Takes tens, hundreds or a repeat with what follows it."""
    piece = pieces[i]
    if piece.kind is TENS:
        number, following = _tens(pieces, i, reading)
        result.append(number)
        return following
    if piece.kind is HUNDREDS:
        return _take_hundreds(pieces, i + 1, piece.digits, piece, result=result, reading=reading)
    if piece.kind is REPEAT and i + 1 < len(pieces) and _touch(piece, pieces[i + 1], reading):
        repeated = pieces[i + 1]
        is_apart = repeated.end - repeated.start > len(repeated.digits)  # "triple 5 0 1": the first figure only
        if len(repeated.digits) == 1 or (repeated.kind is FIGURES and is_apart):
            first, rest = repeated.digits[0], repeated.digits[1:]
            result.append(_span(piece, repeated, first * int(piece.digits) + rest))
            return i + 2
    return i + 1


def _tens(pieces: list[Piece], i: int, reading: Reading) -> tuple[Piece, int]:
    piece = pieces[i]
    unit = pieces[i + 1] if i + 1 < len(pieces) else None
    is_unit = unit is not None and unit.kind is SPELLED and unit.digits in _UNITS
    if unit is not None and is_unit and _belongs(piece, unit, reading):
        return _span(piece, unit, piece.digits + unit.digits), i + 2
    return piece._replace(digits=piece.digits + "0", kind=SPELLED), i + 1


def _take_hundreds(
    pieces: list[Piece], i: int, hundreds: str, first: Piece, *, result: list[Piece], reading: Reading
) -> int:
    """Takes what follows the hundreds: "two hundred (and) two" is 202."""
    before = pieces[i - 1]
    rest = pieces[i] if i < len(pieces) else None
    is_rest = rest is not None and not _is_local_spelled(pieces, i, reading)
    if rest is not None and is_rest and rest.kind in {SPELLED, TENS} and _belongs(before, rest, reading):
        number, following = _tens(pieces, i, reading) if rest.kind is TENS else (rest, i + 1)
        result.append(_span(first, number, hundreds + number.digits.rjust(2, "0")))
        return following
    result.append(_span(first, before, hundreds + "00"))
    return i


def _is_local_spelled(pieces: list[Piece], i: int, reading: Reading) -> bool:
    """Whether exactly seven single digits follow: "eight hundred five five five zero one nine nine"."""
    end = i
    while end < len(pieces) and end - i <= _LOCAL_LENGTH and len(pieces[end].digits) == 1:
        if end > i and not _touch(pieces[end - 1], pieces[end], reading):
            break
        end += 1
    return end - i == _LOCAL_LENGTH


def _span(first: Piece, last: Piece, digits: str) -> Piece:
    return Piece(digits, SPELLED, first.start, last.end, first.first, last.last)


def _touch(one: Piece, other: Piece, reading: Reading) -> bool:
    """Whether nothing but a space or a hyphen stands between them."""
    return other.first <= one.last + 1 and reading.text[one.end : other.start].strip(" -") == ""


def _is_next(one: Piece, other: Piece, reading: Reading) -> bool:
    return leads_on(tuple(reading.words[one.last + 1 : other.first]))


def leads_on(between: tuple[str, ...]) -> bool:
    """Whether the words between two digits only say that the second one follows: "then a"."""
    return not ORDER_WORDS.isdisjoint(between) and BESIDE_ORDER_WORDS.issuperset(between)


def _belongs(one: Piece, other: Piece, reading: Reading) -> bool:
    """Whether the other goes on the number: beside it, or after "and"."""
    if _touch(one, other, reading):
        return True
    return other.first == one.last + 2 and reading.words[one.last + 1] in {"and", "y"}


def _counts_digits(piece: Piece, reading: Reading) -> bool:
    """Whether the number says how many digits follow or went before ("the last four")."""
    before = reading.words[piece.first - 1] if piece.first else ""
    if before in _PART:
        return len(piece.digits) == 1
    return before in _BEFORE_A_COUNT and piece.digits in {"2", "3", "4"}


def _counts(pieces: list[Piece], i: int, result: list[Piece], reading: Reading, *, is_spelled_out: bool) -> bool:
    """Whether a word that is mostly no digit ("oh", "to") is one here, by the digits beside it."""
    piece = pieces[i]
    before = bool(result) and _touch(result[-1], piece, reading)
    after = i + 1 < len(pieces) and _touch(piece, pieces[i + 1], reading)
    if piece.kind is WEAK and not (before or after) and result and i + 1 < len(pieces):
        return _is_next(result[-1], piece, reading) and _is_next(piece, pieces[i + 1], reading)
    if piece.kind is WEAK:
        return before or (after and pieces[i + 1].kind is not HOMOPHONE)
    spelled_before = before and result[-1].kind in (SPELLED, MIXED)
    spelled_after = after and pieces[i + 1].kind in (SPELLED, MIXED, WEAK, HOMOPHONE)
    return (spelled_after and (spelled_before or is_spelled_out)) or (spelled_before and is_spelled_out)
