"""A sitter's tags: how a text names its client, and what becomes of texts that do not."""

import re
from typing import NamedTuple

_NUMBER = r"([1-9][0-9]{0,2})"
_TAGGED = re.compile(
    rf"\s*(?:\#\s?{_NUMBER}(?!\w)[:)]?|\[\s?{_NUMBER}\s?\]:?|{_NUMBER}\s?:(?![0-9])|{_NUMBER}\s?\))\s*"
)
_BARE = re.compile(rf"\s*(?:{_NUMBER}|\#\s?{_NUMBER}|\[\s?{_NUMBER}\s?\]|{_NUMBER}\s?[:)])[\s.!]*")


class Tag(NamedTuple):
    """The number that a text begins with as a tag; bare: it is the whole text."""

    number: int
    bare: bool = False


def read_tag(body: str) -> tuple[Tag | None, str]:
    """The tag of a text and the text without it. A number followed by words, or a time, is none."""
    if bare := _BARE.fullmatch(body):
        return Tag(_group(bare), bare=True), body
    if tagged := _TAGGED.match(body):
        return Tag(_group(tagged)), body[tagged.end() :]
    return None, body


def _group(match: re.Match[str]) -> int:
    return int(next(group for group in match.groups() if group))
