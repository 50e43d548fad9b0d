"""Phones in E.164, judged by shape only."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_GAP = r"[ \u00a0.\-\u2010-\u2014\u2212]{0,3}"
_FORMATTED_US = re.compile(
    rf"(?:1{_GAP})?(?:\([0-9]{{3}}\)|[0-9]{{3}}){_GAP}/?{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}", re.ASCII
)
_FORMATTED_PLUS = re.compile(r"\+[1-9][0-9 \u00a0.()\-\u2010-\u2014\u2212]*")
_NATIONAL_TRUNK = re.compile(r"\(\s*0\s*\)")
_US_LENGTH = 10
_US_LENGTH_WITH_COUNTRY = 11


def is_e164(s: str) -> bool:
    """Whether the text is a plus and 7 to 15 digits, the first not 0."""
    return _E164.fullmatch(s) is not None


def to_e164(raw: str) -> str | None:
    """The phone in E.164, or None where the text has more than one reading.

    A number with a plus keeps its country; a formatted one without is read as US when it has ten digits
    that begin with neither 0 nor 1 (elsewhere those are prefixes), or eleven that begin with 1.
    """
    text = raw.strip()
    if text.startswith("+"):
        return _international(text)
    return _united_states(text)


def _international(text: str) -> str | None:
    if _FORMATTED_PLUS.fullmatch(text) is None or _NATIONAL_TRUNK.search(text):
        return None
    candidate = "+" + _digits(text)
    return candidate if is_e164(candidate) else None


def _united_states(text: str) -> str | None:
    if _FORMATTED_US.fullmatch(text) is None:
        return None
    digits = _digits(text)
    if len(digits) == _US_LENGTH_WITH_COUNTRY and digits.startswith("1"):
        return "+" + digits
    if len(digits) == _US_LENGTH and digits[0] not in "01":
        return "+1" + digits
    return None


def _digits(text: str) -> str:
    return "".join(re.findall(r"[0-9]", text))
