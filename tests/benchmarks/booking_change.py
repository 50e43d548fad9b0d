"""A booking change, warm, in process: round trips, and time against bare inserts of the same rows."""

import itertools
from collections.abc import Callable

from tests.benchmarks.figures import Figure, milliseconds, side_by_side
from tests.benchmarks.rig import PEOPLE, Rig, most_round_trips, rig

ROUND_TRIPS, TIMES_THE_FLOOR = 8, 3.0


def measure(full: bool) -> list[Figure]:
    """New bookings (thread, window, participants) and reassignments."""
    with rig() as running:
        for n in range(PEOPLE):
            running.booking(n)()
        return [*_created(running, times=600 if full else 200), _reassigned(running)]


def _created(running: Rig, *, times: int) -> list[Figure]:
    numbers = itertools.count(1)

    def create(booking_id: str | None = None) -> Callable[[], object]:
        n = next(numbers)
        return running.booking(n % PEOPLE, booking_id=booking_id or f"new-{n:06d}", day=n)

    trips = most_round_trips(create)
    floor, recording = running.floor(create("recorded"), own_values=["recorded"])
    medians = side_by_side(create, floor.prepare, times=times)
    note = f"{milliseconds(medians)} for {len(recording.rows)} prepared inserts between BEGIN and COMMIT"
    return [
        Figure("booking change: round trips", trips, ROUND_TRIPS, unit="", note="a new booking"),
        Figure("booking change: time of bare inserts", medians[0] / medians[1], TIMES_THE_FLOOR, note=note),
    ]


def _reassigned(running: Rig) -> Figure:
    sitters = itertools.cycle((1, 2))
    trips = most_round_trips(lambda: running.booking(0, sitter=next(sitters)))
    return Figure("booking change: round trips", trips, ROUND_TRIPS, unit="", note="another sitter")
