"""What GNU make keeps to itself: a SIGINT sent to make alone (kill -INT, not Ctrl-C) never reaches the recipe.

make then waits for the recipe with SIGINT back at its default, which /proc shows. Where there is no /proc, only
Ctrl-C and SIGTERM stop the recipe.
"""

import os
import re
import signal
import threading
import time
from pathlib import Path

_EVERY_S = 0.25


def follow_make() -> None:
    """When make, our parent, is interrupted or gone, interrupts this process as Ctrl-C would."""
    parent = os.getppid()
    if _is_make(parent) and _catches_interrupts(parent):
        threading.Thread(target=_watch, args=(parent,), name="follow-make", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent and _catches_interrupts(parent):
        time.sleep(_EVERY_S)
    os.kill(os.getpid(), signal.SIGINT)


def _is_make(process: int) -> bool:
    return _read(process, "comm").strip() in ("make", "gmake")


def _catches_interrupts(process: int) -> bool:
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", _read(process, "status"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


def _read(process: int, name: str) -> str:
    try:
        return Path(f"/proc/{process}/{name}").read_text()
    except OSError:
        return ""
