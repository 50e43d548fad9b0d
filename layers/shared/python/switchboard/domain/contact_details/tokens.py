"""A text as words with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass

from switchboard.domain.contact_details.confusables import Folded, fold

PART_BREAK = "\x1e"  # between the texts of one sender, read together
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Reading:
    """A folded text cut into words; words[i] is text[starts[i]:ends[i]] without apostrophes."""

    original: str
    folded: Folded
    words: list[str]
    starts: list[int]
    ends: list[int]

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text

    def gap(self, i: int) -> str:
        """What stands between word i and the next, or the rest of the text after the last one."""
        if i + 1 < len(self.starts):
            return self.folded.text[self.ends[i] : self.starts[i + 1]]
        return self.folded.text[self.ends[i] :]

    def gap_before(self, i: int) -> str:
        """What stands between word i and the one before it, or the text's beginning."""
        return self.folded.text[self.ends[i - 1] if i else 0 : self.starts[i]]

    def as_written(self, start: int, end: int) -> str:
        """The original's characters behind a span of the folded text."""
        first, last = self.folded.span(start, end)
        return self.original[first:last]


def read(text: str) -> Reading:
    """Folds and cuts one text."""
    folded = fold(text)
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _WORD.finditer(folded.text):
        word = match.group()
        words.append(word.replace("'", "") if "'" in word else word)
        starts.append(match.start())
        ends.append(match.end())
    return Reading(text, folded, words, starts, ends)
