"""Settings out of the environment: read once, whole, frozen. os.environ is read nowhere else."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchboard.errors import SettingsInvalid
from switchboard.store.connection import Address
from switchboard.store.statements import IDENTIFIER, Schemas

Read = Callable[[str], Any]


def _shaped(pattern: str | re.Pattern[str], what: str) -> Read:
    shape = re.compile(pattern)

    def read(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(what)
        return text

    return read


def _integer(at_least: int, at_most: int) -> Read:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not at_least <= int(text) <= at_most:
            raise ValueError(f"a whole number from {at_least} to {at_most}")
        return int(text)

    return read


def _seconds(at_most: float) -> Read:
    def read(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not 0 < float(text) <= at_most:
            raise ValueError(f"a number above 0, at most {at_most:g}")
        return float(text)

    return read


def _database_url(text: str) -> str:
    try:
        Address.from_url(text)
    except ValueError:  # whose words may be a part of the password
        raise ValueError("a URL like postgresql://user:password@host:port/database") from None
    return text


_schema = _shaped(IDENTIFIER, "a plain identifier of at most 63 characters")
_address = _shaped(r"((https://|/)\S+)?", "a URL that begins with https://, or a path")
_http = _shaped(r"https?://\S+", "a URL that begins with http:// or https://")

# Each variable's default, and how its text is read; a ValueError says what it should be. Not pydantic, whose import
# costs every webhook's cold start 30 ms. What each means: docs/reference/settings.md.
VARIABLES: Mapping[str, tuple[str | None, Read]] = {
    "STAGE": ("local", str),
    "DATABASE_URL": (None, _database_url),
    "DATABASE_HOST": (None, str),
    "DATABASE_PORT": ("5432", _integer(at_least=1, at_most=65_535)),
    "DATABASE_NAME": ("switchboard", str),
    "DATABASE_SECRET_ID": (None, str),
    "DATABASE_CA_FILE": (None, str),
    "SCHEMA_MESSAGING": ("messaging", _schema),
    "SCHEMA_ACCOUNTS": ("accounts", _schema),
    "SCHEMA_INTAKE": ("intake", _schema),
    "DEFAULT_ORG_ID": ("default", str),
    "MIGRATIONS_FOLDER": ("/opt/schema", Path),
    "FLAGS_PATH": ("/switchboard/local/flags", _shaped(r"/[A-Za-z0-9_./-]+", "a path of SSM parameters")),
    "PUBLIC_BASE_URL": (None, _shaped(r"https?://[^/?#]+(/[^?#]*)?", "a URL without query and fragment")),
    "PUBLIC_BASE_URL_PARAMETER": (None, str),
    "BOOKING_SECRET_ID": ("switchboard/booking", str),
    "TWILIO_SECRET_ID": ("switchboard/twilio", str),
    "TWILIO_API_URL": (None, _http),
    "TWILIO_TIMEOUT_S": ("10", _seconds(at_most=10)),
    "SEND_QUEUE_URL": ("", str),
    "INBOUND_QUEUE_URL": ("", str),
    "STATE_MACHINE_ARN": ("", str),
    "OIDC_CLIENT_ID": ("", str),
    "OIDC_SIGN_IN_URL": ("", _address),
    "OIDC_EXCHANGE_URL": ("", _address),
    "BEFORE_IMAGE_DAYS": ("90", _integer(at_least=1, at_most=36_500)),
    "NUMBER_COUNTRY": ("US", _shaped(r"[A-Z]{2}", "a country's two letters")),
    "NUMBERS_A_DAY": ("5", _integer(at_least=0, at_most=1_000)),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a deployment decides."""

    stage: str
    database_url: str | None
    database_host: str | None
    database_port: int
    database_name: str
    database_secret_id: str | None
    database_ca_file: str | None
    schemas: Schemas
    default_org_id: str
    migrations_folder: Path
    flags_path: str
    public_base_url: str | None
    public_base_url_parameter: str | None
    booking_secret_id: str
    twilio_secret_id: str
    twilio_api_url: str | None
    twilio_timeout_s: float
    send_queue_url: str
    inbound_queue_url: str
    state_machine_arn: str
    oidc_client_id: str
    oidc_sign_in_url: str
    oidc_exchange_url: str
    before_image_days: int
    number_country: str
    numbers_a_day: int

    def database_address(self, *, user: str = "", password: str | None = None) -> Address:
        """Where the database is: DATABASE_URL, or the parts with the given user."""
        if self.database_url:
            return Address.from_url(self.database_url, ca_file=self.database_ca_file)
        return Address(
            host=self.database_host or "localhost",
            port=self.database_port,
            database=self.database_name,
            user=user,
            password=password,
            ca_file=self.database_ca_file,
        )


def read_region(environ: Mapping[str, str] = os.environ) -> str | None:
    """The region that the AWS CLI would take; boto3 by itself reads AWS_DEFAULT_REGION and the profile only."""
    return environ.get("AWS_REGION") or None


def are_metrics_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a namespace for them; Powertools reads it itself."""
    return "POWERTOOLS_METRICS_NAMESPACE" in environ


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """An empty variable counts as not set. Raises SettingsInvalid naming every bad variable, never its value."""
    values: dict[str, Any] = {}
    bad: list[str] = []
    for name, (default, read) in VARIABLES.items():
        text = environ.get(name) or default
        try:
            values[name] = None if text is None else read(text)
        except ValueError as error:
            bad.append(f"{name}: {error}")
    if bad:
        raise SettingsInvalid(f"settings are wrong: {'; '.join(bad)}")
    schemas = Schemas(*(values.pop(name) for name in ("SCHEMA_MESSAGING", "SCHEMA_ACCOUNTS", "SCHEMA_INTAKE")))
    return Settings(schemas=schemas, **{name.lower(): value for name, value in values.items()})
