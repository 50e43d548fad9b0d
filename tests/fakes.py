"""What stands in for SQS where a test looks at what was put on a queue."""

from dataclasses import dataclass, field
from typing import Any

from switchboard.errors import QueueUnavailable


@dataclass
class ListQueue:
    """A queue that keeps what was put on it; away: it cannot be reached."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    delays_s: list[int] = field(default_factory=list)
    away: bool = False

    def put(self, body: dict[str, Any], *, delay_s: int = 0) -> None:
        if self.away:
            raise QueueUnavailable
        self.messages.append(body)
        self.delays_s.append(delay_s)

    def announced(self) -> list[tuple[str, int]]:
        """The threads, and after how many seconds each."""
        return [(body["threadId"], delay_s) for body, delay_s in zip(self.messages, self.delays_s, strict=True)]

    def clear(self) -> None:
        """Forgets everything."""
        self.messages.clear()
        self.delays_s.clear()
