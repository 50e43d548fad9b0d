"""An inbound text that is relayed, warm, in process: round trips, and time against bare inserts of the same rows."""

import itertools
from collections.abc import Callable

from tests.benchmarks.figures import Figure, Prepare, milliseconds, side_by_side
from tests.benchmarks.rig import PEOPLE, Rig, most_round_trips, rig

ROUND_TRIPS, TIMES_THE_FLOOR = 6, 3.0
BODY = "Hi! Bella ate all her breakfast. Could you walk her around noon, please?"


def measure(full: bool) -> list[Figure]:
    """A client's text to the sitter whose window is active."""
    with rig() as running:
        text = texting(running)
        for _ in range(2 * PEOPLE):
            text()()
        trips = most_round_trips(text)
        floor, recording = running.floor(text(), own_values=[])
        medians = side_by_side(text, floor.prepare, times=1000 if full else 300)
    note = f"{milliseconds(medians)} for {len(recording.rows)} prepared inserts between BEGIN and COMMIT"
    return [
        Figure("inbound text: round trips", trips, ROUND_TRIPS, unit="", note="client to sitter, relayed"),
        Figure("inbound text: time of bare inserts", medians[0] / medians[1], TIMES_THE_FLOOR, note=note),
    ]


def texting(running: Rig) -> Prepare:
    """Clients with an active window each, who text in turns."""
    numbers = booked_numbers(running)
    turns = itertools.cycle(range(PEOPLE))

    def text() -> Callable[[], object]:
        n = next(turns)
        return running.text(n, numbers[n], BODY)

    return text


def booked_numbers(running: Rig) -> list[str]:
    """The masked number of each client, whose visit is on now."""
    return [running.number_of(running.booking(n)()["threadId"]) for n in range(PEOPLE)]
