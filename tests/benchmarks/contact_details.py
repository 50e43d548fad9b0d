"""Contact details: what one text costs, and how the cost grows with its length, on ordinary and hostile texts.

Measured in the thread's own processor time: what else the machine does is no cost of a text.
"""

from __future__ import annotations

import statistics
from time import thread_time

from switchboard.domain.contact_details import judge
from tests.benchmarks.figures import Figure

LONGEST_MILLISECONDS = 2.0
TIMES_WHEN_DOUBLED = 2.2
_LENGTH = 1600
_ORDINARY = "Fed Biscuit at 7:30, walked him twice and gave the 16 mg pill, gate code 4471 still works. "
_UNITS = {
    "ordinary text": _ORDINARY,
    "4…": "4",
    "a.…": "a.",
    "4 …": "4 ",
    "x at y dot …": "x at y dot ",
    "f i v e …": "f i v e ",
    "44 …": "44 ",
    "555-…": "555-",
    "1/…": "1/",
    "202 555 0147 …": "202 555 0147 ",
    "@…": "@",
    "five …": "five ",
}


def measure(full: bool) -> list[Figure]:
    """Two figures for each kind of text: the 99th percentile at 1,600 characters, and the ratio to half of it."""
    times = 1000 if full else 200
    return [figure for subject, unit in _UNITS.items() for figure in _figures(subject, unit, times)]


def _figures(subject: str, unit: str, times: int) -> list[Figure]:
    whole = (unit * _LENGTH)[:_LENGTH]
    half = whole[: _LENGTH // 2]
    of_whole, of_half = _milliseconds(whole, times), _milliseconds(half, times)
    percentile = statistics.quantiles(of_whole, n=100)[-1]
    ratio = statistics.median(of_whole) / statistics.median(of_half)
    return [
        Figure(f"contact details: {subject}, 99th percentile", percentile, LONGEST_MILLISECONDS, unit="ms"),
        Figure(f"contact details: {subject}, doubled", ratio, TIMES_WHEN_DOUBLED, note="medians"),
    ]


def _milliseconds(text: str, times: int) -> list[float]:
    for _ in range(20):
        judge(text)
    taken: list[float] = []
    for _ in range(times):
        began = thread_time()
        judge(text)
        taken.append((thread_time() - began) * 1000)
    return taken
