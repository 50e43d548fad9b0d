"""Figures as operators' reports write them."""


def share(part: int, whole: int) -> str:
    """A percentage, rounded half up to one decimal; nothing of nothing is all of it."""
    if whole <= 0:
        return "100.0%"
    tenths = (2_000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


def mark(ok: bool) -> str:
    """How a check's line ends."""
    return "✅" if ok else "❌"


def average(total: int, count: int) -> str:
    """A mean, rounded half up to one decimal; of nothing: 0.0."""
    if count <= 0:
        return "0.0"
    tenths = (20 * total + count) // (2 * count)
    return f"{tenths // 10:,}.{tenths % 10}"
