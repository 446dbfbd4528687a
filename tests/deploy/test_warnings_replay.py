"""`weiran warnings replay`: the same end for every order, and what it says of files that it cannot take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.cli import run


def cap(identifier: str, hour: int, kind: str, severity: str = "", refs: str = "") -> str:
    """A small CAP message of an invented office."""
    info = (
        "<info><language>en</language><category>Met</category><event>Flood</event><urgency>Immediate</urgency>"
        f"<severity>{severity}</severity><certainty>Likely</certainty>"
        "<area><areaDesc>Invented valley</areaDesc></area></info>"
    )
    references = f"<references>{refs}</references>" if refs else ""
    return (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{identifier}</identifier><sender>office@example.org</sender>"
        f"<sent>2026-07-20T{hour:02}:00:00+00:00</sent><status>Actual</status><msgType>{kind}</msgType>"
        f"<scope>Public</scope>{references}{info if severity else ''}</alert>"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An alert, its update and its cancel, in folders of their own; and a file that is no message."""
    chain = {
        "A": cap("A", 8, "Alert", "Moderate"),
        "U": cap("U", 9, "Update", "Extreme", "office@example.org,A,2026-07-20T08:00:00+00:00"),
        "C": cap("C", 10, "Cancel", "", "office@example.org,U,2026-07-20T09:00:00+00:00"),
    }
    for name, text in chain.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "message.xml").write_text(text)
    (tmp_path / "letter.txt").write_text("no message")
    return tmp_path


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, list[dict[str, object]]]:
    """What the command prints as JSON."""
    assert run(["warnings", "replay", *arguments, "--json"]) == 0
    printed: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return printed


def test_each_message_leaves_its_warning_in_a_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = replayed(capsys, str(folder))
    assert [(row["identifier"], row["state"], row["level"]) for row in printed["messages"]] == [
        ("A", "in-force", "moderate"),
        ("U", "upgraded", "extreme"),
        ("C", "cancelled", "none"),
    ]
    assert [row["code"] for row in printed["refused"]] != []


@pytest.mark.parametrize("order", [["--order", "reversed"], ["--order", "shuffled", "--seed", "5"]], ids=" ".join)
def test_every_order_ends_alike(folder: Path, order: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    straight = replayed(capsys, str(folder))["warnings"]
    assert replayed(capsys, str(folder), *order)["warnings"] == straight
    assert [(row["state"], len(row["steps"])) for row in straight] == [("cancelled", 3)]  # type: ignore[arg-type]


def test_now_leaves_out_what_was_sent_later(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = replayed(capsys, str(folder), "--now", "2026-07-20T09:30:00Z")
    assert [row["state"] for row in printed["warnings"]] == ["upgraded"]


def test_people_get_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "replay", str(folder)]) == 0
    assert "cancelled" in capsys.readouterr().out


def test_no_message_at_all_is_a_finding_and_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warnings", "replay", str(tmp_path)]) == 1
    assert "there is no message in them" in capsys.readouterr().err


WRONG = [
    pytest.param(["nowhere"], id="a folder that is not there"),
    pytest.param([".", "--now", "yesterday"], id="no time"),
    pytest.param([".", "--order", "random"], id="no order"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_use_is_told(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["warnings", "replay", *arguments]) == 2
    assert capsys.readouterr().err != ""
