"""Mail addresses with an at sign, in one word, or written from the end."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from switchboard.domain.contact_details.names import (
    PLAIN_ENDINGS,
    PROVIDERS,
    SAID_AT_A_WORDS_END,
    SPOKEN_ENDINGS,
    registered_domain,
)
from switchboard.domain.contact_details.redact import MOST_FINDINGS
from switchboard.domain.contact_details.tokens import Reading, without_leet


class EmailSpan(NamedTuple):
    """An address at text[start:end] of the folded text; the domain is empty where none was said."""

    start: int
    end: int
    domain: str


_AT_SIGN = re.compile(r"@(?=[\s)\]}>]{0,3}[a-z0-9])")
_LOCAL_PART = re.compile(r"[a-z0-9._%+\-']{1,64}\s?$")
_SPACED_LOCAL_PART = re.compile(r"(?:[a-z0-9] ){3,40}$")
_DOMAIN = re.compile(r"\s?((?:[a-z0-9-]{1,63}\.){1,6}[a-z0-9]{2,24})")
_LOOSE_DOMAIN = re.compile(
    r"\s?((?:[a-z0-9-]{1,63}\s?[.,]\s?){1,3}(?:com|c0m|net|org|edu|biz|io|co|uk|info|c\s?[o0]\s?m))(?![a-z0-9])"
)
_SECRET_REACH = 24
_ONE_WORD = re.compile(r"([a-z0-9]{2,40}?)at([a-z0-9]{2,20})dot(com|net|org|co)(?![a-z0-9])")
_FIRST_LABEL = re.compile(
    r"\s?((?:g|hot|proton|fast) mail|out look|i cloud|[a-z0-9]{2,20}|(?:[a-z0-9] ){2,20}[a-z0-9])"
)
_LOCAL_REACH, _DOMAIN_REACH = 80, 120


@cache
def _secret() -> re.Pattern[str]:
    """What stands before a password."""
    return re.compile(r"(?:pw|pwd|pass|password|passcode|clave|contrasena|contraseña|login)[^a-z0-9]{1,3}(?:is |es )?$")


@cache
def _last_to_first() -> re.Pattern[str]:
    return re.compile(rf"\bmoc ?\. ?({'|'.join(provider[::-1] for provider in sorted(PROVIDERS))}) ?@ ?[a-z0-9._-]+")


def written_emails_in(reading: Reading) -> list[EmailSpan]:
    """The written addresses of a text in order."""
    text = reading.text
    spans = _with_at_sign(text) if "@" in text else []
    if SAID_AT_A_WORDS_END.search(text):
        spans = sorted(spans + _run_together(text))
    if "moc" in text:
        spans = sorted(spans + _backwards(text))
    return spans


def _backwards(text: str) -> list[EmailSpan]:
    """Addresses written from the end: "moc.liamg@ssej"."""
    return [EmailSpan(*match.span(), match[1][::-1] + ".com") for match in _last_to_first().finditer(text)]


def _run_together(text: str) -> list[EmailSpan]:
    """Addresses spoken in one word: "jessATgmailDOTcom"."""
    return [EmailSpan(match.start(), match.end(), f"{match[2]}.{match[3]}") for match in _ONE_WORD.finditer(text)]


def _with_at_sign(text: str) -> list[EmailSpan]:
    spans: list[EmailSpan] = []
    for match in _AT_SIGN.finditer(text):
        if spans and match.start() < spans[-1].end:
            continue
        found = _around(text, match.start())
        if found is not None:
            spans.append(found)
        if len(spans) == MOST_FINDINGS:
            break
    return spans


def _around(text: str, at: int) -> EmailSpan | None:
    after = text[at + 1 : at + 1 + _DOMAIN_REACH].lstrip(")]}>")
    skipped = len(text[at + 1 : at + 1 + _DOMAIN_REACH]) - len(after)
    before = text[max(0, at - _LOCAL_REACH) : at].rstrip("([{<")
    host = _host(after, is_tight=not before.endswith(" ") and not after.startswith(" "))
    if host is None:
        return None
    local = _SPACED_LOCAL_PART.search(before) or _LOCAL_PART.search(before)
    if local is None:
        return None
    start = max(0, at - _LOCAL_REACH) + local.start()
    if host[1].rpartition(".")[2] not in PLAIN_ENDINGS and _secret().search(text, max(0, start - _SECRET_REACH), start):
        return None
    return EmailSpan(start, at + 1 + skipped + host[0], host[1])


def _host(after: str, *, is_tight: bool) -> tuple[int, str] | None:
    """Where the domain after an at sign ends, and what it is."""
    domain = _DOMAIN.match(after) or _LOOSE_DOMAIN.match(after)
    if domain is not None:
        name = re.sub(r"\s", "", domain.group(1)).replace(",", ".")
        ending = without_leet(name.rpartition(".")[2])
        if is_tight and ending.isalpha():
            return domain.end(), _cleaned(name)
        if ending in SPOKEN_ENDINGS:
            return domain.end(), _cleaned(name)
    label = _FIRST_LABEL.match(after)
    if label is not None:
        provider = without_leet(label.group(1).replace(" ", ""))
        provider = provider.removesuffix("com") if provider.endswith(("lcom", "ocom")) else provider
        if provider in PROVIDERS:
            loose = _LOOSE_DOMAIN.match(after)
            return (loose or label).end(), provider + ".com"
    return None


def _cleaned(name: str) -> str:
    return registered_domain([without_leet(label) for label in name.split(".")])
