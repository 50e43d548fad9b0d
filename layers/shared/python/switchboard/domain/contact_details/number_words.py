"""The words for numbers, in English and Spanish, and what each does to its neighbours."""

from __future__ import annotations

from enum import IntEnum
from functools import cache


class Kind(IntEnum):
    """How digits were written, and what a number word does to its neighbours."""

    FIGURES = 0
    SPELLED = 1
    MIXED = 2  # leet and look-alikes: nobody writes a quantity like that
    TENS = 3
    HUNDREDS = 4
    HUNDRED = 5
    REPEAT = 6
    PLURAL = 7
    WEAK = 8
    HOMOPHONE = 9


# By name: before Python 3.12 a look-up in an enum takes ten times as long, and these are asked for at every digit.
FIGURES, SPELLED, MIXED, TENS, HUNDREDS, HUNDRED, REPEAT, PLURAL, WEAK, HOMOPHONE = Kind

_UNITS = (
    "zero one two three four five six seven eight nine",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
)
# As they are said over the radio, or written as they sound.
AS_THEY_SOUND = {"zeero": "0", "siro": "0", "sero": "0", "wun": "1", "doz": "2", "trez": "3", "fower": "4",
                 "foar": "4", "kuatro": "4", "quatro": "4", "fiv": "5", "fyve": "5", "sinco": "5", "sinko": "5",
                 "cinko": "5", "siks": "6", "seiz": "6", "ceis": "6", "sevin": "7", "ziete": "7", "ciete": "7",
                 "ait": "8", "eyt": "8", "osho": "8", "nyne": "9", "nain": "9", "nuebe": "9"}  # fmt: skip
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "diez onze doce trece catorce quince dieciseis diecisiete dieciocho diecinueve",
)
_TWENTIES = (
    "veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
)
_TENS = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "- treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "- - fourty - - - - ninty",
)
_HUNDREDS = "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
REPEATS = {"double": "2", "doble": "2", "dbl": "2", "triple": "3", "treble": "3", "quadruple": "4", "cuadruple": "4"}
_PLURALS = {"zeros": "0", "zeroes": "0", "ohs": "0", "ones": "1", "twos": "2", "threes": "3", "fours": "4",
            "fives": "5", "ceros": "0", "unos": "1", "cincos": "5",
            "sietes": "7", "ochos": "8", "nueves": "9",
            "sixes": "6", "sevens": "7", "eights": "8", "nines": "9"}  # fmt: skip
_HOMOPHONES = {"to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "won": "1", "fife": "5", "tree": "3",
               "wan": "1", "niner": "9", "sics": "6", "sicks": "6", "foe": "4", "fo": "4", "tu": "2"}  # fmt: skip
_WEAK = {
    "oh": "0",
    "nought": "0",
    "naught": "0",
    "o": "0",
    "ow": "0",
    "nil": "0",
    "null": "0",
    "nada": "0",
    "once": "11",
    "una": "1",
}


@cache
def number_words() -> dict[str, tuple[str, Kind]]:
    """For each number word its digits and what it does."""
    table: dict[str, tuple[str, Kind]] = {}
    for row in _UNITS:
        table.update({word: (str(value), Kind.SPELLED) for value, word in enumerate(row.split())})
    table.update({word: (digit, Kind.SPELLED) for word, digit in AS_THEY_SOUND.items()})
    for row in _TEENS:
        table.update({word: (str(value), Kind.SPELLED) for value, word in enumerate(row.split(), start=10)})
    table.update({word: (str(value), Kind.SPELLED) for value, word in enumerate(_TWENTIES.split(), start=20)})
    for row in _TENS:
        table.update({word: (str(value), Kind.TENS) for value, word in enumerate(row.split(), start=2)})
    table.update({word: (str(value), Kind.HUNDREDS) for value, word in enumerate(_HUNDREDS.split(), start=1)})
    table.update({"hundred": ("", Kind.HUNDRED), "cien": ("1", Kind.HUNDREDS)})
    table.update({word: (times, Kind.REPEAT) for word, times in REPEATS.items()})
    table.update({word: (digit, Kind.PLURAL) for word, digit in _PLURALS.items()})
    table.update({f"{digit}s": (str(digit), Kind.PLURAL) for digit in range(10)})
    table.update({word: (digit, Kind.HOMOPHONE) for word, digit in _HOMOPHONES.items()})
    table.update({word: (digit, Kind.WEAK) for word, digit in _WEAK.items()})
    table.pop("-")
    return table
