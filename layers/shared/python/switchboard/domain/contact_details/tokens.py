"""A text as words with their places."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple

from switchboard.domain.contact_details.confusables import Folded, fold
from switchboard.domain.contact_details.misspellings import meant_words
from switchboard.domain.contact_details.number_words import SPELLED, TENS, number_words

PART_BREAK = "\x1e"  # between the texts of one sender, read together

# Digits, or letters and digits, that stand one by one ("2 0 2", "t w o") are read as one word.
_WORD = re.compile(
    r"([a-z0-9](?:(?<=[0-9])(?:[ .\-_*~()|\n\[\]+=]{1,3}[0-9](?![a-z0-9])){2,}"
    r"|(?:[ .\-_*~|]{1,2}[a-z0-9](?![a-z0-9'])){2,}"
    r"|[a-z0-9]*(?:'[a-z]+)*))"
)
_LEET_SIGNS = re.compile(r"[@$!]")
_SIGN_FOR_A_LETTER = re.compile(r"[a-z0-9]!(?=[a-z0-9])|\$(?=[a-z])")
_WORD_WITH_SIGNS = re.compile(r"[a-z0-9$!]{3,}")
_FIGURES_FOR_SIGNS = str.maketrans("!$", "15")
_SIGN_INSIDE = re.compile(r"(?<![a-z])[a-z]{1,10}[@$!][a-z]{1,10}")
_LETTERS_FOR_FIGURES = str.maketrans("01345789$@!", "oieastbgsai")


class Reading(NamedTuple):
    """A folded text cut into words: text is what the folded one has.

    words[i] is text[starts[i]:ends[i]] without apostrophes, slips and what holds single characters apart;
    gaps[i] stands before it, the last gap behind the last word. known holds all words, those with figures for
    letters ("v3nmo") and initials ("i.g") also as meant. spread are those whose characters are held apart, mixed
    those of letters and figures.
    """

    original: str
    folded: Folded
    text: str
    words: list[str]
    gaps: list[str]
    starts: list[int]
    ends: list[int]
    known: frozenset[str]
    spread: frozenset[str]
    mixed: frozenset[str]

    def head(self, end: int) -> Reading:
        """The part up to text[end], if there is more."""
        if end >= len(self.text):
            return self
        count = bisect_right(self.ends, end)
        last_gap = self.text[self.ends[count - 1] if count else 0 : end]
        text = self.text[:end]
        return Reading(
            self.original,
            Folded(text, self.original, self.folded.origin[:end], self.folded.skipped),
            text,
            self.words[:count],
            [*self.gaps[:count], last_gap],
            self.starts[:count],
            self.ends[:count],
            self.known,
            self.spread,
            self.mixed,
        )

    def gap(self, i: int) -> str:
        """What stands between word i and the next, or the rest of the text after the last one."""
        return self.gaps[i + 1]

    def gap_before(self, i: int) -> str:
        """What stands between word i and the one before it, or the text's beginning."""
        return self.gaps[i]

    def written(self, first: int, last: int) -> str:
        """The original's characters from word first to word last."""
        return self.as_written(self.starts[first], self.ends[last])

    def as_written(self, start: int, end: int) -> str:
        """The original's characters behind a span of the folded text."""
        begin, stop = self.folded.span(start, end)
        return self.original[begin:stop]


@lru_cache(maxsize=32)
def read(text: str) -> Reading:
    """Folds and cuts one text."""
    folded = _with_figures_for_signs(fold(text))
    parts = _WORD.split(folded.text)  # gaps and words by turns
    places = list(accumulate(map(len, parts)))
    words = parts[1::2]
    known = set(words)
    odd = [word for word in known if not (word.isalpha() or word.isdigit())]
    spread: list[str] = []
    mixed: list[str] = []
    if odd:
        plain = {word: _plain(word) for word in odd}
        mixed = [word for word in plain.values() if not (word.isalpha() or word.isdigit())]
        known.update(*map(_meanings, odd))
        spread = [meant for word, meant in plain.items() if meant != word and "'" not in word]
        words = [plain.get(word, word) for word in words]
    meant = meant_words()
    if not meant.keys().isdisjoint(known):
        words = [meant.get(word, word) for word in words]
        known.update(words)
    if _LEET_SIGNS.search(folded.text):
        known.update(map(without_leet, _SIGN_INSIDE.findall(folded.text)))
    if "." in parts[2:-1:2]:
        known.update(_initials(words, parts[0::2]))
    sets = (frozenset(known), frozenset(spread), frozenset(mixed))
    return Reading(text, folded, folded.text, words, parts[0::2], places[0:-1:2], places[1::2], *sets)


def _with_figures_for_signs(folded: Folded) -> Folded:
    """The text with number words that have signs for letters in the leet of figures: "f!ve" as "f1ve"."""
    if _SIGN_FOR_A_LETTER.search(folded.text) is None:
        return folded
    return folded._replace(text=_WORD_WITH_SIGNS.sub(_in_figures, folded.text))


def _in_figures(match: re.Match[str]) -> str:
    word = match.group()
    core = word.rstrip("!$")
    is_number = not core.isalnum() and _number_words().fullmatch(without_leet(core)) is not None
    return core.translate(_FIGURES_FOR_SIGNS) + word[len(core) :] if is_number else word


@cache
def _number_words() -> re.Pattern[str]:
    """One or more words for digits and tens, run together."""
    words = [word for word, (_, kind) in number_words().items() if word.isalpha() and kind in {SPELLED, TENS}]
    return re.compile(f"(?:{'|'.join(sorted(words, key=len, reverse=True))})+")


def _initials(words: list[str], gaps: list[str]) -> list[str]:
    """Two letters with a dot between, as one word: "i.g"."""
    dots = [i for i, gap in enumerate(gaps[1:-1]) if gap == "."]
    return [words[i] + words[i + 1] for i in dots if len(words[i]) == len(words[i + 1]) == 1]


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    """The word without apostrophes and without what holds single characters apart."""
    return word if word.isalnum() else "".join(filter(str.isalnum, word))


@lru_cache(maxsize=4096)
def _meanings(word: str) -> tuple[str, ...]:
    """What a word that is neither letters nor figures may be read as."""
    plain = _plain(word)
    meant = (plain,) if plain.isdigit() else (plain, without_leet(plain))
    return meant if word.isalnum() else (*meant, word.partition("'")[0])


@lru_cache(maxsize=4096)
def without_leet(word: str) -> str:
    """The word with the figures that stand for letters put back."""
    return word.translate(_LETTERS_FOR_FIGURES)
