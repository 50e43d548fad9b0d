"""The words that reading of contact details turns on, by what they mean there."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Asking to be reached, and what one is reached on.
REACH_VERBS = words_of(
    "call calls calling text txt texting message messaging msg dial dialing ring reach contact whatsapp facetime"
    " sms ping phone phoning hit holler llama llame llamen llamame llamar llamarme escribe escriba escribeme"
    " escribame escribirme marca marcame contactame contacteme textea texteame mandame mensajeame imessage"
    " appelle appelez appeler contactez joindre joignable ecrivez ecris chiama chiamate chiamare chiamami scrivi"
    " scrivimi ligue liga liguem ligar chame chamar anrufen rufen ruf anruf erreichbar erreichen melde melden"
    " schreib schreiben"
)
REACH_ME = words_of(
    "llamame escribeme escribirme llamarme marcame contactame contacteme texteame escribame hmu chiamami scrivimi"
    " anrufen erreichbar joignable"
)
LINE_NOUNS = words_of(
    "mob cell cellphone mobile phone number numbers num nbr digits line landline cel celular movil telefono numero"
    " fono tel fone nummer telly celly handy whatsapp wsp wpp direct personal sim esim"
    " handynummer rufnummer portable cellulare telefonino telemovel"
)
SURE_LINE_NOUNS = words_of(
    "cell cellphone mobile digits celular movil telefono landline whatsapp tel wsp celly cel sim esim"
    " handynummer rufnummer cellulare telefonino telemovel"
)
OWNERS = words_of(
    "my mine our mi mis his her husbands wifes moms mums sisters brothers partners personal private direct own"
    " meine mein ma mon meu minha new backup other roommates boyfriends girlfriends actual real secondary google burner"
    " mio mia notre unser unsere"
)
OBJECTS = words_of("me us mi moi nous mich uns")
POINTERS = words_of("it that this those these there ahi")
KEEP_VERBS = words_of("save add jot store memorize remember guarda anota apunta write note keep use try usa")
REACHED_AT = words_of("there at on via al en a instead directly here au unter para pelo")

# What a number is, when it is no phone.
LABELS = words_of(
    "unit units apt apts apartment apartments room rooms suite suites bldg buildings kennels stalls aisle bin"
    " reg akc registry locker code codes keypad lockbox alarm pin passcode password pass ssid network pw gate chip"
    " microchip"
    " microchipped microchips chips avid homeagain"
    " order orders tracking ups usps fedex dhl package invoice inv booking reservation claim license licence"
    " tag tags serial sn confirmation conf receipt account acct policy ref reference ticket zip flight rabies"
    " registration permit batch lot sku upc barcode isbn model vin plate router wifi rx prescription"
    " refill transaction trans transfer po combo combination chewy amazon petco petsmart trupanion"
    " insurance member membership student checkout routing steps calories readings reading glucose insulin"
    " codigo clave pedido orden factura reserva guia rastreo alarma puerta porton seguimiento recibo poliza"
    " contrasena caja candado medal rev tattoo seat cabin channel step miles kibble ssid imei meter parcel shipment"
    " lottery lotto powerball jersey"
)
SOFT_UNITS = words_of("am s h m d f x st drive street lane can in walk walks visit times units unit day night")
UNITS = words_of(
    "am pm oclock min mins minute minutes hr hrs hour hours sec secs seconds s h m day days week"
    " weeks month months year years yr yrs lb lbs pound pounds oz ounce ounces kg kgs g gram grams mg mcg ml cc"
    " tsp tbsp cup cups scoop scoops cans tab tabs tablet tablets pill pills unit units drop drops mile miles"
    " mi km ft feet foot inch inches yd yards meters percent degrees deg f bucks dollars usd cents steps st nd"
    " rd th ave avenue street road blvd lane drive apt suite times x dogs cats dog cat visits walks walk visit"
    " treats treat photos pics nights night minutos horas hora dias dia semanas libras tazas taza perros gatos"
    " veces pastillas gotas dolares pesos milligrams milliliters mph bpm calories"
)
MONTHS = words_of(
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october"
    " nov november dec december enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre"
)
# Between the parts of one number.
FILLERS = words_of(
    "then and y the is it its in ends end with part first second third last middle next followed by dash hyphen"
    " guion space dot point punto comma slash underscore my number area code so um uh like lol haha ok plus then"
    " also goes after that starts start begins luego despues finally rest of again tail head emoji woof meow bark star"
    " bit half digits exchange prefix mas final comes now here are finishes finish to parte primera segunda"
    " two three four w add theres there follows before put off finish after pause take tail termina terminan acaba"
    " con sigue en primero al numbers remaining other afterwards thats"
)
# Leading from one digit to the next: "a nine, then a one".
ORDER_WORDS = words_of("then next followed luego despues puis dann")
BESIDE_ORDER_WORDS = ORDER_WORDS | words_of("a an un another and y et und by with comes")
CHATTER = FILLERS | words_of(
    "hang on great wait sec one lol thanks got sorry hold done ready more yes almost done yep sure k"
)
PARTS = words_of(
    "tail head part middle ends starts begins part area prefix exchange followed finishes termina empieza digits"
)
HYPHENS = words_of("dash hyphen guion dot point punto space underscore slash period")
