"""Folds a text to plain lower-case letters, digits and signs, remembering where each came from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from switchboard.domain.contact_details.repeats import repeats_in

# Letters of other scripts that look like a Latin one (its lower case after case folding).
_LOOK_ALIKES = {
    "a": "аαɑᴀａ",
    "b": "вβƅʙᏼьъ",
    "c": "сϲᴄⅽƈ",
    "d": "ԁđɗᴅժ",
    "e": "еεɛᴇєҽ℮",
    "f": "ƒꜰϝſ",
    "g": "ɡɢցԍ",
    "h": "һнʜհћħ",
    "i": "іιıɪӏɩ\u01c0|",
    "j": "јϳᴊ",
    "k": "кκᴋƙ",
    "l": "ʟłⅼ",
    "m": "мᴍⅿ",
    "n": "ոηɴпņ",
    "o": "оοօᴏøσөº",
    "p": "рρᴘƿ",
    "q": "ԛգ",
    "r": "гʀɾⲅ",
    "s": "ѕꜱʂ",
    "t": "тτᴛŧţ",
    "u": "υսᴜцμ",
    "v": "ѵνᴠ",
    "w": "ԝωᴡɯшѡ",
    "x": "хχᕁ×",
    "y": "уγʏүყ",
    "z": "ᴢʐƶ",
    "2": "ƨ",
    "3": "зӡʒ",
    "5": "ƽ",
}
_LETTER_OF = {char: letter for letter, chars in _LOOK_ALIKES.items() for char in chars if not char.isascii()}
_SIGN_OF = {
    "。": ".",
    "·": ".",
    "‧": ".",
    "∙": ".",
    "⋅": ".",
    "・": ".",
    "۔": ".",
    "•": "*",
    "－": "-",
    "−": "-",
    "⁄": "/",
    "∕": "/",
    "\u2028": "\n",
    "\u2029": "\n",
    "’": "'",
    "‘": "'",
    "´": "'",
    "🔟": "10",
    "ⓐ": "@",
    "€": "$",
    "£": "$",
    "×": " x ",
    "№": "#",
}
_SEPARATOR = "~"  # what an emoji, or any other sign without a reading, becomes
_BY_CATEGORY = {"Pd": "-", "Ps": "(", "Pe": ")", "Pi": '"', "Pf": '"', "Zs": " ", "Pc": "_"}
_DROPPED = frozenset({"Cf", "Mn", "Me", "Cc", "Cs", "Co", "Cn"})
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LETTER_SIGNS = ((0x1F130, 26), (0x1F150, 26), (0x1F170, 26), (0x1F1E6, 26))
# Those with a figure, which is none: "<3", ":3".
_EMOTICON = re.compile(r"</?3+(?![0-9])|(?<!\S)[:;]-?3(?!\S)")
_WHITE = {ord(char): " " for char in "\t\r\v\f"}
_BLANK_FILLERS = frozenset("\u3164\u115f\u1160\uffa0\u2800")


class Folded(NamedTuple):
    """A folded text; origin[i] is the index in the original of its i-th character.

    skipped are spans of the original that only repeat what stands around them.
    """

    text: str
    original: str
    origin: Sequence[int]
    skipped: tuple[tuple[int, int], ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original of text[start:end], which must not be empty."""
        return self.origin[start], self.origin[end - 1] + 1

    def is_disguised(self, start: int, end: int) -> bool:
        """Whether characters of that span were written in another script, or held apart by invisible ones."""
        if self.original.isascii():
            return False
        begin, stop = self.span(start, end)
        if self.original[begin:stop].isascii():
            return False
        places = self.origin[start:end]
        if any(self.text[i].isalnum() and not self.original[at].isascii() for i, at in enumerate(places, start)):
            return True
        return any(after - at > 1 for at, after in pairwise(places)) and not self.skipped


def fold(text: str) -> Folded:
    """Folds letters, digits and signs of all scripts; the length may change, and long repetitions are shortened."""
    folded = _without_emoticons(_fold(text))
    repeats = repeats_in(folded.text)
    return _without(folded, repeats) if repeats else folded


def _without_emoticons(folded: Folded) -> Folded:
    """The text with separators for emoticons, as for emoji."""
    text = folded.text
    if "3" not in text or not ("<" in text or ":" in text or ";" in text):
        return folded
    return folded._replace(text=_EMOTICON.sub(lambda match: _SEPARATOR * len(match.group()), text))


def _without(folded: Folded, repeats: list[tuple[int, int]]) -> Folded:
    begins = [0, *(end for _, end in repeats)]
    ends = [*(start for start, _ in repeats), len(folded.text)]
    kept = [slice(begin, end) for begin, end in zip(begins, ends, strict=True)]
    return Folded(
        "".join([folded.text[part] for part in kept]),
        folded.original,
        [at for part in kept for at in folded.origin[part]],
        tuple([folded.span(*repeat) for repeat in repeats]),
    )


def _fold(text: str) -> Folded:
    if text.isascii():
        return Folded(text.translate(_WHITE).lower(), text, range(len(text)))
    plain = {char: _fold_char(char) for char in set(text) if not char.isascii()}
    folded = text.translate(_WHITE | {ord(char): one for char, one in plain.items()}).lower()
    origin: list[int] = []
    behind = 0
    longer_or_shorter = {char: len(one) for char, one in plain.items() if len(one) != 1}
    if not longer_or_shorter:
        return Folded(folded, text, range(len(text)))
    for at in [at for at, char in enumerate(text) if char in longer_or_shorter]:
        origin += range(behind, at)
        origin += [at] * longer_or_shorter[text[at]]
        behind = at + 1
    return Folded(folded, text, [*origin, *range(behind, len(text))])


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    known = _SIGN_OF.get(char) or _LETTER_OF.get(char) or _letter_sign(char)
    if known is not None:
        return known
    if char in _BLANK_FILLERS or ord(char) in _SKIN_TONES:
        return ""
    value = unicodedata.numeric(char, None)
    if value is not None and value == int(value) and 0 <= value <= 20:  # noqa: PLR2004 - the circled numbers end at 20
        return str(int(value))
    return "".join(_fold_plain(part) for part in unicodedata.normalize("NFKD", char).casefold())


def _letter_sign(char: str) -> str | None:
    """The letter in a circle, a square or a flag."""
    for first, count in _LETTER_SIGNS:
        if first <= ord(char) < first + count:
            return chr(ord("a") + ord(char) - first)
    return None


def _fold_plain(char: str) -> str:
    if char.isascii():
        return char
    if char in _LETTER_OF:
        return _LETTER_OF[char]
    category = unicodedata.category(char)
    if category in _DROPPED:
        return ""
    if category[0] == "L":
        return char
    return _BY_CATEGORY.get(category, _SEPARATOR)
