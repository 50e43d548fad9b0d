"""What the flag ANTI_POACHING_MODE may say; apart from the judging, which most functions do without."""

from enum import StrEnum


class AntiPoachingMode(StrEnum):
    """What happens to a text that holds contact details."""

    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"
