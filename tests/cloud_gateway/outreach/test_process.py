"""`weiran outreach run` as a process of its own, with a real mail server."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.tokens import KEY_FILE
from cloud_gateway.warnings.model import Level
from deploy.demo.programs import Program
from tests.cloud_gateway.outreach.ground import LIMIT_S, ground
from tests.cloud_gateway.outreach.sinks import post_office
from tests.waiting import until


async def test_the_process_tells_people_refuses_a_second_one_and_ends_in_order(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    arguments = ["deploy", "outreach", "run", "--config", str(config)]
    first, second = (Program(name, arguments, tmp_path / f"{name}.log") for name in ("first", "second"))
    async with ground(tmp_path) as place, post_office() as office:
        config.write_text(
            f'data_dir = "{tmp_path}"\n[outreach]\npublic_url = "https://example.org"\n'
            f'[outreach.mail]\nhost = "127.0.0.1"\nport = {office.port}\ntls = "none"\nsender = "desk@example.org"\n'
        )
        await place.add_sites("east")
        await place.add_person("lin", "east", role="customer")
        await place.change(Change.RAISED, Level.SEVERE, "east")
        first.start()
        try:
            (letter,) = await office.came()
            await place.until("SELECT 1 FROM message WHERE state='sent'")
            (sent,) = await place.rows("SELECT id FROM message")
            second.start()
            await until(lambda: not second.running, LIMIT_S)
            alive = await place.rows("SELECT ok_at FROM channel_check WHERE channel='worker'")
        finally:
            await asyncio.to_thread(first.stop)
    assert sent["id"] in str(letter["Message-ID"])
    assert "https://example.org/a/" in letter.get_content()
    assert (first.status, second.status) == (0, 2), first.last_words()
    assert "another process of its kind" in second.last_words()
    assert alive[0]["ok_at"] > 0
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
