"""Inbound texts a second with 8 senders through the local gateway, against a floor behind the same gateway."""

import itertools
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import IO
from urllib.parse import urlencode

from local.http_server import listen
from local.players import Caller
from local.process import Process, environment
from local.settings import settings_for
from tests.benchmarks.figures import Figure
from tests.benchmarks.inbound_text import BODY, booked_numbers
from tests.benchmarks.rig import INBOUND, PEOPLE, Rig, client_phone, inbound_form, inbound_headers, local_addresses, rig

SENDERS, OF_THE_FLOOR = 8, 0.5
_EMPTY_EVERY_S = 0.05
_FLOOR_STACK = Path(__file__).parent / "floor_stack"
Request = tuple[str, Mapping[str, str]]


def measure(full: bool) -> list[Figure]:
    """Rounds of the real handler and of the floor in turns; the medians of their rates."""
    count, rounds = (1600, 5) if full else (400, 3)
    with rig() as running, _gateways(running) as (real, floor, numbers):
        rates: dict[str, list[float]] = {real: [], floor: []}
        for url in (real, floor):
            _rate(url, _requests(numbers, 10 * SENDERS))  # connections, statements and modules get warm
        for _, url in itertools.product(range(rounds), rates):
            rates[url].append(_rate(url, _requests(numbers, count)))
    texts, bare = (statistics.median(rates[url]) for url in (real, floor))
    note = f"{texts:.0f} against {bare:.0f} texts a second, {SENDERS} senders"
    return [Figure("inbound texts a second: of the floor's", texts / bare, OF_THE_FLOOR, at_least=True, note=note)]


def _requests(numbers: list[str], count: int) -> list[Request]:
    """Signed texts of different clients, made beforehand."""
    forms = [inbound_form(sender=client_phone(n % PEOPLE), to=numbers[n % PEOPLE], body=BODY) for n in range(count)]
    return [(urlencode(form), inbound_headers(form)) for form in forms]


def _rate(url: str, requests: list[Request]) -> float:
    """Requests a second."""
    caller = Caller(url)

    def send(request: Request) -> None:
        answer = caller.call("POST", INBOUND, *request)
        assert answer.status == 200, answer.body

    with ThreadPoolExecutor(SENDERS) as pool:
        began = perf_counter()
        list(pool.map(send, requests))
        return len(requests) / (perf_counter() - began)


@contextmanager
def _gateways(running: Rig) -> Iterator[tuple[str, str, list[str]]]:
    """The URLs of two gateways, one with the real handlers and one with the floor, and the numbers to text."""
    numbers = booked_numbers(running)
    _, recording = running.floor(running.text(0, numbers[0], BODY), own_values=[])
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="switchboard-bench-")))
        log = ends.enter_context((folder / "log").open("w"))
        (folder / "recording").write_text(recording.as_json())
        cloud = Process("cloud", {"port": 0, "invoke_url": "http://127.0.0.1:9"}, environ=environment({}), log=log)
        ends.callback(cloud.stop)
        facts = cloud.ready()
        addresses = local_addresses(database_url=running.url, aws_endpoint_url=facts["url"])
        variables = settings_for(addresses, queue_urls=facts["queue_urls"], schemas=running.schemas) | {
            "FLOOR_RECORDING": str(folder / "recording"),
            "FLOOR_DATABASE_URL": running.floor_url,
            "FLOOR_THREAD_ID": "a thread",
        }
        ends.enter_context(_emptied(cloud))
        yield _begin(ends, variables, None, log), _begin(ends, variables, _FLOOR_STACK, log), numbers


@contextmanager
def _emptied(cloud: Process) -> Iterator[None]:
    """Keeps the queue short: moto's cost of a message grows with those that wait, and nobody takes them here."""
    stopped = threading.Event()

    def empty() -> None:
        while not stopped.wait(_EMPTY_EVERY_S):
            cloud.command("empty")

    with ThreadPoolExecutor(1) as pool:
        emptying = pool.submit(empty)
        yield
        stopped.set()
        emptying.result()


def _begin(ends: ExitStack, variables: Mapping[str, str], root: Path | None, log: IO[str]) -> str:
    api, invoke = ends.enter_context(listen(0)), ends.enter_context(listen(0))
    config = {
        "api_fd": api.fileno(), "invoke_fd": invoke.fileno(), "queue_urls": {}, "schedule_s": 1e6,
        "root": str(root) if root else None,
    }  # fmt: skip
    process = Process(
        "functions", config, environ=environment(variables), log=log, pass_fds=(api.fileno(), invoke.fileno())
    )
    ends.callback(process.stop)
    process.ready()
    return f"http://127.0.0.1:{api.getsockname()[1]}"
