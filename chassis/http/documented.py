"""What an API's own document says about answers: the models, and the problems an endpoint may answer with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ProblemDocument(BaseModel):
    """RFC 9457 problem details, with a pointer to each wrong field."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = Field(default=[])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the problems an endpoint answers with."""
    content = {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def answers(model: type[BaseModel], *statuses: int, problem: tuple[int, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """Documentation of an endpoint that answers with ``model``."""
    return {status: {"model": model} for status in statuses} | problems(*problem)
