"""Digits in a text, however written: figures, words in English and Spanish, leet, letters held apart."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

from switchboard.domain.contact_details.number_words import (
    FIGURES,
    MIXED,
    REPEATS,
    SPELLED,
    Kind,
    number_words,
)
from switchboard.domain.contact_details.said_numbers import Piece, joined
from switchboard.domain.contact_details.spelled import segments_of, slips, squashed, value_of
from switchboard.domain.contact_details.tokens import Reading

_LOOK_ALIKE_FIGURES = str.maketrans("oilszbgq|", "011528991")
_LOOK_ALIKE = re.compile(r"[0-9oilszbgq]{2,12}")
_LETTERS_AS_FIGURES = re.compile(r"[oilsb]{2,4}")
_THREE_OR_FOUR = re.compile(r"[0-9]{2,3}[lsb]")
_HYPHENS = frozenset({"-", ".", "_", "/"})
_QUANTITY = re.compile(r"[0-9]+(?:s|lbs?|oz|g|gs|gb|b|l|is)|[0-9]+(?:st|nd|rd|th)")
_FIGURES_AT_ONE_END = re.compile(r"(?:[a-z]{1,12}([0-9]{7,11})|([0-9]{7,11})[a-z]{1,12})")
_REPEATED_FIGURE = re.compile(f"({'|'.join(REPEATS)})([0-9])")
_DIGIT_RUN = re.compile(r"[0-9]+")
_LETTER_RUN = re.compile(r"[a-z]+")
_FEWEST_BESIDE_SLIPS = 3
_SHORTEST_SQUASHED = 4
_PHONE_LENGTHS = (10, 11)
_LOCAL_LENGTH = 7
_MOST_LETTERS_BETWEEN = 2
_MOST_IN_WORD = 4  # with the word behind it: "quadruple five"
_MOST_PLACES = 96
_KEPT_AT_EACH_END = 24
_MOST_TO_ONE_SIDE = 16  # a number of 15 digits, in words
_LONGEST = 15
_LENGTHS = "0123456789abcdef"
_USUAL_SHAPE = re.compile("1?(?:334|3322|37|64|a)|b|w{5,}")  # each place by the length of its figures, or w for words


def numbers_of(reading: Reading, boundary: int = 0) -> Iterator[Piece | None]:
    """All numbers of a text in order, one by one as they are asked for; None where some are left out.

    With a boundary, only those from which a number may reach across that place of the text.
    """
    places, count = _places_of_digits(reading)
    if count < _LOCAL_LENGTH:
        return
    if boundary:
        middle = bisect_left(places, boundary, key=reading.starts.__getitem__)
        places = places[max(0, middle - _MOST_TO_ONE_SIDE) : middle + _MOST_TO_ONE_SIDE]
    slipped = _slipped(places, reading)
    if slipped:
        places = sorted({*places, *slipped})
    for stretch in _thinned(places, reading.words):
        yield from joined(_pieces(stretch, slipped, reading), reading)
        yield None


def _places_of_digits(reading: Reading) -> tuple[list[int], int]:
    """The words that may be digits, and how many these are at most."""
    counts = list(map(_most_digits, reading.words))
    if reading.spread:
        counts = [
            count or len(word) * (word in reading.spread) for word, count in zip(reading.words, counts, strict=True)
        ]
    return [i for i, count in enumerate(counts) if count], sum(counts)


def _thinned(places: list[int], words: list[str]) -> Iterator[list[int]]:
    """The places; of more than anybody writes, those at both ends, and between them what has a number's usual shape."""
    if len(places) <= _MOST_PLACES:
        yield places
        return
    yield places[:_KEPT_AT_EACH_END]
    behind = len(places) - _KEPT_AT_EACH_END
    shapes = "".join([_shape_sign(words[i]) for i in places])
    for match in _USUAL_SHAPE.finditer(shapes, _KEPT_AT_EACH_END, behind):
        stretch = places[match.start() : match.end()]
        if len(stretch) > _MOST_PLACES:
            yield stretch[:_KEPT_AT_EACH_END]
            stretch = stretch[-_KEPT_AT_EACH_END:]
        yield stretch
    yield places[behind:]


@lru_cache(maxsize=4096)
def _shape_sign(word: str) -> str:
    return _LENGTHS[min(_LONGEST, len(word))] if word.isdigit() else "w"


def _pieces(places: Iterable[int], slipped: AbstractSet[int], reading: Reading) -> list[Piece]:
    """The digits of the words at these places, number words still to be joined."""
    pieces: list[Piece] = []
    table = number_words()
    words, starts, ends = reading.words, reading.starts, reading.ends
    for i in places:
        word, start, end = words[i], starts[i], ends[i]
        if word.isdigit():
            pieces.append(Piece(word, FIGURES, start, end, i, i))
        elif word in table:
            pieces.append(Piece(*table[word], start, end, i, i))
        elif i in slipped:
            pieces.append(Piece(slips()[word], SPELLED, start, end, i, i))
        elif end - start > len(word) and word in reading.spread:
            pieces += _apart(reading, i)
        elif not word.isalpha():
            pieces += _mixed(reading, i)
        elif _LETTERS_AS_FIGURES.fullmatch(word):
            if _is_hyphenated_to_figures(reading, i):
                pieces.append(Piece(word.translate(_LOOK_ALIKE_FIGURES), MIXED, start, end, i, i))
        else:
            found = segments_of(word)
            pieces += [Piece(digits, SPELLED, start + at, start + to, i, i) for digits, at, to in found]
    return pieces


@lru_cache(maxsize=4096)
def _most_digits(word: str) -> int:
    """How many digits the word may be: none for most words, whatever stands beside them."""
    if word in number_words():
        return _MOST_IN_WORD
    if not word.isalpha() or _LETTERS_AS_FIGURES.fullmatch(word):
        return len(word)
    return len(word) if len(word) >= _SHORTEST_SQUASHED and segments_of(word) else 0


def _slipped(places: list[int], reading: Reading) -> AbstractSet[int]:
    """Misspelled number words ("thre", "fiev") where many number words stand side by side."""
    words = reading.words
    slips_there = slips().keys() & reading.known
    if not slips_there or len(places) < _FEWEST_BESIDE_SLIPS:
        return frozenset()
    spelled = {i for i in places if not words[i].isdigit()}
    if len(spelled) < _FEWEST_BESIDE_SLIPS:
        return frozenset()
    slipped = {i for i, word in enumerate(words) if word in slips_there and i not in spelled}
    if not slipped:
        return slipped
    beside = spelled | slipped
    return {i for i in slipped if _is_in_a_row(i, beside)}


def _is_in_a_row(i: int, places: AbstractSet[int]) -> bool:
    """Whether enough for a number stand side by side, with place i among them."""
    first, behind = i, i + 1
    while first - 1 in places and behind - first < _LOCAL_LENGTH:
        first -= 1
    while behind in places and behind - first < _LOCAL_LENGTH:
        behind += 1
    return behind - first >= _LOCAL_LENGTH


def _apart(reading: Reading, i: int) -> list[Piece]:
    """The digits of a word whose letters stand apart ("t w o")."""
    word, start = reading.words[i], reading.starts[i]
    places = [at for at, char in enumerate(reading.text[start : reading.ends[i]], start) if char.isalnum()]
    pattern, values, _ = squashed()
    pieces = []
    for match in pattern.finditer(word):
        digits = value_of(match.group(), values)
        begin, end = places[match.start()], places[match.end() - 1] + 1
        pieces.append(Piece(digits, MIXED, begin, end, i, i))
    return pieces


def _is_hyphenated_to_figures(reading: Reading, i: int) -> bool:
    """Whether a sign without spaces joins the word to one with figures: "2O2-SSS-OI47"."""
    before = i > 0 and reading.gap_before(i) in _HYPHENS and _may_be_figures(reading.words[i - 1])
    after = i + 1 < len(reading.words) and reading.gap(i) in _HYPHENS and _may_be_figures(reading.words[i + 1])
    return before or after


def _may_be_figures(word: str) -> bool:
    return not word.isalpha() or _LETTERS_AS_FIGURES.fullmatch(word) is not None


def _is_joined_part(reading: Reading, i: int) -> bool:
    """Whether "22l" is three figures of "22l-231-0002", and no quantity."""
    return _THREE_OR_FOUR.fullmatch(reading.words[i]) is not None and _is_hyphenated_to_figures(reading, i)


def _is_beside_look_alikes(words: list[str], i: int) -> bool:
    """Whether a word next to this one has figures and letters that look like figures."""
    return any(
        _LOOK_ALIKE.fullmatch(word) and not word.isdigit() and not word.isalpha() and not _QUANTITY.fullmatch(word)
        for word in words[max(0, i - 1) : i] + words[i + 1 : i + 2]
    )


def _mixed(reading: Reading, i: int) -> list[Piece]:
    """The digits of a word of letters and figures; none where it is a quantity or a code."""
    word, start = reading.words[i], reading.starts[i]
    if _may_be_quantity(word) and not (_is_beside_look_alikes(reading.words, i) or _is_joined_part(reading, i)):
        return []
    return [Piece(digits, kind, start + begin, start + end, i, i) for digits, kind, begin, end in _digits_in(word)]


@lru_cache(maxsize=4096)
def _may_be_quantity(word: str) -> bool:
    return _QUANTITY.fullmatch(word) is not None


@lru_cache(maxsize=4096)
def _digits_in(word: str) -> tuple[tuple[str, Kind, int, int], ...]:
    """The digits of a word of letters and figures, and where each part begins and ends."""
    repeat = _REPEATED_FIGURE.fullmatch(word)
    if repeat is not None:
        return ((repeat[2] * int(REPEATS[repeat[1]]), MIXED, 0, len(word)),)
    found = segments_of(word)
    if found:
        return tuple((digits, MIXED, begin, end) for digits, begin, end in found)
    if _LOOK_ALIKE.fullmatch(word):
        return ((word.translate(_LOOK_ALIKE_FIGURES), MIXED, 0, len(word)),)
    at_end = _FIGURES_AT_ONE_END.fullmatch(word)
    if at_end is not None:
        group = 1 if at_end.group(1) else 2
        return ((at_end.group(group), FIGURES, *at_end.span(group)),)
    digits = "".join(_DIGIT_RUN.findall(word))
    if len(digits) in _PHONE_LENGTHS and _is_interleaved(word):
        return ((digits, MIXED, 0, len(word)),)
    return ()


def _is_interleaved(word: str) -> bool:
    """Whether the same letters, or one or two, stand between the figures: "2x0x2x5", "2a0b2c5"."""
    letters = _LETTER_RUN.findall(word)
    return len(set(letters)) == 1 or (len(letters) >= _LOCAL_LENGTH and max(map(len, letters)) <= _MOST_LETTERS_BETWEEN)
