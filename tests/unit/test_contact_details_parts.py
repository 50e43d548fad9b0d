"""A second reading with the earlier texts is left out only where it could find nothing."""

import json
from pathlib import Path

import pytest

from switchboard.domain.contact_details import judge, parts

VECTORS = Path(__file__).parent.parent / "vectors"


def corpus() -> list[str]:
    rows = (
        json.loads(line) for path in sorted(VECTORS.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    )
    return [row["text"] for row in rows]


def test_what_cannot_be_part_of_a_detail_is_none_however_a_text_is_cut_in_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuts = [
        (" ".join(words[:n]), " ".join(words[n:]))
        for text in corpus()
        for words in [text.split(" ")]
        for n in range(1, len(words))
    ]
    left_out = [cut for cut in cuts if not any(parts.may_be_part_of_a_detail(part) for part in cut)]
    assert len(left_out) > 500
    quick = [judge(text, earlier=[earlier]) for earlier, text in left_out]
    monkeypatch.setitem(judge.__globals__, "may_be_part_of_a_detail", lambda _: True)
    assert [judge(text, earlier=[earlier]) for earlier, text in left_out] == quick


@pytest.mark.parametrize(
    "text",
    ["202", "five", "cinco", "fivefive", "my gmail is", "jess at yahoo", "f i v e", "２０２", "insta", "x.com", "tw0"],
)
def test_figures_number_words_services_and_address_words_may_be_parts(text: str) -> None:
    assert parts.may_be_part_of_a_detail(text)


def test_an_ordinary_sentence_is_no_part() -> None:
    assert not parts.may_be_part_of_a_detail("Hi! Bella ate all her breakfast. Could you walk her around noon, please?")
