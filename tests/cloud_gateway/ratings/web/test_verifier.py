"""The stand-alone verifier: anybody can take it, and the public pages say which file it is."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from cloud_gateway.evidence import weiran_verify
from tests.cloud_gateway.ratings.web.ground import Ground

pytestmark = pytest.mark.asyncio(loop_scope="session")
OWN = Path(weiran_verify.__file__).read_bytes()
DIGEST = hashlib.sha256(OWN)


async def test_anybody_takes_the_very_file_with_its_digest(ground: Ground) -> None:
    answer = await ground.visitor.get("/weiran_verify.py")
    assert (answer.status_code, answer.content) == (200, OWN)
    assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(DIGEST.digest()).decode()}:"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="weiran_verify.py"'


@pytest.mark.parametrize(
    ("path", "words"), [("/wall?lang=zh", "自行核验日志"), ("/r?lang=en", "Check the log yourself")]
)
async def test_public_pages_lead_to_it_and_state_its_digest(ground: Ground, path: str, words: str) -> None:
    page = (await ground.visitor.get(path)).text
    assert [part in page for part in (words, 'href="/weiran_verify.py"', DIGEST.hexdigest())] == [True] * 3
