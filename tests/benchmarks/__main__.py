"""`python -m tests.benchmarks [--full] [name ...]`: the table of figures, as ratios, each beside its bar."""

import importlib
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figure

MODULES = (
    "inbound_text",
    "booking_change",
    "cold_start",
    "contact_details",
    "throughput",
    "lead_customers",
    "account_priorities",
    "inbox",
)
_HEADS = ("figure", "measured", "bar", "", "made of")
_COLOURS = {"PASS": "green", "FAIL": "red"}


def main(arguments: Sequence[str]) -> None:
    """Prints the table; a missed bar is shown, only what is broken ends with an error."""
    names = [argument for argument in arguments if not argument.startswith("--")] or MODULES
    console = Console()
    figures: list[Figure] = []
    for name in names:
        with console.status(name):
            module = importlib.import_module(f"tests.benchmarks.{name}")
            figures += module.measure("--full" in arguments)
    if console.is_terminal:
        console.print(as_table(figures))
    else:
        sys.stdout.write(as_text(figures) + "\n")


def _rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    return [(f.subject, f.shown, f.shown_bar, f.verdict, f.note) for f in figures]


def as_text(figures: Sequence[Figure]) -> str:
    """Aligned text, for a pipe."""
    rows = [_HEADS, *_rows(figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def as_table(figures: Sequence[Figure]) -> Table:
    """A table, for a terminal."""
    table = Table(*_HEADS)
    for subject, shown, bar, mark, note in _rows(figures):
        table.add_row(subject, shown, bar, f"[{_COLOURS.get(mark, 'dim')}]{mark}[/]", note)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
