"""The generated pages: what is stale is found and mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.cli import run

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A copy of the generated pages."""
    for name in ("wire.md", "settings.md", "commands.md", "asyncapi.json", "openapi.json"):
        shutil.copy(DOCS / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("wire.md", "| `epoch` |"),
        ("settings.md", "| `heartbeat_s` |"),
        ("commands.md", "  --faults NAME"),
        ("asyncapi.json", '"protocol": "mqtts",'),
        ("openapi.json", '"title": "Weiran",'),
    ],
)
def test_line_lost_from_a_table_is_found_and_mended(pages: Path, page: str, line: str) -> None:
    fresh = (pages / page).read_text()
    (pages / page).write_text(fresh.replace(line, "", 1))
    assert run(["docs", "--check", "--folder", str(pages)]) == 1
    assert run(["docs", "--folder", str(pages)]) == 0
    assert (pages / page).read_text() == fresh


def test_document_that_is_missing_is_made(pages: Path) -> None:
    fresh = (pages / "asyncapi.json").read_text()
    (pages / "asyncapi.json").unlink()
    assert run(["docs", "--check", "--folder", str(pages)]) == 1
    assert run(["docs", "--folder", str(pages)]) == 0
    assert (pages / "asyncapi.json").read_text() == fresh


def test_page_without_its_markers_is_stale(pages: Path) -> None:
    (pages / "wire.md").write_text("# The wire\n")
    assert run(["docs", "--check", "--folder", str(pages)]) == 1
