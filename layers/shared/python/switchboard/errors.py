"""Every error that crosses a module's border: its docstring is its message, its name is what operators see."""


class SwitchboardError(Exception):
    """Something went wrong inside Switchboard."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__class__.__doc__)


class SettingsInvalid(SwitchboardError):
    """Environment variables are missing or wrong."""


class SecretUnavailable(SwitchboardError):
    """A secret could not be read from Secrets Manager."""


class ParameterUnavailable(SwitchboardError):
    """A parameter could not be read from SSM."""


class QueueUnavailable(SwitchboardError):
    """The message could not be put on its queue."""


class TwilioUnavailable(SwitchboardError):
    """Twilio could not be asked."""


class Unauthorized(SwitchboardError):
    """The request is not signed by whom it says, or its signature is too old."""


class TokenMissing(SwitchboardError):
    """The call carries no token."""


class Forbidden(SwitchboardError):
    """The token is not an owner's."""


class CallMalformed(SwitchboardError):
    """The call is not as the API has it."""


class BodyTooLarge(SwitchboardError):
    """The body is larger than this address accepts."""


class InvalidRequest(SwitchboardError):
    """The request breaks its contract. `fields` are the paths of what is wrong, never values."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(f"invalid: {', '.join(fields)}")
        self.fields = fields


class NotFound(SwitchboardError):
    """There is nothing with this id that the caller may see."""


class Conflict(SwitchboardError):
    """What was asked for does not fit the present state any more."""


class Refused(SwitchboardError):
    """The request is understood and cannot be carried out as it stands."""


class HousekeepingIncomplete(SwitchboardError):
    """Parts of the housekeeping failed or had no time; the next run does them."""


class ReconciliationIncomplete(SwitchboardError):
    """The time was up before everything was compared; the next run goes on from there."""


class ContractRefused(SwitchboardError):
    """Rows break the constraints that are to be added; nothing was changed. They are listed by table and id."""


# Database errors, translated once in store/session.py.


class DatabaseError(SwitchboardError):
    """The database refused a statement. `sqlstate` and `constraint` say why; no row's content does."""

    def __init__(self, sqlstate: str = "", constraint: str = "", message: str = "") -> None:
        super().__init__(f"{sqlstate} {constraint} {message}".strip() or None)
        self.sqlstate = sqlstate
        self.constraint = constraint


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, or has just closed the connection."""


class ConstraintViolated(DatabaseError):
    """A constraint, named in `constraint`, refused a row."""


class LockNotAvailable(DatabaseError):
    """A lock or a deadlock stood in the way; the same transaction may succeed when tried again."""


class StatementTimedOut(DatabaseError):
    """A statement ran longer than it may."""


class SchemaMismatch(SwitchboardError):
    """The database's tables are not as this version needs them; run the schema revisions."""
