"""`python -m tests.benchmarks [--full] [name ...]`: the table of figures, as ratios, each beside its bar."""

import argparse
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
_WIDTHS = (70, 9, 11, 6, 0)
_COLOURS = {"PASS": "green", "FAIL": "red"}


def main(given: Sequence[str]) -> None:
    """Prints the table; a missed bar is shown, only what is broken ends with an error.

    In a pipe the figures of a part are written as soon as they are measured: the full size takes a quarter of an hour.
    """
    parser = argparse.ArgumentParser(prog="tests.benchmarks", description="the benchmark table, as ratios")
    parser.add_argument("--full", action="store_true", help="full sizes")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of it: {', '.join(MODULES)}")
    options = parser.parse_args(given)
    if unknown := set(options.names) - set(MODULES):
        parser.error(f"{', '.join(sorted(unknown))}: none of {', '.join(MODULES)}")
    console = Console()
    figures: list[Figure] = []
    for name in options.names or MODULES:
        with console.status(name):
            measured = importlib.import_module(f"tests.benchmarks.{name}").measure(options.full)
        if not console.is_terminal:
            print(as_text(measured, headed=not figures), flush=True)  # noqa: T201  for a pipe
        figures += measured
    if console.is_terminal:
        console.print(as_table(figures))


def _rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    return [(f.subject, f.shown, f.shown_bar, f.verdict, f.note) for f in figures]


def as_text(figures: Sequence[Figure], *, headed: bool = True) -> str:
    """Aligned text, for a pipe; parts that are written one after the other stand under each other."""
    rows = [_HEADS, *_rows(figures)] if headed else _rows(figures)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, _WIDTHS, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def as_table(figures: Sequence[Figure]) -> Table:
    """A table, for a terminal."""
    table = Table(*_HEADS)
    for subject, shown, bar, mark, note in _rows(figures):
        table.add_row(subject, shown, bar, f"[{_COLOURS.get(mark, 'dim')}]{mark}[/]", note)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
