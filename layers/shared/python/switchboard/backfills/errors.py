"""How a run can end badly: the class name is what Step Functions matches and operators see."""

from switchboard.errors import SwitchboardError


class BackfillError(SwitchboardError):
    """A backfill's action could not be carried out. `run_id` names the run that it is about, where there is one."""

    def __init__(self, message: str | None = None, *, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


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
