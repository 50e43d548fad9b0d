"""What `make build` makes, under Lambda's own runtime client, against what the gateway and Invoke answer here."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.api_gateway import answer_for
from local.build import BUILD, build_for, fetch, find_python313, interpreter, python_of_build
from local.event import Event, event_names, signed_event
from local.facts import ROOT, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN
from local.stack import Stack
from local.template import read_template
from local.twilio_simulator import TwilioSimulator
from tests.e2e.lambda_host import Host, Running
from tests.e2e.worlds import Here, Told, World, arrange, as_request_told, as_told, settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client has wheels for Linux only")
# What comes before what; every other event follows, by name.
STORY = (
    "migrate_schema", "keep_house", "change_booking_assigned", "receive_text", "send_text", "record_status",
    "plan_backfill", "work_backfill", "plan_backfill_after_lanes", "finish_backfill",
)  # fmt: skip
FUNCTIONS = {function.name: function.logical_id for function in read_template(ROOT / "template.yaml").functions}
MOST_MB = 150  # bytecode adds half of it: well under the 250 MB that Lambda takes
IMPORT_ALL = """
import importlib, pkgutil, switchboard
for module in pkgutil.walk_packages(switchboard.__path__, "switchboard."):
    importlib.import_module(module.name)
"""


@dataclass(frozen=True, slots=True)
class Build:
    """A build that this machine can run, the interpreter for it, and the runtime client."""

    folder: Path
    python: Path
    runtime: Path

    def host(self, world: World, scratch: Path, *, without: Collection[str] = ()) -> Host:
        """Its functions in a world. Where /opt is decides where the revisions are, not the settings."""
        given = {name: value for name, value in world.settings.items() if name != "MIGRATIONS_FOLDER"}
        return Host(
            self.folder, python=self.python, runtime=self.runtime, settings=given, scratch=scratch, without=without,
            keeps_bytecode=self.folder != BUILD,
        )  # fmt: skip


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`make build`'s, where sam made it of these very sources; else the same for the interpreter at hand."""
    runtime = tmp_path_factory.mktemp("runtime")
    folder, python = BUILD, python_of_build()
    if python is None:
        python = find_python313() or Path(sys.executable)
        folder = build_for(python)
    fetch(ROOT / "requirements" / "runtime.txt", runtime, target=interpreter(python))
    return Build(folder, python, runtime)


@pytest.fixture
def make_world(stack: Stack) -> Iterator[Callable[[str], World]]:
    """Makes a world of an empty database; all begin alike."""
    with ExitStack() as ends:

        def make(database_url: str) -> World:
            twilio = TwilioSimulator(
                account_sid=TWILIO_ACCOUNT_SID,
                auth_token=TWILIO_AUTH_TOKEN,
                public_base_url="https://none.example.test",
            )
            twilio.start()
            ends.callback(twilio.stop)
            arrange(database_url)
            return World(database_url, twilio, settings(stack, database_url, twilio_url=twilio.url))

        yield make


def function_of(event: str) -> str:
    """The function whose name an event's name begins with."""
    return max((name for name in FUNCTIONS if f"{event}_".startswith(f"{name}_")), key=len)


def fresh(event: str) -> Event:
    """An event of events/ as if it arrived now."""
    return signed_event(event, now=datetime.now(UTC), new_id=lambda: str(uuid.uuid4()))


def tell(running: Running, event: Event) -> Told:
    """What a built function answers to an event, as API Gateway would pass it on where the event is a request."""
    how, answer = running.invoke(event)
    if "rawPath" in event and how == "response":
        passed_on = answer_for(answer)
        return as_request_told(passed_on.status, dict(passed_on.headers), passed_on.body)
    return as_told(how, answer)


def test_every_built_function_answers_every_event_as_it_does_behind_the_gateway(
    build: Build, make_world: Callable[[str], World], database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    world, same_world = make_world(database_url), make_world(other_database_url)
    host = build.host(same_world, tmp_path)
    built: dict[str, Running] = {}
    with ExitStack() as ends:
        here = ends.enter_context(Here(world, log=tmp_path / "here.log"))
        for name in (*STORY, *sorted(set(event_names()) - set(STORY))):
            function, event = function_of(name), fresh(name)
            if function not in built:
                built[function] = ends.enter_context(host.running(FUNCTIONS[function]))
            assert (name, tell(built[function], event)) == (name, here.tell(function, event))
    assert set(map(FUNCTIONS.get, built)) == set(host.names())
    assert same_world.outcome() == world.outcome()


@pytest.mark.parametrize("lacks", [("keep_house", "scramp"), ("send_text", "requests")], ids=lambda lacks: lacks[1])
def test_a_built_function_fails_where_the_layer_lacks_a_package_that_this_environment_has(
    build: Build, make_world: Callable[[str], World], database_url: str, tmp_path: Path, lacks: tuple[str, str]
) -> None:
    function, package = lacks
    host = build.host(make_world(database_url), tmp_path, without=[package])
    with host.running(FUNCTIONS[function]) as running:
        told = tell(running, fresh(function))
    assert "error" in told
    assert f"No module named '{package}'" in running.log.read_text()


def test_every_module_of_the_package_finds_in_the_layer_what_it_imports(build: Build) -> None:
    layer = build.folder / "SharedLayer" / "python"
    done = subprocess.run(
        [build.python, "-S", "-c", IMPORT_ALL], env={"PYTHONPATH": str(layer), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_layers_fit_into_lambda(build: Build) -> None:
    sizes = [
        (Path(folder) / file).stat().st_size
        for folder, _, files in os.walk(build.folder)
        for file in files
        if "__pycache__" not in folder
    ]
    assert sum(sizes) < MOST_MB * 1_000_000
