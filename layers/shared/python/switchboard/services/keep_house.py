"""Housekeeping each minute: independent parts of bounded work; the failure of one leaves the others running."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from aws_lambda_powertools import Logger

from switchboard.errors import DatabaseUnavailable, HousekeepingIncomplete, SwitchboardError

Part = Callable[[], int | None]
_Thing = TypeVar("_Thing")
BUDGET_S = 45.0
logger = Logger(service="switchboard", child=True)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, SwitchboardError) else type(error).__name__


def keep_house(parts: Mapping[str, Part], *, turn: int, clock: Callable[[], float] = time.monotonic) -> dict[str, int]:
    """Runs every part once and answers with how much each did; turn moves the beginning, so that none starves.

    Raises HousekeepingIncomplete when all are through and some have failed.
    """
    began_at, done, undone = clock(), {}, []
    names = list(parts)
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        if clock() - began_at >= BUDGET_S:
            undone.append(name)
            continue
        try:
            done[name] = parts[name]() or 0
        except Exception as error:  # noqa: BLE001  whatever a part's trouble is, the others go on
            logger.error("housekeeping_part_failed", part=name, error=_named(error))  # noqa: TRY400  no traceback: it may quote a text
            undone.append(name)
    logger.info("house_kept", done=done, undone=undone)
    if undone:
        raise HousekeepingIncomplete(f"undone: {', '.join(undone)}")
    return done


def for_each(things: Iterable[_Thing], do: Callable[[_Thing], int]) -> int:
    """How much was done for all of them. One that fails leaves the others running, and is raised at the end.

    Raises DatabaseUnavailable at once: it would be the same for all.
    """
    done, failed = 0, None
    for thing in things:
        try:
            done += do(thing)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  whatever one's trouble is, the others go on
            failed = failed or error
    if failed:
        raise failed
    return done
