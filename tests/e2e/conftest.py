"""A running stack for each test worker, and organisations of their own for the tests that share it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pg8000.native
import pytest

from local.aws import client
from local.facts import FLAGS_PATH
from local.stack import Options, Stack
from switchboard.store.connection import Address
from tests.e2e.town import Town

# What takes long to make, and the tests that share it go to one worker: no other makes it too.
SHARED = {"fragile": "fragile", "stack": "stack", "build": "stack"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups the tests by what they share."""
    for item in items:
        groups = [group for name, group in SHARED.items() if name in getattr(item, "fixturenames", ())]
        if groups:
            item.add_marker(pytest.mark.xdist_group(groups[0]))


@pytest.fixture(scope="session")
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stack]:
    """Makes a stack on free ports with an embedded database, its log in a file, and new threads on."""

    def start(**options: Any) -> Stack:
        folder: Path = tmp_path_factory.mktemp("stack")
        wanted = Options(api_port=0, twilio_port=0, aws_port=0, file=folder / "stack.json", **options)
        return Stack(wanted, log=(folder / "log").open("w"))

    return start


@pytest.fixture(scope="session")
def stack(start_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """The stack that the tests of this worker share; nothing in it is ever stopped."""
    with start_stack() as running:
        set_flag(running, "ENABLE_PROACTIVE_THREAD_CREATION", "true")
        yield running


@pytest.fixture(scope="session")
def fragile(start_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """A stack whose parts may be stopped and killed, and work again after each test."""
    with start_stack() as running:
        set_flag(running, "ENABLE_PROACTIVE_THREAD_CREATION", "true")
        yield running


@pytest.fixture
def town(stack: Stack) -> Town:
    """An organisation of this test's own on the shared stack."""
    return town_on(stack)


def town_on(stack: Stack) -> Town:
    """An organisation on a stack, with a way to look into its database that outlives the database's absences."""

    def sql(statement: str, **params: Any) -> list[list[Any]]:
        connection = pg8000.native.Connection(**Address.from_url(stack.addresses.database_url).arguments())
        try:
            connection.run("SET TIME ZONE 'UTC'")
            return connection.run(statement, **params) or []
        finally:
            connection.close()

    return Town(stack.addresses, sql)


def set_flag(stack: Stack, name: str, value: str) -> None:
    """Writes a flag's parameter; functions that have read it before see it within 30 s."""
    client("ssm", stack.addresses.aws_endpoint_url).put_parameter(
        Name=f"{FLAGS_PATH}/{name}", Type="String", Value=value, Overwrite=True
    )
