"""The repository as a whole: its pages are fresh, its links lead somewhere, and nothing in it names this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import run
from tests.distributions import EVERY_EXTRA, closure

ROOT = Path(__file__).parent.parent
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|npmmirror|(?:deb|archive|security)\.debian)\.\w+")
PLACE = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+)/")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(?:#([^)\s]*))?\)")
COPYLEFT = re.compile(r"(?<!L)GPL|GNU (?:Affero )?General Public")


def committed_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that git knows and that is text."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in data:
            yield name, data.decode()


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    """`file: match` for each file in which the pattern is found."""
    return [f"{name}: {found[0]}" for name, text in committed_texts() if (found := pattern.search(text))]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ +(.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links() -> Iterator[str]:
    """`page: target` for each relative link of a committed page that leads nowhere."""
    for name, text in committed_texts():
        for target, anchor in LINK.findall(text) if name.endswith(".md") else ():
            place = (ROOT / name).parent / target
            if not place.exists() or (anchor and anchor not in headings(place)):
                yield f"{name}: {target}#{anchor}"


def licences(extras: tuple[str, ...]) -> dict[str, str]:
    """What each distribution needed at run time says of its licence."""
    found = {}
    for name, distribution in closure(extras).items():
        fields = distribution.metadata.json
        classifiers = [line for line in fields.get("classifier", ()) if line.startswith("License")]
        words = [str(fields.get(key, "")).partition("\n")[0] for key in ("license_expression", "license")]
        found[name] = " ".join([*words, *classifiers]).strip()
    return found


def test_generated_pages_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "--check"]) == 0, capsys.readouterr().err


def test_links_between_pages_lead_somewhere() -> None:
    assert list(dead_links()) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_matching(REGISTRY) == []


def test_no_file_names_a_place_on_this_machine() -> None:
    assert lines_matching(PLACE) == []


def test_runtime_dependencies_are_not_copyleft() -> None:
    assert {name: text for name, text in licences(EVERY_EXTRA).items() if COPYLEFT.search(text)} == {}


def test_runtime_dependencies_name_their_licence() -> None:
    assert {name for name, text in licences(EVERY_EXTRA).items() if not text} == set()


def test_imports_follow_the_layers(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_setup_refuses_an_unknown_purpose() -> None:
    command = [str(ROOT / "scripts" / "setup"), "everything"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (2, "setup: 'everything' is not one of code, demo, influx, test\n")
