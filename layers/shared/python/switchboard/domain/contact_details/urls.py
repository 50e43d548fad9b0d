"""Web addresses, written or spoken ("dot com"), without those that the organisation allows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from switchboard.domain.contact_details.names import (
    ALL_ENDINGS,
    FILE_ENDINGS,
    NOUN_ENDINGS,
    PLAIN_ENDINGS,
    PROVIDERS,
    SAID_AT_A_WORDS_END,
    SPOKEN_COUNTRY_ENDINGS,
    SPOKEN_ENDINGS,
    WORDS_AMONG_PLAIN_ENDINGS,
    is_user_name,
    registered_domain,
)
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading, without_leet
from switchboard.domain.contact_details.vocabulary import words_of


class UrlSpan(NamedTuple):
    """An address at text[start:end] of the folded text, and its domain."""

    start: int
    end: int
    domain: str
    is_allowed: bool


# Each branch begins with a letter, so that the search can leap to the next one.
_SCHEME = re.compile(r"h(?:ttps?|xxps?) ?: ?/ ?/ ?[^\s]{1,1600}|w(?<![a-z0-9]w)ww ?\. ?[a-z0-9][^\s]{0,1600}")
_SCHEME_PREFIX = re.compile(r"(?:https?|hxxps?) ?: ?/ ?/ ?|www ?\. ?")
_REST = re.compile(r"(?::[0-9]{1,5})?[/?#][^\s]*")
_HOST_END = re.compile(r"[/?#:]")
_ENDINGS = ALL_ENDINGS | SPOKEN_ENDINGS
_DOTS = frozenset({"dot", "punto", "point", "period"})
_RARE_DOTS = frozenset({"point", "period"})
_BRACKETED_DOT = re.compile(r"\s{0,2}[\[({<]\s{0,2}(?:\.|dot|punto)\s{0,2}[\])}>]\s{0,2}")
_SPACED_ENDINGS = frozenset({"com", "net", "org"})
_SITE_CUES = words_of(
    "site website web page url link online google visit browse www com slash booking rates portfolio blog sitio pagina"
)
_BEFORE_A_HOST = words_of("at on visit see check from under join try via my our en")
_AFTER_A_HOST = words_of(
    "has have is are and or for if when where to in on with lists shows works they you we i anytime please"
    " instead now today next y o para si es tiene"
)
_MOST_LABELS = 8
_CUE_REACH = 6
_SUBDOMAIN_LABELS = 3
_SHORTEST_HOST = 2
_LONG_HOST = 5
_TRAILING = ".,!?;:)]}'\""


@cache
def _without_dots() -> re.Pattern[str]:
    """An address whose dots are left out."""
    return re.compile(r"w(?<![a-z0-9]w)ww[ ,]?([a-z0-9-]{4,40})[ ,]?com(?![a-z0-9])")


@cache
def _one_word() -> re.Pattern[str]:
    """An address in one word, its dot said or left out."""
    return re.compile(
        r"(?<![a-z0-9])(?:www[ ,]?(?P<bare>[a-z0-9-]{4,40})[ ,]?com|(?P<host>[a-z0-9-]{4,40})"
        r"dot(?P<end>com|net|org))(?![a-z0-9])"
    )


def urls_in(reading: Reading, *, allowed: Sequence[str]) -> list[UrlSpan]:
    """The addresses of a text in order, the allowed ones marked."""
    whole = _written_whole(reading, allowed)
    if SAID_AT_A_WORDS_END.search(reading.text):
        whole = sorted(whole + _run_together(reading.text))
    elif "www" in reading.text:
        whole = sorted(whole + _undotted(reading.text))
    if _ENDINGS.isdisjoint(reading.known):
        return whole
    spans: list[UrlSpan] = []
    covered = 0
    ahead = 0
    for i in _possible_endings(reading):
        start = reading.starts[i]
        while ahead < len(whole) and whole[ahead].end <= start:
            ahead += 1
        is_taken = start < covered or (ahead < len(whole) and whole[ahead].start <= start)
        found = None if is_taken else _at_ending(reading, i, allowed)
        if found is not None:
            spans.append(found)
            covered = found.end
    return sorted(whole + spans)


def _written_whole(reading: Reading, allowed: Sequence[str]) -> list[UrlSpan]:
    text = reading.text
    if "//" not in text and "www" not in text and "/ /" not in text:
        return []
    return [_span(reading, match.start(), match.end(), allowed) for match in _SCHEME.finditer(text)]


def _undotted(text: str) -> list[UrlSpan]:
    """Addresses without a dot: "www jesswalks com"."""
    return [
        UrlSpan(match.start(), match.end(), f"{match[1]}.com", is_allowed=False)
        for match in _without_dots().finditer(text)
    ]


def _run_together(text: str) -> list[UrlSpan]:
    """Addresses spoken in one word: "jesswalksdotcom"."""
    return [
        UrlSpan(
            match.start(), match.end(), f"{match['bare'] or match['host']}.{match['end'] or 'com'}", is_allowed=False
        )
        for match in _one_word().finditer(text)
    ]


def _possible_endings(reading: Reading) -> list[int]:
    """The words behind the first that may end a domain, perhaps in leet ("c0m"): behind a sign, or a spoken dot."""
    words, gaps = reading.words, reading.gaps
    endings = (ALL_ENDINGS & reading.known).union(
        [word for word in reading.mixed if without_leet(word) in SPOKEN_ENDINGS]
    )
    if not endings:
        return []
    dots = _DOTS.union([word for word in reading.mixed if without_leet(word) in _DOTS])
    spaced = {word for word in endings if without_leet(word) in _SPACED_ENDINGS}
    return [
        i
        for i, word in enumerate(words)
        if word in endings and i and (gaps[i] == "." or words[i - 1] in dots or (word in spaced and gaps[i] != " "))
    ]


def _at_ending(reading: Reading, i: int, allowed: Sequence[str]) -> UrlSpan | None:
    """The address whose domain ends at word i, if one does."""
    word = reading.words[i]
    gap = reading.gap_before(i)
    if gap == ".":
        return _dotted(reading, i, allowed)
    if gap in {",", "~", "*"} and word == "com" and len(reading.words[i - 1]) > _SUBDOMAIN_LABELS:
        return _span(reading, reading.starts[i - 1], reading.ends[i], allowed)
    if _is_spoken(reading, i, gap):
        return _spoken(reading, i)
    return None


def _dotted(reading: Reading, i: int, allowed: Sequence[str]) -> UrlSpan | None:
    first = i - 1
    while first > 0 and i - first < _MOST_LABELS and reading.gap_before(first) in {".", "-", "--", "_"}:
        first -= 1
    start = reading.starts[first]
    rest = _REST.match(reading.text, reading.ends[i])
    if reading.gap(i) == "." and i + 1 < len(reading.words) and reading.words[i + 1] in ALL_ENDINGS:
        return None  # the domain goes on: judged at its end
    is_mail = start > 0 and reading.text[start - 1] == "@"
    if is_mail or not _is_domain(reading, first, i, has_path=rest is not None):
        return None
    return _span(reading, start, rest.end() if rest else reading.ends[i], allowed)


def _is_domain(reading: Reading, first: int, last: int, *, has_path: bool) -> bool:
    """Whether the labels are a domain, and no full stop without a space behind it."""
    ending, host = _meant(reading.words[last]), reading.text[reading.starts[first] : reading.ends[last - 1]]
    if ending in FILE_ENDINGS or (len(host) < _SHORTEST_HOST and not has_path):
        return False
    if has_path and reading.text[reading.ends[last]] == "/":
        return True
    if host in PROVIDERS or _begins_sentence(reading, last):
        return False
    if ending in PLAIN_ENDINGS:
        return ending not in WORDS_AMONG_PLAIN_ENDINGS or not _goes_on(reading, first, last, host)
    if ending in NOUN_ENDINGS and _is_whole_name(reading, first, last, host):
        return True
    return len(host) > _SUBDOMAIN_LABELS and _has_site_cue(reading, first, last)


def _meant(ending: str) -> str:
    """The ending, perhaps written in leet ("c0m")."""
    return ending if ending.isalpha() else without_leet(ending)


def _is_whole_name(reading: Reading, first: int, last: int, host: str) -> bool:
    """Whether the labels look like a name, or a long one is all that is said."""
    if last - first + 1 >= _SUBDOMAIN_LABELS or _is_compound(reading, first, last, host):
        return True
    return first == 0 and last + 1 == len(reading.words) and len(host) > _LONG_HOST


def _begins_sentence(reading: Reading, last: int) -> bool:
    """Whether what follows the dot is written like a sentence's first word."""
    written = reading.written(last, last)
    return written[0].isupper() and not written.isupper() and reading.words[last] != "com"


def _goes_on(reading: Reading, first: int, last: int, host: str) -> bool:
    """Whether a sentence goes on behind the ending, and nothing says that a host stands before it."""
    if reading.gap(last) not in {" ", "-"} or last + 1 == len(reading.words):
        return False
    if reading.gap(last) == " " and reading.words[last + 1] in _AFTER_A_HOST:
        return False
    before = reading.words[first - 1] if first else ""
    return not (
        before in _BEFORE_A_HOST
        or last - first + 1 >= _SUBDOMAIN_LABELS
        or _is_compound(reading, first, last, host)
        or _has_site_cue(reading, first, last)
    )


def _is_compound(reading: Reading, first: int, last: int, host: str) -> bool:
    return "-" in host or is_user_name(host, reading.written(first, last - 1))


def _has_site_cue(reading: Reading, first: int, last: int) -> bool:
    near = reading.words[max(0, first - _CUE_REACH) : first] + reading.words[last + 1 : last + 1 + _CUE_REACH]
    return not _SITE_CUES.isdisjoint(near)


def _is_spoken(reading: Reading, i: int, gap: str) -> bool:
    """Whether the ending is said: "dot com", "(dot) com", " . com"."""
    before, word = _meant(reading.words[i - 1]), reading.words[i]
    if word in SPOKEN_COUNTRY_ENDINGS:
        return before in _DOTS - _RARE_DOTS and gap == " " and _is_name_of_a_site(reading, i)
    if word not in SPOKEN_ENDINGS and without_leet(word) not in SPOKEN_ENDINGS:
        return False
    if before in _DOTS and word not in _SPACED_ENDINGS and (PART_BREAK in gap or before in _RARE_DOTS):
        return False
    if before in _DOTS:
        return i > 1 and gap.strip(" -_)(][}{<>*\n\x1e") == "" and (PART_BREAK in gap or "\n" not in gap)
    bare = without_leet(word)
    if bare in _SPACED_ENDINGS and (gap == " . " or _BRACKETED_DOT.fullmatch(gap)):
        return True
    begins_sentence = gap[-1:] == " " and reading.written(i, i)[0].isupper()
    return bare == "com" and gap.strip() in {".", "(.", "[."} and gap != "." and not begins_sentence


def _is_name_of_a_site(reading: Reading, i: int) -> bool:
    """Whether what stands before a spoken dot looks like a name, and the ending at word i like no verb."""
    host = i - 2
    if host < 0 or not is_user_name(reading.words[host], reading.written(host, host)):
        return False
    is_last = i + 1 == len(reading.words) or reading.gap(i) != " "
    return is_last or reading.words[i + 1] in _AFTER_A_HOST or _has_site_cue(reading, host, i)


def _spoken(reading: Reading, i: int) -> UrlSpan | None:
    before = _meant(reading.words[i - 1])
    host = i - 2 if before in _DOTS else i - 1
    name = reading.words[host]
    if name in {"the", "a", "is", "on", "at"} or (reading.words[i] == "me" and not _has_slash(reading, i)):
        return None
    last = i
    if reading.words[i + 1 : i + 2] == ["slash"] and i + 2 < len(reading.words):
        last = i + 2
    ending = without_leet(reading.words[i])
    return UrlSpan(reading.starts[host], reading.ends[last], f"{name}.{ending}", is_allowed=False)


def _has_slash(reading: Reading, i: int) -> bool:
    if i + 1 < len(reading.words) and reading.words[i + 1] == "slash":
        return True
    return reading.gap(i).lstrip().startswith("/")


def _span(reading: Reading, start: int, end: int, allowed: Sequence[str]) -> UrlSpan:
    while end > start + 1 and reading.text[end - 1] in _TRAILING:
        end -= 1
    address = _SCHEME_PREFIX.sub("", reading.text[start:end], count=1)
    return UrlSpan(start, end, _domain(address), any(_is_under(reading, start, end, one) for one in allowed))


def _domain(address: str) -> str:
    """The registered domain of an address without its scheme: "co.uk" counts as one ending."""
    host = _HOST_END.split(address.rpartition("@")[2] if "@" in address.partition("/")[0] else address, maxsplit=1)[0]
    return registered_domain([label for label in host.replace(" ", "").replace(",", ".").split(".") if label])


def _is_under(reading: Reading, start: int, end: int, allowed: str) -> bool:
    """Whether the address is the allowed one, a path below it, or it with a query."""
    written = reading.as_written(start, end)
    if not written.isascii():
        return False
    address = _bare(written)
    home = _bare(allowed).rstrip("/")
    if not home or not address.startswith(home):
        return False
    rest = address[len(home) :]
    return (rest == "" or rest[0] in "/?#") and "//" not in rest and "www." not in rest and "@" not in rest


def _bare(address: str) -> str:
    """The address in lower case without its scheme."""
    return re.sub(r"^https?://", "", address.strip().lower())
