"""Plays the carrier: takes accepted texts to their end, and tells the gateway by signed status callbacks."""

import http.client
import queue
import threading
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from local.signing import sign_twilio
from local.simulated_twilio import Message

_WORKERS = 4
_TRY_AGAIN_S = 0.1
_GIVE_UP_S = 60.0
_TIMEOUT_S = 15.0
_STOP_S = 1.0  # the threads are daemons: one that still waits for an answer holds nobody up


class StatusCallbacks:
    """A few threads that deliver; a message's callbacks keep their order, and wait while the gateway is not there."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: Callable[[], str],
        public_base_url: str,
        deliver_to: Callable[[], str | None],
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._public_base_url = public_base_url.rstrip("/")
        self._deliver_to = deliver_to
        self._stopped = threading.Event()
        self._waiting: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"carrier-{n}", daemon=True) for n in range(_WORKERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=_STOP_S)

    def deliver(self, message: Message) -> None:
        """Take the message to its end, in the background."""
        self._waiting.put(message)

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None:
            self._carry(message)

    def _carry(self, message: Message) -> None:
        last = "delivered" if message.fails_with is None else "undelivered"
        for status in ("queued", "sent", last):
            if self._stopped.is_set():
                return
            if status == "undelivered":
                message.error_code = message.fails_with
            message.status = status
            if message.status_callback and message.calls_back:
                self._tell(message, status, message.status_callback.partition("#")[0])

    def _tell(self, message: Message, status: str, url: str) -> None:
        """Only the gateway is told: no callback leaves this machine."""
        if not url.startswith(self._public_base_url + "/"):
            return
        form = [
            ("AccountSid", self._account_sid),
            ("ApiVersion", "2010-04-01"),
            ("From", message.sender),
            ("MessageSid", message.sid),
            ("MessageStatus", status),
            ("SmsSid", message.sid),
            ("SmsStatus", status),
            ("To", message.recipient),
        ]
        if status == "undelivered":
            form.append(("ErrorCode", str(message.fails_with)))
        waited_s = 0.0
        while not self._post(url, form) and waited_s < _GIVE_UP_S and not self._stopped.wait(_TRY_AGAIN_S):
            waited_s += _TRY_AGAIN_S

    def _post(self, url: str, form: list[tuple[str, str]]) -> bool:
        """Whether the gateway answered, whatever it said: Twilio does not repeat a callback that was answered."""
        api_url = self._deliver_to()
        if api_url is None:
            return False
        address = urlsplit(api_url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign_twilio(url=url, params=form, auth_token=self._auth_token()),
            "Connection": "close",
        }
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_S)
        try:
            connection.request(
                "POST", address.path.rstrip("/") + url.removeprefix(self._public_base_url), urlencode(form), headers
            )
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True
