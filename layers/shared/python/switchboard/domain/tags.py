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


def read_tag(body: str, *, pictured: bool = False) -> tuple[Tag | None, str]:
    """The tag of a text and the text without it. A number followed by words, or a time, is none.

    pictured: something comes with the words, which then are not the whole text. A plain number below a picture is its
    caption; one that is marked as a tag names the client whom the picture is for.
    """
    if bare := _BARE.fullmatch(body):
        if not pictured:
            return Tag(_group(bare), bare=True), body
        plain, *_ = bare.groups()
        return (None, body) if plain else (Tag(_group(bare)), "")
    if tagged := _TAGGED.match(body):
        return Tag(_group(tagged)), body[tagged.end() :]
    return None, body


def _group(match: re.Match[str]) -> int:
    return int(next(group for group in match.groups() if group))
