"""`switchboard numbers`: the account's numbers at Twilio, and what the database knows of them."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchboard.cli_functions import Answer, Functions, add_deployment, many, say

DONE, NOT_DONE, DRIFT = 0, 1, 3
_STATUS = f"""exit status: {DONE} everything is as it should be, or was made so; {NOT_DONE} something could not be done,
or is wrong and not for this command to mend; 2 the command is not understood, or there is no deployment;
{DRIFT} something differs and --apply was not given"""
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def add_numbers(areas: Any) -> None:
    """The area's commands."""
    area = areas.add_parser("numbers", help="sets up the Twilio account's numbers, and writes them down")
    commands = area.add_subparsers(dest="action", required=True)

    def command(name: str, run: Callable[[Functions, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=text, epilog=_STATUS, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        made.add_argument("--apply", action="store_true", help="for real; without it nothing is changed")
        made.add_argument(
            "--number", action="append", type=_e164, metavar="E164", help="only this one; may be repeated"
        )
        add_deployment(made)
        made.set_defaults(call=run)
        return made

    command("webhooks", point, "shows where numbers do not point at our webhooks, and points them there")
    importing = command("import", take_in, "writes the account's numbers down as an organisation's")
    importing.add_argument("--org", help="the organisation's id; else the deployment's default one")
    importing.add_argument(
        "--class",
        dest="number_class",
        choices=("sitter", "pool"),
        default="sitter",
        metavar="CLASS",
        help="sitter (what it is by default) or pool: of numbers that are new; the first becomes front desk "
        "where there is none",
    )


def point(functions: Functions, options: argparse.Namespace) -> int:
    """`numbers webhooks`."""
    answer = functions.call("point_numbers", apply=options.apply, numbers=options.number)
    drift = answer["drift"]
    rows = [
        (found["outcome"], found["number"], change["field"], change["found"], change["wanted"])
        for found in drift
        for change in found["changes"] or [_taken(found)]
    ]
    _show(("outcome", "number", "field", "found", "wanted"), rows)
    done = sum(found["outcome"] == "set" for found in drift)
    counts = f"{done:,} set, " if answer["applied"] else ""
    counts += f"{len(drift) - done:,} not as they should be, {answer['cannotText']:,} cannot text"
    say(f"{many(answer['numbers'], 'number')}: {counts}")
    for found in drift:
        if found["applicationSid"]:
            say(f"{found['number']}: an application takes its texts; take it off in Twilio's console", style="red")
    return _status(answer, differing=[found["outcome"] for found in drift], mended="set")


def take_in(functions: Functions, options: argparse.Namespace) -> int:
    """`numbers import`."""
    answer = functions.call(
        "import_numbers",
        apply=options.apply,
        orgId=options.org,
        numbers=options.number,
        **{"class": options.number_class},
    )
    rows = [(one["outcome"], one["number"], one["class"], one["status"]) for one in answer["numbers"]]
    _show(("outcome", "number", "class", "status"), rows)
    fresh = sum(outcome == "imported" for outcome, *_ in rows)
    verb = "imported" if answer["applied"] else "to import"
    say(f"{answer['orgId']}: {fresh:,} {verb}, {len(rows) - fresh:,} left as they are")
    for number in answer["lostAtTwilio"]:
        say(f"{number}: in use here, and not in the Twilio account", style="red")
    if not answer["hasFrontDesk"]:
        say("there is no active front desk number", style="red")
    differing = [outcome for outcome, *_ in rows if outcome in ("imported", "refused")]
    is_broken = bool(answer["lostAtTwilio"]) or not answer["hasFrontDesk"]
    return _status(answer, differing=differing, mended="imported", is_broken=is_broken)


def _taken(found: Answer) -> Answer:
    return {"field": "SmsApplicationSid", "found": found["applicationSid"], "wanted": ""}


def _status(answer: Answer, *, differing: Sequence[str], mended: str, is_broken: bool = False) -> int:
    """By the outcomes of what differs, `mended` those that --apply set right; `is_broken`: something else is wrong."""
    for number in answer["notInAccount"]:
        say(f"{number}: not in the Twilio account", style="red")
    is_left = bool(set(differing) - {mended}) if answer["applied"] else bool(differing)
    if is_left and not answer["applied"]:
        say("nothing was changed; do it with --apply")
    if is_broken or answer["notInAccount"] or (is_left and answer["applied"]):
        return NOT_DONE
    return DRIFT if is_left else DONE


def _show(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for a person; for a pipe a line each, its fields with tabs between."""
    console = Console(highlight=False)
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(_one_line(cell) for cell in row) + "\n" for row in rows)
        return
    if rows:
        table = Table(*columns)
        for row in rows:
            table.add_row(*(Text(_one_line(cell), overflow="fold") for cell in row))
        console.print(table)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _e164(text: str) -> str:
    if not _E164.fullmatch(text):
        raise argparse.ArgumentTypeError("a number like +15550100000")
    return text
