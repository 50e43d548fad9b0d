"""The phone numbers of a Twilio account: listed, pointed at our webhooks, looked for and bought."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from switchboard.domain.delivery import NotSent, Refused, Unknown
from switchboard.domain.webhook_addresses import OwnedNumber, WebhookAddresses
from switchboard.errors import SecretUnavailable, TwilioUnavailable
from switchboard.twilio import TwilioAccount

_PAGE = 1_000
_OFFERED = 10
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

Failure = Refused | NotSent | Unknown


class TwilioNumbers(TwilioAccount):
    """The account's numbers, through its REST API."""

    def owned(self, *, friendly_name: str | None = None) -> list[OwnedNumber]:
        """All of them, page by page, or those of a name; the oldest first. Raises TwilioUnavailable."""
        filters = {"friendly_name": friendly_name} if friendly_name is not None else {}
        found = self._ask(lambda client: client.incoming_phone_numbers.list(page_size=_PAGE, **filters))
        if found is None:  # a list is never not found: whoever reads it as empty would buy a number twice
            raise TwilioUnavailable("no list of numbers")
        ordered = sorted(found, key=lambda one: (one.date_created or _BEFORE_ALL, one.phone_number or ""))
        return [_owned_number(one) for one in ordered]

    def point(self, sid: str, addresses: WebhookAddresses) -> Failure | None:
        """Gives a number its addresses; may be repeated. None: done."""
        answer = self._order(lambda client: client.incoming_phone_numbers(sid).update(**asdict(addresses)))
        return None if isinstance(answer, OwnedNumber) else answer

    def offered(self, *, country: str, area_code: str | None) -> list[str]:
        """Numbers for texts and pictures that could be bought. Raises TwilioUnavailable."""
        filters = {"area_code": int(area_code)} if area_code else {}

        def ask(client: Any) -> Any:
            local = client.available_phone_numbers(country).local
            return local.list(
                sms_enabled=True, mms_enabled=True, exclude_all_address_required=True, limit=_OFFERED, **filters
            )

        return [found.phone_number for found in self._ask(ask) or () if found.phone_number]

    def buy(self, e164: str, *, friendly_name: str, addresses: WebhookAddresses) -> OwnedNumber | Failure:
        """Buys a number, once: nothing here repeats a request that Twilio may have taken."""
        fields = asdict(addresses)
        return self._order(
            lambda client: client.incoming_phone_numbers.create(
                phone_number=e164, friendly_name=friendly_name, **fields
            )
        )

    def _order(self, order: Callable[[Any], Any]) -> OwnedNumber | Failure:
        from switchboard.twilio_http import FAILURES, failure_of

        try:
            number = _owned_number(self._call(order))
        except (SecretUnavailable, TwilioUnavailable) as error:
            return NotSent(type(error).__name__)
        except FAILURES as error:
            return failure_of(error, retry_after_s=None)
        return number if number.sid else Unknown("answer_without_sid")


def _owned_number(found: Any) -> OwnedNumber:
    return OwnedNumber(
        sid=found.sid or "",
        e164=found.phone_number or "",
        friendly_name=found.friendly_name or "",
        addresses=WebhookAddresses(
            sms_url=found.sms_url or "",
            sms_method=found.sms_method or "",
            sms_fallback_url=found.sms_fallback_url or "",
            sms_fallback_method=found.sms_fallback_method or "",
        ),
        application_sid=found.sms_application_sid or "",
        can_text=bool((found.capabilities or {}).get("sms", True)),
    )
