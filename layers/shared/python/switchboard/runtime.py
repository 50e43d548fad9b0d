"""Builds the real collaborators, once for each Lambda container, when they are first asked for."""

import functools
import random
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from switchboard.aws import Queue, Secrets, parameters_under, read_parameter
from switchboard.errors import SettingsInvalid
from switchboard.flags import FlagReader
from switchboard.settings import Settings, read_settings
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Limits
from switchboard.store.key_types import read_key_types

if TYPE_CHECKING:
    from switchboard.twilio import TwilioCredentials, TwilioSender
    from switchboard.twilio_numbers import TwilioNumbers

logger = Logger(service="switchboard")
_CONNECT_TIMEOUT_S = 5.0
_INBOUND_TIMEOUT_S = 1.7
_random = random.SystemRandom()


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new row's id."""
    return str(uuid.uuid4())


def fraction() -> float:
    """Random in [0, 1), for jitter."""
    return _random.random()


@functools.cache
def settings() -> Settings:
    """The deployment's settings."""
    return read_settings()


@functools.cache
def secrets() -> Secrets:
    """Secrets Manager."""
    return Secrets()


@functools.cache
def flags() -> FlagReader:
    """The feature flags; call it for their present values."""
    return FlagReader(parameters_under(settings().flags_path))


def database_address(fresh: bool) -> Address:
    """Where the database is; fresh reads its secret again."""
    found = settings()
    if found.database_url or not found.database_secret_id:
        return found.database_address()
    secret = (secrets().reread(found.database_secret_id) if fresh else None) or secrets().get(found.database_secret_id)
    return found.database_address(user=secret["username"], password=secret["password"])


@functools.cache
def connector() -> Connector:
    """Opens connections to the database."""
    return Connector(database_address, timeout_s=_CONNECT_TIMEOUT_S)


@functools.cache
def database() -> Database:
    """The database."""
    return Database(connector(), schemas=settings().schemas)


@functools.cache
def inbound_database() -> Database:
    """The database for inbound texts: it gives up early, so that there is time left to queue the text."""
    connect = Connector(database_address, timeout_s=_INBOUND_TIMEOUT_S)
    return Database(connect, schemas=settings().schemas, limits=Limits(statement_ms=1_500, lock_ms=1_000))


@functools.cache
def backfill_database() -> Database:
    """The database as backfills see it: with the key types of its own intake and accounts tables.

    The socket has no time-out of its own: an index build answers after minutes. The server's time-outs hold.
    """
    connect = Connector(database_address)
    return Database(connect, schemas=read_key_types(connect, settings().schemas))


def parameters() -> dict[str, str]:
    """The SSM parameters beside the flags, by name."""
    return parameters_under(settings().flags_path)()


@functools.cache
def send_queue() -> Queue:
    """Threads whose outbound texts wait."""
    return Queue(settings().send_queue_url)


@functools.cache
def inbound_queue() -> Queue:
    """Raw inbound requests that could not be stored."""
    return Queue(settings().inbound_queue_url)


@functools.cache
def twilio_sender() -> "TwilioSender":
    """Twilio's client, imported when it is first used; the first of the live auth tokens is the REST API's."""
    from switchboard.twilio import TwilioSender  # only who sends needs it

    found = settings()
    return TwilioSender(_twilio_credentials, read_timeout_s=found.twilio_timeout_s, base_url=found.twilio_api_url)


@functools.cache
def twilio_numbers() -> "TwilioNumbers":
    """The account's phone numbers, through the same client."""
    from switchboard.twilio_numbers import TwilioNumbers

    found = settings()
    return TwilioNumbers(_twilio_credentials, read_timeout_s=found.twilio_timeout_s, base_url=found.twilio_api_url)


def _twilio_credentials(*, fresh: bool) -> "TwilioCredentials | None":
    from switchboard.twilio import TwilioCredentials

    secret = (secrets().reread if fresh else secrets().get)(settings().twilio_secret_id)
    return TwilioCredentials(secret["accountSid"], secret["authTokens"][0]) if secret else None


@functools.cache
def public_base_url() -> str:
    """The base that signatures are made for: PUBLIC_BASE_URL, or the SSM parameter that the deployment wrote."""
    found = settings()
    if found.public_base_url:
        return found.public_base_url.rstrip("/")
    if not found.public_base_url_parameter:
        raise SettingsInvalid("settings are wrong: PUBLIC_BASE_URL: set it, or PUBLIC_BASE_URL_PARAMETER")
    return read_parameter(found.public_base_url_parameter).rstrip("/")


def forget() -> None:
    """Builds everything anew at the next call: for tests and the local stack, where settings change in one process."""
    for build in (
        settings,
        secrets,
        flags,
        connector,
        database,
        backfill_database,
        inbound_database,
        send_queue,
        inbound_queue,
        twilio_sender,
        twilio_numbers,
        public_base_url,
    ):
        build.cache_clear()
