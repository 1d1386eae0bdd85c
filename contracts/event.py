"""What every event has in common."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

REGISTRY: dict[str, type[Event]] = {}
"""Every event of the published language by its ``ce_type``."""


class Event(BaseModel):
    """A fact in the past tense. Producers refuse unknown fields; readers use :meth:`read` and ignore them."""

    # JSON has no infinity and no NaN: they would go out as null and come back as an error.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    type: ClassVar[str]
    topic: ClassVar[str]

    def __init_subclass__(cls, *, type: str = "", topic: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            if type in REGISTRY:
                raise TypeError(f"event type {type} is declared twice")
            cls.type = type
            cls.topic = topic
            REGISTRY[type] = cls

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The event in ``data`` (JSON), with fields unknown to this reader ignored.

        Raises :class:`pydantic.ValidationError` when a field is missing or wrong.
        """
        return cls.model_validate_json(data, extra="ignore")

    def to_bytes(self) -> bytes:
        """The JSON that goes on the wire."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def schema_path(cls) -> str:
        """Path of the JSON Schema, as carried by ``ce_dataschema``."""
        return f"/contracts/schemas/{cls.type}.json"
