"""Contact details: what one text costs, and how the cost grows with its length, on ordinary and hostile texts.

Measured in the thread's own processor time: what else the machine does is no cost of a text.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from time import thread_time

from switchboard.domain.contact_details import judge
from tests.benchmarks.figures import Figure
from tests.hostile_texts import LONGEST, hostile_texts

LONGEST_MILLISECONDS = 2.0
TIMES_WHEN_DOUBLED = 2.2
_ORDINARY = "Fed Biscuit at 7:30, walked him twice and gave the 16 mg pill, gate code 4471 still works. "
_EARLIER_TEXTS = 5


def measure(full: bool) -> list[Figure]:
    """Three figures for each kind of text: the 99th percentile of 1,600 characters, read alone and behind five such
    texts, and the ratio to half of them.
    """
    times = 1000 if full else 200
    ordinary = (_ORDINARY * LONGEST)[:LONGEST]
    halves = {"ordinary text": ordinary[: LONGEST // 2], **hostile_texts(LONGEST // 2)}
    texts = {"ordinary text": ordinary, **hostile_texts()}
    return [figure for subject, text in texts.items() for figure in _figures(subject, text, halves[subject], times)]


def _figures(subject: str, whole: str, half: str, times: int) -> list[Figure]:
    of_whole, of_half = _milliseconds(whole, times), _milliseconds(half, times)
    with_earlier = _milliseconds(whole, times, earlier=[whole] * _EARLIER_TEXTS)
    ratio = statistics.median(of_whole) / statistics.median(of_half)
    name = f"contact details: {subject}"
    return [
        Figure(f"{name}, 99th percentile", _percentile(of_whole), LONGEST_MILLISECONDS, unit="ms"),
        Figure(f"{name}, with earlier texts", _percentile(with_earlier), LONGEST_MILLISECONDS, unit="ms"),
        Figure(f"{name}, doubled", ratio, TIMES_WHEN_DOUBLED, note="medians"),
    ]


def _percentile(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[-1]


def _milliseconds(text: str, times: int, earlier: Sequence[str] = ()) -> list[float]:
    for _ in range(20):
        judge(text, earlier=earlier)
    taken: list[float] = []
    for _ in range(times):
        began = thread_time()
        judge(text, earlier=earlier)
        taken.append((thread_time() - began) * 1000)
    return taken
