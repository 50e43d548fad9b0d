"""How many segments a text takes: GSM-7 160 (153 each when several), UCS-2 70 (67 each)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segment_count(body: str) -> int:
    """1 for an empty body."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in body):
        units, single, several = len(body) + sum(letter in _EXTENDED for letter in body), 160, 153
    else:
        units, single, several = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= single else -(-units // several)
