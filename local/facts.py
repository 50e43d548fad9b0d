"""What the local stack always is: its credentials, which protect nothing, and the address that signatures are for."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PUBLIC_BASE_URL = "https://switchboard.example.test"
BOOKING_SECRET = "whsec_c3dpdGNoYm9hcmQtbG9jYWwtYm9va2luZy1zZWNyZXQ="
TWILIO_ACCOUNT_SID = "AC00000000000000000000000000000000"
TWILIO_AUTH_TOKEN = "local-twilio-auth-token"
FLAGS_PATH = "/switchboard/local/flags"
REGION = "us-east-1"
AWS_ACCOUNT = "123456789012"
BOOKING_SECRET_ID = "switchboard/booking"
TWILIO_SECRET_ID = "switchboard/twilio"
API_PORT, TWILIO_PORT, AWS_PORT = 8787, 8788, 8789


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a running stack tells the world; its file has exactly these keys."""

    api_url: str
    public_base_url: str
    database_url: str
    twilio_url: str
    aws_endpoint_url: str
    state_machine_arn: str
    flags_path: str
    booking_secret: str
    twilio_auth_token: str
    twilio_account_sid: str
    owner_token: str
