"""Several threads at once, and waiting for what one of them brings about: neither waits for ever."""

import threading
import time
from collections.abc import Callable

LONGEST_S = 120.0


def all_at_once(count: int, work: Callable[[int], object]) -> None:
    """Runs the work in so many threads that start together; raises what one of them raised."""
    start, raised = threading.Barrier(count), []

    def run(index: int) -> None:
        try:
            start.wait(60)
            work(index)
        except BaseException as error:  # noqa: BLE001  handed to the test's own thread
            raised.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + LONGEST_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    if raised:
        raise raised[0]
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"


def until(holds: Callable[[], object], *, at_most_s: float = 30.0) -> None:
    """Looks until it holds."""
    end = time.monotonic() + at_most_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)
