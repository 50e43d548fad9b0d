"""Social and payment services, and the rules of how one is invited to them."""

from __future__ import annotations

from switchboard.domain.contact_details.vocabulary import words_of

# Services that are nothing else, and those whose names are words too.
SERVICES = words_of(
    "instagram insta whatsapp snapchat facebook telegram tiktok twitter discord wechat viber kik linkedin skype"
    " messenger imessage facetime ig fb wsp wpp watsapp whatsap wassap guasap wasap youtube nextdoor"
    " googlevoice hangouts bluesky reddit pinterest tumblr twitch onlyfans bereal mastodon bsky groupme kakaotalk kakao"
    " zalo yubo vsco linktree"
)
VAGUE_SERVICES = words_of("snap signal tg wa line zoom slack gram fbook face sc threads rover wag")
PAYMENTS = words_of(
    "venmo zelle cashapp paypal applepay googlepay gpay chime revolut bizum wise vnmo cashap"
    " etransfer interac monzo nequi daviplata yape mercadopago paytm gcash"
)
VOCABULARY = SERVICES | VAGUE_SERVICES | PAYMENTS | words_of("text call message me direct directly personal number")

CLASSES = {
    "sure": " ".join(SERVICES - VAGUE_SERVICES),
    "any": " ".join(SERVICES | VAGUE_SERVICES) + " x",
    "pay": " ".join(PAYMENTS),
    "sure_pay": " ".join(PAYMENTS - {"wise", "chime"}),
    "find": "add follow find message msg dm pm friend ping text txt contact reach call write hit hmu catch get look tag"
    " send talk chat",
    "buscame": "agrego sigo busco busca encuentrame agregame sigueme buscame escribeme hablame mandame escribo"
    " hablamos mandas",
    "on": "on via through over at by in en por thru al",
}
INVITING = (
    "<find> me|us|to_me|up|with_me ..4 <on> my|the|mi? <any> !app_here",
    "<buscame> ..3 en|por|al|via mi|el? <any>",
    "find|look_for ..3 on <sure> and|to ..1 add|send|message|msg|follow|request|friend|dm|say",
    "search|search_for|look_up|look_for|lookup|google ..4 on <sure>",
    "my apple_id is",
    "<find>|see my|our profile|page|listing|account on|at <any>",
    "add me $",
    "add|follow|friend|dm|pm me on|over_on !here|this|the|my|your",
    "follow|like|visit my|our page|profile|account",
    "friends on|in <any>",
    "connect with me|us there|on",
    "<sure> look|search|add|find for|me|us|my",
    "send|accept|sent|add ..2 friend request",
    "got|have a|an|any? snap|telegram|tg|wa|signal|line|gram $",
    "page|profile|group|account ..6 on|in <sure>",
    "<find>|leave|see|check|read|im|my|were ..4 on yelp|nextdoor",
    "same username|user_name|name|handle|user|tag|thing ..1 on|in <any>",
    "same on <sure>",
    "mejor|facil por|en|al <sure>|telegram|signal",
    "whats|what_is|cual_es your|ur|tu snap|telegram|tg|signal $",
    "be <sure> friends",
    "hmu|hit_up on|via|thru|through <any>",
    "<sure> me|us",
    (
        "snap|telegram|signal|tg|gram|slack me"
        " !with|by|from|that|you|before|once|as|at|a|the|some|any|pic|pics|photos|when|if"
    ),
    (
        "im|i_am|were|we_are|its_me|also|available|estoy|always|mostly also|always|mostly|easier? on|en|over_on the?"
        " <sure>|signal|snap|tg|wa|x !too_much|all_day|the_phone|watching|looking"
    ),
    (
        "my|mi|our <sure> is|es|handle|name|username|user|page|profile|id|account|too|number|instead"
        " !down|full|not|broken|got"
    ),
    (
        ""
        "heres|here_is|check|check_out|see|follow|find|visit|add|on|to|use|look_at|look_up|out|via|whats|en|por|this_is"
        " ..1 my|mi|our <sure> !post|posts|story|feed|app|stories|friends|later|already|lol|haha|yet|tonight|tomorrow"
    ),
    "my|mi|our <sure> $",
    "follow|add ..2 on <any>",
    (
        "whats|what_is|got|have|give|gimme|send|share|drop|cual_es|tienes|pasame|dame|need|use|usas|uses me?"
        " your|ur|a|an|you|you_on|u|tu|tus|the? <sure> !photo|photos|post|posts|video|pic|pics|story|reel"
    ),
    (
        "switch|move|talk|chat|continue|go|take_this|hop|connect|lets|jump|join|prefer|hablemos ..3"
        " to|on|over|via|onto|use|por|my|our <any>"
    ),
    "<sure> instead|there|chat|works|mejor|better|easier|is_easier|is_better|is_quicker|is_faster|is_best",
    "<sure> server|group|channel",
    "hit|slide_into|slide_in|check|send_me_a|shoot_me_a|drop_me_a my|the|your? dms|dm|pm",
    "dm|pm me|us !here|in_the_app|in_app|through_the_app|on_here|at|if|when",
    "tengo|tienes|uso|usas <sure>",
    "mando|mandar|mandarte|mandame|enviar|enviarte|paso|send|sending|share ..5 por|al|via|on|over|through|by|to <sure>",
    "you|u|usted|tu|ya on|in|en <sure>|telegram|signal $",
)
PAYING = (
    "pp me|it_to_me",
    "<sure_pay> it|that|them|some|money ..1 to|at|over",
    "can|could|do|may|should|would i|you|u|we ..1 <sure_pay>",
    (
        "<sure_pay> me|us|you|u|him|her|to|tag|handle|name|id|instead|works|work|is|ok|okay|under|too|or|and_skip|for"
        "|directly|direct|account|cash|and"
    ),
    (
        ""
        "my|your|ur|mi|tu|our|by|via|with|w|thru|through|on|to|pay|accept|take|takes|use|using|have|got|do|over|por|en|con|prefer"
        "|send me? on|by|the|through|via|it|money? <pay>"
    ),
)
IN_CHANNEL = (
    "in|through|on|via|inside|with|by the|this|your app|ap|booking_app",
    (
        "already|dont|never|cant|not|wont|no_longer ..2"
        " accept|take|use|paid|pay|do|have|trust|allow|venmo|zelle|paypal|cashapp|applepay"
    ),
    "scam|on_file|here_in_the|in_app",
)
NAMING = ("<any>|<pay>|google|lookup|handle|username|user_name|usuario|dms|my_name !x",)
