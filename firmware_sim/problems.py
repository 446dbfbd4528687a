"""Mistakes in a scenario, told in plain words: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent import settings
from edge_agent.configuration import Problem
from firmware_sim import forms

#: What a list's entries are called by.
_NAMES = ("id", "code", "name", "stream")
_KEYS = sorted(
    {
        field.alias or key
        for module in (forms, settings)
        for form in vars(module).values()
        if isinstance(form, type) and issubclass(form, settings.Section)
        for key, field in form.model_fields.items()
    }
)


def problem(file: str, field: str, what: str, remedy: str) -> Problem:
    """One mistake, its remedy made a sentence."""
    end = "" if remedy.endswith("?") else "."
    return Problem(file, field, what, f"{remedy[:1].upper()}{remedy[1:]}{end}")


class ScenarioError(Exception):
    """A scenario cannot be used; `problems` has every mistake found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def describe(error: ValidationError, raw: object, file: str, prefix: str = "") -> list[Problem]:
    """The mistakes in a pydantic error over the decoded TOML `raw`."""
    return [_describe_one(detail, raw, file, prefix) for detail in error.errors(include_url=False)]


def _describe_one(detail: ErrorDetails, raw: object, file: str, prefix: str) -> Problem:
    field = ".".join(filter(None, (prefix, place(detail["loc"], raw))))
    if detail["type"].startswith("union_tag"):
        field = f"{field}.{str(detail['ctx']['discriminator']).strip(chr(39))}"
    return problem(file, field, *_words(detail))


def _words(detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    match detail["type"]:
        case "extra_forbidden":
            return "is not a known key", _spelling(str(detail["loc"][-1]))
        case "missing":
            return "is missing", "add it"
        case "union_tag_not_found":
            return "is missing", "add it to say which kind this is"
        case "union_tag_invalid":
            return f"{detail['ctx']['tag']!r} is not known", f"use one of {detail['ctx']['expected_tags']}"
        case "string_pattern_mismatch":
            return f"{detail['input']!r} is not of the form {str(detail['ctx']['pattern']).strip('^$')}", "mend it"
    message = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else _pydantic_words(detail)
    return message, "mend it as docs/scenarios.md says"


def _pydantic_words(detail: ErrorDetails) -> str:
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, but is {_shortened(detail['input'])}"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _spelling(key: str) -> str:
    near = get_close_matches(key, [known for known in _KEYS if known != key], n=1)
    return f"did you mean {near[0]!r}?" if near else "remove it"


def place(loc: Sequence[str | int], raw: object) -> str:
    """A place as its author knows it: device[tide-1].sensor[tide].channel, not device.0.sensor.1.analog.channel."""
    text, here = "", raw
    for step in loc:
        if isinstance(step, int) and isinstance(here, Sequence) and step < len(here):
            here = here[step]
            text += f"[{_called(here, step)}]"
        elif isinstance(here, Mapping) and step in here:
            here = here[step]
            text += f".{step}"
        elif not (isinstance(here, Mapping) and step in (here.get("kind"), here.get("type"), here.get("source"))):
            text += f".{step}"
    return text.removeprefix(".")


def _called(entry: object, index: int) -> str:
    names = [str(entry[key]) for key in _NAMES if key in entry] if isinstance(entry, Mapping) else []
    return names[0] if names else f"number {index + 1}"
