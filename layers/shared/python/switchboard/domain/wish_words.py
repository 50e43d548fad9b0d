"""The words that wishes to stop are made of, one letter for each class, typing errors forgiven."""

from functools import cache, lru_cache

CLASSES: dict[str, str] = {
    "p": "please pls plz plse pleas kindly hey hi hello ok okay sorry just thanks thx ty so seriously really already"
    " sir maam guys folks all yall everyone favor gracias oye hola ya asap yes and but well solo",
    "e": "else anymore again ever now immediately forever nunca jamas further more mas",
    "i": "i id im ive ill we",
    "Y": "you u ya usted ustedes",
    "h": "can could would will to do be mind should must make que puede pueden puedes podria podrian going",
    "w": "consent agree agreed want wish need like care quiero quisiera deseo queremos wanna demand",
    "n": "dont didnt never not nolonger cant wont shouldnt",
    "N": "no",
    "m": "me us mee mi",
    "s": "stop stp sto stpo stopp quit cease halt detener detengan detenga alto deja dejen deje dejar paren"
    " pare para parar basta",
    "g": "texting messaging contacting spamming bothering txting writing harassing bugging pestering msging"
    " messging annoying"
    " escribirme contactarme molestarme textearme escribir contactar escribirnos molestar",
    "d": "send sending sends mandarme enviarme mandes manden mande envies envien envie mandar enviar mandando",
    "c": "calling llamarme llamar",
    "x": "call phone ring llames llamen llame",
    "v": "text message contact txt msg write bother spam sms tex txet escriban escriba escribas contacten contacte"
    " contactes molesten moleste molestes textees texteen textee hablen hables hable",
    "k": "texted contacted messaged bothered",
    "t": "texts messages msgs smss txts anything notifications alerts spams mensajes textos mensajitos stuff",
    "q": "the these those any your this ur such my our other additional automated los estos sus tus su tu la las"
    " mi marketing mailing promotional",
    "b": "number name phone cell numero telefono celular",
    "r": "quiten take drop pull scratch quita quitame quiteme quitenme saca sacame saqueme saquenme borrame"
    " borreme borrenme eliminame eliminenme tke",
    "X": "remove delete erase lose borra borre borren elimina elimine eliminen",
    "R": "resivir receive receiving hear recibir",
    "G": "get getting gettin",
    "o": "off from out of at on de del en with w via con",
    "l": "list lst lists database system contacts directory records lista sistema thread group chat"
    " subscription suscripcion",
    "u": "unsubscribe unsuscribe unsub optout optmeout darmedebaja demedebaja denmedebaja signmeout unsubscribed",
    "E": "enough suficientes done tired sick",
    "C": "cancel cancelar end discontinue cancela cancelen cancele",
    "L": "leave dejame dejenme dejeme",
    "A": "alone enpaz",
    "a": "or y o ni nor and&",
    "B": "block",
    "K": "told asked said asking telling begging",
    "z": "wrong who interested because since sold moved have",
    "?": "if when whenever while unless until till except instead only during before after cuando hasta mientras"
    " salvo says tells saying she he her him they",
}
# Ordinary words that are one slip away from a word of a class.
_NOT_SLIPS = (
    "shop step stoop top spot atop slop test next best rest last lost least sent spend make taken tale lake hold"
    " walk tall bell tell cold lead dog let fat out off past post store story most must than then there their here"
    " were where went well want what that this thus tent tests tasks like live leave love lose nose listen letter"
    " better litter bather mother other number numb cells sell fell pone once pet pets treat treats paws pause part"
    " park leash lease pleased plays place paces still stay star start steps stops stopped note notes vote wrote"
    " cute mute mats meat meal meds half hall halo cause team teams tea grass group's gate late hate date rate plate"
    " sick side size site since nice mice rice wake woke bake cake came game name same home come some done gone bone"
    " tone long song sing king ring thing things bring string spring during cache def known dict str return word for"
    " words in items"
)
_SHORTEST_FUZZY = 4
_REMEMBERED = 4_096  # words; people use the same few hundred
OTHER = "_"


@cache
def _known() -> dict[str, str]:
    return {word: letter for letter, words in CLASSES.items() for word in words.split()}


@cache
def _one_letter_less() -> dict[str, tuple[str, ...]]:
    """From each spelling with one letter left out to the words it may come from."""
    index: dict[str, tuple[str, ...]] = {}
    for word in _known():
        if len(word) >= _SHORTEST_FUZZY:
            for spelling in {word, *_without_one(word)}:
                index[spelling] = (*index.get(spelling, ()), word)
    return index


@cache
def _not_slips() -> frozenset[str]:
    return frozenset(_NOT_SLIPS.split())


@lru_cache(maxsize=_REMEMBERED)
def word_class(word: str) -> str:
    """The letter of the word's class, of the one it is a typing error away from, or OTHER."""
    known = _known().get(word)
    if known is not None:
        return known
    if len(word) < _SHORTEST_FUZZY or word in _not_slips():
        return OTHER
    index = _one_letter_less()
    for spelling in (word, *_without_one(word)):
        for candidate in index.get(spelling, ()):
            if _is_one_slip(word, candidate) and not _means_you(word, candidate):
                return _known()[candidate]
    return OTHER


def _means_you(word: str, candidate: str) -> bool:
    """Whether the one letter makes it the other person: "molestarte" is no slip of "molestarme"."""
    return candidate.endswith("me") and word.endswith(("te", "le"))


def _without_one(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _is_one_slip(word: str, other: str) -> bool:
    """One letter added, left out or replaced, or two neighbours swapped."""
    if len(word) > len(other):
        word, other = other, word
    at = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(word))
    if len(word) < len(other):
        return word[at:] == other[at + 1 :]
    swapped = word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    return word[at + 1 :] == other[at + 1 :] or swapped == other[at:]
