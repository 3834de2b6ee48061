"""The kinds of fields that a scenario file has: values with their bounds, and nothing that acts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=80)]
Seconds = Annotated[float, Field(ge=0, le=31_536_000, allow_inf_nan=False)]
"""At most a year: virtual time jumps a day at a time."""
Share = Annotated[float, Field(ge=0, le=1)]
"""How likely, from 0 (never) to 1 (always)."""


class Strict(BaseModel):
    """A part of a scenario: no field beside those that are named, and no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
