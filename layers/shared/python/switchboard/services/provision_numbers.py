"""Buys a sitter or pool number when bookings wait for one: once, whatever crashes, and within a day's limit.

Twilio knows no idempotency key. So a purchase is a row first; its id is the number's name at Twilio; and a purchase
that nobody heard the end of is looked for by that name before a number is bought again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from switchboard.domain.delivery import NotSent, Refused, Unknown
from switchboard.domain.provisioning import LOOKS_NEEDED, Purchase, Sequel, area_code, sequel_of
from switchboard.domain.webhook_addresses import OwnedNumber, wanted_addresses
from switchboard.errors import TwilioUnavailable
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.supply_numbers import supply
from switchboard.store import number_purchases, number_rows, owner_notices
from switchboard.store.database import Database, Transaction
from switchboard.store.number_rows import NewNumber
from switchboard.twilio_numbers import TwilioNumbers

PURCHASES_A_RUN, BUYING_S = 3, 10.0
_DAY = timedelta(days=1)
logger = Logger(service="switchboard", child=True)


@dataclass(frozen=True, slots=True)
class Shop:
    """Where numbers come from, and how many an organisation may buy in a day."""

    twilio: TwilioNumbers
    public_base_url: Callable[[], str]
    country: str
    a_day: int


def provision_numbers(
    *,
    shop: Shop,
    may_buy: bool,
    database: Database,
    queue: SendQueue,
    now: datetime,
    new_id: Callable[[], str],
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Works on a few purchases; answers how many numbers came of it. Without `may_buy` only doubts are settled."""
    buying = _Buying(shop, may_buy, database, queue, now, new_id)
    if may_buy:
        buying.open_wanted()
    began_at, bought = clock(), 0
    for _ in range(PURCHASES_A_RUN):
        if clock() - began_at > BUYING_S or (purchase := buying.take()) is None:
            break
        try:
            bought += buying.work(purchase)
        except TwilioUnavailable as error:
            logger.warning("numbers_not_asked_for", error=str(error))
            break
    return bought


@dataclass(frozen=True, slots=True)
class _Buying:
    shop: Shop
    may_buy: bool
    database: Database
    queue: SendQueue
    now: datetime
    new_id: Callable[[], str]

    def open_wanted(self) -> None:
        with self.database.transaction() as tx:
            over = number_purchases.open_wanted(tx, a_day=self.shop.a_day, now=self.now)
            body = f"Bookings wait for a number, and no more than {self.shop.a_day} are bought in a day."
            told = {org_id: self._tell(tx, org_id, "number_limit", body, _DAY) for org_id in over}
        for org_id, thread_id in told.items():
            if thread_id:
                logger.error("number_limit_reached", org_id=org_id)
                announce(self.queue, [thread_id])

    def take(self) -> Purchase | None:
        with self.database.transaction() as tx:
            return number_purchases.take(tx, may_buy=self.may_buy, now=self.now)

    def work(self, purchase: Purchase) -> bool:
        """Looks for what may have been bought, then buys. Raises TwilioUnavailable."""
        if purchase.is_in_doubt:
            found = self.shop.twilio.owned(friendly_name=purchase.friendly_name)
            if found:
                return self._keep(purchase, found[0])
            looks = purchase.looks + 1
            if looks < LOOKS_NEEDED or not self.may_buy:
                self._put_off(purchase, in_doubt=looks < LOOKS_NEEDED, looks=looks)
                return False
        return self._buy(purchase)

    def _buy(self, purchase: Purchase) -> bool:
        e164 = self._offered(purchase)
        if e164 is None:
            return self._give_up(purchase, "none_offered")
        with self.database.transaction() as tx:
            number_purchases.begin(tx, purchase, e164=e164, now=self.now)
        outcome = self.shop.twilio.buy(
            e164, friendly_name=purchase.friendly_name, addresses=wanted_addresses(self.shop.public_base_url())
        )
        if isinstance(outcome, OwnedNumber):
            return self._keep(purchase, outcome)
        sequel = sequel_of(outcome)
        if sequel is Sequel.GIVE_UP:
            return self._give_up(purchase, _code(outcome))
        logger.warning("number_not_bought_yet", org_id=purchase.org_id, outcome=_code(outcome))
        self._put_off(purchase, in_doubt=sequel is Sequel.LOOK, looks=0)
        return False

    def _offered(self, purchase: Purchase) -> str | None:
        """A number near the front desk's where there is one, else anywhere in the country."""
        near = area_code(purchase.front_desk)
        offered = self.shop.twilio.offered(country=self.shop.country, area_code=near) if near else []
        offered = offered or self.shop.twilio.offered(country=self.shop.country, area_code=None)
        return offered[0] if offered else None

    def _keep(self, purchase: Purchase, number: OwnedNumber) -> bool:
        """Writes the number down and has the bookings that waited settled; the owner is told that it costs them."""
        kind = purchase.number_class.value
        with self.database.transaction() as tx:
            if not number_purchases.close(tx, purchase, e164=number.e164, now=self.now):
                return False
            number_rows.add(
                tx,
                [NewNumber(self.new_id(), number.sid, number.e164)],
                org_id=purchase.org_id,
                number_class=purchase.number_class,
                may_be_front_desk=False,
                now=self.now,
            )
            supply(tx, {purchase.number_class}, org_id=purchase.org_id, now=self.now)
            body = f"No {kind} number was free, so one was bought at Twilio, for its monthly fee: {number.e164}."
            thread_id = self._tell(tx, purchase.org_id, f"number_bought:{purchase.id}", body, None)
        announce(self.queue, [thread_id] if thread_id else [])
        logger.info("number_bought", org_id=purchase.org_id, number_class=kind, sid=number.sid)
        return True

    def _give_up(self, purchase: Purchase, refused_with: str) -> bool:
        kind = purchase.number_class.value
        body = f"A {kind} number could not be bought. Please add one."
        with self.database.transaction() as tx:
            number_purchases.close(tx, purchase, refused_with=refused_with, now=self.now)
            thread_id = self._tell(tx, purchase.org_id, "number_not_bought", body, _DAY)
        announce(self.queue, [thread_id] if thread_id else [])
        logger.error("number_not_bought", org_id=purchase.org_id, number_class=kind, code=refused_with)
        return False

    def _put_off(self, purchase: Purchase, *, in_doubt: bool, looks: int) -> None:
        with self.database.transaction() as tx:
            number_purchases.put_off(tx, purchase, in_doubt=in_doubt, looks=looks, now=self.now)

    def _tell(self, tx: Transaction, org_id: str, subject: str, body: str, again_after: timedelta | None) -> str | None:
        return owner_notices.tell(
            tx, org_id=org_id, subject=subject, body=body, now=self.now, new_id=self.new_id, again_after=again_after
        )


def _code(failure: Refused | NotSent | Unknown) -> str:
    return str(failure.code or failure.http_status) if isinstance(failure, Refused) else failure.reason
