"""The settings as tables of docs/settings.md, taken from the pydantic models of the processes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cloud_gateway.settings import GatewaySettings
from deploy.wire_tables import table
from edge_agent.settings import AgentSettings
from kiosk.settings import RatingSettings

WORDS: dict[object, str] = {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path"}
LIMITS = {
    "gt": "above",
    "ge": "at least",
    "lt": "below",
    "le": "at most",
    "pattern": "matching",
    "max_length": "length at most",
}


def settings_reference() -> tuple[str, str, str]:
    """The reference of the agent's, of the rating terminal's and of the gateway's settings."""
    terminal = "\n".join(_sections(RatingSettings, "[rating]", "rating."))
    return "\n".join(_sections(AgentSettings, "")), terminal, "\n".join(_sections(GatewaySettings, ""))


def _sections(model: type[BaseModel], heading: str, prefix: str = "") -> Iterator[str]:
    """This section's table, then those of the sections inside it, whose names begin with `prefix`."""
    title = f"### `{heading}`\n\n{inspect.getdoc(model)}\n\n" if heading else ""
    plain = {n: field for n, field in model.model_fields.items() if not _inner(field) and not _is_tag(field)}
    rows = [(f"`{name}`", _type(field), _default(field), field.description or "") for name, field in plain.items()]
    yield title + (table(("key", "value", "default", "meaning"), rows) if rows else "")
    for name, field in model.model_fields.items():
        for inner in _inner(field):
            brackets = "[[{}]]" if get_origin(field.annotation) is tuple else "[{}]"
            yield from _sections(inner, brackets.format(prefix + name) + _tag(inner))


def _inner(field: FieldInfo) -> list[type[BaseModel]]:
    """The models that a field holds: one for a section, several for a list of kinds, none for a single value."""
    return [one for one in _leaves(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]


def _leaves(annotation: object) -> list[object]:
    if get_origin(annotation) in {Annotated, tuple}:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [leaf for part in get_args(annotation) for leaf in _leaves(part)]
    return [annotation]


def _tag(model: type[BaseModel]) -> str:
    """` kind = "analog"` for a model that one literal value selects."""
    for name, field in model.model_fields.items():
        if _is_tag(field):
            return f' {name} = "{get_args(field.annotation)[0]}"'
    return ""


def _is_tag(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def _type(field: FieldInfo) -> str:
    words = [_word(leaf) for leaf in _leaves(field.annotation) if leaf is not type(None)]
    return ", ".join([" or ".join(words), *_limits(field.metadata)])


def _word(leaf: object) -> str:
    if get_origin(leaf) is Literal:
        return " or ".join(f'`"{value}"`' if isinstance(value, str) else f"`{value}`" for value in get_args(leaf))
    if isinstance(leaf, type) and issubclass(leaf, Enum):
        return " or ".join(f'`"{member.value}"`' for member in leaf)
    return WORDS[leaf]


def _limits(metadata: list[Any]) -> Iterator[str]:
    for item in metadata:
        for attribute, word in LIMITS.items():
            limit = getattr(item, attribute, None)
            if limit is not None:
                yield f"{word} `{limit}`"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    match field.default:
        case None | "":
            return "none"
        case bool() as value:
            return f"`{str(value).lower()}`"
        case Enum() as member:
            return f'`"{member.value}"`'
        case str() as text:
            return f'`"{text}"`'
    return f"`{field.default}`"
