"""What the tests of races lean on: nobody who hangs is taken for done."""

import threading

import pytest

from tests import concurrency
from tests.concurrency import all_at_once, until


def test_a_thread_that_hangs_is_not_taken_for_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "LONGEST_S", 0.05)
    never = threading.Event()
    with pytest.raises(AssertionError, match="for ever"):
        all_at_once(3, lambda index: never.wait() if index == 1 else None)
    never.set()


def test_what_one_thread_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        all_at_once(3, lambda index: 1 // index)


def test_what_never_holds_is_not_waited_for_for_ever() -> None:
    with pytest.raises(AssertionError, match="never"):
        until(lambda: False, at_most_s=0.0)
    looks = iter([False, False, True])
    until(lambda: next(looks))
    assert list(looks) == []
