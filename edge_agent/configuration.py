"""Loads one process's settings: a TOML file, WEIRAN_... variables over it, checked whole by a pydantic model."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

PREFIX = "WEIRAN_"
MAX_FILE_BYTES = 1024 * 1024

Settings = TypeVar("Settings", bound=BaseModel)
#: What TOML is made of; only this module walks it untyped.
Node = object


class Manual(NamedTuple):
    """What mistakes in a file are told with: what the file is, what its keys are, and what explains them."""

    file: str = "settings file"
    key: str = "a setting"
    page: str = "docs/settings.md"


SETTINGS = Manual()


class Problem(NamedTuple):
    """One mistake: `source` is the file or variable, `field` like ``sensor[0].unit`` (counted from 0) or empty."""

    source: str
    field: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.source}: {self.field}" if self.field else self.source
        return f"{place}: {self.what}. {self.remedy}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` lists every mistake that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load(model: type[Settings], file: Path, environ: Mapping[str, str], manual: Manual = SETTINGS) -> Settings:
    """Read `file`, lay `environ` over it, and return the checked model. Raises SettingsError.

    WEIRAN_BROKER__HOST sets `host` of `[broker]`: two underscores step into a section. Lists such as `[[sensor]]`
    come from the file only. Relative paths stay as they are: they count from the process's working directory.
    """
    data = _read(file, manual)
    variables = _overlay(model, data, environ)
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise SettingsError([_explain(e, model, data, str(file), variables, manual) for e in exc.errors()]) from exc


def _read(file: Path, manual: Manual) -> dict[str, Node]:
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise _error(file, f"is larger than {MAX_FILE_BYTES} bytes", f"Is this the right {manual.file}?")
        return tomllib.loads(text.decode())
    except OSError as exc:
        raise _error(file, f"cannot be read: {exc.strerror}", f"Name an existing {manual.file}.") from exc
    except UnicodeDecodeError as exc:
        raise _error(file, "is not UTF-8 text", "Save it as UTF-8.") from exc
    except tomllib.TOMLDecodeError as exc:
        raise _error(file, f"is not TOML: {exc}", "Correct that line; text values stand in quotes.") from exc


def _error(file: Path, what: str, remedy: str) -> SettingsError:
    return SettingsError([Problem(str(file), "", what, remedy)])


def _overlay(model: type[BaseModel], data: dict[str, Node], environ: Mapping[str, str]) -> dict[str, str]:
    """Put the variables into `data`; return field -> variable. Raises SettingsError for one that fits no single key."""
    used, problems = {}, []
    for variable in sorted(v for v in environ if v.startswith(PREFIX)):
        keys = variable[len(PREFIX) :].lower().split("__")
        if _set_key(model, data, keys, environ[variable]):
            used[".".join(keys)] = variable
        else:
            problems.append(Problem(variable, "", "names no single setting", _variable_remedy(model)))
    if problems:
        raise SettingsError(problems)
    return used


def _set_key(model: type[BaseModel], data: dict[str, Node], keys: list[str], value: str) -> bool:
    for key in keys[:-1]:
        section = _section(model, key)
        inner = data.setdefault(key, {}) if section else None
        if section is None or not isinstance(inner, dict):
            return False
        model, data = section, inner
    if keys[-1] not in model.model_fields or _is_composite(model, keys[-1]):
        return False
    data[keys[-1]] = value
    return True


def _section(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of the section that field `key` is, or None when it is none."""
    field = model.model_fields.get(key)
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _is_composite(model: type[BaseModel], key: str) -> bool:
    return _section(model, key) is not None or getattr(model.model_fields[key].annotation, "__origin__", None) is tuple


def _variable_remedy(model: type[BaseModel]) -> str:
    section = next((k for k in model.model_fields if _section(model, k)), "section")
    return f"Unset it, or write {PREFIX}KEY or {PREFIX}{section.upper()}__KEY; lists are set in the file."


def _explain(
    error: ErrorDetails, model: type[BaseModel], data: Node, file: str, variables: Mapping[str, str], manual: Manual
) -> Problem:
    keys = _keys(error, data)
    field = _field(keys)
    source = variables.get(field, file)
    match error["type"]:
        case "extra_forbidden":
            return Problem(source, field, f"is not {manual.key}", _suggest(model, keys, manual))
        case "missing":
            return Problem(source, field, "is missing", f"Add it; {manual.page} says what it means.")
        case "union_tag_invalid":
            what = f"{error['ctx']['discriminator']} {error['ctx']['tag']!r} is unknown"
            return Problem(source, field, what, f"It is one of {error['ctx']['expected_tags']}.")
        case "union_tag_not_found":
            return Problem(
                source, field, f"lacks {error['ctx']['discriminator']}", f"Add it; {manual.page} lists them."
            )
        case "value_error":
            return Problem(source, field, str(error["ctx"]["error"]), f"{manual.page} lists what is allowed.")
    what = f"{error['msg'][:1].lower()}{error['msg'][1:]}, but is {str(error['input'])[:60]!r}"
    return Problem(source, field, what, f"{manual.page} lists what is allowed.")


def _keys(error: ErrorDetails, data: Node) -> list[int | str]:
    """The path as written in the file: pydantic's names of union members, which no file holds, are left out."""
    keys: list[int | str] = []
    for key in error["loc"]:
        match data, key:
            case dict(), _ if key in data:
                data = data[key]
            case list(), int():
                data = data[key]
            case _:
                continue
        keys.append(key)
    return [*keys, error["loc"][-1]] if error["type"] == "missing" else keys


def _field(keys: list[int | str]) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def _suggest(model: type[BaseModel], keys: list[int | str], manual: Manual) -> str:
    for key in keys[:-1]:
        section = _section(model, str(key))
        if section is None:
            return f"Remove it or correct its spelling; {manual.page} lists what is allowed."
        model = section
    close = difflib.get_close_matches(str(keys[-1]), list(model.model_fields), 1)
    return f"Did you mean `{close[0]}`?" if close else f"Remove it; allowed here: {', '.join(model.model_fields)}."
