"""The params of a backfill's actions."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """What all of them have in common; by itself: none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
