"""What every part of an answer has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    """A part of an answer; all of its fields are always there."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)
