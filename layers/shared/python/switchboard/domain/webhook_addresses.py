"""Where Twilio is to bring the texts of a number, and how that differs from what it has."""

from dataclasses import dataclass

# Twilio's connection overrides, in the fragment: two retries, when connecting fails, an answer takes over 4.5 s or is
# a 5xx. All attempts share 15 s.
_OVERRIDES = "#rc=2&rp=ct,rt,5xx&rt=4500"
_METHOD = "POST"


@dataclass(frozen=True, slots=True)
class WebhookAddresses:
    """A number's addresses for inbound texts."""

    sms_url: str
    sms_method: str
    sms_fallback_url: str
    sms_fallback_method: str


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number of the Twilio account. `application_sid`: an application that takes its texts in their place."""

    sid: str
    e164: str
    friendly_name: str
    addresses: WebhookAddresses
    application_sid: str = ""
    can_text: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as it should be."""

    field: str
    found: str
    wanted: str


def wanted_addresses(public_base_url: str) -> WebhookAddresses:
    """What every number should have."""
    return WebhookAddresses(
        sms_url=f"{public_base_url}/webhooks/twilio/inbound{_OVERRIDES}",
        sms_method=_METHOD,
        sms_fallback_url=f"{public_base_url}/webhooks/twilio/inbound-fallback",
        sms_fallback_method=_METHOD,
    )


def differences(number: OwnedNumber, wanted: WebhookAddresses) -> tuple[Difference, ...]:
    """What an update would change."""
    found = number.addresses
    pairs = (
        ("SmsUrl", found.sms_url, wanted.sms_url),
        ("SmsMethod", found.sms_method, wanted.sms_method),
        ("SmsFallbackUrl", found.sms_fallback_url, wanted.sms_fallback_url),
        ("SmsFallbackMethod", found.sms_fallback_method, wanted.sms_fallback_method),
    )
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])
