"""The daily comparison on its real parts: PostgreSQL, Twilio's client and the simulator, at an instant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.twilio_simulator import TwilioSimulator
from switchboard.services.reconcile_texts import Reconciling, reconcile_texts
from switchboard.twilio import TwilioCredentials, TwilioSender
from tests.builders import NOON, SITTER_NUMBER
from tests.delivery_stage import ACCOUNT, TOKEN
from tests.inbound_texts import Switchboard

CLIENT, SITTER = "+15555550101", "+15555550102"


@dataclass
class ReconcileDesk:
    """Texts that Twilio has, and the runs that compare them with ours."""

    board: Switchboard
    simulator: TwilioSimulator

    def lose(
        self,
        body: str = "Hello?",
        *,
        at: datetime,
        sender: str = CLIENT,
        to: str = SITTER_NUMBER,
        content_types: tuple[str, ...] = (),
    ) -> str:
        """Somebody texts, and the webhook is lost; answers with the sid."""
        account = self.simulator.account
        return account.hear(sender=sender, recipient=to, body=body, at=at, content_types=content_types).sid

    def twilio(self, kind: type[TwilioSender] = TwilioSender, *, read_timeout_s: float = 2.0) -> TwilioSender:
        """Twilio's own client, towards the simulator."""
        return kind(
            lambda *, fresh: None if fresh else TwilioCredentials(ACCOUNT, TOKEN),
            connect_timeout_s=1.0,
            read_timeout_s=read_timeout_s,
            base_url=self.simulator.url,
        )

    def run(self, *, now: datetime = NOON, **changes: Any) -> dict[str, int]:
        """One run, from beginning to end."""
        parts: dict[str, Any] = {
            "receiving": self.board.using(now=now),
            "twilio": self.twilio(),
            "fraction": lambda: 0.5,
            "out_of_time": lambda: False,
        }
        return reconcile_texts(using=Reconciling(**parts | changes))

    def begin_at(self, instant: datetime) -> None:
        """A round is under way that has come to this instant, so that a test need not look back for long."""
        self.board.sql(
            """INSERT INTO ops.reconciliation (compared_until, goal, updated_at) VALUES (:at, :goal, :at)
               ON CONFLICT (is_the_one) DO UPDATE SET compared_until = excluded.compared_until, goal = excluded.goal""",
            at=instant,
            goal=instant + timedelta(seconds=1),
        )

    def bodies(self) -> list[str]:
        """The inbound texts that we have, in the order of their coming in."""
        rows = self.board.rows(
            """SELECT event.body FROM messaging."MessageEvent" AS event
               JOIN ops.inbound_text AS text ON text.event_id = event.id ORDER BY text.created_at, text.arrived_at"""
        )
        return [row[0] for row in rows]

    def compared_until(self) -> datetime:
        """How far all runs have come."""
        found: datetime = self.board.sql("SELECT compared_until FROM ops.reconciliation")[0][0]
        return found


class Interrupted(BaseException):
    """The process is gone."""


def after(times: int) -> Callable[[], bool]:
    """False that many times, then true."""
    left = iter([False] * times)
    return lambda: next(left, True)
