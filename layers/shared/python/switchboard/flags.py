"""Feature flags out of SSM parameters, read at most every 30 s; what each does: docs/reference/flags.md."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from aws_lambda_powertools import Logger

from switchboard.domain.anti_poaching import AntiPoachingMode

MAX_AGE_S = 30.0
logger = Logger(service="switchboard", child=True)


@dataclass(frozen=True, slots=True)
class Flags:
    """The defaults are the safe ones: what releases something new is off, what protects is on."""

    enable_proactive_thread_creation: bool = False
    anti_poaching_mode: AntiPoachingMode = AntiPoachingMode.ENFORCE
    enable_sms_relay: bool = True
    enable_number_provisioning: bool = False


class FlagReader:
    """The flags as they stand; while SSM is away the last known ones, before its first answer the defaults."""

    def __init__(
        self, read_parameters: Callable[[], dict[str, str]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read_parameters = read_parameters
        self._clock = clock
        self._flags = Flags()
        self._read_at: float | None = None

    def __call__(self) -> Flags:
        if self._read_at is None or self._clock() - self._read_at >= MAX_AGE_S:
            self._refresh()
        return self._flags

    def _refresh(self) -> None:
        try:
            parameters = self._read_parameters()
        except Exception as error:  # noqa: BLE001  whatever SSM's trouble is, texts must go on
            logger.warning("flags_not_read", error=type(error).__name__)
        else:
            self._flags = read_flags(parameters, before=self._flags)
        self._read_at = self._clock()


def read_flags(parameters: dict[str, str], *, before: Flags | None = None) -> Flags:
    """Parameters by name (`ENABLE_SMS_RELAY`); a missing one is the default, an unreadable one stays as it was."""
    before = before or Flags()
    values: dict[str, Any] = {}
    for flag in fields(Flags):
        text = parameters.get(flag.name.upper())
        if text is None:
            continue
        value = _parse(text.strip().lower(), mode=flag.name == "anti_poaching_mode")
        if value is None:
            logger.warning("flag_not_understood", flag=flag.name)
        values[flag.name] = getattr(before, flag.name) if value is None else value
    return Flags(**values)


def _parse(text: str, *, mode: bool) -> bool | AntiPoachingMode | None:
    if mode:
        return AntiPoachingMode(text) if text in list(AntiPoachingMode) else None
    return {"true": True, "false": False}.get(text)
