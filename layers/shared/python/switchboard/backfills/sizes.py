"""How many rows the next batch takes: towards the target time, halved when refused, down to one to find a bad row."""

from dataclasses import dataclass, replace

TARGET_MS = 300
LARGEST = 20_000  # no more in one transaction: of more, not even the first batch would be sure to end within 2 s


@dataclass(frozen=True, slots=True)
class Size:
    """`rows` is what the time allows; `narrow` what remains while a bad row is looked for."""

    rows: int
    narrow: int | None = None

    @classmethod
    def first(cls, asked: int) -> "Size":
        """Of a lane's first batch."""
        return cls(min(asked, LARGEST))

    @property
    def now(self) -> int:
        """Rows for the next batch."""
        return min(self.rows, self.narrow) if self.narrow else self.rows

    def after_success(self, *, took_ms: float, scanned: int) -> "Size":
        """Nearer to the target time by at most a factor of two; a search widens again."""
        wider = self.narrow * 2 if self.narrow else None
        if wider and wider < self.rows:
            return replace(self, narrow=wider)
        if scanned < self.now // 2:  # the lane's end, or rows passed over: says nothing about the time
            return Size(self.rows)
        factor = min(2.0, max(0.5, TARGET_MS / max(took_ms, 1.0)))
        return Size(min(LARGEST, max(1, int(self.rows * factor))))

    def after_delay(self) -> "Size":
        """Half: a lock, a deadlock or a time-out stood in the way."""
        return Size(max(1, self.now // 2), self.narrow)

    def after_bad_row(self, *, scanned: int) -> "Size":
        """Half of what was refused: the bad row is in one of the halves."""
        return replace(self, narrow=max(1, min(self.now, max(scanned, 1)) // 2))
