"""A device's folder is read whole or refused with what to do; what it signs and seals the gateway can use."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from deploy.provision.folder import Provision
from edge_agent.identity.identity import load_identity
from edge_agent.proof.sealing import read_key, unseal
from edge_agent.proof.signatures import Statement, is_signed
from edge_agent.wire.tls import CertificateTime, CredentialError
from edge_agent.wire.topics import Lane

SAID = Statement("gauge-01", "00ff00ff00ff00ff", Lane.RECORD, 7, "rating/1", 1_700_000_000_000, b"{}")


@pytest.fixture
def provision(tmp_path: Path) -> Provision:
    made = Provision(tmp_path / "weiran")
    made.init(["127.0.0.1"], 8883)
    return made


@pytest.fixture
def folder(provision: Provision) -> Path:
    return provision.device("gauge-01")


def test_signature_holds_under_the_key_that_was_given_out(provision: Provision, folder: Path) -> None:
    identity = load_identity(folder, "gauge-01")
    (issued,) = [one for one in provision.issued() if one.name == "gauge-01"]
    assert is_signed(base64.b64decode(issued.public_key), SAID, identity.sign(SAID))


@pytest.mark.parametrize("lane", [Lane.READING, Lane.DIAGNOSTIC])
def test_readings_and_diagnostics_are_not_signed(folder: Path, lane: Lane) -> None:
    assert load_identity(folder, "gauge-01").sign(SAID._replace(lane=lane)) is None


def test_sealed_text_is_read_with_the_gateways_key(provision: Provision, folder: Path) -> None:
    sealed = load_identity(folder, "gauge-01").seal("李四")
    private = read_key((provision.folder / "sealing" / "sealing.key").read_text())
    assert unseal(private, sealed) == "李四"


def test_key_that_others_may_read_is_refused_with_the_command_that_mends_it(folder: Path) -> None:
    (folder / "key.pem").chmod(0o640)
    with pytest.raises(CredentialError, match=f"chmod 600 {folder}/key.pem"):
        load_identity(folder, "gauge-01")


def test_another_devices_folder_is_refused(folder: Path) -> None:
    with pytest.raises(CredentialError, match="the identity of gauge-01, not of gauge-02"):
        load_identity(folder, "gauge-02")


def test_key_and_certificate_of_two_devices_are_refused(provision: Provision, folder: Path) -> None:
    (folder / "key.pem").write_bytes((provision.device("gauge-02") / "key.pem").read_bytes())
    with pytest.raises(CredentialError, match="do not belong together"):
        load_identity(folder, "gauge-01")


@pytest.mark.parametrize("name", ["key.pem", "certificate.pem", "sealing.pub"])
@pytest.mark.parametrize("data", [None, b"", b"\xff\xfe rubbish"], ids=["missing", "empty", "rubbish"])
def test_missing_or_spoiled_file_is_named(folder: Path, name: str, data: bytes | None) -> None:
    (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    with pytest.raises(CredentialError, match=name):
        load_identity(folder, "gauge-01")


def test_spoiled_authority_is_told_when_connecting(folder: Path) -> None:
    (folder / "ca.pem").write_text("rubbish")
    with pytest.raises(CredentialError, match=str(folder)):
        load_identity(folder, "gauge-01").context(lambda: CertificateTime(0, 0, trusted=False))
