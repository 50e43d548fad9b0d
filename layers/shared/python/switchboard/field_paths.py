"""Where what came in breaks its contract: the fields' paths, never their values."""

from pydantic import ValidationError

LONGEST = 100  # a key that nobody knows may be anything


def problems_by_path(error: ValidationError, *, whole: str = "input") -> dict[str, str]:
    """What is wrong with each field, the first thing of each; `whole` stands for what is not even an object."""
    found: dict[str, str] = {}
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        path = ".".join(str(part) for part in problem["loc"]) or whole
        found.setdefault(path[:LONGEST], problem["msg"])
    return found
