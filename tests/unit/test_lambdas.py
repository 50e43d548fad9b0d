"""The local stack runs handlers as Lambda does."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.lambdas import Lambdas, function_arn
from local.template import Function

HANDLER = """
busy = False

def lambda_handler(event, context):
    global busy
    assert not busy, "two invocations in one handler"
    busy = True
    try:
        event["barrier"].wait(10)
        return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()]
    finally:
        busy = False
"""


@pytest.fixture
def lambdas(tmp_path: Path) -> Lambdas:
    folder = tmp_path / "functions" / "work_text"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(HANDLER)
    return Lambdas([Function("Work", "functions/work_text", 7, 256, (), (), scheduled=False)], root=tmp_path)


def test_a_handler_serves_one_invocation_at_a_time_and_others_get_one_of_their_own(lambdas: Lambdas) -> None:
    barrier = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: lambdas.invoke("work_text", {"barrier": barrier}), range(4)))
    assert len(found) == 4


def test_the_context_names_the_function_and_counts_its_time_down(lambdas: Lambdas) -> None:
    name, arn, left = lambdas.invoke("work_text", {"barrier": threading.Barrier(1)})
    assert (name, arn) == ("work_text", function_arn("work_text"))
    assert 0 < left <= 7000
    assert lambdas.functions["work_text"].memory_mb == 256


def test_a_handler_that_failed_is_used_again(lambdas: Lambdas) -> None:
    with pytest.raises(KeyError):
        lambdas.invoke("work_text", {})
    assert lambdas.invoke("work_text", {"barrier": threading.Barrier(1)})


def test_a_function_without_a_handler_is_said(tmp_path: Path) -> None:
    missing = Lambdas([Function("None", "functions/none", 7, 256, (), (), scheduled=False)], root=tmp_path)
    with pytest.raises(FileNotFoundError):
        missing.load()
