"""One figure of the benchmark table: what was measured, and the bar that it is held to."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value beside its bar; `note` says what it is made of.

    full: the bar is for the full size, which this is not where False.
    """

    subject: str
    measured: float
    bar: float
    unit: str = "×"
    at_least: bool = False
    note: str = ""
    full: bool = True

    @property
    def verdict(self) -> str:
        """Whether the bar is kept, where it is for this size."""
        if not self.full:
            return "FULL=1"
        return "PASS" if self.passes else "FAIL"

    @property
    def passes(self) -> bool:
        """Whether the bar is kept."""
        return self.measured >= self.bar if self.at_least else self.measured <= self.bar

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{self.measured:.0f}" if self.unit == "" else f"{self.measured:.2f} {self.unit}"

    @property
    def shown_bar(self) -> str:
        """The bar with its direction."""
        number = f"{self.bar:.0f}" if self.unit == "" else f"{self.bar:.2f} {self.unit}"
        return f"{'≥' if self.at_least else '≤'} {number}"


Prepare = Callable[[], Callable[[], object]]


def side_by_side(*prepares: Prepare, times: int, warm_up: int = 20) -> list[float]:
    """The median seconds of what each prepares, measured in turns so that the machine's moods strike all alike."""
    taken: list[list[float]] = [[] for _ in prepares]
    for turn in range(warm_up + times):
        for prepare, seconds in zip(prepares, taken, strict=True):
            action = prepare()
            began = perf_counter()
            action()
            if turn >= warm_up:
                seconds.append(perf_counter() - began)
    return [statistics.median(seconds) for seconds in taken]


def milliseconds(seconds: Sequence[float]) -> str:
    """Medians for a note."""
    return " against ".join(f"{second * 1000:.2f} ms" for second in seconds)
