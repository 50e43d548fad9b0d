"""The command `switchboard`, against AWS or the local stack."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from switchboard.cli_backfills import add_backfills, run_backfill
from switchboard.cli_functions import CallFailed, functions_of, say
from switchboard.cli_numbers import add_numbers
from switchboard.cli_sitters import add_sitters
from switchboard.errors import SettingsInvalid


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; answers 0 only where all was done."""
    options = _parser().parse_args(arguments)
    try:
        return run_backfill(options) if options.area == "backfill" else _operate(options)
    except (BotoCoreError, ClientError) as error:
        say(f"AWS was not reached, or refused: {error}", style="red")
        return 1
    except SettingsInvalid as error:
        say(str(error), style="red")
        return 2


def _operate(options: argparse.Namespace) -> int:
    """What a function of the deployment does."""
    try:
        functions = functions_of(options)
        if functions is None:
            say("no deployment: give --stage, set STAGE, or start the local stack", style="red")
            return 2
        status: int = options.call(functions, options)
    except CallFailed as error:
        say(str(error), style="red")
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="switchboard", description="Masked texting and safe data backfills.")
    areas = parser.add_subparsers(dest="area", required=True)
    add_numbers(areas)
    add_sitters(areas)
    add_backfills(areas)
    return parser


if __name__ == "__main__":
    sys.exit(main())
