"""`make demo`: a stack on free ports, and the product's story played on it, every step checked."""

import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console

from local import demo_backfills, demo_messaging
from local.facts import ROOT
from local.narrator import Narrator, StoryBroken
from local.process import PartFailed
from local.stack import Options, Stack

Chapter = Callable[[Stack, Narrator], None]
# Further chapters are added here: each plays on the running stack and raises StoryBroken where it goes wrong.
CHAPTERS: Sequence[Chapter] = (demo_messaging.play, demo_backfills.play)
_LOG, _FILE = ROOT / ".local" / "demo.log", ROOT / ".local" / "demo.json"


def demo() -> int:
    """The exit status: 0 only when every step did what it should."""
    console = Console()
    narrator = Narrator(console)
    began = time.monotonic()
    _LOG.parent.mkdir(exist_ok=True)
    try:
        with (
            _LOG.open("w") as log,
            Stack(Options(api_port=0, twilio_port=0, aws_port=0, file=_FILE), log=log) as stack,
        ):
            console.print(f"The local stack is up after {time.monotonic() - began:.1f} s: {stack.addresses.api_url}")
            for chapter in CHAPTERS:
                chapter(stack, narrator)
    except (StoryBroken, PartFailed) as error:
        print(f"\nThe demo went wrong at: {error}. The functions' log: {_LOG.relative_to(ROOT)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(f"\nAll {narrator.checks} checks hold, after {time.monotonic() - began:.1f} s.", style="bold green")
    return 0
