"""The wire as tables of docs/wire.md, taken from the topics and structs of `edge_agent.wire`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from enum import StrEnum
from types import ModuleType

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from edge_agent.wire import messages, ratings, senml
from edge_agent.wire.rights import RIGHTS
from edge_agent.wire.sections import SECTIONS
from edge_agent.wire.topics import Lane, Leaf, Topic

#: What the code cannot say of a topic: what it carries.
LEAVES = {
    Leaf.PRESENCE: "`Presence`; also the device's will",
    Leaf.BIRTH: "`Birth`",
    Leaf.REPORTED: "`Reported`",
    Leaf.ACK: "`Ack`",
    Leaf.NOTICE: "`Notice`: what people at the device must see",
    Leaf.DESIRED: "`Desired`",
}
LANES = {
    Lane.ALARM: "alarms raised and cleared; never a gap",
    Lane.RECORD: "business facts made on the device; never a gap",
    Lane.READING: "measured values",
    Lane.DIAGNOSTIC: "how the device itself is",
}


def topic_reference() -> str:
    """The table of topics, which is also the broker's access list. Raises KeyError for a topic that has no row here."""
    rows = [
        (f"`{Topic('{device}', right.part)}`", right.way.value, "yes" if right.retained else "no", _carries(right.part))
        for right in RIGHTS
    ]
    return table(("topic", "way", "retained", "carries"), rows)


def _carries(part: Lane | Leaf) -> str:
    return f"`Frame`: {LANES[part]}" if isinstance(part, Lane) else LEAVES[part]


def section_reference() -> str:
    """The table of what may change from afar."""
    targets = {"sampling": "STREAM.", "rules": "RULE."}
    rows = [
        (f"`{name}`", f"`{targets.get(name, '')}{setting}`", str(bounds))
        for name, (settings, _) in SECTIONS.items()
        for setting, bounds in settings.items()
    ]
    return table(("section", "key", "value"), rows)


def message_reference() -> str:
    """One section for each struct and each enumeration of the contract, in the order of the source."""
    sections = [_section(one) for module in (messages, ratings, senml) for one in _defined(module)]
    return "\n".join(sections)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _defined(module: ModuleType) -> list[type[Struct | StrEnum]]:
    found = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
    return [one for one in found if issubclass(one, Struct | StrEnum)]


def _section(one: type[Struct | StrEnum]) -> str:
    text = inspect.getdoc(one) or ""
    if issubclass(one, StrEnum):
        return f"### {one.__name__}\n\n{text}\n\nOne of {', '.join(f'`{member.value}`' for member in one)}.\n"
    info = types.type_info(one)
    if not isinstance(info, types.StructType):
        raise TypeError(f"{one.__name__} is no struct")
    rows = [(f"`{field.encode_name}`", describe(field.type), _default(field)) for field in info.fields]
    return f"### {one.__name__}\n\n{text}\n\n{table(('field', 'type', 'default'), rows)}"


def _default(field: types.Field) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return f"`{msgspec.json.encode(value).decode()}`"


def describe(kind: types.Type) -> str:  # noqa: PLR0911 - a table, one row a kind
    """A type in words: `int, at least 1`, `list of Record, 1 to 1000`. Raises TypeError for one it has no words for."""
    match kind:
        case types.StructType() | types.EnumType():
            return f"`{kind.cls.__name__}`"
        case types.RawType():
            return "any JSON, kept as received"
        case types.UnionType():
            return " or ".join(describe(part) for part in kind.types)
        case types.NoneType():
            return "null"
        case types.ListType():
            return f"list of {describe(kind.item_type)}" + _bounds(kind.min_length, kind.max_length)
        case types.TupleType():
            return f"[{', '.join(describe(part) for part in kind.item_types)}]"
        case types.DictType():
            return f"object of {describe(kind.key_type)} to {describe(kind.value_type)}"
        case types.StrType() if kind.pattern:
            return f"text matching `{kind.pattern}`"
        case types.StrType():
            return "text" + _bounds(kind.min_length, kind.max_length, " characters")
        case types.IntType() | types.FloatType():
            return ("integer" if isinstance(kind, types.IntType) else "number") + _range(kind)
        case types.BoolType():
            return "true or false"
        case types.LiteralType():
            return " or ".join(str(value) for value in kind.values)
    raise TypeError(f"no words for {kind!r}")


def _bounds(low: int | None, high: int | None, unit: str = "") -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f", at least {low}{unit}"
    return f", {low} to {high}{unit}" if low is not None else f", at most {high}{unit}"


def _range(kind: types.IntType | types.FloatType) -> str:
    limits = (("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
    return "".join(f", {word} {limit}" for word, limit in limits if limit is not None)
