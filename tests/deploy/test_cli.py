"""The command line: exit statuses, one clear line for each mistake, and the commands that need no server."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path

import pytest

from deploy.cli import run

Output = pytest.CaptureFixture[str]


@pytest.fixture
def agent(tmp_path: Path) -> str:
    """Settings of an agent."""
    (tmp_path / "agent.toml").write_text('device = "yard-7"\nstate_dir = "/tmp"\n')
    return str(tmp_path / "agent.toml")


@pytest.fixture
def gateway(tmp_path: Path) -> str:
    """Settings of a gateway whose database has been made."""
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}/data"\n')
    run(["gateway", "migrate", "--config", str(tmp_path / "gateway.toml")])
    return str(tmp_path / "gateway.toml")


def last_line(capsys: Output) -> str:
    """The only line of stderr that is no log line."""
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    return line


def test_version_is_printed(capsys: Output) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("weiran ")


def test_bare_name_shows_the_commands(capsys: Output) -> None:
    assert run([]) == 2
    assert "gateway" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["agnet"], "No such command 'agnet'"),
        (["agent"], "Missing option '--config'. Try: weiran agent --help"),
        (["agent", "--config", "/nowhere/a.toml"], "/nowhere/a.toml: cannot be read: No such file or directory"),
        (["demo", "--speed", "fast"], "--speed: 'fast' is neither a number above 0"),
        (["demo", "--speed", "nan"], "--speed: 'nan' is neither a number above 0"),
        (["demo", "--report", "/nowhere/r.json"], "--report /nowhere/r.json: No such file or directory. Name a file"),
        (["bench", "outbox", "--write", "/nowhere/p.md"], "--write /nowhere/p.md: No such file or directory. Name"),
        (["docs", "--folder", "/nowhere"], "/nowhere/wire.md: No such file or directory. Name the folder"),
        (["demo", "--store", "oracle"], "'oracle'"),
        (["gateway"], "Missing command. Try: weiran gateway --help"),
        (["gateway", "web", "--confg", "x"], "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line_with_a_remedy(capsys: Output, arguments: list[str], told: str) -> None:
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert told in output.err
    assert output.err.count("\n") == 1


def test_error_is_json_when_asked(capsys: Output) -> None:
    assert run(["--json", "agent", "--config", "/nowhere/a.toml"]) == 2
    error = json.loads(capsys.readouterr().err)
    assert (error["code"], error["status"], error["problems"][0]["source"]) == ("settings", 2, "/nowhere/a.toml")


def test_agent_check_accepts_correct_settings(capsys: Output, agent: str) -> None:
    assert run(["agent", "--check", "--config", agent]) == 0
    assert "correct. yard-7: 0 sensors, 0 rules" in capsys.readouterr().out


def test_agent_check_names_a_tide_table_that_is_missing(tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        f'device = "tide-1"\nstate_dir = "{tmp_path}"\n[[sensor]]\nkind = "table"\nstream = "tide_predicted"\n'
        'unit = "m"\nfile = "nowhere.csv"\npredicts = "tide"\n'
    )
    assert run(["agent", "--check", "--config", str(file)]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_agent_check_takes_variables_of_the_environment(agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIRAN_BROKER__PORT", "none")
    assert run(["agent", "--check", "--config", agent]) == 2


def test_people_are_added_listed_and_shut_out(capsys: Output, gateway: str) -> None:
    assert run(["gateway", "user", "add", "wang", "--role", "inspector", "--config", gateway]) == 0
    assert run(["gateway", "user", "disable", "wang", "--config", gateway]) == 0
    capsys.readouterr()
    assert run(["gateway", "user", "list", "--json", "--config", gateway]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "wang", "role": "inspector", "state": "disabled"}]


def test_link_carries_its_token_behind_the_hash(capsys: Output, gateway: str) -> None:
    run(["gateway", "user", "add", "wang", "--role", "inspector", "--config", gateway])
    capsys.readouterr()
    assert run(["gateway", "user", "link", "wang", "--config", gateway]) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:8080/enter#")


def test_password_comes_from_stdin(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(["gateway", "user", "add", "wang", "--role", "inspector", "--config", gateway])
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run(["gateway", "user", "password", "wang", "--config", gateway]) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["link", "nobody"], "nobody is called 'nobody'"),
        (["add", "wang", "--role", "king"], "--role: 'king' is no role. Choose one of: risk-engineer, inspector"),
        (["add", "li", "--role", "inspector", "--password"], "stdin holds no password"),
        (["add", "li", "--role", "inspector"], "the name li is taken"),
        (["add", " ", "--role", "inspector"], "a name has 1 to 64 printable characters. Choose another"),
    ],
    ids=["unknown person", "unknown role", "no password", "taken name", "bad name"],
)
def test_account_mistake_is_told(
    capsys: Output, gateway: str, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    run(["gateway", "user", "add", "li", "--role", "operations", "--config", gateway])
    capsys.readouterr()
    assert run(["gateway", "user", *arguments, "--config", gateway]) == 2
    assert told in capsys.readouterr().err


def test_accounts_need_a_database_and_say_how_to_make_it(capsys: Output, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}/data"\n')
    assert run(["gateway", "user", "list", "--config", str(tmp_path / "gateway.toml")]) == 2
    assert "Run: weiran gateway migrate" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["ingest"], ["web"], ["user", "list"]], ids=" ".join)
def test_a_database_without_tables_is_told_at_once(capsys: Output, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}"\n')
    (tmp_path / "gateway.db").touch()
    assert run(["gateway", *command, "--config", str(tmp_path / "gateway.toml")]) == 2
    assert "gateway.db has no tables yet. Run: weiran gateway migrate" in last_line(capsys)


@pytest.mark.parametrize("command", [["ingest"], ["web"], ["migrate"], ["user", "list"]], ids=" ".join)
def test_a_file_that_is_no_database_is_told_at_once(capsys: Output, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}"\n')
    (tmp_path / "gateway.db").write_text("a letter to the insurer, not a database")
    assert run(["gateway", *command, "--config", str(tmp_path / "gateway.toml")]) == 2
    assert "gateway.db is no SQLite database. Put it away" in last_line(capsys)


@pytest.mark.parametrize("command", [["ingest"], ["web"], ["migrate"]], ids=" ".join)
def test_a_data_folder_that_is_none_is_told_at_once(capsys: Output, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}/gateway.toml"\n')
    assert run(["gateway", *command, "--config", str(tmp_path / "gateway.toml")]) == 2
    assert "gateway.toml: is not a folder. Change it" in last_line(capsys)


@pytest.mark.parametrize("command", ["ingest", "web"])
def test_a_secret_that_cannot_be_read_is_told_at_once(capsys: Output, gateway: str, command: str) -> None:
    with Path(gateway).open("a") as settings:
        settings.write('[series]\nstore = "influx1"\nusername = "w"\nsecret_file = "/nowhere/secret"\n')
    assert run(["gateway", command, "--config", gateway]) == 2
    assert "/nowhere/secret: No such file or directory" in last_line(capsys)


@pytest.mark.parametrize("command", ["ingest", "web"])
def test_readings_that_are_no_database_are_told_at_once(capsys: Output, gateway: str, command: str) -> None:
    (Path(gateway).parent / "data" / "readings.db").write_text("a letter to the insurer, not a database")
    assert run(["gateway", command, "--config", gateway]) == 2
    assert "readings.db is no SQLite database" in last_line(capsys)


def test_a_port_in_use_is_told_at_once(capsys: Output, gateway: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Path(gateway).open("a") as settings:
        settings.write(f"[web]\nport = {taken.getsockname()[1]}\n")
        settings.flush()
        assert run(["gateway", "web", "--config", gateway]) == 2
    assert "Address already in use. End what listens there" in last_line(capsys)


def test_migrate_can_be_run_again(gateway: str) -> None:
    assert run(["gateway", "migrate", "--config", gateway]) == 0


def test_scenario_that_does_not_exist_is_a_finding(capsys: Output) -> None:
    assert run(["sim", "check", "/nowhere/storm.toml"]) == 1
    assert "storm" in capsys.readouterr().out


def test_doctor_finds_a_state_folder_that_is_not_there(capsys: Output, tmp_path: Path) -> None:
    assert run(["doctor", "--json", "--state-dir", str(tmp_path / "none")]) == 1
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert (findings["state folder"]["state"], findings["Python"]["state"]) == ("missing", "ok")
    assert str(tmp_path / "none") in findings["state folder"]["remedy"]


def test_doctor_finds_nothing_amiss_where_the_tests_run(capsys: Output) -> None:
    assert run(["doctor", "--for", "tests"]) == 0, capsys.readouterr().out
