"""A booking change, warm, in process: round trips, and time against bare inserts of the same rows."""

import itertools

from tests.benchmarks.figures import Figure, milliseconds, side_by_side
from tests.benchmarks.rig import PEOPLE, Rig, most_round_trips, rig

ROUND_TRIPS, TIMES_THE_FLOOR = 8, 3.0


def measure(full: bool) -> list[Figure]:
    """New bookings (thread, window, participants) and reassignments."""
    with rig() as running:
        for n in range(PEOPLE):
            running.book(n)
        return [*_created(running, times=600 if full else 200), _reassigned(running)]


def _created(running: Rig, *, times: int) -> list[Figure]:
    numbers = itertools.count(1)

    def create() -> None:
        n = next(numbers)
        running.book(n % PEOPLE, booking_id=f"new-{n:06d}", day=n)

    create()
    trips = most_round_trips(create)
    n = next(numbers)
    booking_id = f"new-{n:06d}"
    floor, recording = running.floor(
        lambda: running.book(n % PEOPLE, booking_id=booking_id, day=n), own_values=[booking_id]
    )
    medians = side_by_side(create, floor, times=times)
    note = f"{milliseconds(medians)}, {len(recording.rows)} rows"
    return [
        Figure("booking change: round trips", trips, ROUND_TRIPS, unit="", note="a new booking"),
        Figure("booking change: time of bare inserts", medians[0] / medians[1], TIMES_THE_FLOOR, note=note),
    ]


def _reassigned(running: Rig) -> Figure:
    sitters = itertools.cycle((1, 2))

    def reassign() -> None:
        answer = running.book(0, sitter=next(sitters))
        assert answer["outcome"] == "reassigned", answer

    reassign()
    trips = most_round_trips(reassign)
    return Figure("booking change: round trips", trips, ROUND_TRIPS, unit="", note="another sitter")
