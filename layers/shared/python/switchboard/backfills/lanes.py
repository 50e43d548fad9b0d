"""A lane as a slice holds it, and what a slice works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from switchboard.backfills.definition import Batch, Step
from switchboard.backfills.runs import Run
from switchboard.backfills.sizes import Size
from switchboard.store.database import Database

LANE_LEASE = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a slice needs it."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]  # 0 to 1


@dataclass(frozen=True, slots=True)
class Tools:
    """What a slice works with."""

    database: Database
    clock: Clock


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as a slice holds it."""

    run: Run
    step_number: int
    number: int
    kind: str
    step: Step
    pass_number: int
    cursor: str | None
    until: str | None
    fence: int
    size: Size

    def place(self) -> dict[str, int]:
        """Which lane it is, and under which fence."""
        return {"run_number": self.run.number, "step": self.step_number, "lane": self.number, "fence": self.fence}

    def batch(self) -> Batch:
        """The next batch of a range."""
        return self.run.batch(
            pass_number=self.pass_number, after=self.cursor or "", until=self.until, size=self.size.now
        )
