"""How much a row of digit groups looks like a phone number, judged by the digits alone."""

from __future__ import annotations

from itertools import accumulate

LOCAL, NATIONAL, WITH_COUNTRY, LONGEST = 7, 10, 11, 15
SHORTEST_INTERNATIONAL = 8

# Points for how ten digits (after a leading 1) are grouped.
_TEN = {
    (10,): 4.0,
    (3, 3, 4): 5.0,
    (3, 7): 4.0,
    (6, 4): 4.0,
    (3, 3, 2, 2): 4.0,
    (2, 4, 4): 2.5,
    (4, 3, 3): 2.5,
    (3, 4, 3): 2.5,
    (3, 2, 2, 3): 2.5,
    (5, 5): 2.0,
    (4, 6): 2.0,
    (2, 8): 1.0,
    (7, 3): 2.0,
    (1, 3, 3, 3): 3.0,
}
# With a leading 1, in a group of its own or not.
_SHAPES = frozenset(_TEN) | {(1, *shape) for shape in _TEN} | {(shape[0] + 1, *shape[1:]) for shape in _TEN}
_BEGINNINGS = frozenset((*shape, 0)[:2] for shape in _SHAPES) | {(10, 0), (11, 0)}
_ANY_TEN = 1.5
_CUT_IN_USUAL_PLACES = 3.5
_AREA_CODE = 3
_AREA_AND_PAIRS = 2.5
_LOCAL = {(3, 4): 1.0, (7,): 1.0, (3, 2, 2): 1.0}
_ANY_LOCAL = 0.5
# Numbers of nine digits, as in Spain.
_NINE = 9
_NINE_DIGITS = 2.0
_NINE_BEGIN = "6789"
_NINE_SHAPES = frozenset({(9,), (3, 3, 3), (3, 2, 2, 2)})
# Behind the 0 with which many countries' numbers begin at home.
_TRUNK_TEN = {(2, 2, 2, 2, 2): 2.5, (4, 3, 3): 2.5, (2, 4, 4): 2.0, (4, 6): 2.5, (3, 3, 4): 2.5, (4, 2, 2, 2): 2.5}
_TRUNK_TWELVE = {(4, 8): 2.0, (4, 4, 4): 1.5, (12,): 1.0, (4, 3, 3, 2): 1.5}
_INTERNATIONAL = 5.0
_DIALLED_INTERNATIONAL = 4.0
_TRUNK_ELEVEN = 2.5
_COUNTRY_GUESS = 1.5
_SAO_PAULO = (2, 5, 4)  # begins with 1 and has eleven digits, as with the US's country code
_AREA_FROM_ONE = -3.0
_COUNTING = -5.0
_MOST_IN_GROUP = 4
_LONGEST_GUESS = 13
_SEQUENCES = frozenset({"0123456789", "1234567890", "9876543210"})


def may_begin(first: int, second: int) -> bool:
    """Whether a usual grouping begins with groups of these lengths (0 for none)."""
    return (first, second) in _BEGINNINGS


def is_known_shape(lengths: tuple[int, ...]) -> bool:
    """Whether ten digits, or eleven with a leading 1, are grouped in a usual way."""
    return lengths in _SHAPES


def shape_points(digits: str, lengths: tuple[int, ...], *, is_international: bool, is_whole: bool) -> float:
    """Points for digits in groups of these lengths, 0 where they are no number.

    is_whole: nothing else stands close to them, so that odd groupings count as well.
    """
    count = len(digits)
    if is_international and count != LOCAL:
        return _INTERNATIONAL if count >= SHORTEST_INTERNATIONAL else 0.0
    if count == NATIONAL:
        return _ten(digits, lengths, is_whole=is_whole)
    if count == WITH_COUNTRY and digits[0] == "1":
        rest = lengths[1:] if lengths[0] == 1 else (lengths[0] - 1, *lengths[1:])
        guess = _COUNTRY_GUESS if is_whole and lengths == _SAO_PAULO else 0.0
        return max(guess, _ten(digits[1:], rest, is_whole=is_whole))
    if not is_whole:
        return 0.0
    if count == _NINE:
        is_like_one = digits[0] in _NINE_BEGIN and lengths in _NINE_SHAPES and digits[:3] != digits[3:6]
        return _NINE_DIGITS if is_like_one else 0.0
    return _LOCAL.get(lengths, _ANY_LOCAL) if count == LOCAL else _foreign(digits, lengths)


def is_ten(digits: str, lengths: tuple[int, ...]) -> bool:
    """Whether this is a ten-digit number as such, recorded whatever stands around it."""
    ten = digits[1:] if len(digits) == WITH_COUNTRY and digits[0] == "1" else digits
    if len(ten) != NATIONAL or ten[0] in "01":
        return False
    return len(lengths) == 1 or lengths in {(3, 3, 4), (1, 3, 3, 4)}


def is_counting(groups: list[str]) -> bool:
    """Whether the groups are a list of quantities: rising, falling or level in four steps or more."""
    if len(groups) < _MOST_IN_GROUP or any(group[0] == "0" and len(group) > 1 for group in groups):
        return False
    values = [int(group) for group in groups]
    return values == sorted(values) or values == sorted(values, reverse=True)


def _ten(digits: str, lengths: tuple[int, ...], *, is_whole: bool) -> float:
    points = _TEN.get(lengths)
    if points is None:
        if not is_whole or max(lengths) > _MOST_IN_GROUP:
            return 0.0
        points = _CUT_IN_USUAL_PLACES if {3, 6} <= set(accumulate(lengths)) else _ANY_TEN
        if lengths[0] == _AREA_CODE and set(lengths[1:-1]) == {2}:
            points = _AREA_AND_PAIRS
    if digits[0] == "0":
        at_home = _TRUNK_TEN.get(lengths, 0.0) if digits[1] != "0" else 0.0
        return max(at_home, min(points, _ANY_TEN)) if is_whole else 0.0
    if digits[0] == "1":
        points += _AREA_FROM_ONE
    if digits in _SEQUENCES or digits == digits[0] * NATIONAL:
        points += _COUNTING
    return max(points, 0.0)


def _foreign(digits: str, lengths: tuple[int, ...]) -> float:
    """Numbers of other countries without a plus."""
    if digits.startswith(("00", "011")) and len(digits) > WITH_COUNTRY:
        return _DIALLED_INTERNATIONAL
    if digits.startswith("0") and len(digits) == WITH_COUNTRY:
        return _TRUNK_ELEVEN
    if digits[0] == "0" != digits[1]:
        return _TRUNK_TWELVE.get(lengths, 0.0)
    if WITH_COUNTRY <= len(digits) <= _LONGEST_GUESS and len(lengths) > 1 and digits[0] not in "01":
        return _COUNTRY_GUESS if lengths[0] in (2, 3) else 0.0
    return 0.0
