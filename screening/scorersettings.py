"""What a scorer can be told: the ``settings`` of an objective or of a stage of the funnel."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class ScorerSettings(BaseModel):
    """Keys and plain values; which keys there are the scorer itself says.

    ``settings = { known = "patents.smi" }`` in an ``[[objective]]`` or a ``[[funnel]]`` table.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _plain_values(self) -> ScorerSettings:
        for key, value in self.values.items():
            if not isinstance(value, str | int | float | bool):
                raise ValueError(
                    f"settings.{key}: a text, a number, or true or false, not {value!r}"
                )
        return self

    @property
    def values(self) -> dict[str, Any]:
        """The keys that are given."""
        return dict(self.__pydantic_extra__ or {})

    def __hash__(self) -> int:
        return hash(tuple(sorted((key, str(value)) for key, value in self.values.items())))
