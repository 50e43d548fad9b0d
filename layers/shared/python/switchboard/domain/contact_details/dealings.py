"""Signs, spread over a sentence, that two people mean to deal with each other without the organisation.

No sign says so alone. Some speak of leaving the organisation out, some of what the two would do instead: a sentence
with both is an invitation, however it is put.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from switchboard.domain.contact_details.grammar import Rules, triggers_of
from switchboard.domain.contact_details.phrases import Phrases
from switchboard.domain.contact_details.tokens import Reading


class _Sign(NamedTuple):
    rule: str
    away: float = 0.0  # points for leaving the organisation out
    deal: float = 0.0  # points for dealing with each other


class _Seen(NamedTuple):
    start: int
    end: int
    sign: _Sign


_CLASSES = {
    "org": "app apps platform company agency website site service system office booking middleman books fees"
    " switchboard agencys companys",
    "the": "the this that your their our",
    "not": "not dont doesnt didnt isnt wasnt arent without never no cant wont wouldnt",
    "via": "through thru via using on over",
    "call_off": "cancel canceled cancelled cancelling decline declined deny reject withdraw ignore drop unbook",
    "visit": "booking request visit visits reservation walk walks it this that them tomorrow todays sit job",
    "pay": "pay tip paying hand give slip send venmo zelle paypal leave owe pague pago doy",
    "means": "cash check money venmo zelle paypal efectivo in_person directly",
    "nobody": "nobody no_one noone they office company agency boss app nadie",
    "read": "read reads see sees monitor monitors watch watches track tracks check checks scan scans hear monitored"
    " watched tracked scanned read_by recorded logged",
    "place": "whiteboard fridge note notepad counter magnet card board table nevera pizarra mesa drawer refrigerator",
    "reach": "reach text call contact write message use llamame escribeme try",
    "better": "for_half half_price better_price better_rate same_amount same_rate same_price",
    "telefono": "numero telefono celular",
    "own": "phone cell mobile new real own personal direct",
    "line": "number numbers cell digits",
    "wrote": "wrote written write put left leave engraved scratched taped tucked hid printed",
    "work": "visits walks sits sitting walking drop_ins visit pet_sitting dog_walking business service thing",
}
_SIGNS = (
    _Sign("without|skip|skipping|avoid|bypass|sin <the>|la|el|going|using? through|via? <the>|la? <org>", 2.5),
    _Sign("leave|left|leaving|cut|cutting|keep|keeping <the>? <org>|them out", 3),
    _Sign("off|outside|outside_of <the>? <org>", 2.5),
    _Sign("<not> ..3 <via> <the> <org>", 2.5),
    _Sign("<not> ..3 through|thru|via here|this|them", 2.5),
    _Sign("<not> ..2 need|use|using|involve|tell|want|have_to <the>? <org>", 2),
    _Sign("no_need ..2 <org>", 2.5),
    _Sign("no booking|request needed|necessary|required", 2.5),
    _Sign("dont|not|no|never ..2 have_to|need_to|need report|tell|log|enter|show ..4 them|company|office|app", 2),
    _Sign("stop|quit|dont|no booking|book|paying|texting ..1 through|thru|via|on|in here|this|them|the_app", 2.5),
    _Sign("take me|us off|out ..1 their|the|your schedule|books|system|list|app|calendar", 1.5),
    _Sign("do|doing|keep it|this|that ..1 under_the_radar|off_the_record|on_the_quiet|on_the_down_low|quietly", 2, 2),
    _Sign("delete|deleting|deleted|uninstall|uninstalled the|this|your app", 2),
    _Sign("keep|keeping you|me on|anyway|afterwards", 0, 2),
    _Sign("keep|still ..1 come|coming|walking|sitting as_usual|anyway|like_always|regardless", 0, 1),
    _Sign("carry_on|continue|keep_going|go_on just_us|together|directly|with_you|with_me", 0, 1),
    _Sign("cash in hand", 0, 2),
    _Sign("deja|dejemos|olvida|olvidate|quita|borra la|de_la app|aplicacion|agencia|empresa|plataforma", 2.5),
    _Sign("te_cobro|cobro|cobraria|sale|saldria ..2 mitad|menos|barato", 0, 2),
    _Sign("no ..1 digas|diga|digan|cuentes|avises ..2 compania|empresa|agencia|oficina|nadie", 3, 1),
    _Sign("instead_of|rather_than ..2 <org>|here|them|texting_here|this_service", 2.5),
    _Sign("instead_of|rather_than this|here $", 2.5),
    _Sign("skip|cut_out|ditch|drop|leave_out|bypass them", 2),
    _Sign("not|doesnt|dont|isnt|without|off|never ..4 on|through|thru the books", 4),
    _Sign("<call_off> ..3 <visit>", 2),
    _Sign("<call_off> with|on them", 2),
    _Sign("not|dont|never|without book|booking|reserve|log|schedule|enter ..1 it|this|that|them", 2.5),
    _Sign("dont|not|never reply|answer|respond|write|talk|text here|in_here|on_here", 2),
    _Sign("tell them|the_office|the_company ..3 you dont_need|canceled|cancelled|quit|are_sick|found", 3),
    _Sign("<nobody> ..4 has_to|have_to|needs_to|need_to|would|will know|find_out|notice", 2, 1),
    _Sign("they dont|doesnt|neednt|wont ..1 need_to|have_to? see|know|hear|notice|find_out $|it|this|that|about", 2, 1),
    _Sign("<nobody> ..2 cant|wont|doesnt|dont|isnt|not|never ..1 <read>|know|find_out", 2, 1),
    _Sign("isnt|not|arent|never <read> by|from ..1 <org>|them|anyone", 2.5),
    _Sign("they|company|office|agency <read> these|this|our|messages|texts|everything|what", 2, 1),
    _Sign("rather pay|hire|give ..2 than|not|instead_of them|the_company|the_agency|the_app", 2, 2),
    _Sign("check|money made|made_out|written|payable ..1 to me|you|us", 1, 3),
    _Sign("<pay> me|you|us|u|te ..3 <means>", 0, 2),
    _Sign("<pay> me|you|us|u when|yourself|in_person|direct|directly|straight|myself", 0, 2),
    _Sign("pay|paying me|you|us|u", 0, 1),
    _Sign("<pay> me|you|us ..2 money|myself|whole|full|entire", 0, 2),
    _Sign("rather|prefer ..6 than ..2 go|going|pay|paying|use|book ..1 <via>", 2.5),
    _Sign("not|dont|doesnt|never|without ..4 tell|mention ..2 anyone|anybody at|in the <org>", 3, 1),
    _Sign("no|without|skip ..2 paperwork|receipt|invoice|trace|paper_trail|middle", 2),
    _Sign("request|booking never|doesnt|isnt|not ..2 made|in|exists|happens|placed|entered|logged|accepted", 2.5),
    _Sign("dont|not|never accept|confirm|approve|respond ..3 request|booking", 2),
    _Sign("<org> charges|charge ..4 more than", 1.5),
    _Sign("in_person|lets_fix|fix_that", 0, 1),
    _Sign("lets|we ..2 fix|settle|sort|work|figure ..3 in_person|together|ourselves", 0, 2),
    _Sign("hire|employ you|me|u", 0, 1.5),
    _Sign("i|we|ill|id|wed|im|were charge|charging|cost|ask less|cheaper ..1 than they|them|the", 1.5, 1.5),
    _Sign("if|suppose|say ..1 <visit> ..4 disappear|vanish|disappears|vanishes|evaporated", 2.5),
    _Sign("envelope|money|cash ..5 on|under|in the <place>", 0, 1),
    _Sign("would|will|could|can you still come|walk|sit|visit|do|stay", 0, 1),
    _Sign("skip|skips|skipped|skipping ..3 fee|fees|commission|cut|markup", 2.5),
    _Sign("work|worked|sort|sorted|settle|settled|figure|figured ..2 out? between|among ourselves|us", 0, 2.5),
    _Sign("<wrote> my|our <own>? <line> ..1 on|in|inside|under|behind|into !the_app|your_app", 0, 2),
    _Sign("quit|quitting|leaving|left|deleting|deleted the <org>", 2),
    _Sign("stay|stick|continue|keep_going with me|us", 0, 2),
    _Sign("<reach> me|you|us|u without|outside|outside_of|besides this|the|here", 2.5, 2),
    _Sign("paying|pay|giving|give them|the_company|the_app ..2 percent|cut|share|fee|half", 2),
    _Sign("no_point|pointless|why ..2 paying|pay|giving|booking|go|going", 1),
    _Sign("dont|not|never|wont need|use this|the chat|thread|app ..1 anymore|any_more|again", 2),
    _Sign("off|outside|away of|from? here", 2),
    _Sign("rates|rate|price|prices|prices_are ..6 lower|less|cheaper", 0, 2),
    _Sign("<nobody>|they listen|listens|spy|snoop|eavesdrop ..2 this|us|here|these", 2, 1),
    _Sign("give me|us a ring|call|buzz|shout on|at", 0, 1.5),
    _Sign("come|want_to work for|with me|us !at|on|out", 1.5, 2.5),
    _Sign("pagarte|pagarle|contratarte|pago ..4 no|en_vez_de|sin ..3 empresa|agencia|app|plataforma", 2, 2),
    _Sign("cancelas|canceles|cancela ..2 aqui|app|reserva|cita|visita", 2),
    _Sign("te_doy|te_pago|te_dejo ..3 dinero|efectivo|plata|mano", 0, 2),
    _Sign("sin_que ..3 se_entere|se_enteren|sepa|sepan", 2.5, 2),
    _Sign("leave|leaving|left ..3 cash|money|check|envelope ..3 on|under|in|with", 0, 2),
    _Sign("for|at ..2 cash", 0, 2),
    _Sign("te_pago|pagame|te_doy ..3 mano|efectivo", 0, 3),
    _Sign("charge|cobras|cobrarias ..1 me|us|you", 0, 1.5),
    _Sign("how_much|what ..4 cost|charge if", 0, 1.5),
    _Sign("directly|privately|independently|straight_to_me|straight_to_you|direct_to_me", 0, 1.5),
    _Sign("on_my_own|on_our_own|on_your_own|for_myself|yourself|on_the_side", 0, 1.5),
    _Sign("the_two_of_us|between_you_and_me|between_us|just_us|entre_nosotros", 0, 2),
    _Sign("arrange|settle|handle|do|sort|fix ..6 the_two_of_us|between_us|between_you_and_me|just_us !and_let", 2, 1),
    _Sign("arrange|settle|sort_out|work_out|work|figure_out|settle_up|handle ..1 things|something|it|this|that", 0, 2),
    _Sign("settle|settle_up in_person|ourselves|face_to_face", 0, 2),
    _Sign("work|working|walk|sit for us|our_family|me|my_family", 0, 1),
    _Sign("once|after|when ..3 contract|trial|agreement|job ..3 ends|is_up|is_over|over|up|is_done|runs_out", 1.5),
    _Sign("starting|launching|opening|start|open my|our own ..3 <work>", 1.5, 2),
    _Sign("my|our first|own|private|new|regular client|clients|customer|customers", 0, 1.5),
    _Sign("do|offer|doing ..3 <work> ..1 on_my_own|for_less|cheaper|for_half", 0, 2.5),
    _Sign("keep|get|make|pocket ..2 full|all|whole|more|entire|everything", 0, 2),
    _Sign("loses|lose|save|saves|saving|avoid|keep|dodge|split ..2 cut|fee|fees|commission|percent", 1, 1.5),
    _Sign("they|company|agency|app take|takes|taking|keep|keeps|charge|charges ..4 percent|cut|much|half|share", 2, 1),
    _Sign("no|zero|sin ..1 fee|fees|commission|comision|cut|markup", 1, 1.5),
    _Sign("cheaper|less|lower|discount|mas_barato|<better>", 0, 1.5),
    _Sign("somewhere|someplace|elsewhere|another_way|other_way ..3 chat|talk|text|reach|message|write", 0, 1.5),
    _Sign("way|number|place to reach|contact|text|talk_to|message you|u", 0, 2),
    _Sign("take|move|continue this conversation|chat|discussion ..1 elsewhere|offline|somewhere", 2, 2),
    _Sign("my|your|mi number|cell|digits|info|business_card|card|<telefono> ..3 on|under|off|in|en ..2 <place>", 0, 2),
    _Sign("dejo|deje mi <telefono>|correo", 2, 2),
    _Sign("<reach> ..4 that_way|through_that|on_that|from_now_on|going_forward|ahi|using_that", 1, 1.5),
    _Sign("<reach> me|us|you ..1 there|instead|ahi ..1 from_now_on|next_time|instead|please?", 2),
)  # fmt: skip
_ENOUGH = 4.0
_LEAST_OF_EACH = 1.0
_REACH = 160
_MOST_SIGNS = 64


@cache
def _rules() -> Rules:
    return Rules([sign.rule for sign in _SIGNS], _CLASSES)


def may_be_deal(words: frozenset[str]) -> bool:
    """Whether a text of these words may have signs of both kinds."""
    return not any(triggers.isdisjoint(words) for triggers in _triggers())


@cache
def _triggers() -> tuple[frozenset[str], frozenset[str]]:
    """The words of which a text has one where something is said of each kind."""
    away = [sign.rule for sign in _SIGNS if sign.away]
    deal = [sign.rule for sign in _SIGNS if sign.deal or sign.away >= _ENOUGH]
    return triggers_of(away, _CLASSES), triggers_of(deal, _CLASSES)


def dealings_in(reading: Reading, phrases: Phrases) -> Iterator[tuple[int, int]]:
    """Spans of the folded text whose signs together ask to leave the organisation out."""
    near: list[_Seen] = []
    for start, end, rule in _rules().all_in(phrases.text, phrases.words, _MOST_SIGNS):
        near = [one for one in near if start - one.start < _REACH and phrases.text.find(". ", one.start, start) < 0]
        near.append(_Seen(start, end, _SIGNS[rule]))
        if _is_deal(near):
            first, last = phrases.words_at(near[0].start, end)
            yield reading.starts[first], reading.ends[last]
            near = []


def _is_deal(signs: list[_Seen]) -> bool:
    """Whether the signs, each kind of them once, say enough of both."""
    kinds = {one.sign for one in signs}
    away, deal = sum(sign.away for sign in kinds), sum(sign.deal for sign in kinds)
    if any(sign.away + sign.deal >= _ENOUGH for sign in kinds):
        return True
    return away + deal >= _ENOUGH and min(away, deal) >= _LEAST_OF_EACH
