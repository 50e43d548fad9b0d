"""Mail addresses, plain, spoken ("at", "dot") or given in pieces ("my gmail is ...")."""

from __future__ import annotations

from switchboard.domain.contact_details.names import (
    PROVIDERS,
    SPOKEN_ENDINGS,
    VAGUE_PROVIDERS,
    before_how_written,
    is_user_name,
    provider_of,
    registered_domain,
)
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading, without_leet
from switchboard.domain.contact_details.vocabulary import words_of
from switchboard.domain.contact_details.written_emails import EmailSpan, written_emails_in

_AT_WORDS = frozenset({"at", "arroba", "aat", "att"})
_DOT_WORDS = frozenset({"dot", "punto", "period", "point"})
_JOINERS = frozenset({"dot", "punto", "underscore", "dash", "guion", "hyphen", "period", "point", "plus"})
_SIGNS = " .-_()[]{}<>*\"':,\n~\x1e@"
# What stands before "at gmail" where no name does.
_NO_NAMES = words_of(
    "look looking check checking work works working worked im was is not only job email emails mail account spam"
    " inbox be go meet see lunch emailed sent hired employed somebody someone people guy rep dot are"
)
_NO_BARE_PROVIDER = words_of("your the in to from check on of this that by via with at and or")
_MAIL_WORDS = frozenset({"email", "mail", "correo", "emails", "addy", "zelle", "paypal"})
_CONNECTORS = words_of(
    "mail is user name username address under its handle id as the my same account es usuario nombre mine it at me dot"
    " with by just i use addy are here there"
)
_TOWARDS_PROVIDER = words_of("on at via in with the my a is of from by and then its en con por y")
_TRIGGERS = _AT_WORDS | _MAIL_WORDS | PROVIDERS | {provider + "s" for provider in PROVIDERS}
_PROVIDER_SLIPS = {"geemail": "gmail", "jmail": "gmail", "gmal": "gmail", "gmial": "gmail", "hotmale": "hotmail"}
# What stands before "at kaylaspets.com" where a site is meant.
_PLACES = _NO_NAMES | words_of(
    "book booking listed find found see seen available here prices rates order shop bought up out it them schedule"
    " calendar site website online posted reviews me us look info sign visit pay buy apply register page more free"
)
_MOST_CONNECTORS = 5
_MOST_LABELS = 4
_SHORTEST_NAME = 3
_ORDINARY_AFTER_COLON = words_of(
    "the my your a an it its i im we you he she no not yes ok full down in on at to for and is are was this that"
    " please thanks spam check sent me"
)


def emails_in(reading: Reading) -> list[EmailSpan]:
    """The addresses of a text in order, each once."""
    spans = written_emails_in(reading)
    if _TRIGGERS.isdisjoint(reading.known):
        return spans
    written = len(spans)
    ahead = 0
    for i in _possible_ats(reading):
        word = reading.words[i]
        start = reading.starts[i]
        while ahead < written and spans[ahead].end <= start:
            ahead += 1
        is_taken = ahead < written and spans[ahead].start <= start
        if is_taken or (len(spans) > written and start < spans[-1].end):
            continue
        found = _at_word(reading, i, word)
        if found is not None:
            spans.append(found)
    return sorted(spans)


def _possible_ats(reading: Reading) -> list[int]:
    """The words that may give an address away: an at, a mail word, a provider, perhaps in leet."""
    ats = (_TRIGGERS & reading.known).union([word for word in reading.mixed if provider_of(word) is not None])
    return [i for i, word in enumerate(reading.words) if word in ats]


def _at_word(reading: Reading, i: int, word: str) -> EmailSpan | None:
    """The address that the word at i gives away."""
    if word in _AT_WORDS:
        return _spoken(reading, i)
    if word in _MAIL_WORDS:
        return _named_after(reading, i, is_mail_word=True)
    return _provider(reading, i)


def _spoken(reading: Reading, i: int) -> EmailSpan | None:
    """The address around a spoken at, which is word i: "jess at gmail dot com"."""
    if i == 0 or i + 1 >= len(reading.words) or not _is_signs(reading.gap_before(i)):
        return None
    domain = _spoken_domain(reading, i + 1)
    if domain is None:
        return None
    last, name, is_provider = domain
    if reading.words[i - 1] in (_NO_NAMES if is_provider else _PLACES) or reading.gap(last).startswith("@"):
        return None
    first = _first_of_local_part(reading, i - 1)
    return EmailSpan(reading.starts[first], reading.ends[last], name)


def _spoken_domain(reading: Reading, i: int) -> tuple[int, str, bool] | None:
    """The last word of a domain beginning at word i, the domain, and whether it is only a provider."""
    words = reading.words
    if words[i].isdigit():
        return None
    labels = [without_leet(words[i])]
    at = i
    while len(labels) < _MOST_LABELS:
        following = _after_dot(reading, at)
        if following is None:
            if len(labels) == 1 and _is_hyphenated(reading, at):
                at += 1
                labels[0] += "-" + words[at]
                continue
            break
        at = following
        labels.append(without_leet(words[at]))
        if labels[-1] in SPOKEN_ENDINGS and _after_dot(reading, at) is None:
            return at, registered_domain(labels), False
    return _spoken_provider(reading, i)


def _spoken_provider(reading: Reading, i: int) -> tuple[int, str, bool] | None:
    """A provider at word i, perhaps in two words ("hot mail"), perhaps with its ending."""
    words = reading.words
    for last in (i, i + 1):
        written = "".join(words[i : last + 1])
        name = without_leet(written) if len(written) > _SHORTEST_NAME else written
        provider = _PROVIDER_SLIPS.get(name, name)
        if last < len(words) and provider in PROVIDERS:
            return _ending_after(reading, last), provider + ".com", True
    return None


def _ending_after(reading: Reading, last: int) -> int:
    """The word that ends the domain after the provider: its own last one, or "com"."""
    dotted = _after_dot(reading, last)
    if dotted is not None and reading.words[dotted] in SPOKEN_ENDINGS:
        return dotted
    return last + 1 if reading.words[last + 1 : last + 2] == ["com"] else last


def _is_hyphenated(reading: Reading, at: int) -> bool:
    return at + 1 < len(reading.words) and reading.gap(at) == "-"


def _after_dot(reading: Reading, i: int) -> int | None:
    """The word after the dot that follows word i, spoken or written."""
    if i + 1 >= len(reading.words):
        return None
    gap = reading.gap(i)
    if gap in {".", " .", " . ", "[.]", "(.)"}:
        return i + 1
    is_dot_word = without_leet(reading.words[i + 1]) in _DOT_WORDS and _is_signs(gap) and i + 2 < len(reading.words)
    if is_dot_word and _is_signs(reading.gap(i + 1)):
        return i + 2
    return None


def _is_signs(gap: str) -> bool:
    return not gap.strip(_SIGNS)


def _first_of_local_part(reading: Reading, i: int) -> int:
    """Goes back over the words that a name before the at is made of."""
    while i > 0:
        if reading.gap_before(i) in {".", "-", "_", "+"}:
            i -= 1
        elif i > 1 and reading.words[i - 1] in _JOINERS:
            i -= 2
        elif (len(reading.words[i]) == 1 and len(reading.words[i - 1]) == 1) or reading.words[i].isdigit():
            i -= 1
        else:
            break
    return i


def _provider(reading: Reading, i: int) -> EmailSpan | None:
    """A provider's name: with "dot com" behind a name, or with a name behind it."""
    domain = (provider_of(reading.words[i]) or reading.words[i]) + ".com"
    words = reading.words
    if i > 0:
        before = _name_before(reading, i)
        if before is not None:
            return EmailSpan(reading.starts[before], reading.ends[i], domain)
    if i > 0 and words[i - 1] not in _NO_BARE_PROVIDER and words[i - 1] not in _AT_WORDS:
        ending = i + 1 if _com_follows(reading, i) else None
        if ending is not None and _is_signs(reading.gap_before(i)) and words[i - 1] != "my":
            last = ending + (1 if words[ending] in _DOT_WORDS else 0)
            return EmailSpan(reading.starts[_first_of_local_part(reading, i - 1)], reading.ends[last], domain)
    found = _named_after(reading, i, is_mail_word=False)
    return None if found is None else found._replace(domain=domain)


def _name_before(reading: Reading, i: int) -> int | None:
    """The user name that stands before a provider: "jess88 on gmail"."""
    at = i - 1
    while at > 0 and i - at <= _MOST_CONNECTORS and reading.words[at] in _TOWARDS_PROVIDER:
        at -= 1
    told, at = at, max(0, before_how_written(reading.words, at))
    gap = reading.text[reading.ends[at] : reading.starts[i]]
    if ". " in gap or PART_BREAK in gap or (at < told and "?" in gap):
        return None
    first = at
    while first > 0 and reading.gap_before(first) in {".", "_", "-"}:
        first -= 1
    name = reading.text[reading.starts[first] : reading.ends[at]]
    return first if is_user_name(name, _written_word(reading, at)) else None


def _com_follows(reading: Reading, i: int) -> bool:
    words = reading.words
    if i + 1 >= len(words):
        return False
    if without_leet(words[i + 1]) == "com":
        return reading.gap(i) in {".", " ", " .", ". ", " . "}
    return words[i + 1] in _DOT_WORDS and i + 2 < len(words) and without_leet(words[i + 2]) == "com"


def _named_after(reading: Reading, i: int, *, is_mail_word: bool) -> EmailSpan | None:
    """ "my gmail is jess dot walks": a name behind the provider at word i."""
    words = reading.words
    first = i + 2 if _com_follows(reading, i) else i + 1
    at = first
    gap = reading.gap(i)
    told = words[i].endswith("s") or first > i + 1 or words[i - 1 : i] == ["my"]
    told = told or (gap != " " and any(sign in gap for sign in (":", "=", " - ", "~", "->")))
    while at < len(words) and at - first < _MOST_CONNECTORS and words[at] in _CONNECTORS:
        told = told or words[at] in {"is", "es", "user", "username", "name", "address", "under", "usuario"}
        told = told or ":" in reading.gap(at)
        at += 1
    may_be_short = not is_mail_word and ":" in gap
    if at >= len(words) or not (told or may_be_short) or ("." in reading.gap_before(at)[:1] and not told):
        return None
    last = _last_of_local_part(reading, at)
    name = reading.text[reading.starts[at] : reading.ends[last]]
    is_joined = last > at and len(name) > _SHORTEST_NAME
    is_named = is_joined or is_user_name(name, reading.as_written(reading.starts[at], reading.ends[last]))
    is_short = may_be_short and _is_last_in_clause(reading, at)
    if (told and is_named) or (is_short and words[at] not in _ORDINARY_AFTER_COLON):
        return EmailSpan(reading.starts[i], reading.ends[last], "")
    return None


def _is_last_in_clause(reading: Reading, at: int) -> bool:
    return len(reading.words[at]) >= _SHORTEST_NAME and (at + 1 == len(reading.words) or not reading.gap(at).isspace())


def _last_of_local_part(reading: Reading, i: int) -> int:
    """Goes on over the words that a name is made of: "jess dot walks dot dogs"."""
    while i + 1 < len(reading.words):
        if reading.gap(i) in {".", "_", "-"}:
            i += 1
        elif reading.words[i + 1] in _JOINERS and i + 2 < len(reading.words) and not reading.gap(i).strip(" _-()[]"):
            i += 2
        else:
            break
    return i


def _written_word(reading: Reading, i: int) -> str:
    return reading.as_written(reading.starts[i], reading.ends[i])


__all__ = ["VAGUE_PROVIDERS", "EmailSpan", "emails_in"]
