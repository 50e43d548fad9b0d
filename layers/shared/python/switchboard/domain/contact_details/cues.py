"""What stands around a number: cues to call or keep it, and words that make it something else."""

from __future__ import annotations

import re
from bisect import bisect_left

from switchboard.domain.contact_details.tokens import Reading
from switchboard.domain.contact_details.vocabulary import (
    KEEP_VERBS,
    LABELS,
    LINE_NOUNS,
    MONTHS,
    OBJECTS,
    OWNERS,
    POINTERS,
    REACH_ME,
    REACH_VERBS,
    REACHED_AT,
    SURE_LINE_NOUNS,
)

STRONG = 3.0
WEAK = 2.0
_NEAR = 14
_LABEL_BEFORE = 5
_LABEL_AFTER = 4
_ABBREVIATIONS = frozenset({"no", "num", "nr", "nbr", "nos", "ref", "inv", "conf", "acct"})
_CLAUSE = re.compile(r"[.!?;\n]")
_BEGINS_CLAUSE = frozenset({"if", "when", "whenever", "because", "cuando", "si", "porque", "quand", "wenn", "quando"})
# Said of what stands before: "202 555 0147 works best".
_PRAISES = frozenset({"works", "reaches", "rings", "best", "better", "fastest", "easiest"})
# Of how a number is written, so that nothing finds it.
_HIDING = frozenset({"spacing", "unscramble", "decode", "rearrange", "together"})
_FINDS = frozenset({"block", "blocks", "blocked", "blocking", "filter", "filters", "censor", "censors", "deletes",
                    "bleeps", "flags", "hates", "hides", "removes"})  # fmt: skip
_FOUND = frozenset({"it", "number", "numbers", "phone", "phones", "digits", "them", "these", "this", "cells"})
_HELD_APART_BY = frozenset({"spaces", "dashes", "dots", "gaps", "letters", "signs", "emojis", "commas"})
_TAKING_OUT = frozenset({"out", "remove", "ignore", "without", "minus", "delete", "drop", "no", "skip", "lose"})
_MONTH_TOO = frozenset({"may", "march", "mar"})  # words that are seldom a month
_BEFORE_MONTH = frozenset({"of", "in", "by", "until", "till", "de", "en", "this", "next", "last", "early", "late"})
_WEAK_WORDS = REACH_VERBS | LINE_NOUNS | {"instead", "anytime", "emergency", "urgent", "outside", "offline"}


class Cues:
    """The cues of one text, found once, when they are asked for."""

    __slots__ = ("_found", "_reading")

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._found: tuple[list[int], list[int], list[int]] | None = None

    def near(self, first: int, last: int) -> float:
        """How plainly the words around words first to last ask to call or keep what they say."""
        strong, weak, _ = self._found or self._places()
        if strong and _any_between(strong, first - _NEAR, last + _NEAR):
            return STRONG
        return WEAK if weak and _any_between(weak, first - _NEAR, last + _NEAR) else 0.0

    def is_labelled(self, first: int, last: int) -> bool:
        """Whether the words next to the number, in its clause, say that it is no phone."""
        labels = (self._found or self._places())[2]
        if not labels:
            return False
        at = bisect_left(labels, first)
        if at and labels[at - 1] >= first - _LABEL_BEFORE and not self._breaks_between(labels[at - 1], first - 1):
            return True
        if at < len(labels) and labels[at] < last:
            return True
        at = bisect_left(labels, last + 1)
        if at == len(labels) or labels[at] > last + _LABEL_AFTER:
            return False
        words = self._reading.words
        return _BEGINS_CLAUSE.isdisjoint(words[last + 1 : labels[at]]) and not self._breaks_between(
            last, labels[at] - 1
        )

    def _places(self) -> tuple[list[int], list[int], list[int]]:
        """The words that are strong cues, weak ones, and labels."""
        if self._found is None:
            cues = [
                (i, self._is_strong(i, word))
                for i, word in self._places_of(_CUE_WORDS)
                if word not in _PRAISES or self._praises_a_number(i)
            ]
            may_mislead = _LABELS if "area" in self._reading.known else _WORDS_TOO
            self._found = (
                [i for i, is_strong in cues if is_strong],
                [i for i, is_strong in cues if not is_strong],
                [
                    i
                    for i, word in self._places_of(_LABELS)
                    if word not in may_mislead or not self._is_no_label(i, word)
                ],
            )
        return self._found

    def _places_of(self, words: frozenset[str]) -> list[tuple[int, str]]:
        """Where the text has one of these words, and which."""
        there = words & self._reading.known
        return [(i, word) for i, word in enumerate(self._reading.words) if word in there] if there else []

    def _is_no_label(self, i: int, word: str) -> bool:
        """Whether the word means something else here: "area code", "pass it on"."""
        words = self._reading.words
        if word in _MONTH_TOO:
            before, after = words[i - 1] if i else "", words[i + 1 : i + 2]
            return not (before in _BEFORE_MONTH or before[:1].isdigit() or (after and after[0][:1].isdigit()))
        if word == "lot":
            return words[max(0, i - 1) : i] == ["a"]
        return "area" in words[max(0, i - 1) : i + 2] or (word == "pass" and words[i + 1 : i + 2] in _PASSED)

    def _praises_a_number(self, i: int) -> bool:
        words = self._reading.words
        return i > 1 and (words[i - 1] if words[i - 1] not in {"is", "works"} else words[i - 2])[:1].isdigit()

    def _tells_of_hiding(self, i: int, word: str, after: str) -> bool:
        """Whether it says how a number was written past what looks for numbers: "the app blocks it"."""
        if word in _HELD_APART_BY:
            return not _TAKING_OUT.isdisjoint(self._reading.words[max(0, i - 3) : i])
        if word == "together":
            return self._reading.words[max(0, i - 1) : i] == ["put"]
        return word in _HIDING or after in _FOUND

    def _breaks_between(self, first: int, last: int) -> bool:
        """Whether a clause ends behind one of these words."""
        words, gaps = self._reading.words, self._reading.gaps
        for i in range(first, last + 1):
            gap = gaps[i + 1]
            if gap != " " and _CLAUSE.search(gap) is not None and words[i] not in _ABBREVIATIONS:
                return True
        return False

    def _is_strong(self, i: int, word: str) -> bool:
        words = self._reading.words
        after = words[i + 1] if i + 1 < len(words) else ""
        before = words[i - 1] if i else ""
        if word in REACH_ME or (word == "area" and "code" in {before, after}):
            return True
        if word == "me":
            return before in _BEFORE_ME and after not in {"who", "a", "the", "some", "to"}
        if word in _EVADING:
            return self._tells_of_hiding(i, word, after)
        if word in REACH_VERBS and before == "to" and words[max(0, i - 2)] == "how" and after in OBJECTS:
            return True
        if word in KEEP_VERBS:
            return after in POINTERS or after in OBJECTS or after in {"my", "number"}
        return (word in REACH_VERBS and self._is_reach(i, after)) or self._is_line(i, word, before, after)

    def _is_reach(self, i: int, after: str) -> bool:
        """Whether the verb leads to the number: "call me at", "text that number", "call the order number"."""
        words = self._reading.words
        if after[:1].isdigit() or after in POINTERS:
            return True
        if words[i + 3 : i + 4] == ["number"] and words[i + 2] in LABELS:
            return True
        at = i + 2 if after in OBJECTS else i + 1
        return at < len(words) and (words[at] in REACHED_AT or words[at][:1].isdigit())

    def _is_line(self, i: int, word: str, before: str, after: str) -> bool:
        """Whether the noun names somebody's line: "my cell", "new number is"."""
        if word not in LINE_NOUNS:
            return False
        words = self._reading.words
        owned = before in OWNERS or (i > 1 and words[i - 2] in OWNERS)
        pointed = before in {"that", "this", "the"} and words[max(0, i - 2)] in REACH_VERBS
        labelled = before in LABELS or (i > 1 and words[i - 2] in LABELS)
        tells = after in _TELLS or after[:1].isdigit()
        return pointed or (not labelled and (owned or (tells and word in SURE_LINE_NOUNS)))


_TELLS = frozenset({"is", "es", "its", "cest", "est", "e", "ist"})
_BEFORE_ME = frozenset({"is", "thats", "its", "get", "find", "catch", "of", "reach", "hit"})
_LABELS = LABELS | MONTHS
_WORDS_TOO = _MONTH_TOO | {"lot", "pass"}  # labels that may mean something else
_PASSED = (["it"], ["that"], ["this"], ["along"])
_EVADING = _HIDING | _FINDS | _HELD_APART_BY
_CUE_WORDS = _WEAK_WORDS | REACH_ME | KEEP_VERBS | _EVADING | _PRAISES | {"area", "me"}


def _any_between(places: list[int], low: int, high: int) -> bool:
    at = bisect_left(places, low)
    return at < len(places) and places[at] <= high
