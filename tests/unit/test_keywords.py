"""Keywords count only as the whole text; plain wishes to stop opt out, ordinary sentences never."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.keywords import Keyword, read_keyword
from switchboard.domain.wish_words import CLASSES

_VECTORS = Path(__file__).parents[1] / "vectors"


def _texts(corpus: str, label: str) -> list[str]:
    rows = map(json.loads, (_VECTORS / f"{corpus}.jsonl").read_text().splitlines())
    return [row["text"] for row in rows if row["label"] == label]


_TUNED = ("wishes_to_stop", "second_wishes_tuned")
_WISHES = [text for corpus in _TUNED for text in _texts(corpus, "wish")]
_ORDINARY = [text for corpus in _TUNED for text in _texts(corpus, "ordinary")]
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


def _is_wish(text: str) -> bool:
    return read_keyword(text, opted_out=False) in {Keyword.WISH_TO_STOP, Keyword.STOP}


@pytest.mark.parametrize("form", ["{}", "{}!", "  {}  "])
@pytest.mark.parametrize("written", [str, str.upper])
def test_a_plain_wish_to_stop_opts_out_however_it_is_written(written: Callable[[str], str], form: str) -> None:
    assert sum(_is_wish(form.format(written(wish))) for wish in _WISHES) >= 0.99 * len(_WISHES)


def test_an_ordinary_sentence_does_not_opt_out() -> None:
    assert [text for text in _ORDINARY if read_keyword(text, opted_out=False) not in {None, Keyword.HELP}] == []


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
