"""Names on social and payment services, and invitations to go there."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

from switchboard.domain.contact_details.grammar import Rules
from switchboard.domain.contact_details.names import FILE_ENDINGS, before_how_written, is_user_name
from switchboard.domain.contact_details.phrases import Phrases, gap_behind
from switchboard.domain.contact_details.services import (
    CLASSES,
    IN_CHANNEL,
    INVITING,
    NAMING,
    PAYING,
    PAYMENTS,
    SERVICES,
    VAGUE_SERVICES,
)
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading
from switchboard.domain.contact_details.vocabulary import words_of

_OTHERS = ("they ", "company ", "agency ", "office ")  # what these do not take is no refusal
_SENTENCE_END = re.compile(r"[.!?]\s")
_ADDRESSED = re.compile(r"\b(?:me|us|you|u)\b")
_AT_NAME = re.compile(r"(?<![a-z0-9.*])@ ?([a-z][a-z0-9_.-]{2,40})")
_CASH_NAME = re.compile(r"\$ ?([a-z][a-z0-9_-]{2,30})")
_FILLER = words_of(
    "dollar sign is its the my name handle user username id as under same at it on account me im mi es just and"
    " search for by live"
    " add find follow look up dm message to u you can with page tag usuario called also works too here or"
)
_TELLING_SIGNS = frozenset("@:=")
_LEET_SIGNS = frozenset({"@", "$", "!"})
_FULL_NAME = 2
_JOINERS = frozenset({"dot", "underscore", "punto", "dash"})
_NO_NAME = words_of(
    "home work noon night school vet park the gate door front back least all once this that about around midnight"
    " petsmart petco starbucks target walmart costco whole foods lowes home_depot my your pm am dusk dawn lunch"
    " dinner breakfast bedtime five six seven eight nine ten four three two one random both her his"
)
# What a service is said to be where it is no name.
_PREDICATES = words_of(
    "better easier faster quicker slower private public closed broken working annoying boring awesome amazing stupid"
    " perfect useful useless banned blocked hacked offline online scary creepy evil garbage cheaper simple enough"
)
_NAMED_BEFORE = SERVICES | PAYMENTS
_SURE_NAMES = (SERVICES - VAGUE_SERVICES) | PAYMENTS | {"snap"}
_NAME_REACH = 5
_MOST_NAMES = 3
_MOST_NAMED = 100  # no text names more services than that to anybody
_SENTENCE_REACH = 60
_CUE_REACH = 40
_INSIDE_A_NAME = frozenset({".", "_", "-", "#"})
_SHORTEST_NAME = 3


@cache
def _my_at() -> re.Pattern[str]:
    """A name told as somebody's at."""
    return re.compile(r"\bmy @ ?(?:name )?(?:is|:|=) ?[a-z0-9_.]{3,40}|\b(?:your|ur|tu) ?@(?![a-z])")


@cache
def _rules(rules: tuple[str, ...]) -> Rules:
    return Rules(rules, CLASSES)


def services_in(reading: Reading, phrases: Phrases) -> tuple[Iterator[tuple[int, int]], ...]:
    """Spans of the folded text that invite to a social service, and to a payment service."""
    return _matches(_rules(INVITING), reading, phrases), _matches(_rules(PAYING), reading, phrases)


def handles_in(reading: Reading, phrases: Phrases, is_beyond: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Spans of the folded text that name somebody on a social or payment service, as far as is_beyond lets look."""
    return _named(reading, phrases, _rules(NAMING), is_beyond)


def names_across(reading: Reading, phrases: Phrases) -> list[tuple[int, int]]:
    """Spans that hold a service and, perhaps in a later text, a name on it."""
    spans = _named(reading, phrases, _rules(("<sure>|<pay>",)), lambda _: False, is_across=True)
    return [span for span in spans if not _ADDRESSED.search(reading.text, *span)]


HANDLE_TRIGGERS = (
    SERVICES
    | VAGUE_SERVICES
    | PAYMENTS
    | words_of(
        "google pp lookup dm pm dms handle username usuario app pay cash chat gram book mo pal tok messenger message"
        " time in add follow friends friend gram line yelp nextdoor send accept page profile"
    )
)


def _matches(rules: Rules, reading: Reading, phrases: Phrases) -> Iterator[tuple[int, int]]:
    for match in rules.finditer(phrases.text, phrases.words):
        if not _is_in_channel(phrases.text, match.start(), match.end()):
            first, last = phrases.words_at(*match.span())
            yield reading.starts[first], reading.ends[_with_name(reading, last)]


def _with_name(reading: Reading, last: int) -> int:
    """The last word of the sentence, where at most three follow: they may be the name that one is to look for."""
    for i in range(last, min(len(reading.words), last + _MOST_NAMES + 1)):
        if i + 1 == len(reading.words) or _SENTENCE_END.search(reading.gap(i)):
            return i
    return last


def _is_in_channel(text: str, start: int, end: int) -> bool:
    """Whether the sentence speaks of the app itself, or says no."""
    begin = max(text.rfind(". ", 0, start) + 1, start - _SENTENCE_REACH, 0)
    stop = text.find(". ", end)
    stop = min(stop if stop >= 0 else len(text), end + _SENTENCE_REACH)
    sentence = text[begin:stop].lstrip()
    matches = _rules(IN_CHANNEL).finditer(sentence, frozenset(sentence.split()))
    return any(not sentence.endswith(_OTHERS, 0, match.start()) for match in matches)


def _named(
    reading: Reading,
    phrases: Phrases,
    rules: Rules,
    is_beyond: Callable[[int], bool],
    *,
    is_across: bool = False,
) -> Iterator[tuple[int, int]]:
    """A service with a user name beside it."""
    for match in islice(rules.finditer(phrases.text, phrases.words), _MOST_NAMED):
        first, last = phrases.words_at(*match.span())
        if is_beyond(reading.starts[max(0, first - 1 - _NAME_REACH)]):
            return
        service = match.group().strip()
        at = _name_after(reading, last, service)
        if at is not None:
            yield reading.starts[first], reading.ends[at]
        elif not is_across and service in _NAMED_BEFORE:
            before = _name_before(reading, first)
            if before is not None:
                yield reading.starts[before], reading.ends[last]


def _name_after(reading: Reading, service: int, word: str) -> int | None:
    at, told = _behind_fillers(reading, service)
    if at >= len(reading.words):
        return None
    words, name = reading.words, reading.words[at]
    is_short = len(name) < _SHORTEST_NAME and name.isalpha() and reading.gap(at) not in _INSIDE_A_NAME
    if is_short or _crosses_sentence(reading, service, at):
        return None
    at = _end_of_name(reading, at)
    whole = reading.text[_start(reading, at) : reading.ends[at]]
    if is_user_name(name, _written(reading, at)) or (whole != name and is_user_name(whole, whole)):
        return at
    gap = reading.gap(at)
    following = words[at + 1] if at + 1 < len(words) else ""
    if gap == "#" and following.isdigit():
        return at + 1
    is_sure = word in _SURE_NAMES or not words[service].isalpha()
    if not is_sure or len(name) < _SHORTEST_NAME or not name.isalpha() or name in _NO_NAME:
        return None
    is_joined = following in _JOINERS
    is_alone = at + _FULL_NAME >= len(words) or not gap.isspace() or is_joined
    told = told or is_joined or (word in PAYMENTS and any(sign in whole for sign in "-._"))
    told = told or (len(name) > _NAME_REACH and name not in _PREDICATES and words[at - 1] in {"is", "es"})
    return at if told and is_alone else None


def _behind_fillers(reading: Reading, service: int) -> tuple[int, bool]:
    """The first word behind a service that may be a name, and whether what stands between says that one follows."""
    words, gaps = reading.words, reading.gaps
    gap = gap_behind(reading, service)
    told = not words[service].isalpha() or (service > 0 and gaps[service] in _LEET_SIGNS)
    told = told or (gap != " " and _leads_to_a_name(gap))
    at = service + 1
    end = min(len(words), at + _NAME_REACH)
    while at < end and words[at] in _FILLER:
        gap = gaps[at + 1]
        told = told or (gap != " " and not _TELLING_SIGNS.isdisjoint(gap)) or words[at] == "dollar"
        at += 1
    return at, told


def _leads_to_a_name(gap: str) -> bool:
    return gap.lstrip()[:1] in {":", "=", "@", "~"} or (gap.strip() in {"->", "-"} and " " in gap)


def _start(reading: Reading, last: int) -> int:
    i = last
    while i > 0 and reading.gap_before(i) in {".", "_", "-"}:
        i -= 1
    return reading.starts[i]


def _end_of_name(reading: Reading, i: int) -> int:
    while i + 1 < len(reading.words) and reading.gap(i) in {".", "_", "-"}:
        i += 1
    return i


def _crosses_sentence(reading: Reading, first: int, last: int) -> bool:
    begin = reading.starts[first + 1] - len(gap_behind(reading, first))
    gap = reading.text[begin : reading.starts[last]]
    return _SENTENCE_END.search(gap) is not None or ("\n" in gap and PART_BREAK not in gap)


def _name_before(reading: Reading, service: int) -> int | None:
    at = service - 1
    while at > 0 and service - at <= _NAME_REACH and reading.words[at] in _BEFORE_SERVICE:
        at -= 1
    at = before_how_written(reading.words, at)
    if at < 0 or _crosses_sentence(reading, at, service):
        return None
    first = at
    while first > 0 and reading.gap_before(first) in {".", "_", "-"}:
        first -= 1
    whole = reading.text[reading.starts[first] : reading.ends[at]]
    is_name = is_user_name(reading.words[at], _written(reading, at)) or (first < at and is_user_name(whole, whole))
    return first if is_name else None


_BEFORE_SERVICE = words_of("on at via my is the in by for as over same me en por")


def signed_names_in(reading: Reading) -> list[tuple[int, int]]:
    """@names and $names."""
    text = reading.text
    spans = _called_names_in(reading)
    if "$" in text:
        spans.extend(match.span() for match in _CASH_NAME.finditer(text))
    if "@" in text:
        spans.extend(match.span() for match in _my_at().finditer(text))
        for match in _AT_NAME.finditer(text):
            name = match.group(1).rstrip(".-")
            written = reading.as_written(match.start(1), match.start(1) + len(name))
            is_tight = match.start(1) == match.start() + 1
            cues = _NAME_CUES if name.isalpha() else _CUES_OF_NAMES_WITH_SIGNS
            if name not in _NO_NAME and (
                is_user_name(name, written) or (is_tight and _is_cued(reading, match.start(), cues))
            ):
                spans.append((match.start(), match.start(1) + len(name)))
    return spans


def _called_names_in(reading: Reading) -> list[tuple[int, int]]:
    """Names that only a service would give, beside a word that says where to look: "my handle is rob_walks"."""
    if _CALLED_OR_SERVICE.isdisjoint(reading.known) or not (
        reading.mixed or "_" in reading.text or "." in reading.text
    ):
        return []
    spans = []
    for match in _given_name().finditer(reading.text):
        first = bisect_left(reading.starts, match.start())
        behind = bisect_left(reading.starts, match.end())
        before, after = reading.words[max(0, first - _TOLD_REACH) : first], reading.words[behind : behind + _NAME_REACH]
        near = before[-_NAME_REACH:] + after
        is_file = not FILE_ENDINGS.isdisjoint(after[:1])
        if (
            not is_file
            and _LABELS.isdisjoint(near)
            and not (_CALLED.isdisjoint(near) and _SURE_SERVICES.isdisjoint(before))
        ):
            spans.append(match.span())
    return spans


@cache
def _given_name() -> re.Pattern[str]:
    return re.compile(
        r"(?<![a-z0-9@._-])(?:[a-z]{2,20}(?:_[a-z0-9]+)+|[a-z]{4,20}[0-9]{2,4}|[a-z]{2,20}(?:\.[a-z]+){2,})(?![a-z0-9@])"
    )


_OWNING_SERVICES = frozenset({name + "s" for name in (SERVICES - VAGUE_SERVICES - {"youtube"}) | PAYMENTS})
_SURE_SERVICES = (SERVICES - VAGUE_SERVICES - {"youtube"}) | _OWNING_SERVICES
_TOLD_REACH = 10
_CALLED = words_of("handle username usuario perfil follow sigueme agregame ping everywhere como page")
_CALLED_OR_SERVICE = _CALLED | _SURE_SERVICES
_LABELS = words_of("wifi password pw network ssid passcode code clave gate file photo model")
_NAME_CUES = HANDLE_TRIGGERS | words_of("follow add me dm find tag im search message look up us")
_CUES_OF_NAMES_WITH_SIGNS = _NAME_CUES | _OWNING_SERVICES  # "venmo's @tess-hollow"


def _is_cued(reading: Reading, start: int, cues: frozenset[str]) -> bool:
    first, behind = bisect_left(reading.starts, start - _CUE_REACH), bisect_right(reading.starts, start + _CUE_REACH)
    return not cues.isdisjoint(reading.words[first:behind])


def _written(reading: Reading, i: int) -> str:
    return reading.as_written(reading.starts[i], reading.ends[i])
