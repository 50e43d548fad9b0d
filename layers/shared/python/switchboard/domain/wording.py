"""Every word that the switchboard itself sends: short, neutral, without a real number or a last name."""

from collections.abc import Sequence
from datetime import datetime

OPTED_OUT = "You will get no more texts from us. Reply START to get them again."
OPTED_IN = "You will get texts from us again. Reply STOP to end them."
HELP = "Texts here reach your sitting team. Reply STOP to end them, START to get them again."
OWNER_UNROUTED = "A text could not be routed. See your inbox."
OWNER_HINT = "Texts to this number stay in your inbox. Please answer clients and sitters there."
HELD_NOTICE = (
    "Your text was not passed on: please keep phone numbers, addresses and links out of it. The office has been told."
)
NO_WINDOW_AHEAD = "Your text was not passed on: you have no visit now. The office has been told."
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NO_WORDS = "(no words)"


def relayed(name: str, body: str, *, tag: int | None) -> str:
    """A client's text as the sitter gets it."""
    return f"{f'[{tag}] ' if tag is not None else ''}{name}: {body}"


def no_window(opening: datetime | None) -> str:
    """To a sitter who has nobody to write to now; the opening in the organisation's time zone."""
    if opening is None:
        return NO_WINDOW_AHEAD
    hour = f"{opening.hour % 12 or 12}:{opening.minute:02} {'AM' if opening.hour < 12 else 'PM'}"  # noqa: PLR2004  noon
    when = f"{_DAYS[opening.weekday()]} {opening.month}/{opening.day}, {hour}"
    return f"Your text was not passed on: your next visit opens {when}. The office has been told."


def question(choices: Sequence[tuple[int, str]]) -> str:
    """To a sitter who has several clients at once."""
    named = ", ".join(f"{tag} for {name}" for tag, name in choices)
    return f"Reply {named}"


def pool_answer(front_desk_e164: str | None, booking_link: str | None) -> str:
    """To somebody without a live thread on a pool number."""
    to = f"Please text {front_desk_e164}" if front_desk_e164 else "Please contact the office"
    return f"This number is not in use for you now. {to}{f' or book at {booking_link}' if booking_link else ''}."


def owner_new_text(name: str) -> str:
    """To the owner: something came in that waits in the inbox."""
    return f"{name} wrote. See your inbox."


def owner_not_relayed(name: str, reason: str) -> str:
    """To the owner: a text that could not be passed on."""
    return f"A text from {name} was not passed on ({reason}). See your inbox."


def owner_not_delivered(reason: str) -> str:
    """To the owner: a text that was on its way and did not arrive."""
    return f"A text was not delivered. {reason} See your inbox."


def owner_cancel(name: str) -> str:
    """To the owner: somebody answered CANCEL, who may have meant a visit."""
    return f"{name} replied CANCEL and gets no more texts. They may have meant a visit."


def owner_opted_out(name: str) -> str:
    """To the owner: somebody wants no more texts."""
    return f"{name} asked for no more texts. See your inbox."


def owner_held(name: str, preview: str, *, locked: bool) -> str:
    """To the owner: a text held for its contact details, with the redacted preview."""
    return f"Held a text from {name}: {preview}{' They are locked now.' if locked else ''}"


def owner_overdue(name: str) -> str:
    """To the owner: nobody has answered in the promised time."""
    return f"{name} has been waiting for an answer. See your inbox."
