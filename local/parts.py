"""What runs in the stack's processes: the database, the cloud, Twilio, and the functions."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.facts import BOOKING_SECRET, PUBLIC_BASE_URL, ROOT, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, Addresses
from local.process import Part


def build_part(name: str, config: Mapping[str, Any]) -> Part:
    """The part of that name."""
    kinds: dict[str, type[DatabasePart | CloudPart | TwilioPart | FunctionsPart]] = {
        "database": DatabasePart,
        "cloud": CloudPart,
        "twilio": TwilioPart,
        "functions": FunctionsPart,
    }
    return kinds[name](**config)


class DatabasePart:
    """The embedded PostgreSQL; commands: pause (stops at once, data stays), resume."""

    def __init__(self, *, keep: str | None) -> None:
        from local.postgres import PostgresServer

        self._server = PostgresServer(Path(keep).resolve() if keep else None)

    def start(self) -> dict[str, Any]:
        """Answers with the server's URL."""
        try:
            self._server.start()
        except BaseException:
            self._server.stop()
            raise
        return {"url": self._server.url()}

    def command(self, word: str) -> None:
        """Stops or starts the server."""
        {"pause": self._server.pause, "resume": self._server.start}[word]()

    def stop(self) -> None:
        """Stops the server; data that nobody asked to keep goes."""
        self._server.stop()


class CloudPart:
    """moto: SSM, Secrets Manager, SQS, Step Functions; Lambda is handed on. Command: empty (forgets what is queued)."""

    def __init__(self, *, port: int, invoke_url: str) -> None:
        self._port = port
        self._invoke_url = invoke_url
        self._ends = ExitStack()

    def start(self) -> dict[str, Any]:
        """Answers with its URL, the queues' URLs by logical id, and the state machine's ARN."""
        from local.cloud import furnish, serve
        from local.step_functions import interpreting, lambda_client

        self._ends.enter_context(interpreting(lambda_client(self._invoke_url)))
        url = f"http://127.0.0.1:{serve(self._port, invoke_url=self._invoke_url).server_port}"
        return {"url": url, **furnish(url)}

    def command(self, word: str) -> None:
        """Forgets all queued messages."""
        from local.cloud import empty_queues

        {"empty": empty_queues}[word]()

    def stop(self) -> None:
        """The process's end is its end: nothing of it is on disk."""
        self._ends.close()


class TwilioPart:
    """The Twilio simulator; its callbacks go to the gateway."""

    def __init__(self, *, port: int, api_url: str) -> None:
        from local.phones import Phones
        from local.seed import FRONT_DESK, POOL_NUMBERS, SITTER_NUMBERS
        from local.twilio_simulator import TwilioSimulator

        self._simulator = TwilioSimulator(
            account_sid=TWILIO_ACCOUNT_SID,
            auth_token=TWILIO_AUTH_TOKEN,
            public_base_url=PUBLIC_BASE_URL,
            deliver_to=api_url,
            port=port,
        )
        self._simulator.numbers.own((FRONT_DESK, *POOL_NUMBERS, *SITTER_NUMBERS))
        self._phones = Phones(_of_webhooks(api_url), self._simulator.account, now=lambda: datetime.now(UTC))
        for method, path, answer in self._phones.routes():
            self._simulator.add_route(method, path, answer)

    def start(self) -> dict[str, Any]:
        """Answers with its URL."""
        self._simulator.start()
        return {"url": self._simulator.url}

    def command(self, word: str) -> None:
        """Learns where AWS is: the page /phones switches a flag there."""
        self._phones.aws_url = word

    def stop(self) -> None:
        """Stops serving."""
        self._simulator.stop()


def _of_webhooks(api_url: str) -> Addresses:
    """What somebody needs who calls the webhooks only."""
    return Addresses(
        api_url=api_url, public_base_url=PUBLIC_BASE_URL, database_url="", twilio_url="", aws_endpoint_url="",
        state_machine_arn="", flags_path="", booking_secret=BOOKING_SECRET, twilio_auth_token=TWILIO_AUTH_TOKEN,
        twilio_account_sid=TWILIO_ACCOUNT_SID, owner_token="",
    )  # fmt: skip


class FunctionsPart:
    """A template's handlers behind the gateway, the queues and the schedule; their settings are its environment."""

    def __init__(
        self, *, api_fd: int, invoke_fd: int, queue_urls: dict[str, str], schedule_s: float, root: str | None = None
    ) -> None:
        from local.event_sources import QueuePoller, Schedule
        from local.gateway import Gateway, InvokeApi
        from local.http_server import HttpServer
        from local.lambdas import Lambdas
        from local.template import read_template
        from switchboard import runtime

        place = Path(root or ROOT)
        self._lambdas = lambdas = Lambdas(read_template(place / "template.yaml").functions, root=place)
        gateway = Gateway(lambdas)
        self._servers = [
            HttpServer(socket.socket(fileno=api_fd), gateway),
            HttpServer(socket.socket(fileno=invoke_fd), InvokeApi(lambdas)),
        ]
        self._pollers = [
            QueuePoller(lambdas, function=function.name, source=source, queue_url=queue_urls[source.queue])
            for function in lambdas.functions.values()
            for source in function.queues
            if source.queue in queue_urls
        ]
        scheduled = {one.name: one.every_minutes for one in lambdas.functions.values() if one.scheduled}
        self._schedule = Schedule(lambdas, scheduled, every_s=schedule_s, now=runtime.now)

    def start(self) -> dict[str, Any]:
        """Loads every handler, then serves."""
        self._lambdas.load()
        for server in self._servers:
            server.start()
        for poller in self._pollers:
            poller.start()
        self._schedule.start()
        return {}

    def command(self, word: str) -> None:
        """There is nothing to ask of it."""

    def stop(self) -> None:
        """Lets what is under way end."""
        self._schedule.stop()
        for poller in self._pollers:
            poller.stop()
        for server in self._servers:
            server.stop()
        for poller in self._pollers:
            poller.join(timeout_s=5)
