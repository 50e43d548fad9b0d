"""The demo stops where a step does not do what it should, and says which."""

import io
from pathlib import Path
from typing import Self

import pytest
from rich.console import Console

from local import demo as demo_module
from local.narrator import Narrator, StoryBroken


def narrator() -> tuple[Narrator, io.StringIO]:
    told = io.StringIO()
    return Narrator(Console(file=told, width=40)), told


def test_a_check_that_holds_is_told_and_counted() -> None:
    telling, told = narrator()
    telling.check("Jane gets [one] text", holds=True)
    assert telling.checks == 1
    assert told.getvalue() == "    ✓ Jane gets [one] text\n"


def test_a_check_that_does_not_hold_breaks_the_story() -> None:
    telling, told = narrator()
    with pytest.raises(StoryBroken, match="nobody else does"):
        telling.check("nobody else does", holds=None)
    assert "✗ nobody else does" in told.getvalue()


def test_a_long_text_is_not_cut_in_a_pipe() -> None:
    telling, told = narrator()
    telling.phone("Sam", "+15550100011", "word " * 30)
    assert len(told.getvalue().splitlines()) == 1


def test_a_broken_story_ends_the_demo_with_an_error_that_names_the_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(stack: object, telling: Narrator) -> None:
        telling.check("the second step", holds=False)

    class NoStack:
        class addresses:  # noqa: N801  stands for a value
            api_url = "http://127.0.0.1:1"

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(demo_module, "Stack", NoStack)
    monkeypatch.setattr(demo_module, "ROOT", tmp_path)
    monkeypatch.setattr(demo_module, "_LOG", tmp_path / "demo.log")
    monkeypatch.setattr(demo_module, "CHAPTERS", (broken,))
    assert demo_module.demo() == 1
    assert "The demo went wrong at: the second step" in capsys.readouterr().err
