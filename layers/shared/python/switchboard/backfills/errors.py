"""How a run can end badly: the class name is what Step Functions matches and operators see."""

import re

from switchboard.errors import SwitchboardError


class BackfillError(SwitchboardError):
    """A backfill's action could not be carried out. `run_id` names the run that it is about, where there is one."""

    def __init__(self, message: str | None = None, *, run_id: str | None = None) -> None:
        text = message or self.__class__.__doc__ or ""
        super().__init__(f"run {run_id}: {text}" if run_id else text)
        self.run_id = run_id


def split_message(text: str) -> tuple[str | None, str]:
    """Run id and message out of an error's text, which is all that Step Functions hands on."""
    told = re.fullmatch(r"run (\S+): (.*)", text, re.DOTALL)
    return (told[1], told[2]) if told else (None, text)


class InvalidInput(BackfillError):
    """The input is wrong; nothing was written."""


class AlreadyRunning(BackfillError):
    """Another run of this backfill is active."""


class RunPaused(BackfillError):
    """The run was paused; resume it to go on."""


class RunAborted(BackfillError):
    """The run was aborted."""


class TooManyRowErrors(BackfillError):
    """More rows failed than maxRowErrors allows."""


class VerifyFailed(BackfillError):
    """All is done, and a check does not hold."""


class RunFailed(BackfillError):
    """The run could not go on."""


class LaneTaken(BackfillError):
    """Another slice has taken this lane over, or the run is no longer running."""


ENDINGS: tuple[type[BackfillError], ...] = (
    InvalidInput,
    AlreadyRunning,
    RunPaused,
    RunAborted,
    TooManyRowErrors,
    VerifyFailed,
    RunFailed,
)
