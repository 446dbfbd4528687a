"""A provisioning folder: made once, never made over, tight, and only for names of the grammar."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.cli import run
from deploy.provision.authority import NameRefused
from deploy.provision.folder import Provision, ProvisionError
from edge_agent.wire.messages import Role


@pytest.fixture
def provision(tmp_path: Path) -> Provision:
    made = Provision(tmp_path / "weiran")
    made.init(["127.0.0.1", "broker.example"], 8883)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())


def test_second_init_keeps_the_authority_and_every_key(provision: Provision) -> None:
    device = provision.device("gauge-01")
    before = contents(provision.folder)
    provision.init(["elsewhere.example"], 8884)
    after = contents(provision.folder)
    kept = ("key.pem", "sealing.key", "sealing.pub", "evidence.key", "evidence.pub", "cards.key")
    assert {name for name in before if name.endswith(kept)} >= {
        "ca/key.pem",
        "broker/key.pem",
        "sealing/sealing.key",
        "evidence/evidence.key",
        "cards/cards.key",
        "devices/gauge-01/key.pem",
    }
    changed = {name for name in before if before[name] != after[name]}
    assert changed - {"broker/revoked.pem"} == {"broker/certificate.pem", "broker/mosquitto.conf"}
    assert contents(device) == {
        name.removeprefix("devices/gauge-01/"): after[name] for name in after if "gauge" in name
    }


def test_keys_are_their_owners_alone(provision: Provision) -> None:
    provision.device("gauge-01")
    keys = [file for file in provision.folder.rglob("*") if file.suffix == ".key" or file.name == "key.pem"]
    assert len(keys) == 8
    assert {mode(file) for file in keys} == {0o600}
    assert {mode(folder) for folder in (provision.folder, *provision.folder.rglob("*")) if folder.is_dir()} == {0o700}
    assert not list(provision.folder.rglob(".*"))


def test_device_gets_what_a_pi_needs_and_nothing_else(provision: Provision) -> None:
    folder = provision.device("gauge-01", Role.KIOSK, days=30)
    assert set(contents(folder)) == {"key.pem", "certificate.pem", "ca.pem", "sealing.pub", "evidence.pub"}
    made = certificate(folder)
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "gauge-01"
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert 29 <= (made.not_valid_after_utc - made.not_valid_before_utc).days <= 30


def test_rating_terminal_knows_cards_by_the_gateways_key(provision: Provision) -> None:
    folder = provision.device("desk-01", Role.RATING_TERMINAL)
    assert (folder / "cards.key").read_bytes() == provision.card_key.read_bytes()
    assert mode(folder / "cards.key") == 0o600
    assert len(provision.card_key.read_text().strip()) == 64


def test_brokers_certificate_names_its_hosts_and_is_no_clients(provision: Provision) -> None:
    made = certificate(provision.folder / "broker")
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("name", ["dev", "DEV-A", "dev-a/x", "+", "#", "dev a", "dev-a\n", "d" * 33, "gateway.x", ""])
def test_name_outside_the_grammar_is_no_device(provision: Provision, name: str) -> None:
    before = contents(provision.folder)
    with pytest.raises(ProvisionError, match="is no device id"):
        provision.device(name)
    assert contents(provision.folder) == before


@pytest.mark.parametrize("name", ["gateway.x/y", "gateway.+", "gateway.#", "../x.y", ".", "gateway.", "a.b\n", "é.x-1"])
def test_name_outside_the_grammar_is_no_service(provision: Provision, name: str) -> None:
    before = contents(provision.folder)
    with pytest.raises(NameRefused):
        provision.service(name)
    assert contents(provision.folder) == before


@pytest.mark.parametrize(
    "host", ["", "bad host", "a..b", "mqtt.example.org:8883", "-x", "例子", "https://x.org", "a" * 254]
)
def test_what_is_no_host_is_refused(provision: Provision, host: str) -> None:
    before = contents(provision.folder)
    with pytest.raises(NameRefused, match="no name or address"):
        provision.init(["127.0.0.1", host], 8883)
    assert contents(provision.folder) == before


@pytest.mark.parametrize("file", ["ca/certificate.pem", "issued/1.pem", "ca/key.pem"])
def test_damaged_file_of_the_folder_is_named(provision: Provision, file: str) -> None:
    (provision.folder / file).write_text("junk")
    with pytest.raises(ProvisionError, match=f"{file} is no "):
        provision.issued()


def test_device_id_is_no_service(provision: Provision) -> None:
    with pytest.raises(ProvisionError, match="holds a dot"):
        provision.service("gauge-01")


def test_renewed_certificate_keeps_the_key_and_a_revoked_devices_does_not(provision: Provision) -> None:
    first = (provision.device("gauge-01") / "key.pem").read_bytes()
    assert (provision.device("gauge-01") / "key.pem").read_bytes() == first
    assert len(provision.revoke("gauge-01")) == 2
    assert (provision.device("gauge-01") / "key.pem").read_bytes() != first
    assert sorted(one.revoked for one in provision.issued() if one.name == "gauge-01") == [False, True, True]


def test_revoked_certificates_are_on_the_brokers_list(provision: Provision) -> None:
    provision.device("gauge-01")
    (revoked,) = provision.revoke("gauge-01")
    crl = x509.load_pem_x509_crl((provision.folder / "broker" / "revoked.pem").read_bytes())
    assert [entry.serial_number for entry in crl] == [revoked.serial]


def test_new_service_gets_its_rights_and_a_revoked_one_loses_them(provision: Provision) -> None:
    acl = provision.folder / "broker" / "acl"
    provision.service("gateway.ingest-2")
    assert "user gateway.ingest-2\n" in acl.read_text()
    provision.revoke("gateway.ingest-2")
    assert "gateway.ingest-2" not in acl.read_text()


def test_folder_without_an_authority_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="weiran provision init"):
        Provision(tmp_path).device("gauge-01")


# -- the command ------------------------------------------------------------------------------------------


def test_commands_make_a_deployment_and_list_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "weiran")
    assert run(["provision", "init", folder, "--host", "broker.example"]) == 0
    assert run(["provision", "device", folder, "gauge-01", "--role", "camera", "--days", "90"]) == 0
    assert run(["provision", "service", folder, "gateway.ingest-2"]) == 0
    assert run(["provision", "revoke", folder, "gauge-01"]) == 0
    capsys.readouterr()
    assert run(["provision", "list", folder, "--json"]) == 0
    rows = [(row["name"], row["role"], row["state"]) for row in json.loads(capsys.readouterr().out)]
    assert rows == [
        ("broker.mosquitto-1", "broker", "given out"),
        ("broker.probe-1", "service", "given out"),
        ("gateway.ingest-1", "service", "given out"),
        ("gateway.ingest-2", "service", "given out"),
        ("gauge-01", "camera", "revoked"),
    ]


def test_wrong_name_is_wrong_use_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "weiran")
    run(["provision", "init", folder, "--host", "broker.example"])
    assert run(["provision", "device", folder, "dev-a/x"]) == 2
    assert "Use 4 to 32 of a-z, 0-9 and -" in capsys.readouterr().err
