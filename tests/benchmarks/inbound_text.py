"""An inbound text that is relayed, warm, in process: round trips, and time against bare inserts of the same rows."""

import itertools
from collections.abc import Callable

from tests.benchmarks.figures import Figure, milliseconds, side_by_side
from tests.benchmarks.rig import PEOPLE, Rig, client_phone, inbound_form, inbound_request, most_round_trips, rig

ROUND_TRIPS, TIMES_THE_FLOOR = 6, 3.0
_BODY = "Hi! Bella ate all her breakfast. Could you walk her around noon, please?"


def measure(full: bool) -> list[Figure]:
    """A client's text to the sitter whose window is active."""
    with rig() as running:
        text = _texting(running)
        for _ in range(2 * PEOPLE):
            text()
        trips = most_round_trips(text)
        floor, recording = running.floor(text, own_values=[])
        medians = side_by_side(text, floor, times=1000 if full else 300)
    note = f"{milliseconds(medians)}, {len(recording.rows)} rows"
    return [
        Figure("inbound text: round trips", trips, ROUND_TRIPS, unit="", note="client to sitter, relayed"),
        Figure("inbound text: time of bare inserts", medians[0] / medians[1], TIMES_THE_FLOOR, note=note),
    ]


def _texting(running: Rig) -> Callable[[], None]:
    threads = [running.book(n)["threadId"] for n in range(PEOPLE)]
    numbers = [running.number_of(thread) for thread in threads]
    turns = itertools.cycle(range(PEOPLE))

    def text() -> None:
        n = next(turns)
        form = inbound_form(sender=client_phone(n), to=numbers[n], body=_BODY)
        running.handle("receive_text", inbound_request(form))

    return text
