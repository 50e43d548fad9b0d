"""The simulator's HTTP: threads, keep-alive, and answers that hang or never come."""

import contextlib
import json
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_MAX_REQUEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in title case, arguments come from the path."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    arguments: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets; a hung one nothing until it leaves, a dropped one a closed connection."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    hung: bool = False
    dropped: bool = False


def json_answer(content: Any, *, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(content).encode())


class SimulatorServer(ThreadingHTTPServer):
    """Hands every request to answer, each connection on a thread of its own."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, *, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def stop(self) -> None:
        """Stop listening, and end the connections that clients keep."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MAX_REQUEST_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._write(Answer(413))
            return
        address = urlsplit(self.path)
        query = parse_qsl(address.query, keep_blank_values=True)
        headers = {name.title(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        self._write(self.server.answer(Request(self.command, address.path, query, headers, body, {})))

    def _write(self, answer: Answer) -> None:
        if answer.hung:
            self._hang()
        if answer.hung or answer.dropped:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang(self) -> None:
        """Until the client leaves, or the simulator stops."""
        while not self.server.stopping.is_set():
            if select.select([self.connection], [], [], 0.1)[0]:
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Say nothing: paths hold phones."""

    do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 - the names are the library's
