"""A small language for phrases, so that rules read like what they match.

A rule is words between spaces. An item is `word`, alternatives `a|b`, a class `<name>`, or these mixed; `_`
joins words to one alternative. `item?` may be missing, `..3` stands for up to three words of one sentence,
`!a|b` says what must not follow, and `$` is the sentence's end. A rule begins and ends between words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ANY_WORDS = r"(?:[a-z0-9]+ ){0,%s}?"
_SENTENCE_END = r"(?=\.|$)"


def compile_rules(rules: Iterable[str], classes: Mapping[str, str]) -> re.Pattern[str]:
    """One pattern for all rules, over words that are each followed by one space."""
    return re.compile(r"\b(?:" + "|".join(_rule(rule, classes) for rule in rules) + ")")


def _rule(rule: str, classes: Mapping[str, str]) -> str:
    return "".join(_item(item, classes) for item in rule.split())


def _item(item: str, classes: Mapping[str, str]) -> str:
    if item == "$":
        return _SENTENCE_END
    if item.startswith(".."):
        return _ANY_WORDS % item[2:]
    if item.startswith("!"):
        return f"(?!{_alternatives(item[1:], classes)})"
    if item.endswith("?"):
        return f"(?:{_alternatives(item[:-1], classes)})?"
    return _alternatives(item, classes)


def _alternatives(item: str, classes: Mapping[str, str]) -> str:
    words: list[str] = []
    for one in item.split("|"):
        words.extend(classes[one[1:-1]].split() if one.startswith("<") else [one])
    longest_first = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))
    return "(?:" + "|".join(word.replace("_", " ") for word in longest_first) + ") "
