"""Assignment windows: when a client and a sitter may talk about a booking, and the small number that names a window."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TAG_REST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Buffer:
    """The time before a booking's start and after its end in which the two may talk already, or still."""

    before: timedelta
    after: timedelta


def _both_sides(minutes: int) -> Buffer:
    return Buffer(timedelta(minutes=minutes), timedelta(minutes=minutes))


BUFFERS: Mapping[str, Buffer] = {
    "Drop-ins": _both_sides(60),
    "Dog Walking": _both_sides(60),
    "Pet Taxi": _both_sides(60),
    "Housesitting": _both_sides(120),
    "24/7 Care": _both_sides(120),
}
OTHER_SERVICES = _both_sides(60)
WIDEST_BUFFER = max(max(buffer.before, buffer.after) for buffer in (*BUFFERS.values(), OTHER_SERVICES))


@dataclass(frozen=True, slots=True)
class Interval:
    """[start, end) in absolute time, UTC."""

    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """A tag that a sitter's window has, or had; `released_at` is when a former one was given up."""

    window_id: str
    sitter_id: str
    tag: int
    interval: Interval
    released_at: datetime | None = None


def window_for(service: str, start_at: datetime, end_at: datetime) -> Interval:
    """The window of a booking: its times and the service's buffers, in absolute time."""
    buffer = BUFFERS.get(service, OTHER_SERVICES)
    return Interval(start_at.astimezone(UTC) - buffer.before, end_at.astimezone(UTC) + buffer.after)


def choose_tag(interval: Interval, spans: Iterable[TaggedSpan], *, present: int | None, now: datetime) -> int:
    """The window's present tag, or the smallest that none of the sitter's other windows uses within 24 hours of it.

    `spans` are the other windows of the same sitter; the present tag is given up only where it would name two.
    """
    taken = {span.tag for span in spans if _near(interval, span, now)}
    if present is not None and present not in taken:
        return present
    return next(tag for tag in range(1, len(taken) + 2) if tag not in taken)


def _near(interval: Interval, span: TaggedSpan, now: datetime) -> bool:
    if span.released_at is not None:
        return now < span.released_at + TAG_REST
    return span.interval.start_at < interval.end_at + TAG_REST and interval.start_at < span.interval.end_at + TAG_REST
