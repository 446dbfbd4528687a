"""The stand-alone verifier is a second implementation, in one file, and agrees with the project's own."""

from __future__ import annotations

import ast
import base64
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Json, Sealed, encode_json
from edge_agent.proof.canonical import canonical
from edge_agent.proof.merkle import EMPTY_ROOT, leaf_hash, root_of
from tests.cloud_gateway.evidence.exports import (
    SIGNER,
    Made,
    hold_entry,
    key_entry,
    make_export,
    note_at,
    plain_record,
    receipt,
    signed_record,
    write_log,
)

LOGS = 1000
#: Letters whose escaping or order canonical JSON rules.
LETTERS = 'aZ09 _/\\"\b\t\n\f\r\x00\x1f\x7f\u00e9\u2028\u7406\ufb33\U0001f600'


def draw(rng: random.Random, depth: int) -> Json:
    kind = rng.randrange(8 if depth else 5)
    if kind >= 5:
        inner = range(rng.randrange(4))
        some: Json = [draw(rng, depth - 1) for _ in inner]
        return {f"{rng.choice('aBz_-')}{n}": draw(rng, depth - 1) for n in inner} if kind > 5 else some
    whole = rng.choice([0, -1, 9, 2**53 - 1, -(2**53) + 1, rng.randrange(10**12)])
    text = "".join(rng.choices(LETTERS, k=rng.randrange(8)))
    simple: list[Json] = [None, True, False, whole, text]
    return simple[kind]


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Json]]:
    rng = random.Random(6962)
    return [{"v": 1, "type": "drawn", "at": n, "body": {"drawn": draw(rng, 4)}} for n in range(400)]


def test_both_write_one_canonical_form(drawn: list[dict[str, Json]]) -> None:
    written = [encode_json(value) for value in drawn]
    assert [verifier.encode(value) for value in drawn] == written
    assert [canonical(value) for value in drawn] == written  # by a third one
    assert [verifier.decode(raw) for raw in written] == drawn


def test_both_agree_on_1000_random_logs(drawn: list[dict[str, Json]]) -> None:
    pool = [Sealed("drawn", encode_json(value), ()) for value in drawn]
    assert [seed for seed in range(LOGS) if not _agree(pool, seed)] == []


def _agree(pool: list[Sealed], seed: int) -> bool:
    """Whether both have the same root for a log of 0 to 200 entries, which is then sound."""
    rng = random.Random(seed)
    sealed = rng.choices(pool, k=rng.randrange(1, 201 if seed % 10 == 0 else 40))
    made = write_log(sealed, 0 if seed % 10 else 7)
    found = verifier.verify(lambda: made.lines, [SIGNER.public.vkey])
    root = root_of(leaf_hash(one.body) for one in sealed)
    return (found.size, base64.b64decode(found.root), found.counts.heads) == (len(sealed), root, len(made.heads))


def test_both_give_the_empty_tree_the_hash_of_nothing() -> None:
    assert verifier.Tree().root() == EMPTY_ROOT


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text())
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in found} - sys.stdlib_module_names == {"cryptography"}


@pytest.fixture(scope="module")
def made() -> Made:
    return make_export([key_entry(), signed_record(1), hold_entry(1), *map(plain_record, range(3, 12))], 5)


@pytest.fixture
def file(made: Made, tmp_path: Path) -> Path:
    """An export."""
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in made.lines))
    return file


def test_it_runs_as_one_file_elsewhere(file: Path, tmp_path: Path) -> None:
    program = tmp_path / "weiran_verify.py"
    program.write_bytes(Path(verifier.__file__).read_bytes())
    command = [sys.executable, "-I", str(program), str(file), "--key", SIGNER.public.vkey, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=100)
    told = json.loads(done.stdout)
    assert (told["sound"], told["size"], told["signed"], told["key_pinned"]) == (True, 12, 1, True)


def test_it_takes_old_checkpoints_and_receipts_and_tells_people(
    file: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.txt"
    old.write_text(note_at(made, 0))
    assert verifier.main([str(file), "--checkpoint", str(old), "--receipt", receipt(1)]) == 0
    assert "1 old heads and 1 receipts agree" in capsys.readouterr().out


def test_it_names_the_first_broken_entry(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(file.read_bytes().replace(b'"seq":7', b'"seq":8'))
    assert verifier.main([str(file), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], told["index"], told["reason"]) == (False, 7, "root")
    assert verifier.main([str(file)]) == 1
    assert "NOT SOUND at entry 7" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_it_says_when_there_is_no_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main([str(tmp_path / name)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_it_takes_no_pipe_which_it_could_read_once_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert verifier.main([str(tmp_path / "pipe")]) == 2
    assert "no pipe" in capsys.readouterr().err


def test_a_folder_is_no_publication(file: Path, tmp_path: Path) -> None:
    assert verifier.main([str(file), "--publication", "."]) == 2
