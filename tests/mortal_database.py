"""Deaths at any commit, and an operator's machinery that tries again after them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from switchboard import errors
from switchboard.backfills.finish import finish_run
from switchboard.backfills.plan import after_lanes
from switchboard.store.database import Database, Limits, Transaction
from tests.backfill_desk import Desk
from tests.conftest import connector_to


class Killed(Exception):
    """The process is gone."""


class Mortal(Database):
    """A database whose nth transaction kills its caller, just before or just after it is committed."""

    def __init__(self, url: str) -> None:
        super().__init__(connector_to(url))
        self.transactions = 0
        self.dies_at: int | None = None
        self.dies_after_commit = False

    @contextmanager
    def transaction(
        self, *, read_only: bool = False, repeatable_read: bool = False, limits: Limits | None = None
    ) -> Iterator[Transaction]:
        self.transactions += 1
        dies = self.transactions == self.dies_at
        with super().transaction(read_only=read_only, repeatable_read=repeatable_read, limits=limits) as tx:
            yield tx
            if dies and not self.dies_after_commit:
                raise Killed
        if dies and self.dies_after_commit:
            raise Killed


def insisting(call: Callable[[], Any]) -> Any:
    """Calls again after a death, as Step Functions' retries do."""
    while True:
        try:
            return call()
        except (Killed, errors.DatabaseUnavailable, errors.LockNotAvailable):
            continue


def stubborn_run(desk: Desk, **fields: Any) -> dict[str, Any]:
    """A whole execution whose every task is repeated until it answers."""
    task = insisting(lambda: desk.begin(execution="the-one", **fields))
    while task["next"] == "work":
        for lane in task["lanes"]:
            while insisting(partial(desk.slice, task["run"], task["step"], lane)):
                pass
        task = insisting(partial(after_lanes, task["run"], task["step"], database=desk.database, now=desk.now))
    answer: dict[str, Any] = insisting(lambda: finish_run(task["run"], database=desk.database, now=desk.now))
    assert answer["ok"], answer
    output: dict[str, Any] = answer["output"]
    return output
