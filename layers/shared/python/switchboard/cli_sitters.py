"""`switchboard sitter`: a sitter leaves at once, or is taken back."""

import argparse
from collections.abc import Callable
from typing import Any

from switchboard.cli_functions import Functions, add_deployment, many, say

_LEAVE = """Ends the sitter's access at once, as `active: false` of a booking snapshot does: windows closed, threads to
the front desk, queued texts not sent, the number in quarantine for 90 days. Unlike after a snapshot, the sitter stays
out until `switchboard sitter return`, whatever the booking system says."""
_RETURN = """Takes the sitter back: the number, if its quarantine has not ended, and within a minute the bookings that
are not over. From then on the booking system's word counts again."""


def add_sitters(areas: Any) -> None:
    """The area's commands."""
    area = areas.add_parser("sitter", help="off-boards a sitter, or takes them back")
    commands = area.add_subparsers(dest="action", required=True)

    def command(name: str, run: Callable[[Functions, argparse.Namespace], int], text: str, more: str) -> None:
        made = commands.add_parser(name, help=text, description=more)
        made.add_argument("sitter", metavar="SITTER", help="the id that the booking system gave")
        made.add_argument("--org", help="the organisation's id; else the deployment's default one")
        add_deployment(made)
        made.set_defaults(call=run)

    command("leave", leave, "ends a sitter's access at once", _LEAVE)
    command("return", come_back, "takes a sitter back", _RETURN)


def leave(functions: Functions, options: argparse.Namespace) -> int:
    """`sitter leave`."""
    answer = functions.call("offboard_sitter", sitterId=options.sitter, orgId=options.org, active=False)
    threads, windows = many(answer["threads"], "thread"), many(answer["windows"], "window")
    say(f"{answer['sitterId']} is out: {threads} to the owner, {windows} closed")
    say(f"{answer['number']} rests" if answer["number"] else "no number was theirs")
    if answer["frontDeskMissing"]:
        say("there is no front desk number: the threads stay on the sitter's number until there is one", style="red")
    return 0


def come_back(functions: Functions, options: argparse.Namespace) -> int:
    """`sitter return`."""
    answer = functions.call("offboard_sitter", sitterId=options.sitter, orgId=options.org, active=True)
    if not answer["wasAway"]:
        say(f"{answer['sitterId']} was not away")
        return 0
    number = f"{answer['number']} is theirs again" if answer["number"] else "they get a number with the next booking"
    say(f"{answer['sitterId']} is back: {number}")
    return 0
