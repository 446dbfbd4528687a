"""A scenario's files: found by name within its own folder, its TOML decoded, `extends` resolved by merging."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from firmware_sim.problems import ScenarioError, problem

BUILT_IN = Path(__file__).parent / "scenarios"
FILE_NAME = "scenario.toml"
MAX_TOML_BYTES = 4_000_000
MAX_DEPTH = 5
_NAME_KEYS = ("id", "code", "name", "stream")
Table = dict[str, object]


class Decoded(NamedTuple):
    """A scenario's merged tables, and the folders in which its files are looked for, in order."""

    tables: Table
    folders: tuple[Path, ...]


def built_in_names() -> list[str]:
    """The scenarios that come with the simulator."""
    return sorted(path.parent.name for path in BUILT_IN.glob(f"*/{FILE_NAME}"))


def find_scenario(name_or_path: str | Path) -> Path:
    """The TOML file of a built-in scenario's name, a folder, or a file. Raises ScenarioError."""
    path = Path(name_or_path)
    built_in = [BUILT_IN / path / FILE_NAME] if path.name == str(path) else []
    for candidate in (path, path / FILE_NAME, *built_in):
        if candidate.is_file():
            return candidate
    known = ", ".join(built_in_names())
    raise ScenarioError(
        [
            problem(
                str(name_or_path),
                "",
                "there is no such scenario",
                f"give a TOML file, a folder with a {FILE_NAME}, or one of: {known}",
            )
        ]
    )


def decode(path: Path) -> Decoded:
    """Decode the scenario in `path`, laid over those that it extends. Raises ScenarioError."""
    tables, folders, chain = _decode_one(path), [path.parent], [path.resolve()]
    while isinstance(parent := tables.pop("extends", None), str):
        chain.append(_find_parent(parent, chain))
        folders.append(chain[-1].parent)
        tables = _merge(_decode_one(chain[-1]), tables)
    return Decoded(tables, tuple(dict.fromkeys(folders)))


def find_file(folders: Sequence[Path], name: str) -> Path | None:
    """The file `name` of the first folder that has it; None when there is none or it leads outside."""
    if PurePosixPath(name).is_absolute() or "\\" in name or "\x00" in name:
        return None
    for folder in folders:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    return None


def _decode_one(path: Path) -> Table:
    try:
        if path.stat().st_size > MAX_TOML_BYTES:
            raise _refusal(path, f"is larger than {MAX_TOML_BYTES} bytes", "keep figures in CSV files")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise _refusal(path, f"is not TOML: {exc}", "mend that line") from exc
    except UnicodeDecodeError as exc:
        raise _refusal(path, "is not text in UTF-8", "save it in UTF-8") from exc
    except OSError as exc:
        raise _refusal(path, f"cannot be read: {exc.strerror}", "check its name and rights") from exc


def _find_parent(name: str, chain: Sequence[Path]) -> Path:
    here = chain[-1].parent
    if len(chain) < MAX_DEPTH and PurePosixPath(name).name == name:
        for path in (here / f"{name}.toml", here.parent / name / FILE_NAME, BUILT_IN / name / FILE_NAME):
            if path.is_file() and path.resolve() not in chain:
                return path.resolve()
    known = ", ".join(built_in_names())
    raise _refusal(
        chain[-1],
        f"there is no other scenario {name!r} to extend",
        f"name a scenario in the folder beside, or one of: {known}",
        "extends",
    )


def _refusal(path: Path, what: str, remedy: str, field: str = "") -> ScenarioError:
    return ScenarioError([problem(path.name, field, what, remedy)])


def _merge(below: Table, above: Table) -> Table:
    """`above` laid over `below`: tables key by key, lists of named tables by name, all else replaced."""
    return {**below, **{key: _merge_value(below.get(key), value) for key, value in above.items()}}


def _merge_value(below: object, above: object) -> object:
    if isinstance(below, dict) and isinstance(above, dict):
        return _merge(below, above)
    if isinstance(below, list) and isinstance(above, list) and above:
        return _merge_lists(below, above)
    return above


def _merge_lists(below: list[object], above: list[object]) -> list[object]:
    old, new = ({_name(entry): entry for entry in entries} for entries in (below, above))
    if None in old or None in new or (len(old), len(new)) != (len(below), len(above)):
        return above
    return [
        *(_merge_value(old[n], new[n]) if n in new else old[n] for n in old),
        *(new[n] for n in new if n not in old),
    ]


def _name(entry: object) -> str | None:
    if not isinstance(entry, Mapping):
        return None
    return next((str(entry[key]) for key in _NAME_KEYS if key in entry), None)
