"""The settings that differ from the defaults, as the TOML file that the gateway's processes read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cloud_gateway.settings import GatewaySettings


def write_toml(settings: GatewaySettings) -> str:
    """The file's text; what lies deeper than a section stands in inline tables."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    top = [f"{key} = {_literal(value)}" for key, value in given.items() if not isinstance(value, dict)]
    for section, keys in given.items():
        if isinstance(keys, dict):
            top += [f"\n[{section}]", *(f"{key} = {_literal(value)}" for key, value in keys.items())]
    return "\n".join(top) + "\n"


def _literal(value: object) -> str:
    """A TOML value; JSON's strings and numbers are TOML's too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_literal(one)}" for key, one in value.items() if one is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    return msgspec.json.encode(value).decode()
