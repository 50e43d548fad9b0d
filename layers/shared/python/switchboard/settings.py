"""Settings out of the environment: read once, whole, frozen. os.environ is read nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from switchboard.errors import SettingsInvalid
from switchboard.store.connection import Address
from switchboard.store.statements import Schemas

_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class _Environment(BaseModel):
    """The variables' names, shapes and defaults. What each means: docs/reference/settings.md."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)

    STAGE: str = "local"
    DATABASE_URL: str | None = Field(default=None, pattern=r"^postgres(ql)?://")
    DATABASE_HOST: str | None = None
    DATABASE_PORT: int = 5432
    DATABASE_NAME: str = "switchboard"
    DATABASE_SECRET_ID: str | None = None
    DATABASE_CA_FILE: str | None = None
    SCHEMA_MESSAGING: str = Field(default="messaging", pattern=_IDENTIFIER)
    SCHEMA_ACCOUNTS: str = Field(default="accounts", pattern=_IDENTIFIER)
    SCHEMA_INTAKE: str = Field(default="intake", pattern=_IDENTIFIER)
    DEFAULT_ORG_ID: str = "default"
    MIGRATIONS_FOLDER: Path = Path("/opt/schema")
    FLAGS_PATH: str = Field(default="/switchboard/local/flags", pattern=r"^/[A-Za-z0-9_./-]+$")
    PUBLIC_BASE_URL: str | None = Field(default=None, pattern=r"^https?://[^/?#]+(/[^?#]*)?$")
    PUBLIC_BASE_URL_PARAMETER: str | None = None
    BOOKING_SECRET_ID: str = "switchboard/booking"
    TWILIO_SECRET_ID: str = "switchboard/twilio"
    TWILIO_API_URL: str | None = Field(default=None, pattern=r"^https?://")
    TWILIO_TIMEOUT_S: float = Field(default=10, gt=0, le=60)
    SEND_QUEUE_URL: str = ""
    INBOUND_QUEUE_URL: str = ""
    STATE_MACHINE_ARN: str = ""
    BEFORE_IMAGE_DAYS: int = Field(default=90, ge=1)


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
    before_image_days: int

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


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingsInvalid naming every bad variable, never its value."""
    try:
        found = _Environment.model_validate({name: value for name, value in environ.items() if value != ""})
    except ValidationError as error:
        raise SettingsInvalid(_explain(error)) from None
    values = {name.lower(): value for name, value in found.model_dump().items() if not name.startswith("SCHEMA_")}
    schemas = Schemas(found.SCHEMA_MESSAGING, found.SCHEMA_ACCOUNTS, found.SCHEMA_INTAKE)
    return Settings(schemas=schemas, **values)


def _explain(error: ValidationError) -> str:
    bad = [f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors(include_input=False, include_url=False)]
    return "settings are wrong: " + "; ".join(bad)
