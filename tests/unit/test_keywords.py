"""Keywords count only as the whole text; plain wishes to stop opt out, ordinary sentences never."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.keywords import Keyword, read_keyword
from switchboard.domain.wish_words import CLASSES

_VECTORS = Path(__file__).parents[1] / "vectors" / "wishes_to_stop.jsonl"
_ROWS = [json.loads(line) for line in _VECTORS.read_text().splitlines()]
_WISHES = [row["text"] for row in _ROWS if row["label"] == "wish"]
_ORDINARY = [row["text"] for row in _ROWS if row["label"] == "ordinary"]
_WORDS = [word for words in CLASSES.values() for word in words.split()[:2]]
_STOP_SET = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"]


@pytest.mark.parametrize("body", _STOP_SET)
@pytest.mark.parametrize("form", ["{}", "  {} ", "\u00a0{}\u00a0", "{}.", "{}!!", "{}?", "\n{}\n", '"{}"'])
def test_a_word_of_the_stop_set_opts_out_whatever_surrounds_it(body: str, form: str) -> None:
    for written in (body, body.lower(), body.title()):
        assert read_keyword(form.format(written), opted_out=False) is Keyword.STOP


@pytest.mark.parametrize("body", ["START", "unstop", "Subscribe."])
def test_a_word_of_the_start_set_opts_in(body: str) -> None:
    assert read_keyword(body, opted_out=False) is Keyword.START


@pytest.mark.parametrize("body", ["HELP", "info", "Help!"])
def test_a_word_of_the_help_set_asks_for_help(body: str) -> None:
    assert read_keyword(body, opted_out=True) is Keyword.HELP


def test_cancel_is_told_apart_from_the_other_ways_to_opt_out() -> None:
    assert read_keyword("Cancel.", opted_out=False) is Keyword.CANCEL


def test_yes_opts_in_only_a_person_who_is_opted_out() -> None:
    assert read_keyword("Yes", opted_out=True) is Keyword.START
    assert read_keyword("Yes", opted_out=False) is None


@pytest.mark.parametrize("body", ["STOP\u200b", "\ufeffstop", "ＳＴＯＰ", "stop\u00a0all"])
def test_a_keyword_is_read_through_invisible_and_wide_characters(body: str) -> None:
    assert read_keyword(body, opted_out=False) is Keyword.STOP


@pytest.mark.parametrize("wish", _WISHES)
def test_a_plain_wish_to_stop_opts_out(wish: str) -> None:
    assert read_keyword(wish, opted_out=False) in {Keyword.WISH_TO_STOP, Keyword.STOP}


@pytest.mark.parametrize("wish", _WISHES)
def test_a_wish_is_the_same_in_capitals_and_with_other_ends(wish: str) -> None:
    for written in (wish.upper(), wish.rstrip(".!?") + "!", f"  {wish}  "):
        assert read_keyword(written, opted_out=False) in {Keyword.WISH_TO_STOP, Keyword.STOP}


@pytest.mark.parametrize("text", _ORDINARY)
def test_an_ordinary_sentence_does_not_opt_out(text: str) -> None:
    assert read_keyword(text, opted_out=False) is None


@pytest.mark.parametrize(
    "slip", ["plesae stop texting me", "please stop txeting me", "stop mesaging me", "unsubscrib me"]
)
def test_a_typing_error_does_not_hide_a_wish(slip: str) -> None:
    assert read_keyword(slip, opted_out=False) is Keyword.WISH_TO_STOP


@pytest.mark.parametrize("body", ["", " ", "\n", "...", "\u00a0", "🐶"])
def test_an_empty_text_asks_for_nothing(body: str) -> None:
    assert read_keyword(body, opted_out=True) is None


@pytest.mark.parametrize("unit", ["stop ", "please ", "dont text me ", "a", "s t o p ", "stop, ", "i want "])
def test_a_huge_text_is_read_to_its_limit_only(unit: str) -> None:
    assert read_keyword(unit * 2000, opted_out=False) in {None, Keyword.WISH_TO_STOP}


@pytest.fixture
def patience() -> Iterator[None]:
    """Five seconds of the processor for what takes milliseconds: an expression that runs away fails the test."""

    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, 5)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("unit", ["stop ", "please stop ", "i told u stop ", "u who cell ", "who any name ", "i said "])
def test_a_word_said_over_and_over_does_not_keep_the_reader_busy(unit: str) -> None:
    assert read_keyword(unit * (380 // len(unit)) + "dog", opted_out=False) is None


@pytest.mark.usefixtures("patience")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4), st.sampled_from(["", " dog"]))
def test_no_words_over_and_over_keep_the_reader_busy(unit: list[str], end: str) -> None:
    assert read_keyword((" ".join(unit) + " ") * 100 + end, opted_out=False) in {None, *Keyword}


@settings(deadline=None)
@given(st.text(max_size=200), st.booleans())
def test_any_text_has_an_answer(body: str, opted_out: bool) -> None:
    assert read_keyword(body, opted_out=opted_out) in {None, *Keyword}


@settings(deadline=None)
@given(st.sampled_from(_ORDINARY), st.sampled_from([", thanks", " 🙏", "\n- Sam", " ok?"]))
def test_a_greeting_behind_an_ordinary_sentence_makes_no_wish(text: str, tail: str) -> None:
    assert read_keyword(text + tail, opted_out=False) is None
