"""The benchmark table says of each figure whether it keeps its bar."""

import pytest

from tests.benchmarks.__main__ import as_text, main
from tests.benchmarks.figures import Figure


@pytest.mark.parametrize(
    ("measured", "at_least", "passes"),
    [(3.0, False, True), (3.1, False, False), (2.9, False, True), (3.0, True, True), (2.9, True, False)],
)
def test_a_figure_passes_at_its_bar_and_on_the_right_side_of_it(measured: float, at_least: bool, passes: bool) -> None:
    assert Figure("time", measured, 3.0, at_least=at_least).passes is passes


def test_in_a_pipe_the_table_is_aligned_text() -> None:
    figures = [
        Figure("round trips", 5, 6, unit=""),
        Figure("texts a second", 0.4, 0.5, at_least=True, note="8 senders"),
    ]
    heads, *rows = as_text(figures).splitlines()
    assert heads.split() == ["figure", "measured", "bar", "made", "of"]
    assert [row.split() for row in rows] == [
        ["round", "trips", "5", "≤", "6", "PASS"],
        ["texts", "a", "second", "0.40", "×", "≥", "0.50", "×", "FAIL", "8", "senders"],
    ]
    assert {heads.index("measured"), rows[0].index("5"), rows[1].index("0.40")} == {72}
    assert as_text(figures, headed=False).splitlines() == rows


def test_a_benchmark_that_there_is_none_of_is_named_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["inbound_texts"])
    assert "inbound_texts: none of inbound_text, booking_change" in capsys.readouterr().err


def test_a_bar_for_the_full_size_is_not_held_against_a_smaller_one() -> None:
    assert [Figure("run", 3.0, 2.0, full=full).verdict for full in (True, False)] == ["FAIL", "FULL=1"]
