"""`weiran outreach report`: a real PDF file by the real Chromium, and a plain word when there is none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deploy.cli import run
from tests.cloud_gateway.board.conftest import Typhoon

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def report(typhoon: Typhoon, event: str, out: Path) -> int:
    """The exit status of the command."""
    config = out.with_suffix(".toml")
    config.write_text(f"data_dir = {json.dumps(str(typhoon.console.settings.data_dir))}\n")
    return await asyncio.to_thread(run, ["outreach", "report", event, "--out", str(out), "--config", str(config)])


async def test_report_is_printed_to_a_file(typhoon: Typhoon, tmp_path: Path) -> None:
    assert await report(typhoon, typhoon.event, tmp_path / "report.pdf") == 0
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert (pdf[:5], len(pdf) > 20_000) == (b"%PDF-", True)


async def test_event_that_is_not_there_has_no_report(
    typhoon: Typhoon, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = await report(typhoon, "none", tmp_path / "report.pdf")
    assert (status, (tmp_path / "report.pdf").exists()) == (1, False)
    assert "there is no hazard event 'none'" in capsys.readouterr().err
