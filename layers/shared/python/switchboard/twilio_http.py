"""The HTTP side of Twilio's client. Costs 150 ms and 30 MB to import: our two clients do so when they first ask."""

import logging
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from switchboard.domain.delivery import NotSent, Refused, Unknown

# A connection that was idle this long may be dead without our knowing: Lambda freezes, and NAT forgets.
MAX_IDLE_S = 20.0
_SERVER_ERROR = 500
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError)
FAILURES = (requests.RequestException, TwilioException, *UNREADABLE)

# Twilio logs addresses and parameters at INFO, urllib3 the query at DEBUG: both hold phones.
_SILENT = logging.getLogger("switchboard.twilio.silent")
_SILENT.disabled = True
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


class HttpClient:
    """What twilio.rest.Client sends through: time-outs, no retries, no logging, another host where one is given."""

    is_async = False

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        base_url: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.retry_after_s: float | None = None
        self._inner = TwilioHttpClient(logger=_SILENT)
        # Its own parameter takes one number only; requests takes a pair.
        self._inner.timeout = (connect_timeout_s, read_timeout_s)
        self._session: requests.Session = self._inner.session
        self._base_url = base_url.rstrip("/") if base_url else None
        self._session.trust_env = base_url is None
        self._clock = clock
        self._used_at = clock()

    def request(self, method: str, uri: str, **fields: Any) -> Any:
        """Send one request; retry_after_s is what its answer asked for. Raises requests.RequestException."""
        self._drop_idle_connections()
        self.retry_after_s = None
        response = self._inner.request(method, self._at_base(uri), **fields)
        self.retry_after_s = _seconds((response.headers or {}).get("Retry-After"))
        return response

    def close(self) -> None:
        """Close the connections that were kept."""
        self._session.close()

    def _drop_idle_connections(self) -> None:
        idle_s = self._clock() - self._used_at
        self._used_at = self._clock()
        if idle_s > MAX_IDLE_S:
            self.close()

    def _at_base(self, uri: str) -> str:
        if self._base_url is None:
            return uri
        parts = urlsplit(uri)
        return self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")


def failure_of(error: Exception, *, retry_after_s: float | None) -> Refused | NotSent | Unknown:
    """What an error of a sending request says about the text.

    Not sent only where no connection came about; refused only where Twilio said so; all else may have been taken.
    """
    http_status = http_status_of(error)
    if http_status is not None and http_status >= _SERVER_ERROR:
        return Unknown(f"http_{http_status}")
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return Refused(_code(error.code), error.status, retry_after_s)
    if _never_connected(error):
        return NotSent(type(error).__name__)
    return Unknown(type(error).__name__, dropped=_was_dropped(error))


def http_status_of(error: Exception) -> int | None:
    """The status of Twilio's answer, where the error is one."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return int(error.status)
    match error.args:
        case (_, Response() as answer):  # the error of a list: text, answer
            return int(answer.status_code)
    return None


def _code(code: object) -> int | None:
    return code if isinstance(code, int) else None


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return True
    return isinstance(reason, urllib3.exceptions.SSLError) and any(
        isinstance(cause, ssl.SSLCertVerificationError) for cause in reason.args
    )


def _was_dropped(error: Exception) -> bool:
    """Whether the connection broke before a byte of the answer came."""
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    return isinstance(cause, urllib3.exceptions.ProtocolError) and any(
        isinstance(part, ConnectionError) for part in cause.args
    )


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else None
