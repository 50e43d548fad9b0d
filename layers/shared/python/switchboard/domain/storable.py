"""Text as PostgreSQL can hold it: without NUL and halves of surrogate pairs."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether the text can be held as it is."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The text without the characters that cannot be held."""
    return _UNSTORABLE.sub("", text)
