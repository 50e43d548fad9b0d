"""Words that rules turn on as they are misspelled: with a letter left out, doubled or swapped, or as they sound."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, permutations

from switchboard.domain.contact_details.vocabulary import words_of

# Words so long that a slip in them is no other word.
_LONG_WORDS = words_of(
    "number numbers private privately personal personally direct directly message messages company agency platform"
    " outside through without commission middleman contact person instead reservation booking website service"
    " counter fridge whiteboard again settle whatsapp instagram facebook telegram snapchat messenger paypal cashapp"
    " office manager cheaper percent cancel cancelled decline request between independent username digits cellphone"
    " numero telefono celular aplicacion empresa agencia directo directamente efectivo comision plataforma escribeme"
    " llamame contratame gmail hotmail outlook yahoo icloud"
)
# Shorter ones whose letters between the first and the last are read in any order.
_SHORT_WORDS = words_of("talk text call phone cash email number direct agency office mobile money venmo zelle")
_AS_THEY_SOUND = {
    "fone": "phone", "foen": "phone", "phne": "phone", "phon": "phone", "numba": "number", "numbah": "number",
    "teh": "the", "hte": "the", "ap": "app", "aap": "app", "thru": "through", "throo": "through", "txet": "text",
    "txting": "texting", "celfone": "cellphone", "cashh": "cash", "compny": "company", "compani": "company",
    "privit": "private", "agencey": "agency", "agensy": "agency", "direkt": "direct", "direkly": "directly",
    "direcly": "directly", "insted": "instead", "agane": "again", "jsut": "just", "vemno": "venmo", "venmoo": "venmo",
    "benmo": "venmo", "zele": "zelle", "paypall": "paypal", "instergram": "instagram", "snapchatt": "snapchat",
    "emial": "email", "emal": "email", "emale": "email", "imail": "email", "mesej": "message", "aplication": "app",
    "websight": "website", "chepaer": "cheaper", "cheeper": "cheaper", "tyme": "time", "nmbr": "number", "wen": "when",
    "numbr": "number", "cll": "call", "kall": "call", "frm": "from", "pying": "paying", "watsup": "whatsapp",
}  # fmt: skip
# Slips that are words.
_WORDS = words_of("though trough manage manger cellar cellular digit persona gail papal ridge")


@cache
def meant_words() -> dict[str, str]:
    """For each misspelled word the one that is meant."""
    meant: dict[str, str] = {}
    for word in sorted(_LONG_WORDS):
        meant |= dict.fromkeys(_slips_of(word), word)
    for word in sorted(_SHORT_WORDS):
        meant |= dict.fromkeys(_orders_of(word), word)
    meant |= _AS_THEY_SOUND
    return {
        slip: word for slip, word in meant.items() if slip not in _LONG_WORDS | _SHORT_WORDS | _WORDS and slip != word
    }


def _orders_of(word: str) -> set[str]:
    return {word[0] + "".join(inner) + word[-1] for inner in permutations(word[1:-1])}


def _slips_of(word: str) -> set[str]:
    inner = range(1, len(word))
    shorter = {word[:at] + word[at + 1 :] for at in inner}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in inner if at + 1 < len(word)}
    doubled = {word[:at] + word[at] + word[at:] for at in inner}
    single = {word[:at] + word[at + 1 :] for at, (one, other) in enumerate(pairwise(word)) if one == other}
    return shorter | swapped | doubled | single
