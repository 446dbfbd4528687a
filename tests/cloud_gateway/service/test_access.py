"""Who may read the metrics, and how a token's file is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.service.access import Asker, NoToken, may_read, read_token

TOKEN = "a-token-of-this-test"
RIGHT = f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("asker", "token", "has_origin", "may"),
    [
        pytest.param(Asker("127.0.0.1"), None, False, True, id="this machine"),
        pytest.param(Asker("::1"), None, False, True, id="this machine by IPv6"),
        pytest.param(Asker("::ffff:127.0.0.1"), None, False, True, id="this machine by a mapped address"),
        pytest.param(Asker("192.0.2.7"), None, False, False, id="another machine"),
        pytest.param(Asker(""), None, False, False, id="no address"),
        pytest.param(Asker("127.0.0.1"), None, True, False, id="a proxy of a public address"),
        pytest.param(Asker("127.0.0.1", passed_on=True), None, False, False, id="a proxy that says so"),
        pytest.param(Asker("192.0.2.7", RIGHT), TOKEN, True, True, id="the token from afar"),
        pytest.param(Asker("127.0.0.1"), TOKEN, False, False, id="this machine without the token"),
        pytest.param(Asker("127.0.0.1", "Bearer "), TOKEN, False, False, id="an empty token"),
        pytest.param(Asker("127.0.0.1", TOKEN), TOKEN, False, False, id="the token without its scheme"),
        pytest.param(Asker("127.0.0.1", "Bearer ünknöwn"), TOKEN, False, False, id="no ASCII"),
    ],
)
def test_metrics_are_for_the_token_or_for_this_machine(
    asker: Asker, token: str | None, has_origin: bool, may: bool
) -> None:
    assert may_read(asker, token, has_origin) is may


def test_token_is_read_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert read_token(file) == TOKEN


@pytest.mark.parametrize(("content", "mode"), [(TOKEN, 0o644), ("short", 0o600), ("", 0o600)])
def test_token_that_others_could_know_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(NoToken):
        read_token(file)


def test_missing_token_file_lets_nobody_in(tmp_path: Path) -> None:
    with pytest.raises(NoToken):
        read_token(tmp_path / "none")
