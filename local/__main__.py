"""`python -m local dev`: the local stack until Ctrl-C. `demo`: the whole story, once. `event`: see event.py."""

import json
import logging
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """The exit status of a command."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    match arguments:
        case ["dev"]:
            return dev()
        case ["demo"]:
            from local.demo import demo

            return demo()
        case ["event", name]:
            from local.event import print_event

            return print_event(name)
        case ["part", name, config]:
            from local.parts import build_part
            from local.process import host

            host(lambda: build_part(name, json.loads(config)))
            return 0
    print("usage: python -m local dev | demo | event NAME", file=sys.stderr)
    return 2


def dev() -> int:
    """Runs the stack until SIGINT or SIGTERM."""
    from local.http_server import PortTaken
    from local.make import follow_make
    from local.process import PartFailed
    from local.stack import Options, Stack

    for number in _ENDS:
        signal.signal(number, _leave)
    follow_make()
    try:
        with Stack(Options.from_environ(os.environ)) as stack:
            print(f"The API is at {stack.addresses.api_url}; all addresses: {stack.options.file}; Ctrl-C stops.")
            print(f"The owner's inbox: {stack.addresses.api_url}/inbox")
            print(f"Everybody's phone: {stack.addresses.twilio_url}/phones")
            print("ready", flush=True)
            stack.wait()
    except (PartFailed, PortTaken, ValueError) as error:
        print(f"The local stack cannot run: {error}", file=sys.stderr)
        return 1
    return 0


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)  # stopping is under way, and takes a moment
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
