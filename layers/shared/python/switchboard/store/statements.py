"""The SQL of the store: named, described statements in sql/*.sql, filled in once at load."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"
_HEAD = re.compile(r"^-- name: (?P<name>[a-z_0-9]+)$", re.MULTILINE)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Schemas:
    """Names of the contexts' schemas and the type of their keys: all that is ever put into SQL text."""

    messaging: str = "messaging"
    accounts: str = "accounts"
    intake: str = "intake"
    accounts_key: str = "uuid"
    intake_key: str = "uuid"

    def __post_init__(self) -> None:
        for name in (self.messaging, self.accounts, self.intake):
            if not IDENTIFIER.fullmatch(name):
                raise ValueError("a schema's name is a plain identifier of at most 63 characters")
        for key in (self.accounts_key, self.intake_key):
            if key not in ("text", "uuid"):
                raise ValueError("a key's type is text or uuid")

    def fill(self, sql: str) -> str:
        """Replaces {messaging}, {accounts}, {intake}, {accounts_key} and {intake_key}."""
        for name in ("messaging", "accounts", "intake"):
            sql = sql.replace("{" + name + "}", f'"{getattr(self, name)}"')
        return sql.replace("{accounts_key}", self.accounts_key).replace("{intake_key}", self.intake_key)


@lru_cache(maxsize=8)
def load(schemas: Schemas, folder: Path = _FOLDER) -> dict[str, str]:
    """Every statement as `file.name`, in the given schemas."""
    statements: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        parts = _HEAD.split(path.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            statements[f"{path.stem}.{name}"] = schemas.fill(_without_comments(text))
    return statements


def _without_comments(text: str) -> str:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(line for line in lines if line.strip())
