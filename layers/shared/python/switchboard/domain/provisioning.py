"""Numbers that are bought: how one is recognised at Twilio, where it is looked for, what a refusal means."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from switchboard.domain.delivery import NotSent, Refused, Unknown
from switchboard.domain.numbers import NumberClass

LEASE = timedelta(minutes=2)  # longer than a run lives
PAUSE = timedelta(minutes=1)
PAUSE_AFTER_REFUSAL = timedelta(hours=1)
LOOKS_NEEDED = 2  # a minute apart: after these, what was never answered was not bought
_AMERICAN = re.compile(r"\+1([2-9][0-9]{2})[0-9]{7}", re.ASCII)
_GONE = (21421, 21422)  # the number chosen cannot be had any more
_BUSY = (429, 20429)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A number that is to be bought. `attempted_at`: when buying it was begun; None: nothing can have been bought."""

    id: str
    org_id: str
    number_class: NumberClass
    attempted_at: datetime | None
    looks: int
    front_desk: str | None

    @property
    def friendly_name(self) -> str:
        """The number's name at Twilio: by it a purchase is found again that nobody heard the end of."""
        return f"switchboard {self.id}"

    @property
    def is_in_doubt(self) -> bool:
        """Whether a number may have been bought for it that is not written down."""
        return self.attempted_at is not None


class Sequel(StrEnum):
    """What follows from a purchase that was not answered with a number."""

    LOOK = "look"
    TRY_AGAIN = "try_again"
    GIVE_UP = "give_up"


def sequel_of(failure: Refused | NotSent | Unknown) -> Sequel:
    """Only what Twilio may have taken is looked for; what will be refused again is given up."""
    match failure:
        case Unknown():
            return Sequel.LOOK
        case NotSent():
            return Sequel.TRY_AGAIN
        case Refused(code=code, http_status=status):
            return Sequel.TRY_AGAIN if {code, status} & {*_GONE, *_BUSY} else Sequel.GIVE_UP


def area_code(e164: str | None) -> str | None:
    """The area of a North American number: numbers near the front desk's are looked for first."""
    found = _AMERICAN.fullmatch(e164 or "")
    return found[1] if found else None
