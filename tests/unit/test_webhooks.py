"""Signatures: whom to believe, and what must not break the answer."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from twilio.request_validator import RequestValidator

from local.signing import sign_booking, sign_twilio
from switchboard.webhooks import parse_form, verify_booking, verify_twilio

TOKEN = "12345"
URL = "https://api.example.test/prod/hooks/sms?org=a%20b&x="
PARAMS = [
    ("MessageSid", "SM00000000000000000000000000000001"),
    ("From", "+15555550101"),
    ("To", "+15555550199"),
    ("Body", "Café 🐶 ok & =+%"),
    ("NumMedia", "0"),
    ("FromCity", ""),
    ("OptOutType", "STOP"),
]
SIGNATURE = "8nbaYhqIxRN7W8Z0ZmGSFTTLgCo="
VECTORS = [
    (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675310"),
            ("Digits", "1234"),
            ("From", "+14158675310"),
            ("To", "+18005551212"),
        ],
        "GvWf1cFY/Q7PnoempGyD5oXAezc=",
    ),
    (URL, PARAMS, SIGNATURE),
]


@pytest.mark.parametrize(("url", "params", "signature"), VECTORS)
def test_twilios_vectors_verify_in_any_order_of_parameters(
    url: str, params: list[tuple[str, str]], signature: str
) -> None:
    for order in (params, params[::-1], sorted(params)):
        assert verify_twilio(url=url, params=order, signature=signature, auth_tokens=[TOKEN])


def test_a_form_survives_the_wire_and_still_verifies() -> None:
    assert verify_twilio(
        url=URL, params=parse_form(urlencode(PARAMS).encode()), signature=SIGNATURE, auth_tokens=[TOKEN]
    )


@pytest.mark.parametrize(
    "params",
    [
        [pair for pair in PARAMS if pair[0] != "FromCity"],
        [*PARAMS, ("Blank", "")],
        [("Body", "Cafe 🐶 ok & =+%") if name == "Body" else (name, value) for name, value in PARAMS],
        [(name.lower(), value) for name, value in PARAMS],
        [],
    ],
    ids=["a blank left out", "a blank added", "a letter changed", "names in lower case", "none"],
)
def test_any_change_of_the_parameters_is_refused(params: list[tuple[str, str]]) -> None:
    assert not verify_twilio(url=URL, params=params, signature=SIGNATURE, auth_tokens=[TOKEN])


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.test/prod/hooks/sms?org=a b&x=",
        "https://api.example.test/prod/hooks/sms?org=a%20b",
        "https://api.example.test/hooks/sms?org=a%20b&x=",
        "http://api.example.test/prod/hooks/sms?org=a%20b&x=",
        "https://api.example.test.evil.test/prod/hooks/sms?org=a%20b&x=",
    ],
)
def test_the_url_counts_exactly_as_it_was_requested(url: str) -> None:
    assert not verify_twilio(url=url, params=PARAMS, signature=SIGNATURE, auth_tokens=[TOKEN])


def test_the_fragment_and_the_standard_port_are_not_part_of_the_url() -> None:
    for url in (f"{URL}#rc=2", URL.replace(".test/", ".test:443/", 1)):
        assert verify_twilio(url=url, params=PARAMS, signature=SIGNATURE, auth_tokens=[TOKEN])


@pytest.mark.parametrize(
    "signature", [None, "", "x", "é🐶", SIGNATURE[:-1], f" {SIGNATURE}", SIGNATURE.lower(), "\ud800"]
)
def test_a_missing_or_odd_signature_is_refused_without_an_error(signature: str | None) -> None:
    assert not verify_twilio(url=URL, params=PARAMS, signature=signature, auth_tokens=[TOKEN])


def test_either_of_two_live_tokens_will_do() -> None:
    for tokens in ([TOKEN, "new"], ["new", TOKEN]):
        assert verify_twilio(url=URL, params=PARAMS, signature=SIGNATURE, auth_tokens=tokens)
    assert not verify_twilio(url=URL, params=PARAMS, signature=SIGNATURE, auth_tokens=["new", "newer"])


def test_an_empty_token_or_none_at_all_lets_nobody_in() -> None:
    forged = base64.b64encode(hmac.new(b"", (URL + "A1").encode(), hashlib.sha1).digest()).decode()
    assert not verify_twilio(url=URL, params=[("A", "1")], signature=forged, auth_tokens=[""])
    assert not verify_twilio(url=URL, params=PARAMS, signature=SIGNATURE, auth_tokens=[])


def test_a_body_that_only_bodysha256_would_cover_is_refused() -> None:
    url = f"{URL}&bodySHA256=abc"
    signature = sign_twilio(url=url, params=[], auth_token=TOKEN)
    assert RequestValidator(TOKEN).validate(url, {}, signature)  # the trap
    assert not verify_twilio(url=url, params=[], signature=signature, auth_tokens=[TOKEN])


def test_a_repeated_pair_verifies_signed_once_or_each_time() -> None:
    params = [("A", "2"), ("B", "x"), ("A", "1"), ("A", "2")]
    once = sign_twilio(url=URL, params=params, auth_token=TOKEN)
    each = base64.b64encode(hmac.new(TOKEN.encode(), (URL + "A1A2A2Bx").encode(), hashlib.sha1).digest()).decode()
    assert once != each
    for signature in (once, each):
        assert verify_twilio(url=URL, params=params, signature=signature, auth_tokens=[TOKEN])


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FORMS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
URLS = st.sampled_from(
    [
        "https://switchboard.example.test/webhooks/twilio/inbound",
        "https://switchboard.example.test:8443/prod/hooks?x=%20&y=",
        "http://127.0.0.1:8787/webhooks/twilio/status?event=1&attempt=2",
    ]
)


@given(url=URLS, params=FORMS, other=FORMS)
def test_the_answer_is_that_of_twilios_own_library(
    url: str, params: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    signature = sign_twilio(url=url, params=params, auth_token=TOKEN)
    assert verify_twilio(url=url, params=params, signature=signature, auth_tokens=[TOKEN])
    distinct = dict(other)  # the library reads a plain dictionary
    theirs = RequestValidator(TOKEN).validate(url, distinct, signature)
    assert verify_twilio(url=url, params=list(distinct.items()), signature=signature, auth_tokens=[TOKEN]) == theirs


@given(params=FORMS)
def test_a_form_is_read_as_it_was_written(params: list[tuple[str, str]]) -> None:
    assert parse_form(urlencode(params)) == params
    assert parse_form(urlencode(params).encode()) == params


@given(body=st.binary(max_size=200))
def test_no_body_breaks_the_reading_or_the_check(body: bytes) -> None:
    params = parse_form(body)
    assert all(isinstance(part, str) for pair in params for part in pair)
    assert not verify_twilio(url=URL, params=params, signature=SIGNATURE, auth_tokens=[TOKEN])


@pytest.mark.parametrize(
    ("body", "params"),
    [
        (b"", []),
        (b"&&", []),
        (b"A", [("A", "")]),
        (b"A=&A=&B=%20+", [("A", ""), ("A", ""), ("B", "  ")]),
        (b"A=%FF%zz%", [("A", "\ufffd%zz%")]),
        (b"A=%00;B=1", [("A", "\x00;B=1")]),
        (b'{"A": 1}', [('{"A": 1}', "")]),
        (b"&".join([b"A=1"] * 1_001), []),
    ],
)
def test_blanks_repeats_and_hostile_bytes_are_kept_or_made_harmless(body: bytes, params: list[tuple[str, str]]) -> None:
    assert parse_form(body) == params


NOW = datetime(2025, 1, 4, 12, 0, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"type": "booking.assigned", "name": "Zoë 🐶"}'


def signed(*, body: str = BODY, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    return sign_booking(body=body, message_id="msg_1", secret=secret, now=at)


def accepts(headers: dict[str, str], *, body: str | bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> bool:
    return verify_booking(body=body, headers=headers, secrets=secrets, now=NOW)


def test_a_signed_booking_is_accepted_as_text_and_as_bytes() -> None:
    assert accepts(signed())
    assert accepts(signed(), body=BODY.encode())


@settings(deadline=None)
@given(
    body=st.text(),
    message_id=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    others=st.lists(st.sampled_from(["v1,AAAA", "v1a,AAAA", "v2,AAAA", "v1,"]), max_size=3),
    is_signed=st.booleans(),
)
def test_the_verdict_is_that_of_the_published_standard_webhooks_library(
    body: str, message_id: str, others: list[str], is_signed: bool
) -> None:
    at = datetime.now(UTC)
    good = [Webhook(SECRET).sign(message_id, at, body)] if is_signed else []
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join([*others, *good]),
    }
    try:
        Webhook(SECRET).verify(body, headers, json_parse=False)
        theirs = True
    except WebhookVerificationError:
        theirs = False
    ours = verify_booking(body=body.encode(), headers=headers, secrets=[OTHER, SECRET], now=at)
    assert ours is theirs is is_signed


def test_a_signature_made_by_the_words_of_the_specification_verifies() -> None:
    content = f"msg_1.{int(NOW.timestamp())}.{BODY}".encode()
    mac = base64.b64encode(hmac.new(b"k" * 32, content, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": f"v1,{mac}"}
    assert accepts(headers)


def test_the_bytes_of_a_body_are_signed_whether_they_are_text_or_not() -> None:
    body = b'{"firstName": "J\xe9r\xf4me"}'
    mac = hmac.new(b"k" * 32, f"msg_1.{int(NOW.timestamp())}.".encode() + body, hashlib.sha256).digest()
    headers = signed() | {"webhook-signature": f"v1,{base64.b64encode(mac).decode()}"}
    assert accepts(headers, body=body)
    assert not accepts(headers, body=body + b"\xff")


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_tolerance_is_five_minutes_either_way(seconds: int, accepted: bool) -> None:
    assert accepts(signed(at=NOW + timedelta(seconds=seconds))) is accepted


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_changed_header_is_refused(name: str) -> None:
    headers = signed()
    assert not accepts({key: value for key, value in headers.items() if key != name})
    assert not accepts(headers | {name: ""})
    assert not accepts(headers | {name: headers[name] + "0"})


@pytest.mark.parametrize(
    "timestamp", ["now", "1e9", "nan", "-1", "1736\u0660", "9" * 400, "1735992000.5", " 1735992000"]
)
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(timestamp: str) -> None:
    assert not accepts(signed() | {"webhook-timestamp": timestamp})


def test_header_names_may_come_in_any_case() -> None:
    assert accepts({name.upper(): value for name, value in signed().items()})


def test_any_of_several_signatures_will_do_and_odd_ones_do_no_harm() -> None:
    headers = signed()
    good = headers["webhook-signature"]
    for several in (f"v1,AAAA {good}", f"{good} v1a,xyz", f"broken  v1,a,b é {good}"):
        assert accepts(headers | {"webhook-signature": several})
    assert not accepts(headers | {"webhook-signature": "v1,AAAA v2," + good.partition(",")[2]})


def test_both_live_secrets_are_accepted_during_rotation() -> None:
    assert accepts(signed(), secrets=(OTHER, SECRET))
    assert accepts(signed(secret=OTHER), secrets=(OTHER, SECRET))
    assert not accepts(signed(), secrets=(OTHER,))


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_a", "é"])
def test_a_secret_that_cannot_be_read_lets_nobody_in_and_spoils_no_other(bad: str) -> None:
    assert not accepts(signed(), secrets=(bad,))
    assert accepts(signed(), secrets=(bad, SECRET))


@pytest.mark.parametrize("body", ["", BODY + " ", BODY.replace("ë", "e"), b"\xff\xfe", "\ud800"])
def test_any_other_body_is_refused_without_an_error(body: str | bytes) -> None:
    assert not accepts(signed(), body=body)


def test_an_empty_body_can_be_signed_too() -> None:
    assert accepts(signed(body=""), body="")
