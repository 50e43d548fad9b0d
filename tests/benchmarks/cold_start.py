"""Cold start: importing each webhook's handler against importing the libraries that any such handler needs."""

import os
import subprocess
import sys

from local.facts import ROOT
from tests.benchmarks.figures import Figure, milliseconds

TIMES_THE_LIBRARIES = 1.3
WEBHOOKS = ("change_booking", "receive_text", "queue_text", "record_status")
KEPT_OUT = ("twilio.rest", "requests", "aiohttp")
_LIBRARIES = "import boto3, aws_lambda_powertools.logging, pydantic, pg8000.native"
_TIMED = """
import sys
from time import perf_counter
began = perf_counter()
{work}
print(perf_counter() - began, *(name for name in {kept_out!r} if name in sys.modules))
"""


def measure(full: bool) -> list[Figure]:
    """One figure for each webhook handler, by the fastest import: a slower one was disturbed.

    Raises AssertionError where a handler imports what is to be kept out.
    """
    works = {name: f"sys.path.insert(0, 'functions/{name}')\nimport handler" for name in WEBHOOKS}
    taken: dict[str, list[float]] = {name: [] for name in ("libraries", *WEBHOOKS)}
    for turn in range(20 if full else 12):
        for name, work in {"libraries": _LIBRARIES, **works}.items():
            seconds = _import(work)
            if turn:  # the first compiles
                taken[name].append(seconds)
    libraries = min(taken["libraries"])
    return [
        Figure(f"cold start: import of {name}", fastest / libraries, TIMES_THE_LIBRARIES, note=note)
        for name in WEBHOOKS
        for fastest in [min(taken[name])]
        for note in [milliseconds([fastest, libraries])]
    ]


def _import(work: str) -> float:
    script = _TIMED.format(work=work, kept_out=KEPT_OUT)
    sources = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "shared" / "python")))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | {"PYTHONPATH": sources}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    seconds, *unwanted = done.stdout.split()
    assert not unwanted, f"{work}: {unwanted}"
    return float(seconds)
