"""The functions' settings in the local stack: what template.yaml gives them on AWS."""

from collections.abc import Mapping

from local.facts import BOOKING_SECRET_ID, ROOT, TWILIO_SECRET_ID, Addresses
from local.issuer import AUDIENCE
from local.sign_in import EXCHANGE_PATH, SIGN_IN_PATH
from switchboard.store.statements import Schemas


def settings_for(addresses: Addresses, *, queue_urls: Mapping[str, str], schemas: Schemas) -> dict[str, str]:
    """The environment variables of every function."""
    return {
        "STAGE": "local",
        "AWS_ENDPOINT_URL": addresses.aws_endpoint_url,
        "DATABASE_URL": addresses.database_url,
        "SCHEMA_MESSAGING": schemas.messaging,
        "SCHEMA_ACCOUNTS": schemas.accounts,
        "SCHEMA_INTAKE": schemas.intake,
        "MIGRATIONS_FOLDER": str(ROOT / "migrations" / "schema"),
        "FLAGS_PATH": addresses.flags_path,
        "PUBLIC_BASE_URL": addresses.public_base_url,
        "BOOKING_SECRET_ID": BOOKING_SECRET_ID,
        "TWILIO_SECRET_ID": TWILIO_SECRET_ID,
        "TWILIO_API_URL": addresses.twilio_url,
        "TWILIO_TIMEOUT_S": "4",  # the simulator is near
        "SEND_QUEUE_URL": queue_urls["SendQueue"],
        "INBOUND_QUEUE_URL": queue_urls["InboundQueue"],
        "STATE_MACHINE_ARN": addresses.state_machine_arn,
        "OIDC_CLIENT_ID": AUDIENCE,
        "OIDC_SIGN_IN_URL": SIGN_IN_PATH,
        "OIDC_EXCHANGE_URL": EXCHANGE_PATH,
        "POWERTOOLS_METRICS_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "switchboard",
    }
