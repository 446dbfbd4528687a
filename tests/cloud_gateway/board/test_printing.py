"""`weiran outreach report`: a real PDF file by the real Chromium, and a plain word when there is none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud_gateway.board.conftest import Typhoon

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def report(typhoon: Typhoon, event: str, out: Path) -> subprocess.CompletedProcess[str]:
    config = out.with_suffix(".toml")
    config.write_text(f"data_dir = {json.dumps(str(typhoon.console.settings.data_dir))}\n")
    code = "import sys; from deploy.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "outreach", "report", event, "--out", str(out), "--config", str(config)]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=110, check=False)


async def test_report_is_printed_to_a_file(typhoon: Typhoon, tmp_path: Path) -> None:
    done = await report(typhoon, typhoon.event, tmp_path / "report.pdf")
    assert done.returncode == 0, done.stderr
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert (pdf[:5], len(pdf) > 20_000) == (b"%PDF-", True)


async def test_event_that_is_not_there_has_no_report(typhoon: Typhoon, tmp_path: Path) -> None:
    done = await report(typhoon, "none", tmp_path / "report.pdf")
    assert (done.returncode, (tmp_path / "report.pdf").exists()) == (1, False)
    assert "there is no hazard event 'none'" in done.stderr
