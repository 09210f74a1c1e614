"""What the endpoints take and answer, by the names of its parts, and as JSON schemas that MCP can follow."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

__all__ = ["Answer", "FileData", "KeptHead", "Vote", "schema"]


class KeptHead(BaseModel):
    """A head that votes, and how well it did on the examples."""

    head: str
    layer: int
    index: int
    accuracy: float
    margin: float


class Vote(BaseModel):
    """What one head says of an image."""

    head: str
    label: str
    similarity: float


class Answer(BaseModel):
    """What ``/classify`` says of an image."""

    image: str
    label: str
    shares: dict[str, float]
    votes: list[Vote]
    confidence: float
    probability: float | None = None
    closeness: float | None = None
    acceptance: float | None = None
    none_below: float | None = None
    none: bool | None = None


class _Mark(BaseModel):
    kind: Literal["gradio.FileData"] = Field(alias="_type")


class FileData(BaseModel):
    """A file as ``gradio_client`` and MCP send one; by this name and mark they know that it is to be uploaded."""

    path: str
    orig_name: str = ""
    meta: _Mark


def schema(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a type, in one piece: MCP does not follow references inside of it."""
    whole = TypeAdapter(kind).json_schema()
    parts = whole.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(parts[part["$ref"].rpartition("/")[2]])
        return {name: inlined(value) for name, value in part.items()}

    flat: dict[str, Any] = inlined(whole)
    return flat
