"""A threaded HTTP/1.1 server on a socket that is already listening: keep-alive, and a clean end."""

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.api_gateway import MAX_BODY_BYTES, HttpAnswer, HttpRequest, json_answer

Answering = Callable[[HttpRequest], HttpAnswer]
_BACKLOG = 512
_LONGEST_END_S = 8.0


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback; port 0 is any free one. Connections wait in it until somebody serves."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise PortTaken(f"port {port} is taken: choose another with PORT=n, or PORT=0 for any free one") from error
    listening.listen(_BACKLOG)
    return listening


class PortTaken(OSError):
    """Somebody else listens on the port."""


class HttpServer(ThreadingHTTPServer):
    """Answers each request with a function, on the thread of its connection."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, answering: Answering) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.answering = answering
        self._busy = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="http", daemon=True)

    def start(self) -> None:
        """Serves from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Takes no more connections and lets the requests under way end."""
        self.shutdown()
        self.server_close()
        ends_at = time.monotonic() + _LONGEST_END_S
        with self._changed:
            while self._busy and self._changed.wait(ends_at - time.monotonic()):
                pass

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The answer, counted as under way."""
        with self._changed:
            self._busy += 1
        try:
            return self.answering(request)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(411, "Length Required")
        elif int(length) > MAX_BODY_BYTES:
            self._refuse(413, "Request Entity Too Large")
        else:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(length))
            headers = list(self.headers.items())
            self._write(
                self.server.answer(HttpRequest(self.command, path, query, headers, body, self.client_address[0]))
            )

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # what follows on this connection is the body that nobody reads
        self._write(json_answer(status, {"message": message}))

    def _write(self, answer: HttpAnswer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("content-length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        """Says nothing: paths and queries may hold phones."""

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _serve  # noqa: N815  the library's names
