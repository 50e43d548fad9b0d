"""Names on the internet: endings of domains, mail providers, and words that look like a user name."""

from __future__ import annotations

import re
from functools import lru_cache

from switchboard.domain.contact_details.tokens import without_leet
from switchboard.domain.contact_details.vocabulary import words_of

# Endings that are no English word, or are seldom anything else after a dot.
PLAIN_ENDINGS = words_of(
    "com net org edu gov biz io co uk ca au nz ie fr mx br nl eu dev xyz ly gg tv ai cc gl bio ee fm vip inc llc"
    " eus ws mobi tel asia ru cn jp kr pl za tk gle"
)
# Those of them that may begin a sentence, or a word with a hyphen: "net result", "co-sleeping".
WORDS_AMONG_PLAIN_ENDINGS = words_of("net co bio vip tv")
# Endings that are words too: a missing space after a full stop looks the same.
NOUN_ENDINGS = words_of(
    "info app dog dogs pet pets care live life house home shop store today vet works fun run walk online link"
    " links page"
    " social team family love cafe club site website space world zone tech email center guru services agency blog"
    " news photos pics video chat contact support academy training cash pay help host art city design direct events"
    " group one plus pro pub rentals reviews rocks solutions style tips top tours travel wtf cool test example"
    " goo green gold kim ninja name network media studio farm horse fish cab limo place media wiki work"
)
FUNCTION_ENDINGS = words_of(
    "me so is it in to at am be no do my as by pm if us st sh ms de es se su ve la al el il ch ar pt cl pe cat un"
)
ALL_ENDINGS = PLAIN_ENDINGS | NOUN_ENDINGS | FUNCTION_ENDINGS
SPOKEN_ENDINGS = PLAIN_ENDINGS | words_of(
    "info app dog dogs pet pets care live shop store site online link page club vet me email services cafe social works"
)
# Countries' endings that are words too, said behind what can only be a name.
SPOKEN_COUNTRY_ENDINGS = words_of("es de us it be ch se cl pe ar pt")
SAID_AT_A_WORDS_END = re.compile(r"dot(?:com?|net|org)(?![a-z0-9])")
FILE_ENDINGS = words_of("jpg jpeg png gif pdf doc docx txt mov mp4 mp3 heic zip csv xls xlsx wav webp")
PROVIDERS = words_of(
    "gmail googlemail yahoo ymail hotmail outlook icloud protonmail proton aol msn gmx zoho comcast verizon"
    " sbcglobal bellsouth charter roadrunner earthlink fastmail tutanota yandex mailru rocketmail"
)
# Providers that are also something else: these need an "at" and an ending.
VAGUE_PROVIDERS = words_of("live me mac att cox")

_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov"})
_COUNTRY_LENGTH = 2
_FEATURES = re.compile(
    r"[a-z]+[._-]?[0-9]{2,}|[0-9]+[a-z]{4,}|[a-z]{1,12}[0-9]+[a-z]{4,}|[a-z]{2,}_[a-z0-9_]*|[a-z]{2,}\.[a-z]{2,}"
    r"|(?=[a-z0-9]{7})[a-z]+(?:[0-9]{1,2}[a-z]+){2,}"
)
_INNER_CAPITAL = re.compile(r"[a-z]{2,}[A-Z][a-z]")
_LONG = 9
_VERY_LONG = 12
# Words so long that end otherwise are mostly several in one.
_LONG_ORDINARY_ENDINGS = (
    "ing", "ings", "ed", "tion", "tions", "sion", "ment", "ments", "ness", "able", "ible", "ly", "ity", "ous", "ally",
    "ence", "ance", "ence", "ians", "ical", "ward", "hood", "mente", "cion", "ology", "dren", "parents", "ities",
)  # fmt: skip
_ORDINARY_ENDINGS = (
    "ing", "ings", "ed", "tion", "tions", "sion", "ment", "ments", "ness", "able", "ible", "ful", "less", "ly",
    "ity", "ous", "ive", "ence", "ance", "ists", "ist", "ical", "ally", "ward", "wards", "thing", "where", "body",
    "times", "time", "days", "day", "self", "selves", "ship", "ized", "ize", "ate", "ates", "ary", "ory", "er",
    "ers", "ors", "ant", "ants", "ent", "ents", "dad", "cion", "mente", "ando", "iendo", "ados", "idas", "ales",
    "right", "sitter", "walker", "bone", "room", "side", "light", "weight", "stairs", "ology",
)  # fmt: skip
# Of a name that is one word.
_HOW_WRITTEN = frozenset({"lowercase", "uppercase"})
_HOW_WRITTEN_IN_TWO = frozenset(
    {("one", "word"), ("lower", "case"), ("upper", "case"), ("no", "spaces"), ("no", "caps"), ("no", "dots"),
     ("all", "together"), ("without", "spaces")}
)  # fmt: skip
_BEFORE_HOW_WRITTEN = frozenset({"all", "its", "in", "as", "is", "and", "with", "thats"})
_ORDINARY = words_of(
    "microsoft chocolate neighborhood schedule breakfast bernedoodle goldendoodle labradoodle dachshund rottweiler"
    " dalmatian whatsapp instagram facebook messenger snapchat telegram tomorrow microchip lockbox doorbell"
    " username password elsewhere sometimes september november december wednesday saturday thursday grandma"
    " grandparents housesit dogpark peanutbutter veterinarian downstairs upstairs backyard groceries"
    " thanksgiving christmas birthday apartment technique available temporary delicious beautiful everything"
    " something somebody someone everyone certain certificate surprise surprised mischief chihuahua chihuahuas"
    " pomeranian schnauzer shepherd retriever australian cockapoo cavapoo aggressive adventure adventures"
    " sometime cinnamon butterscotch marshmallow snickerdoodle hamburger cheeseburger professional personal"
    " prescription antibiotics diarrhea vegetables medicines exercise exercises experience experiences"
    " companies paperwork signature voicemail photographs neighbors neighbours neighbor neighbour preferences"
    " restaurant hospital emergency vacuum cardboard flashlight windowsill mailbox driveway entryway stairwell"
    " fireplace microwave dishwasher refrigerator thermostat instructions chinchilla guineapig parakeet cockatiel"
    " lowercase uppercase"
    " miercoles aplicacion desayuno contrasena veterinario cachorro mascotas semanas telefono"
)


def before_how_written(words: list[str], at: int) -> int:
    """The word before those that end at word at and only say how it is written: "all one word, no spaces"."""
    before = at
    while before > 0:
        if words[before] in _HOW_WRITTEN:
            before -= 1
        elif (words[before - 1], words[before]) in _HOW_WRITTEN_IN_TWO:
            before -= 2
        elif before < at and words[before] in _BEFORE_HOW_WRITTEN:
            before -= 1
        else:
            break
    return before


@lru_cache(maxsize=4096)
def provider_of(word: str) -> str | None:
    """The mail provider that the word names, perhaps in leet or as an owner ("hotmail's")."""
    if word in PROVIDERS:
        return word
    plain = without_leet(word)
    if plain in PROVIDERS:
        return plain
    return plain[:-1] if plain[-1:] == "s" and plain[:-1] in PROVIDERS else None


def registered_domain(labels: list[str]) -> str:
    """The part of a domain that is registered: "co.uk" counts as one ending."""
    kept = 2
    if len(labels) > kept and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == _COUNTRY_LENGTH:
        kept = 3
    return ".".join(labels[-kept:])


def is_user_name(word: str, written: str) -> bool:
    """Whether a word (folded, and as written) looks like somebody's user name rather than a word.

    It has figures, an underscore, an inner dot or capital; or it is long and unlike an ordinary word.
    """
    if not word.isalpha():
        return _FEATURES.fullmatch(word) is not None or _INNER_CAPITAL.search(written) is not None
    if written != word and _INNER_CAPITAL.search(written):
        return True
    if len(word) < _LONG or word in _ORDINARY:
        return False
    endings = _ORDINARY_ENDINGS if len(word) < _VERY_LONG else _LONG_ORDINARY_ENDINGS
    return not word.endswith(endings) and not word.rstrip("s").endswith(endings)
