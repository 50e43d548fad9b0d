"""Texts that are dear to read, found by search: for benchmarks, and for tests that count work."""

from __future__ import annotations

import random

LONGEST = 1600

# Repeated, a fixed unit is soon known for a repetition; what is drawn by lot never is.
UNITS = {
    "4…": "4",
    "a.…": "a.",
    "4 …": "4 ",
    "x at y dot …": "x at y dot ",
    "f i v e …": "f i v e ",
    "44 …": "44 ",
    "555-…": "555-",
    "1/…": "1/",
    "202 555 0147 …": "202 555 0147 ",
    "@…": "@",
    "five …": "five ",
    "full-width …": "２０２５",
    "zalgo …": "d\u0336\u0353o\u0336\u0353g\u0336 ",
    "emoji …": "🐶🐾👍🏽",
    "https://a.b/ …": "https://a.b/ ",
}
_FIGURES = "0123456789"
_ALL_RULES = (
    "fed walked the dog call me text at dot com my number is venmo five six oh two gate code insta gmail www http"
    " app outside company direct pay cash you your for to too on via . , ! ? @ # 4 44 555 0147 2025550147 12:30 1/2"
    " 16mg 2nd 3x f1ve S55 zero triple hundred order unit tracking area save it"
)
_SIGNS_OF_A_DEAL = (
    "pay me you cash cancel it the booking without app company they take percent just the two of us keep full read this"
    " number on fridge text there rather than through not and client . ,"
)
_DRAWN = {
    "figures by threes": ([f"{n:03}" for n in range(1000)], " "),
    "figures of any length": ([str(n)[: 1 + n % 4] for n in range(1000, 9999, 7)], "-"),
    "single figures": (list(_FIGURES), "/"),
    "short lists": ([str(n) for n in range(100)], ", "),
    "codes": ([str(n * 7919 % 9_999_999) for n in range(1, 400)], " and "),
    "order numbers": ([f"order 4{n * 7919 % 999_999_999:09}" for n in range(1, 400)], ", "),
    "at signs": (["@", "pay", ".", "your", "app"], ""),
    "spelled figures": (["one", "two", "triple", "oh", "five", "fife", "thre", "twenty", "nine"], " "),
    "leet": (["f1ve", "S55", "2O2", "0ne", "16mg", "tw0", "OI47"], " "),
    "other scripts": (["é", "２", "⑤", "٥", "🐾", "\u200b", "o", "six"], ""),
    "dots": (["dot", "com", "at", "a", "gmail", "period", "www"], " "),
    "services": (["venmo", "insta", "me", "my", "on", "is", "add", "snap", "the", "x"], " "),
    "words of all rules": (_ALL_RULES.split(), " "),
    "signs of a deal": (_SIGNS_OF_A_DEAL.split(), " "),
    "counts of things": (["one dog", "two cats", "5 fish", "nine toys", "zero of my number", "7 birds"], ", "),
    "letters for figures": (["202-555-DOGS", "303", "CALL", "555-PETS", "1-800-flowers", "call", "the"], " "),
    "single lines": (["4", "five", "a", ".", "call"], "\n"),
}


def hostile_texts(length: int = LONGEST) -> dict[str, str]:
    """For each way of being dear, a text of this length; a shorter one is the beginning of a longer."""
    texts = {subject: (unit * length)[:length] for subject, unit in UNITS.items()}
    for subject, (words, between) in _DRAWN.items():
        chance = random.Random(subject)
        texts[subject] = between.join(chance.choices(words, k=LONGEST))[:length]
    return texts
