"""AWS on this machine: moto's server, furnished with the template's queues and the local flags and secrets."""

import http.client
import json
import logging
import threading
from dataclasses import fields
from typing import Any
from urllib.parse import quote, urlsplit

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs import sqs_backends
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import client
from local.facts import (
    AWS_ACCOUNT,
    BOOKING_SECRET,
    BOOKING_SECRET_ID,
    FLAGS_PATH,
    REGION,
    ROOT,
    TWILIO_ACCOUNT_SID,
    TWILIO_AUTH_TOKEN,
    TWILIO_SECRET_ID,
)
from local.lambdas import INVOKE_PATH
from local.step_functions import create_machine
from local.template import Queue, read_template
from switchboard.flags import Flags

_LONGEST_CALL_S = 900
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]  # moto has no types
    """Keeps connections and says nothing about requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  the name is the library's
        """Says nothing."""


def serve(port: int, *, invoke_url: str | None = None) -> BaseWSGIServer:
    """moto's server, running on a thread of its own; port 0 is any free one. Lambda is what answers at invoke_url."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app: Any = DomainDispatcherApplication(create_backend_app)
    if invoke_url:
        app = _with_lambda(app, invoke_url)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
    threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()
    return server


def _with_lambda(app: Any, invoke_url: str) -> Any:
    """The same application, with Lambda's Invoke API handed on: moto's own would want Docker."""
    location = urlsplit(invoke_url)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(INVOKE_PATH):
            return app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        connection = http.client.HTTPConnection(location.hostname or "", location.port, timeout=_LONGEST_CALL_S)
        try:
            connection.request(environ["REQUEST_METHOD"], quote(path), body)
            found = connection.getresponse()
            content = found.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in found.getheaders() if name.lower() not in _HOP_BY_HOP]
        start_response(f"{found.status} {found.reason}", kept)
        return [content]

    return answer


def furnish(url: str) -> dict[str, Any]:
    """Makes flags, secrets, queues, the state machine; answers with queue URLs by logical id, and the machine's ARN."""
    _make_flags(client("ssm", url))
    _make_secrets(client("secretsmanager", url))
    queues = _make_queues(client("sqs", url), read_template(ROOT / "template.yaml").queues)
    return {"queue_urls": queues, "state_machine_arn": create_machine(client("stepfunctions", url))}


def _make_flags(ssm: Any) -> None:
    defaults = Flags()
    for flag in fields(Flags):
        value = str(getattr(defaults, flag.name)).lower()
        ssm.put_parameter(Name=f"{FLAGS_PATH}/{flag.name.upper()}", Type="String", Value=value)


def _make_secrets(secrets: Any) -> None:
    booking = {"secrets": [BOOKING_SECRET]}
    twilio = {"accountSid": TWILIO_ACCOUNT_SID, "authTokens": [TWILIO_AUTH_TOKEN]}
    for name, value in ((BOOKING_SECRET_ID, booking), (TWILIO_SECRET_ID, twilio)):
        secrets.create_secret(Name=name, SecretString=json.dumps(value))


def _make_queues(sqs: Any, queues: tuple[Queue, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for queue in sorted(queues, key=lambda queue: queue.dead_letter_queue is not None):  # dead-letter queues first
        attributes = {"VisibilityTimeout": str(queue.visibility_s)}
        if queue.dead_letter_queue:
            target = f"arn:aws:sqs:{REGION}:{AWS_ACCOUNT}:{queue.dead_letter_queue}"
            policy = {"deadLetterTargetArn": target, "maxReceiveCount": queue.max_receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        found[queue.logical_id] = sqs.create_queue(QueueName=queue.logical_id, Attributes=attributes)["QueueUrl"]
    return found


def empty_queues() -> None:
    """Forgets the messages of every queue in this process."""
    for queue in sqs_backends[AWS_ACCOUNT][REGION].queues.values():
        with queue._messages_lock:
            queue._messages.clear()
