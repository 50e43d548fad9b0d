"""A text as plain words for matching phrases: leet undone, compounds joined, sentences kept apart by dots."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple

from switchboard.domain.contact_details.tokens import Reading, without_leet

_SENTENCE_END = re.compile(r"[.!?;\n](?:\s|$)|\n")
# Two words that are one name, and signs inside one.
_COMPOUNDS = {
    **dict.fromkeys((("whats", "app"), ("what", "app"), ("watts", "app"), ("wats", "app")), "whatsapp"),
    **dict.fromkeys((("cash", "app"), ("c", "app")), "cashapp"),
    **dict.fromkeys((("apple", "pay"), ("apple", "cash")), "applepay"),
    **dict.fromkeys((("google", "pay"), ("samsung", "pay")), "googlepay"),
    ("pay", "pal"): "paypal",
    ("ven", "mo"): "venmo",
    ("snap", "chat"): "snapchat",
    ("face", "book"): "facebook",
    ("insta", "gram"): "instagram",
    ("google", "voice"): "googlevoice",
    ("tik", "tok"): "tiktok",
    ("tele", "gram"): "telegram",
    ("face", "time"): "facetime",
    ("linked", "in"): "linkedin",
    ("we", "chat"): "wechat",
    ("fb", "messenger"): "messenger",
    ("i", "message"): "imessage",
}
_FIRST_OF_TWO = frozenset(first for first, _ in _COMPOUNDS)
_OWNERS = frozenset({"your", "ur", "my", "a", "the", "his", "her"})
_SPEAKERS = frozenset({"my", "our", "mi"})
_INNER_SIGNS = frozenset("@$!-*._")


class Phrases(NamedTuple):
    """Words between single spaces; offsets[i] is where the reading's word i, or the one that took it in, begins."""

    text: str
    words: frozenset[str]
    offsets: list[int]

    def words_at(self, start: int, end: int) -> tuple[int, int]:
        """The reading's first and last word in text[start:end]."""
        behind = bisect_right(self.offsets, end - 1)
        if behind < len(self.offsets):
            behind = bisect_right(self.offsets, self.offsets[behind]) - 1
        return bisect_right(self.offsets, start) - 1, min(behind, len(self.offsets) - 1) - 1


def phrases_of(reading: Reading, vocabulary: frozenset[str]) -> Phrases:
    """The phrases of a text; leet is undone where that makes a word of the vocabulary."""
    words, gaps = reading.words, reading.gaps
    parts = [word + " " for word in words]
    telling = (_telling(vocabulary) & reading.known) | reading.mixed
    telling_gaps = {gap for gap in set(gaps) if gap in _INNER_SIGNS or _may_say_something(gap)}
    behind = -1
    for i in [i for i, word in enumerate(words) if gaps[i + 1] in telling_gaps or word in telling]:
        gap = gaps[i + 1]
        if i > behind and words[i] not in telling and gap not in _INNER_SIGNS:
            parts[i] = words[i] + _signs(words[i], gap) + " "
        elif i > behind:
            plain, behind = _word(reading, i, gap, vocabulary)
            parts[i] = plain + _signs(plain, gap_behind(reading, behind)) + " "
            parts[i + 1 : behind + 1] = [""] * (behind - i)
    text = "".join(parts)
    return Phrases(text, frozenset(text.split()), list(accumulate(map(len, parts), initial=0)))


def gap_behind(reading: Reading, i: int) -> str:
    """What stands behind word i, without the dot that ends initials: "I.G. = ..."."""
    gap = reading.gap(i)
    is_initial = gap[:1] == "." and i > 0 and reading.gap_before(i) == "." and len(reading.words[i]) == 1
    return gap[1:] if is_initial and len(reading.words[i - 1]) == 1 else gap


@cache
def _telling(vocabulary: frozenset[str]) -> frozenset[str]:
    """Words that may be more than themselves: the first of two, or with "is" at their end."""
    return _FIRST_OF_TWO | {word + "s" for word in vocabulary}


def _signs(word: str, gap: str) -> str:
    """What the signs behind a word say: "your #" is a number, and a sentence may end."""
    if gap == " ":
        return ""
    number = " number" if "#" in gap and word in _OWNERS else ""
    return number + (" ." if _ends_sentence(gap) else "")


def _may_say_something(gap: str) -> bool:
    return gap != " " and ("#" in gap or _ends_sentence(gap))


@lru_cache(maxsize=1024)
def _ends_sentence(gap: str) -> bool:
    return _SENTENCE_END.search(gap) is not None


def _is_owned(reading: Reading, i: int) -> bool:
    """Whether the word may hold "is" behind somebody's own: "my insta's"."""
    return i > 0 and reading.words[i][-1] == "s" and reading.words[i - 1] in _SPEAKERS


def _word(reading: Reading, i: int, gap: str, vocabulary: frozenset[str]) -> tuple[str, int]:
    """The word at i, perhaps of two, and the reading's last word in it."""
    word = reading.words[i]
    if len(gap) == 1 and (word in _FIRST_OF_TWO or gap in _INNER_SIGNS) and i + 1 < len(reading.words):
        following = reading.words[i + 1]
        compound = _COMPOUNDS.get((word, following))
        if compound is not None:
            return compound, i + 1
        if gap in _INNER_SIGNS:
            across = word + without_leet(gap).strip("-*._") + without_leet(following)
            if across in vocabulary and word not in vocabulary:
                return across, i + 1
    if (
        word[-1] == "s"
        and _is_owned(reading, i)
        and word[:-1] in vocabulary
        and reading.text.startswith("'s", reading.ends[i] - 2)
    ):
        return word[:-1] + " is", i
    if not (word.isalpha() or word.isdigit()):
        plain = without_leet(word)
        if plain in vocabulary:
            return plain, i
    return word, i
