"""Plain wishes to stop, read by a small grammar.

Each word becomes the letter of its class (see wish_words), and patterns over these letters say what a wish is.
A wish fills its clause: what it does not cover ("pictures", "until Monday") makes it an ordinary sentence.
"""

import re
from functools import lru_cache

from switchboard.domain.wish_words import word_class

_LONGEST = 400
_SENTENCE_END = re.compile(r"[.!?\n()]+")
_CLAUSE_END = re.compile(r"[,;:]+|\s-+\s")
_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019\u2018`\u00b4](?=\w)")
# What each pattern cannot do without, looked for first; the pattern; the word that stands for what it matches.
_JOINED = (
    (("",), re.compile(r"([a-z])\1{2,}"), r"\1"),
    (("#",), re.compile(r"#"), " number "),
    (("s.t", "s t", "s-t"), re.compile(r"\bs[. -]t[. -]o[. -]p\b"), "stop"),
    (("do n", "don t", "dnt"), re.compile(r"\bdo (?:not|nt|nto)\b|\bdon t\b|\bdnt\b"), "dont"),
    (
        ("turn off",),
        re.compile(r"\bturn off (?=(?:the |these |all |your |my )*(?:text|message|msg|notification|alert))"),
        "stop ",
    ),
    (("no vuelv",), re.compile(r"\bno vuelv(?:an|as|a) a\b"), "stop"),
    (("nunca mas",), re.compile(r"\bnunca mas\b"), "no"),
    (("any more",), re.compile(r"\bany more\b"), "anymore"),
    (("i am",), re.compile(r"\bi am\b"), "im"),
    (("stop it",), re.compile(r"\bstop it[ ,]+(?=stop\b)"), ""),
    (("it with",), re.compile(r"(?<=\bstop) it with\b|(?<=\bquit) it with\b"), ""),
    (("cease and",), re.compile(r"\bcease and desist\b"), "stop"),
    (("blowing up",), re.compile(r"\bblowing up\b"), "texting"),
    (
        ("this is", "interested", "wrong ", "equivocado", "why "),
        re.compile(
            r"\b(?:(?:you|u) (?:have|got) (?:the )?)?"
            r"(?:this is (?:all )?spam|not interested|wrong (?:number|person)|numero equivocado"
            r"|why (?:do|are) (?:you|u) (?:keep )?(?:texting|messaging|contacting) me)[ ,.!?]+(?=\S)"
        ),
        "wrong number ",
    ),
    (
        ("who is this", "i never", "i did"),
        re.compile(
            r"\bwho is this[ ,]|"
            r"\bi (?:never|didnt|did not) (?:sign(?:ed)? up|subscribed?|ask(?:ed)?)"
            r"(?: (?:for|to) (?:this|these|it))?[ ,]"
        ),
        "wrong number ",
    ),
    (("no longer",), re.compile(r"\bno longer\b"), "nolonger"),
    (
        ("opt", "sign me out"),
        re.compile(r"\bopt[ -](?:me |us )?out\b(?: of everything\b)?|\bopting out\b|\bsign me out\b"),
        "optout",
    ),
    (("thank ",), re.compile(r"\bthank (?:you|u)\b"), "thanks"),
    (("por fa",), re.compile(r"\bpor fa(?:vor)?\b"), "please"),
    (("right now", "at once"), re.compile(r"\b(?:right now|at once)\b"), "now"),
    (("at all", "at any time"), re.compile(r"\b(?:at all|at any time)\b"), "ever"),
    (("de baja",), re.compile(r"\b(?:dar|de|den|dame|darme|deme|denme|quiero) (?:me )?de baja\b"), "optout"),
    (("en paz",), re.compile(r"\ben paz\b"), "enpaz"),
    (("out to",), re.compile(r"\breach(?:ing)? out to\b"), "contact"),
    (("text messages",), re.compile(r"\btext messages\b"), "texts"),
    (("no need",), re.compile(r"\bno need\b"), "unneeded"),
    (("how do i", "how can i"), re.compile(r"\bhow (?:do|can) i\b"), "please"),
)

_ME = "m"
_WHAT = "[qevp]*t"
_VERB = "(?:v|xav|vax|vav)"
_DOING = "(?:g|gac|cag|gag)"
_ONTO = "[oh]+(?:q*b|[iYm]|q*l)"
_TAIL = f"(?:[pe]|Ne|{_ONTO})*"
_NOT = "[nN]e?"
_WISHES = (
    f"s[op]?{_DOING}(?:{_ME}|q+b)?(?:o?{_WHAT})?",  # stop texting me
    f"s[op]?q*{_DOING}|s[op]*v{_ME}?|N{_DOING}{_ME}?|C{_DOING}{_ME}?",  # no texting
    "(?:q[qev]*)?th*s|s[op]?[RG]q+",  # I want these messages to stop
    f"s[op]?d{_ME}?{_WHAT}|s[op]?d{_ME}",  # stop sending me these messages
    f"s[opa]?[RG]?{_WHAT}",  # stop the texts
    f"{_NOT}(?:{_VERB}{_ME}|{_ME}{_VERB}|h*g{_ME}|vh{_ME}|{_VERB}q+b)(?:a{_VERB}{_ME}?|ax{_ME}?)?",  # don't text me
    f"{_NOT}{_ME}xav|Nve+",
    f"{_NOT}{_ME}?d{_ME}?{_WHAT}|{_NOT}(?:d{_ME}|{_ME}d)e",  # don't send me texts
    f"{_NOT}wh*[RG]?{_WHAT}|{_NOT}wY?h*{_ME}?d{_ME}?{_WHAT}",  # I don't want to get any more texts
    f"{_NOT}w[Yq]?{_DOING}{_ME}?|{_NOT}wY?h*(?:{_VERB}{_ME}|{_ME}{_VERB}|k)|{_NOT}wh*R",
    f"Ne+v*t|N{_WHAT}p+",  # no more texts
    f"Bm?o*{_WHAT}",  # block these texts
    f"[rG]{_ME}?p?o+[qgvtepY]*l|[rX]q*b+o*[qgvtep]*l?|X{_ME}(?:o+[qgvtep]*[lt])?",  # take me off your list
    f"u{_ME}?(?:o*[qe]*[tlbv]|o+[qe]+)?",  # unsubscribe me
    f"wo+{_WHAT}",  # I want out of these texts
    f"C{_WHAT}|Cq*l(?:oh?{_WHAT})?",  # cancel these messages
    f"r{_ME}o|s[op]?d{_ME}?q+|[_hYi]*{_DOING}{_ME}s|Eo*{_WHAT}|Lo*d{_WHAT}",
    "Y?z?q*zbp*(?:s|Nv)",  # wrong number, stop
    f"L(?:{_ME}?|q+b)A",  # leave me alone
)
_PREFIX = "(?:[pehwaKY]|z?q*zb|i(?!p*s))*"
_AFTER = "(?:[iza].*)?"
_WISH = re.compile(f"{_PREFIX}(?:{'|'.join(_WISHES)}){_TAIL}{_AFTER}")
# "please stop" says what is meant only where it is all that is said.
_BARE_WISH = re.compile("p*(?:iK[Yh]*)?s(?:[pes]|iK[Yh]*s|Ne)*")
_CONDITION = "?"
_OTHER_WAY = re.compile("p*x")


@lru_cache(maxsize=32)
def is_wish_to_stop(plain: str) -> bool:
    """Whether a text (lower case, without accents) plainly asks not to be texted any more."""
    text = _joined(_APOSTROPHE.sub("", plain[:_LONGEST]))
    sentences = [_clauses(sentence) for sentence in _SENTENCE_END.split(text)]
    whole = "".join("".join(clauses) for clauses in sentences)
    if whole and _BARE_WISH.fullmatch(whole):
        return True
    return any(
        _WISH.fullmatch(clause) is not None
        for clauses in sentences
        if not _is_conditional(clauses)
        for clause in clauses
    )


def _joined(text: str) -> str:
    """The text with one word for each turn of phrase; in plain loops, for it is done for every text."""
    for needed, pattern, word in _JOINED:
        for piece in needed:
            if piece in text:
                text = pattern.sub(word, text)
                break
    return text


def _clauses(sentence: str) -> list[str]:
    """For each clause the letters of its words."""
    return ["".join(word_class(word) for word in _WORD.findall(clause)) for clause in _CLAUSE_END.split(sentence)]


def _is_conditional(clauses: list[str]) -> bool:
    """Whether the sentence sets a condition, reports what somebody else said, or names another way."""
    return any(_CONDITION in clause or _OTHER_WAY.match(clause) for clause in clauses)
