"""Who really sent a webhook: Twilio's signature, and Standard Webhooks for the booking system."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

Form = Sequence[tuple[str, str]]  # names and values in their order, blanks and repeats kept

BOOKING_TOLERANCE = timedelta(minutes=5)
BOOKING_KEY_PREFIX = "whsec_"
MAX_FORM_FIELDS = 1_000
_UNIX_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_ORIGIN = re.compile(r"(https?)://([^/?#]*?)(:[0-9]+)?(?=[/?#]|$)", re.ASCII)
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def parse_form(body: bytes | str) -> list[tuple[str, str]]:
    """Read a form-encoded body in its order, blanks and repeats kept.

    Never raises: bytes that are not UTF-8 become U+FFFD, and a body of over 1,000 fields reads as empty, so
    neither can carry a valid signature.
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return []


def verify_twilio(*, url: str, params: Form, signature: str | None, auth_tokens: Sequence[str]) -> bool:
    """Whether Twilio made this request; url is the public base + raw path + raw query."""
    if not signature or _leaves_body_unsigned(url, params):
        return False
    given = signature.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(given, twilio_signature(content, token))
        for token in auth_tokens
        if token  # an empty token would let anybody sign
        for content in _signed_contents(url, params)
    )


def twilio_signature(content: str, auth_token: str) -> bytes:
    """base64(HMAC-SHA1(auth token, URL and parameters run together))."""
    mac = hmac.new(auth_token.encode(), content.encode("utf-8", "replace"), hashlib.sha1)
    return base64.b64encode(mac.digest())


def _leaves_body_unsigned(url: str, params: Form) -> bool:
    """A JSON body is signed through bodySHA256 in the query, which this product never receives."""
    return not params and "bodySHA256" in url.partition("?")[2]


def _signed_contents(url: str, params: Form) -> Iterator[str]:
    """Twilio's own libraries sign a repeated pair once, its description says all parameters: both count."""
    once = _run_together(sorted(set(params)))
    every = _run_together(sorted(params))
    for form in dict.fromkeys((once, every)):
        for variant in _port_variants(url.partition("#")[0]):
            yield variant + form


def _run_together(params: Form) -> str:
    return "".join(name + value for name, value in params)


def _port_variants(url: str) -> tuple[str, ...]:
    """Twilio signs with and without the port, and does not say which; so its own libraries try both."""
    parts = _ORIGIN.match(url)
    if parts is None:
        return (url,)
    scheme, host, port = parts.groups()
    other = f"{scheme}://{host}" + ("" if port else _DEFAULT_PORTS[scheme])
    return url, other + url[parts.end() :]


def verify_booking(*, body: bytes | str, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """Whether the booking system signed this body within five minutes of now (Standard Webhooks 1.0.0).

    Any of the live secrets and any of the space-separated signatures will do. The body's bytes are signed, whether
    they are text or not; the published library reads text only.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    message_id, given = fields.get("webhook-id"), fields.get("webhook-signature")
    signed_at = _signed_at(fields.get("webhook-timestamp", ""))
    if not message_id or not given or signed_at is None:
        return False
    if abs(now - signed_at) > BOOKING_TOLERANCE:
        return False
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    content = f"{message_id}.{int(signed_at.timestamp())}.".encode("utf-8", "surrogatepass") + raw
    signatures = [one.encode("utf-8", "replace") for one in given.split(" ")]
    return any(
        hmac.compare_digest(expected, signature) for expected in _expected(secrets, content) for signature in signatures
    )


def _expected(secrets: Sequence[str], content: bytes) -> Iterator[bytes]:
    """The signature under each secret; one that cannot be read, or is empty, lets nobody in and spoils no other."""
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix(BOOKING_KEY_PREFIX) + "==")  # padded or not
        except ValueError:
            continue
        if key:
            yield b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())


def _signed_at(timestamp: str) -> datetime | None:
    if not _UNIX_SECONDS.fullmatch(timestamp):
        return None
    return datetime.fromtimestamp(int(timestamp), tz=UTC)
