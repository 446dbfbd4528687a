"""A new sealing key: what is sealed from now on needs it, what was sealed before keeps its own."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.records.sealed import load_keys, open_body
from deploy.cli import run
from edge_agent.identity.identity import load_identity
from edge_agent.identity.personal import seal_field


def sealed_by(card: Path) -> bytes:
    """The body of a record that the device of this identity makes."""
    return f'{{"customer":"{seal_field(load_identity(card, "gauge-01"), "customer", "欧阳")}"}}'.encode()


def test_rotation_of_the_runbook_keeps_old_text_readable(tmp_path: Path) -> None:
    folder, card = tmp_path / "weiran", tmp_path / "weiran" / "devices" / "gauge-01"
    run(["provision", "init", str(folder), "--host", "127.0.0.1"])
    run(["provision", "device", str(folder), "gauge-01"])
    before = sealed_by(card)
    old = (folder / "sealing" / "sealing.key").rename(folder / "sealing" / "sealing-1.key")
    run(["provision", "init", str(folder), "--host", "127.0.0.1"])
    (card / "sealing.pub").write_bytes((folder / "sealing" / "sealing.pub").read_bytes())
    after = sealed_by(card)
    new, former = load_keys([folder / "sealing" / "sealing.key", old])
    assert open_body(after, (new,)).body == {"customer": "欧阳"}
    assert open_body(before, (former,)).body == {"customer": "欧阳"}
    assert open_body(before, (new, former)).body == open_body(after, (new, former)).body
