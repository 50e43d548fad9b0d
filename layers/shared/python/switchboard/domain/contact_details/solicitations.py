"""Invitations to deal with each other without the organisation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from switchboard.domain.contact_details.grammar import Rules
from switchboard.domain.contact_details.phrases import Phrases
from switchboard.domain.contact_details.tokens import Reading
from switchboard.domain.contact_details.vocabulary import words_of

_CLASSES = {
    "you": "me us you u ya with_me with_us with_you to_me to_us to_you",
    "your": "your ur yr",
    "my": "my our mine",
    "reach": "text txt call message msg contact reach phone dm email write whatsapp ring hit_up reach_out",
    "deal": "book hire pay schedule arrange rebook request booking booked paying paid hiring hired set_up set_it_up"
    " set_this_up set_something_up plan do_this do_it do_that",
    "serve": "deal work sit walk dealing working sitting walking go handle settle come do_it do_this",
    "object": "me us you u ya it this that them these trips walks visits sits next_time everything one",
    "adverb": "just more always again next_time from_now_on all only instead",
    "directly": "direct directly privately personally independently outside off_here on_the_side off_app"
    " under_the_table off_the_books one_on_one",
    "line": "number numbers nbr cell cellphone cell_phone phone_number cell_number phone mobile digits email e_mail"
    " contact_info contact_details contact info email_address mobile_number",
    "private": "personal private own direct cell mobile real actual home",
    "company": "app apps platform company agency office middleman middle_man system site service boss owner business"
    " fee fees commission cut books website management them switchboard companys agencys",
    "firm": "app apps platform company agency middleman middle_man fee fees commission companys agencys website"
    " switchboard management",
    "around": "outside outside_of off off_of go_around get_around work_around going_around without bypass"
    " bypassing skip skipping avoid avoiding ditch"
    " leave_out cut_out cutting_out go_around behind not_through instead_of dodge circumvent",
    "using": "using paying going_through involving telling of going having",
    "the": "the this their your that these those",
    "kind": "whole booking pet stupid extra agency company app service middleman platform sitting",
    "nobody": "nobody no_one noone",
    "cannot": "cant cannot can_not couldnt shouldnt wont rather_not dont do_not never unable_to no_need_to cant_really"
    " wont_ever",
    "other_fee": "late overdue parking delivery shipping entrance license toll",
    "share": "share give send hand swap exchange trade",
    "they": "they company agency office boss owner nobody no_one anyone",
    "not": "dont doesnt wont does_not do_not never shouldnt cant",
    "give": "share drop swap exchange trade leave sending giving send give shoot heres here_is this_is ill_send"
    " leaving lemme_give",
    "ask": "sharing whats what_is whats_the_best send shoot give gimme get have need share drop want grab ask_for tell"
    " lmk leave write write_down jot_down can_i_have could_i_have may_i_have got pass let_me_know let_us_know know",
    "cheap": "cheaper less discount better_rate better_price better_deal lower_rate lower_price save_money"
    " save_the_fee save_the_fees deal",
    "tu": "tu su mi",
    "telefono": "numero telefono celular correo cel movil whatsapp email",
    "dame": "dejame dejas anotame apuntame pasa dame pasame deme dar darme mandame cual_es tienes te_doy"
    " te_paso te_mando aqui_esta me_das me_pasas"
    " me_da comparte",
    "fuera": "fuera por_fuera afuera sin saltarnos saltar evitar",
    "empresa": "app aplicacion plataforma empresa compania agencia comision intermediario intermediarios oficina"
    " tarifa",
    "escribeme": "escribeme escribame llamame llameme contactame contrata contratame contratarme reservame pagame"
    " pagueme reserva trabajar te_pago pagarte contratarte trato trabajamos arreglamos hablame"
    " contratas contrates contrate contraten reserve reserves reservar pague pagues pagar escribas contratar"
    " coordinamos",
    "sepa": "sepa sepan se_entere se_enteren saber decirle avisarle",
    "directo": "directo directamente en_privado por_fuera aparte por_privado",
}
_RULES = (
    "<reach> <you> ..1 <directly>",
    "<deal> <object>? <adverb>? <directly>",
    "work|working|sit privately|on_the_side|off_the_books|freelance",
    "i|you|u ..1 work independently",
    "pay|paying|paid me|you|u|us ..1 cash|in_cash",
    "pay|paying me|us|you straight !away",
    "same as? this|your|the|that number but|except|only",
    "if|could|can|we|would ..1 <you>? pay ..1 in? cash",
    "<serve> it|this|things? for|with me|us|you|u|each_other|one_another <adverb>? <directly>",
    "<deal>|<serve> ..3 ourselves|among_ourselves|between_ourselves|on_our_own !if",
    "also ..2 on_my_own|for_myself|independently",
    "on_my_own|for_myself ..2 cheaper|less|lower",
    "i|we ..1 have|run|got my|our own pet? business|clients",
    "if|when its|it_is just us|you_and_me|the_two_of_us $",
    (
        "quit|drop|ditch|forget|cancel|canceled|cancelled with? the|this app|company|agency|platform|booking and"
        " ..4 me|cash|direct|directly|paid"
    ),
    "lower|less|cheaper ..2 if you|we|u dont_use|do_not_use|skip|leave the|this? <firm>|service",
    "clients|work|jobs|book|hire|text|call|talk|reach|chat ..2 outside of? this|here $",
    "reach|text|call|contact you|u without|besides this|the number|app",
    "cash ..5 instead_of booking|paying|using|going|the_app|the_company",
    "for cash $",
    "wise|chime me",
    "ask me for my number|cell|digits",
    "on|at|to my|our other|second phone|cell|number|line",
    "on_my_own time for? half|less|cash|cheaper",
    "leaving|quitting the|this|my company|agency soon|but|and|so|next",
    "dont|do_not|please_dont|never go|book through|thru|via the|this? company|agency|them|platform|website|site|app",
    "how_about|what_about cash !tip|tips",
    "do|doing our own thing|deal|arrangement",
    "<deal> me|us on_my_own",
    (
        "rather|prefer|prefer_to ..1 pay|paying|text|texting|hire|deal_with|work_with you than|over|instead_of|not"
        " them|the? company|agency|app"
    ),
    "lets ..2 cash",
    "whats|what_is ..2 email|cell for you|to_reach",
    "lets|we_can|we_could|you_can|could_we|should_we|you_could ..3 not|avoid|skip ..2 through|thru|via the|this <firm>",
    "te cobro|cobraria menos|mas_barato",
    (
        "no_need|dont_need|dont_have|do_not_have|neednt|no_reason to? book|go|pay|schedule"
        " through|thru|with|via|on the|them|app|this"
    ),
    "<deal> ..4 privately|off_app|under_the_table",
    "no_need|dont_need|do_not_need|not_need for|to_use|to_involve|to_tell? the|an|a|this company|agency|app|middleman",
    "directly|direct|privately with|to|through|from me|us|you|u",
    "<your>|my|his|her <private> phone|cell|mobile? <line>|line",
    "an|a <private> phone|cell|mobile? <line>|line !or",
    "<ask> me|us|to? <your> ..1 <line>",
    "share|send|give|drop|pass me|us|ya? <your> ..1 <line> with?",
    "<give> you|u|over|each_other|ya|him|her? <my>|each_others ..1 number|numbers|digits|cell|<line> !is_up|here",
    "swap|exchange|trade ..1 <line>|numbers|contacts|phones",
    (
        "put|save|write|wrote|writing|jot|note|take|get|grab|copy|left|taped|slipped|tucked|hid|stuck ..1"
        " my number|numbers|cell|digits|contact !off|out|from"
    ),
    "whats|what_is ..2 best|good|right number to reach|get|text|call|contact you|u",
    (
        "send|give|text|share|tell|need me|us? your account_and? bank? routing|iban|sort_code|account_details"
        "|bank_details|bank_info|account_info|bank_account|bank_number"
    ),
    "lets|we|could_we|can_we ..3 talk|chat|text|message|write|speak|meet|go of the app|platform",
    "send|give|text|share me|us your personal|private|contact|own details|info|number",
    "hit my line|cell|phone|digits",
    "instead_of|without|rather_than booking|reserving here|through|with|on|via|in",
    "card|note|paper with <your>|my number|cell|info|contact",
    "give|hand|slip you|u my business? card !for|to|and",
    "if|with it|its is|was|were? just us|you_and_me|the_two_of_us $",
    "deal|dealing|arrange|work directly|direct|privately $|with_me|with_us|with_you|from|together|next",
    "keep|stay in touch ..2 outside|without|after|directly|privately",
    "hire|hired|hiring|book|booked|booking|pay|paid me|us yourself|yourselves",
    "i|im|am|ill ..2 going|go|be|gone independent|freelance",
    "rates|prices|price|rate ..2 lower|less|cheaper|better ..1 if you|we|u",
    "how|way|number ..4 reach|contact|find|text you|u at|on? after|once|when ..4 booking|contract|job|gig|over",
    "no app|agency|company ..1 no|just",
    "<serve>|do ..3 for you|us|me privately|directly|on_the_side|on_my_own|for_cash !from_the|to_the",
    "cash|money|check ..6 dont|do_not|no_need|without|skip ..3 book|booking|app|put|log|website|company|office",
    "come|do|walk|sit|stay|visit ..8 dont|do_not|without book|booking it|this|anything|them $",
    "arreglar|arreglemos|arreglamos|arreglarlo|hacemos|hagamos|queda|quede ..2 entre nosotros|nosotras",
    "trabajas|trabajo|trabajar|trabaja ..2 por tu|mi|su cuenta",
    "pago|pagas|pagar|dinero ..2 en mano",
    "hablamos|hablemos|arreglamos|quedamos|seguimos|trato por_fuera|fuera|aparte|por_privado",
    "no|sin ..3 pasar|pases|pase|ir|vayas|usar por? la|el? agencia|app|aplicacion|empresa|compania|plataforma|web",
    (
        "<around> <using>? <the>|my? <kind>? <firm>"
        " !picnic|party|dinner|car|truck|door|building|gate|entrance|parking|lot|stairs|dog_park"
    ),
    (
        "without|behind|not_through|going_around|go_around <using>? <the>? office|boss|owner|service|system|site"
        "|business|them $"
    ),
    (
        "without|behind|not_through <the>? office|boss|owner|service|them know|knowing|finding_out|involved|and"
        "|so|next_time"
    ),
    "skip|skipping <the>? service|middleman",
    "cut|leave|keep|cutting|leaving|keeping <the>? <company>|them|everyone_else out",
    "skip|skipping|avoid|save|dodge <the>|on? !<other_fee> ..1 fee|fees|commission !the|a|at|is|was",
    "off|outside <the>? app|platform|books|system",
    "cut|cutting out <the>? middleman|middle_man|agency|company|office",
    "no middleman|middle_man|agency|agency_fee|agency_fees|app_fee|app_fees|company_fees|app_needed|company",
    "dont|not|never|without tell|telling|mention <the> office|company|agency|boss|owner",
    "dont|not|never|without let|letting <the> office|company|agency|boss|owner know|see|find|hear|catch|in",
    (
        "<they> never? <not>|needs|need|dont_need|doesnt_need|will have_to|has_to|to|gotta|will|ever|need_to? know"
        "|find_out about? it|this|that|us? $"
    ),
    "<nobody> needs|need|has|have|will|would|can|gotta? to|ever|even? know|find_out about? it|this|that|us? $",
    "if|as_long_as|provided|so <nobody> at|in|from the? company|agency|office|app knows|hears|finds_out|notices",
    "company|agency|office|boss|app knowing|finding_out|wont_know|wont_find_out|never_knows",
    "just between us|you_and_me|the_two_of_us",
    "between|stays_between us|you_and_me $",
    "keep it|this|things private|off_the_app|off_the_books",
    "lets|we|should keep it|this|things quiet",
    "keep it|this|things between_us !and",
    "leave|leaving the? company|agency|app|office out",
    "pay|paid|paying|cash <you>? in|with? cash and|so|to|instead|directly|direct|on_the_side|under|no",
    "for|do|in|take|pay|paying|accept cash without|instead|under|off|directly|and_skip|on_the_side|privately",
    "<cheap> ..4 if you|we|u ..3 me|direct|directly|cash|private|privately|outside|without",
    "side|private gig|job|deal|deals|arrangement|client|booking|bookings|clients|gigs|jobs|sits|walks",
    "go|going direct|private|directly|around_them !home|to|there|after|back|into|in|from|down|up|left|right|over",
    (
        "go|book|come|pay|work|arrange_it|do_it ..1 through|with|thru|via|by|to me|us|you"
        " instead|directly|direct|and|without|not"
    ),
    "without going through|thru them|the|your|this",
    "cancel ..2 app and ..2 come|do|book|pay",
    "<tu> <telefono> personal|privado|directo|propio|particular",
    "<dame> <tu> <telefono>",
    "<fuera> de|usar|pasar_por|decirle_a|pagar|pagarle_a? la|el|los|las? <empresa>",
    "<escribeme>|pagas ..2 <directo>",
    "directamente conmigo|contigo|a_mi",
    "sin|no que|se? <sepa> a|nada|de? la|el|los? <empresa>|dueno|jefe",
    "pago|pagame|pagar|paga|pagas en_efectivo y|para|sin|directo",
)
# Behind a number that somebody says not to give: where or to whom it is, or that it is given.
_TOLD_ALL_THE_SAME = (
    "number|numbers|here|heres|in_here|in_the_app|in_this|on_here|on_this|on_the_app|through|over|at|so_here|so_ask|so_take|so_its|but_here|but_heres|but_its|but_ask"
    "|but_you|but_i|until|till|if|unless|with_them|to_them|with_anyone|to_anyone|with_the_office"
    "|with_the_company|with_the_agency|with_the_app"
)
# Ordinary phrases that such rules would take in.
_ORDINARY_RULES = (
    f"<cannot> <share> ..3 <line>|numbers|phones !{_TOLD_ALL_THE_SAME}",
    f"not|arent|isnt|never ..1 allowed|able|supposed|permitted to <share> ..3 <line>|numbers !{_TOLD_ALL_THE_SAME}",
    "direct|directly|personally|privately here|in_the_app|in_this_app|through_the_app|on_the_app|at_the|to_the",
    "log|logged|logging|sign|signed|kicked|turn|turned|took|take|switch|booted me|us|it? off|out|outside",
    (
        "number|cell|email|phone|info from|off|with|to the|our|your"
        " office|company|app|sheet|list|fridge|binder|system|website"
    ),
    "company|office|app|agency|they give|gives|gave|sent|send|sends you|me|us|them",
    "is|was|been|being|got|its off|outside the? app|system|office",
    "through_the_app|through_this_app|in_the_app|on_the_app",
    "vets|vet|doctors|neighbors|office|gate cell|number|phone|office|phone_number",
    "arent|not|isnt|never|cant|wont ..1 allowed|supposed|permitted to ..3 outside|off|without|around|directly",
    "leash|collar|tag|order|chip|flight|unit|apartment|policy number",
    "walk|walked|went|go|parked|ran|run|loop|stroll ..6 behind|around|outside the office|building|site|business $",
    "outside|around|behind the|your office|business|site !to|and_pay|so_we building|door|and|entrance",
)
SOLICITATION_TRIGGERS = words_of(
    "direct directly privately private personally personal number numbers digits cell cellphone phone email app"
    " apps platform company agency middleman middle fee fees cash secret side office boss owner know between"
    " outside commission books numero telefono celular correo aplicacion plataforma empresa compania agencia"
    " directo directamente efectivo fuera contact info intermediario system site independently oficina comision"
    " mobile cut tarifa management service aparte privado business website find line details exchange swap trade"
    " table record cel movil own ourselves cheaper hire discount just knowing conmigo contigo intermediarios nbr"
    " them afuera switchboard straight same card touch independent freelance rates prices money nosotros nosotras"
    " whatsapp cuenta mano"
    " bank routing iban hire hired hiring yourself yourselves without dont booking agencia web booked"
)
_AVOIDING = words_of("not dont never without skip avoid instead")
_AROUND = 40
_SHORT_PHRASES = range(1, 3)
_CLAUSE_SIGNS = frozenset({",", ":", ";", ")"})
_ARTICLES = frozenset({"the", "this", "that", "these", "those"})


@cache
def _rules() -> Rules:
    return Rules(_RULES, _CLASSES)


@cache
def _ordinary() -> Rules:
    return Rules(_ORDINARY_RULES, _CLASSES)


def solicitations_in(reading: Reading, phrases: Phrases) -> Iterator[tuple[int, int]]:
    """Spans of the folded text that ask to meet, pay or write outside the organisation."""

    def _is_one_phrase(match: re.Match[str]) -> bool:
        return not _is_cut(reading, *phrases.words_at(*match.span()))

    for match in _rules().finditer(phrases.text, phrases.words, _is_one_phrase):
        if not _is_ordinary(phrases.text, match.start(), match.end()):
            first, last = phrases.words_at(*match.span())
            yield reading.starts[first], reading.ends[last]


def _is_cut(reading: Reading, first: int, last: int) -> bool:
    """Whether a sign begins something new between a phrase's two words, or before its article: "to the side, deal"."""
    if last - first not in _SHORT_PHRASES:
        return False
    is_new = last == first + 1 or reading.words[first + 1] in _ARTICLES
    return is_new and reading.gap(first).strip(" ") in _CLAUSE_SIGNS


def _is_ordinary(text: str, start: int, end: int) -> bool:
    """Whether an ordinary phrase stands there, and is not what is to be avoided ("not through the app")."""
    if not _AVOIDING.isdisjoint(text[start:end].split()):
        return False
    begin = text.find(" ", max(0, start - _AROUND)) + 1 if start > _AROUND else 0
    around = text[begin : end + _AROUND]
    matches = _ordinary().finditer(around, frozenset(around.split()))
    return any(match.start() <= end - begin and match.end() >= start - begin for match in matches)
