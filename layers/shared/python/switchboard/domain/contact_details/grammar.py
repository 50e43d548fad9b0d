"""A small language for phrases, so that rules read like what they match.

A rule is words between spaces. An item is `word`, alternatives `a|b`, a class `<name>`, or these mixed; `_`
joins words to one alternative. `item?` may be missing, `..3` stands for up to three words of one sentence,
`!a|b` says what must not follow, and `$` is the sentence's end. A rule begins and ends between words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from itertools import islice
from operator import or_
from typing import NamedTuple

from switchboard.domain.contact_details.vocabulary import words_of

_ANY_WORDS = r"(?:[a-z0-9]+ ){0,%s}?"
# Words that say little: a text has many of them.
_COMMON = words_of(
    "the a to you me us i we they it this that them my your our is on in at of for from with and here there not no dont"
    " never so if when after once what how can have do go come out up by as over will still again just one two"
)
_SENTENCE_END = r"(?=\.|$)"


class _Rule(NamedTuple):
    """A rule's place among the others, and a bit for each item that must not be missing."""

    place: int
    needed: int


class _Pattern(NamedTuple):
    match: Callable[[str, int], re.Match[str] | None]
    place: int


class Rules:
    """Rules over words that are each followed by one space.

    Few rules can match a given text: only those of whose every item the text has a word are tried at all, and
    only where a word stands that they begin with. Most are never tried, and none is compiled before it is.
    """

    __slots__ = ("_classes", "_items_of", "_patterns", "_rules", "_rules_of")

    def __init__(self, rules: Iterable[str], classes: Mapping[str, str]) -> None:
        self._rules = list(rules)
        self._classes = classes
        self._patterns: dict[int, _Pattern] = {}
        self._items_of: dict[str, int] = {}
        self._rules_of: dict[str, list[_Rule]] = {}
        bit = 1
        for place, rule in enumerate(self._rules):
            items = _items(rule)
            needed = 0
            for item in items:
                if not item.endswith("?"):
                    for word in _first_words(item, classes):
                        self._items_of[word] = self._items_of.get(word, 0) | bit
                    needed |= bit
                    bit <<= 1
            for word in _beginnings(items, classes):
                self._rules_of.setdefault(word, []).append(_Rule(place, needed))

    def finditer(
        self, text: str, words: frozenset[str], accepts: Callable[[re.Match[str]], bool] = bool
    ) -> Iterator[re.Match[str]]:
        """The accepted matches in order, none overlapping; where several rules match, the first one's.

        words are the text's; all matches are accepted where nothing is asked of them.
        """
        starting = self._starting(words)
        return _matches(text, starting, accepts) if starting else iter(())

    def all_in(self, text: str, words: frozenset[str], most: int) -> list[tuple[int, int, int]]:
        """Start and end of all matches of all rules, and which rule it is, in order; as many as that at most."""
        starting = self._starting(words)
        return list(islice(_all_matches(text, starting), most)) if starting else []

    def _starting(self, words: frozenset[str]) -> dict[str, list[_Pattern]]:
        """The rules of whose every item one of the words is there, by the words that they begin with."""
        beginnings = self._rules_of.keys() & words
        if not beginnings:
            return {}
        there = reduce(or_, map(self._items_of.__getitem__, self._items_of.keys() & words), 0)
        starting = {
            word: [place for place, needed in self._rules_of[word] if needed & there == needed] for word in beginnings
        }
        return {word: list(map(self._pattern, places)) for word, places in starting.items() if places}

    def _pattern(self, place: int) -> _Pattern:
        pattern = self._patterns.get(place)
        if pattern is None:
            source = "".join(_item(item, self._classes) for item in self._rules[place].split())
            pattern = self._patterns[place] = _Pattern(re.compile(source).match, place)
        return pattern


def triggers_of(rules: Iterable[str], classes: Mapping[str, str]) -> frozenset[str]:
    """Words of which a text has one where a rule matches: of each rule the item that fewest texts have."""
    triggers: set[str] = set()
    for rule in rules:
        needed = [_telling_words(item, classes) for item in _items(rule) if not item.endswith("?")]
        triggers |= min(needed, key=lambda words: (len(words & _COMMON), len(words)))
    return frozenset(triggers)


def _telling_words(item: str, classes: Mapping[str, str]) -> set[str]:
    """Of each alternative the word that fewest texts have."""
    alternatives = [words.split("_") for words in _alternatives(item, classes)]
    return {min(words, key=lambda word: (word in _COMMON, -len(word))) for words in alternatives}


def _items(rule: str) -> list[str]:
    """What a rule's words must be, without gaps, what must not follow, and the sentence's end."""
    return [item for item in rule.split() if item != "$" and not item.startswith(("..", "!"))]


def _matches(
    text: str, starting: Mapping[str, list[_Pattern]], accepts: Callable[[re.Match[str]], bool]
) -> Iterator[re.Match[str]]:
    at = covered = 0
    for word in text.split(" "):
        if word in starting and at >= covered:
            for pattern in starting[word]:
                match = pattern.match(text, at)
                if match is not None and accepts(match):
                    covered = match.end()
                    yield match
                    break
        at += len(word) + 1


def _all_matches(text: str, starting: Mapping[str, list[_Pattern]]) -> Iterator[tuple[int, int, int]]:
    at = 0
    for word in text.split(" "):
        for pattern in starting.get(word, ()):
            match = pattern.match(text, at)
            if match is not None:
                yield at, match.end(), pattern.place
        at += len(word) + 1


def _beginnings(items: list[str], classes: Mapping[str, str]) -> frozenset[str]:
    """The words that a rule of these items may begin with."""
    words: set[str] = set()
    for item in items:
        words |= _first_words(item, classes)
        if not item.endswith("?"):
            break
    return frozenset(words)


def _first_words(item: str, classes: Mapping[str, str]) -> set[str]:
    return {words.partition("_")[0] for words in _alternatives(item.rstrip("?"), classes)}


def _item(item: str, classes: Mapping[str, str]) -> str:
    if item == "$":
        return _SENTENCE_END
    if item.startswith(".."):
        return _ANY_WORDS % item[2:]
    if item.startswith("!"):
        return f"(?!{_pattern(item[1:], classes)})"
    if item.endswith("?"):
        return f"(?:{_pattern(item[:-1], classes)})?"
    return _pattern(item, classes)


def _pattern(item: str, classes: Mapping[str, str]) -> str:
    longest_first = sorted(_alternatives(item, classes), key=lambda words: (-len(words), words))
    return "(?:" + "|".join(words.replace("_", " ") for words in longest_first) + ") "


def _alternatives(item: str, classes: Mapping[str, str]) -> set[str]:
    alternatives: set[str] = set()
    for one in item.split("|"):
        alternatives.update(classes[one[1:-1]].split() if one.startswith("<") else [one])
    return alternatives
