"""How many leaks of the corpora are caught, and that ordinary texts are left alone.

leak_corpus and the tuned ones were tuned on. Those held out were not: they are the estimate for texts that nobody has
seen, so their misses must not be looked at while rules are changed. The fourth one is the hardest:
a fifth of its leaks are numbers smuggled in ways that were thought up to get past this. The sixth, seventh and
ninth were written by others, who had not seen any of this, and are tuned on since; the eighth and tenth have variations
of what they showed. So has the thirteenth of the twelfth, of whose 120 leaks 114 were caught, and of whose 180 ordinary
texts none was held, before any rule had seen them.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from switchboard.domain.contact_details import ViolationType, judge

_VECTORS = Path(__file__).parents[1] / "vectors"
_HOTLINES = ("+18884264435", "+18557647661")
_KINDS = {
    "phone": ViolationType.PHONE_NUMBER,
    "email": ViolationType.EMAIL,
    "url": ViolationType.URL,
    "social": ViolationType.SOCIAL_MEDIA,
    "payment": ViolationType.SOCIAL_MEDIA,
    "solicitation": ViolationType.SOCIAL_MEDIA,
}


def _rows(corpus: str, label: str) -> list[dict[str, Any]]:
    lines = (_VECTORS / f"{corpus}.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["label"] == label]


def _is_held(row: dict[str, Any]) -> bool:
    return judge(row["text"], earlier=row.get("earlier", ()), hotlines=_HOTLINES).is_leak


@pytest.mark.parametrize(
    ("corpus", "least_caught"),
    [
        ("leak_corpus", 0.98),
        ("second_corpus_tuned", 0.98),
        ("second_corpus_held_out", 0.96),
        ("third_corpus_tuned", 0.975),
        ("third_corpus_held_out", 0.94),
        ("fourth_corpus_tuned", 0.94),
        ("fifth_corpus_held_out", 0.93),
        ("eleventh_corpus_held_out", 0.98),
        ("sixth_corpus_tuned", 0.98),
        ("seventh_corpus_tuned", 0.98),
        ("eighth_corpus_tuned", 0.96),
        ("ninth_corpus_tuned", 0.98),
        ("tenth_corpus_tuned", 0.95),
        ("twelfth_corpus_tuned", 0.98),
        ("thirteenth_corpus_tuned", 0.95),
    ],
)
def test_leaks_are_caught(corpus: str, least_caught: float) -> None:
    leaks = _rows(corpus, "leak")
    assert sum(_is_held(row) for row in leaks) >= least_caught * len(leaks)


@pytest.mark.parametrize(
    ("corpus", "most_held"),
    [
        ("leak_corpus", 0.0),
        ("second_corpus_tuned", 0.0),
        ("second_corpus_held_out", 0.02),
        ("third_corpus_tuned", 0.01),
        ("third_corpus_held_out", 0.02),
        ("fourth_corpus_tuned", 0.01),
        ("fifth_corpus_held_out", 0.0),
        ("eleventh_corpus_held_out", 0.0),
        ("sixth_corpus_tuned", 0.0),
        ("seventh_corpus_tuned", 0.0),
        ("eighth_corpus_tuned", 0.01),
        ("ninth_corpus_tuned", 0.0),
        ("tenth_corpus_tuned", 0.01),
        ("twelfth_corpus_tuned", 0.0),
        ("thirteenth_corpus_tuned", 0.05),
    ],
)
def test_ordinary_texts_are_delivered(corpus: str, most_held: float) -> None:
    benign = _rows(corpus, "benign")
    assert sum(_is_held(row) for row in benign) <= most_held * len(benign)


@pytest.mark.parametrize("corpus", ["leak_corpus", "second_corpus_tuned"])
def test_the_first_finding_names_the_kind_of_detail(corpus: str) -> None:
    leaks = [(row, judge(row["text"]).types) for row in _rows(corpus, "leak")]
    named = [types[0] is _KINDS[row["category"].split("_")[0]] for row, types in leaks if types]
    assert sum(named) >= 0.96 * len(named)


def test_a_conversation_of_ordinary_texts_is_delivered() -> None:
    texts = [row["text"] for corpus in ("leak_corpus", "second_corpus_tuned") for row in _rows(corpus, "benign")]
    chance = random.Random(20261121)
    conversations = [chance.sample(texts, 6) for _ in range(1000)]
    held = [texts[-1] for *earlier, last in conversations if judge(last, earlier=earlier, hotlines=_HOTLINES).is_leak]
    assert held == []


def test_an_ordinary_text_after_a_leak_is_delivered() -> None:
    leaks = [row["text"] for row in _rows("leak_corpus", "leak")]
    replies = ("ok thanks", "Thanks!", "see you at 5", "2 dogs walked", "code is 4471", "he ate 2 cups", "1", "👍")
    held = [(leak, reply) for leak in leaks for reply in replies if judge(reply, earlier=[leak]).is_leak]
    assert held == []
