"""Invitations to deal with each other without the organisation."""

from __future__ import annotations

import re
from functools import cache

from switchboard.domain.contact_details.phrases import Phrases
from switchboard.domain.contact_details.redact import MOST_FINDINGS
from switchboard.domain.contact_details.tokens import Reading

_YOU = r"(?:me|us|you|u|with me|with us|with you|to me|to you)"
_REACH = r"(?:text|txt|call|message|msg|contact|reach|phone|dm|email|write|whatsapp|ring|hit up)"
_DEAL = r"(?:book|hire|pay|schedule|arrange|rebook|deal|work|request|do it|do this|sit|walk|come|go|set (?:it|this|something) up)"
_LINE = r"(?:number|cell|cellphone|cell phone|phone number|phone|mobile|line|digits|email|e mail|contact info|contact details|contact|info|address)"
_PRIVATE = r"(?:personal|private|own|direct|cell|mobile|real|actual|home)"
_COMPANY = (
    r"(?:app|apps|platform|company|agency|office|middleman|middle man|system|site|service|boss|owner|business|fees?"
    r"|commission|cut|books|record|website|switchboard|management)"
)
_PATTERNS = (
    rf"{_REACH} {_YOU} (?:\w+ )?(?:direct|directly|privately|personally|outside|off here|on the side)\b",
    rf"{_DEAL} (?:\w+ ){{0,2}}?(?:{_YOU} )?(?:\w+ )?(?:direct|directly|privately|under the table|off the books|on the side|independently)\b",
    rf"(?:direct|directly|privately) (?:with|to|through) (?:me|us|you|u)\b",
    rf"(?:your|ur|my|an|a|his|her) {_PRIVATE} (?:phone |cell |mobile )?{_LINE}\b",
    rf"(?:share|drop|swap|exchange|trade|leave|sending|giving|send|give|shoot|take|heres|here is|this is) (?:you |u |over |each other |ya )?(?:my|our|each others?) (?:\w+ )?(?:number|numbers|digits|cell|cellphone|phone number|contact info|contact details|email|info)\b",
    r"(?:go|book|come|pay|work|arrange it|do it) (?:\w+ )?(?:through|with|thru|via|by) (?:me|us) (?:instead|directly|direct|and)\b",
    rf"(?:whats|what is|whats the best|send|give|gimme|get|have|need|share|drop|want|grab|ask for|tell) (?:me |us |to )?(?:your|ur) (?:\w+ )?(?:number|numbers|digits|cell|cellphone|phone number|contact info|contact details|email|info)\b",
    rf"(?:swap|exchange|trade) (?:\w+ )?(?:numbers|digits|info|contacts?|emails?|phones)\b",
    rf"(?:heres|here is|this is|its) my (?:\w+ )?(?:number|digits|cell|contact info|email)\b",
    rf"(?:off|outside|outside of|off of|around|without|bypass|bypassing|skip|skipping|avoid|avoiding|ditch|leave out|cut out|cutting out|go around|behind|not through|instead of) (?:of )?(?:using |paying |going through |involving |telling )?(?:the|this|their|your|that|these|those)? ?(?:whole |booking |pet |stupid |extra )?(?:{_COMPANY})(?:s)?\b",
    rf"\b(?:off|outside) (?:the )?(?:app|platform|books|system)\b",
    r"\bcut(?:ting)? out the middle ?man\b|\bno middle ?man\b",
    r"\b(?:they|company|agency|office|boss|owner|nobody|no one) (?:dont|doesnt|wont|does not|do not|never|needs?)? ?(?:have to|need to|needs to|has to|gotta|will|to)? ?(?:know|find out|knowing|finds out|ever know)(?: about (?:it|this|that|us))?(?= \.|$)",
    r"\b(?:company|agency|office|boss|app) (?:knowing|finding out|doesnt (?:have|need) to know|wont (?:know|find out|mind))\b",
    r"\b(?:just )?between (?:us|you and me)\b|\bkeep (?:it|this) (?:quiet|private|between us|off)\b",
    r"\b(?:pay|paid|paying) (?:me |you |us )?(?:in |with )?cash (?:and|so|to|instead|directly|direct|on the side|under)\b",
    r"\b(?:cheaper|less|discount|better (?:rate|price|deal)|lower (?:rate|price)|save (?:you |us |me )?(?:money|the fee|the fees)) (?:\w+ ){0,4}?(?:if (?:you|we|u) (?:book|go|pay|hire|do|come|text|call|skip|cut)) (?:\w+ ){0,3}?(?:me|direct|directly|cash|private|privately|outside|without)\b",
    r"\b(?:side|private) (?:gig|job|deal|arrangement|client|booking)s?\b",
    r"\bgo (?:direct|private)\b|\bprivate(?:ly)? (?:arrangement|hire|book)",
    r"\b(?:tu|su|mi) (?:numero|telefono|celular|correo|cel|movil|whatsapp) (?:personal|privado|directo|propio)\b",
    r"\b(?:dame|pasame|deme|dar|darme|mandame|cual es|tienes|te doy|te paso|te mando|aqui esta) (?:tu|su|mi) (?:numero|telefono|celular|correo|cel|movil)\b",
    r"\b(?:fuera|por fuera|afuera|sin|saltarnos|saltar|evitar) (?:de |usar |pasar por |decirle a |pagar )?(?:la |el |los |las )?(?:app|aplicacion|plataforma|empresa|compania|agencia|comision|intermediarios?|oficina|tarifa)\b",
    r"\b(?:escribeme|escribame|llamame|llameme|contactame|contrata(?:me)?|contratame|reservame|pagame|pagueme|reserva|trabajar|te pago|pagarte|contratarte|trato) (?:\w+ )?(?:directo|directamente|en privado|por fuera|aparte)\b",
    r"\bdirecta?mente (?:conmigo|contigo|a mi)\b|\b(?:pago|pagame|pagar|paga) en efectivo (?:y|para|sin|directo)\b",
)
# Ordinary words that such patterns would take in.
_ORDINARY = (
    r"(?:direct|directly|personally|privately) (?:here|in (?:the|this) app|through (?:the|this) app|on (?:the|this) app|at the|to the|from the|in here|in this)\b"
    r"|\b(?:log|logged|logging|sign|signed|kicked|turn|turned|took|take|switch|booted) (?:me )?(?:off|out|outside)"
    r"|\b(?:is|was|been|being|got|its) (?:off|outside) (?:the )?(?:app|system)\b"
    r"|\bthrough the app\b|\bvets? (?:cell|number|phone|office)\b|\b(?:leash|collar|tag) number\b"
)
SOLICITATION_TRIGGERS = frozenset(
    "direct directly privately private personally personal number numbers digits cell cellphone phone email app"
    " apps platform company agency middleman middle fee fees cash secret side office boss owner know between"
    " outside commission books numero telefono celular correo aplicacion plataforma empresa compania agencia"
    " directo directamente efectivo fuera contact info intermediario system site independently oficina comision"
    " mobile cut tarifa management service aparte privado business website find line details exchange swap trade"
    " table record cel movil knowing conmigo contigo".split()
)
_AROUND = 40


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(one if one.startswith("\\b") else rf"\b{one}" for one in _PATTERNS))


@cache
def _ordinary() -> re.Pattern[str]:
    return re.compile(_ORDINARY)


def solicitations_in(reading: Reading, phrases: Phrases) -> list[tuple[int, int]]:
    """Spans of the folded text that ask to meet, pay or write outside the organisation."""
    spans: list[tuple[int, int]] = []
    for match in _pattern().finditer(phrases.text):
        if len(spans) == MOST_FINDINGS:
            break
        if _is_ordinary(phrases.text, match.start(), match.end()):
            continue
        first, last = phrases.words_at(*match.span())
        spans.append((reading.starts[first], reading.ends[last]))
    return spans


def _is_ordinary(text: str, start: int, end: int) -> bool:
    begin = max(0, start - _AROUND)
    for match in _ordinary().finditer(text, begin, min(len(text), end + _AROUND)):
        if match.start() < end and match.end() > start - 1:
            return True
    return False
