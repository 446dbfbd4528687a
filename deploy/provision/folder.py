"""The provisioning folder of one deployment: the authority, what it gave out, and the broker's files.

``ca/`` key and certificate; ``issued/`` every certificate ever signed; ``broker/`` what mosquitto reads;
``services/NAME/`` and ``devices/ID/`` what is handed to a gateway or a Pi; ``sealing/`` the gateway's sealing
keys; ``evidence/`` the key that signs heads of the evidence log; ``cards/`` the key that clerks' cards are known by.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from deploy.provision import mosquitto
from deploy.provision.authority import Authority, certify_broker, certify_client, make_authority, revoke
from deploy.provision.files import PRIVATE, make_folder, write_new, write_whole
from edge_agent.proof.sealing import make_sealing_key
from edge_agent.wire.messages import Role
from edge_agent.wire.tls import CA, CERTIFICATE, KEY
from edge_agent.wire.topics import DEVICE_ID

BROKER = "broker.mosquitto-1"
#: Has no rights: it sees whether the broker answers.
PROBE = "broker.probe-1"
INGEST = "gateway.ingest-1"
FIRST_SERVICES = (INGEST, PROBE)
SERVICE_DAYS, DEVICE_DAYS = 825.0, 825.0
SEALING = "sealing.pub"
SEALING_KEY = "sealing.key"
EVIDENCE, EVIDENCE_KEY = "evidence.pub", "evidence.key"
CARD_KEY, CARD_KEY_BYTES = "cards.key", 32
#: In ``broker/``: lines for the access list beyond the wire's rights, when there are any.
EXTRA_RIGHTS = "extra-rights"


class ProvisionError(Exception):
    """The folder cannot be used so; the text holds the remedy."""


@dataclass(frozen=True)
class Issued:
    """One certificate that was given out. Times are aware; `public_key` raw and `fingerprint` SHA-256 as in tables."""

    name: str
    role: str
    serial: int
    not_before: datetime
    not_after: datetime
    public_key: str
    fingerprint: str
    revoked: bool

    @property
    def is_device(self) -> bool:
        """Whether it is a device's; else a service's or the broker's."""
        return DEVICE_ID.fullmatch(self.name) is not None


@dataclass(frozen=True)
class Provision:
    """One provisioning folder."""

    folder: Path

    @property
    def devices(self) -> Path:
        """Below it stands the folder of each device."""
        return self.folder / "devices"

    @property
    def services(self) -> Path:
        """Below it stands the folder of each service."""
        return self.folder / "services"

    @property
    def card_key(self) -> Path:
        """What clerks' cards are known by: at the gateway and at every rating terminal."""
        return self.folder / "cards" / CARD_KEY

    def init(self, hosts: Sequence[str], port: int, *, address: str | None = None, at: Path | None = None) -> None:
        """Make what is missing: authority, the gateway's keys, services, the broker's files. Never a second authority.

        Clients reach the broker as one of `hosts`; `at` is where its files will stand, when not in this folder.
        Raises ProvisionError, NameRefused, OSError.
        """
        make_folder(self.folder)
        for name in ("ca", "issued", "broker", "services", "devices", "sealing", "evidence", "cards", "revoked"):
            make_folder(self.folder / name)
        self._make_authority()
        private, public = make_sealing_key()
        if write_new(self.folder / "sealing" / SEALING_KEY, base64.b64encode(private) + b"\n", PRIVATE):
            write_whole(self.folder / "sealing" / SEALING, base64.b64encode(public) + b"\n")
        self._make_evidence_key()
        write_new(self.card_key, secrets.token_hex(CARD_KEY_BYTES).encode() + b"\n", PRIVATE)
        self._make_broker(hosts)
        for name in FIRST_SERVICES:
            if not (self.services / name / CERTIFICATE).exists():
                self.service(name)
        self.configure(port, address=address, at=at)

    def configure(self, port: int, *, address: str | None = None, at: Path | None = None) -> None:
        """Write the broker's configuration, access list and list of revoked certificates anew."""
        broker = self.folder / "broker"
        text = mosquitto.configuration(at or broker.resolve(), port, address, as_root=os.geteuid() == 0 and at is None)
        write_whole(broker / "mosquitto.conf", text.encode())
        self._write_access()
        self._write_revoked()

    def device(self, name: str, role: Role = Role.SENSOR_NODE, days: float = DEVICE_DAYS) -> Path:
        """Give a device its folder, or a new certificate for the key that is there. Raises ProvisionError, OSError."""
        if not DEVICE_ID.fullmatch(name):
            raise ProvisionError(f"{name!r} is no device id; use 4 to 32 of a-z, 0-9 and -")
        folder = self._issue(self.devices / name, name, role.value, days)
        write_whole(folder / SEALING, (self.folder / "sealing" / SEALING).read_bytes())
        if (public := self.folder / "evidence" / EVIDENCE).exists():  # a folder of before it has none until `init`
            write_whole(folder / EVIDENCE, public.read_bytes())
        if role is Role.RATING_TERMINAL and self.card_key.exists():
            write_whole(folder / CARD_KEY, self.card_key.read_bytes(), PRIVATE)
        return folder

    def service(self, name: str, days: float = SERVICE_DAYS) -> Path:
        """Give a service its folder, and its rights at the broker. Raises ProvisionError, NameRefused, OSError."""
        if DEVICE_ID.fullmatch(name):
            raise ProvisionError(f"{name!r} is a device id; a service's name holds a dot: gateway.ingest-2")
        folder = self._issue(self.services / name, name, "service", days)
        self._write_access()
        return folder

    def revoke(self, name: str) -> list[Issued]:
        """Revoke every certificate of a name, and forget its key: what comes after gets a new one.

        The broker reads its list again at SIGHUP. Raises ProvisionError.
        """
        found = [one for one in self.issued() if one.name == name]
        if not found:
            raise ProvisionError(f"no certificate was given to {name!r}; see: weiran provision list {self.folder}")
        for one in found:
            write_whole(self.folder / "revoked" / f"{one.serial:x}", name.encode() + b"\n")
        for kind in ("devices", "services"):
            shutil.rmtree(self.folder / kind / name, ignore_errors=True)
        self._write_revoked()
        self._write_access()
        return found

    def issued(self) -> list[Issued]:
        """Every certificate that was given out, by name and age. Raises ProvisionError."""
        self._authority()
        files = sorted((self.folder / "issued").glob("*.pem"))
        found = [self._describe(file) for file in files]
        return sorted(found, key=lambda one: (one.name, one.not_before, one.serial))

    # -- within ---------------------------------------------------------------------------------------------

    def _make_authority(self) -> None:
        folder = self.folder / "ca"
        write_new(folder / KEY, _key_pem(Ed25519PrivateKey.generate()), PRIVATE)
        key = _load_key(folder / KEY)
        certificate = make_authority(key, datetime.now(UTC))
        write_new(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM))
        write_whole(self.folder / "broker" / CA, (folder / CERTIFICATE).read_bytes())

    def _make_evidence_key(self) -> None:
        folder = self.folder / "evidence"
        write_new(folder / EVIDENCE_KEY, _key_pem(Ed25519PrivateKey.generate()), PRIVATE)
        public = _load_key(folder / EVIDENCE_KEY).public_key().public_bytes_raw()
        write_whole(folder / EVIDENCE, base64.b64encode(public) + b"\n")

    def _make_broker(self, hosts: Sequence[str]) -> None:
        """The broker's certificate is made anew each time: its hosts may have changed."""
        folder, authority = self.folder / "broker", self._authority()
        write_new(folder / KEY, _key_pem(Ed25519PrivateKey.generate()), PRIVATE)
        key = _load_key(folder / KEY).public_key()
        certificate = certify_broker(authority, BROKER, hosts, key, datetime.now(UTC), SERVICE_DAYS)
        self._record(certificate, "broker")
        write_whole(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM))

    def _issue(self, folder: Path, name: str, role: str, days: float) -> Path:
        authority = self._authority()
        key = _load_key(folder / KEY) if (folder / KEY).exists() else Ed25519PrivateKey.generate()
        certificate = certify_client(authority, name, key.public_key(), datetime.now(UTC), days)
        make_folder(folder)
        self._record(certificate, role)
        write_new(folder / KEY, _key_pem(key), PRIVATE)
        write_whole(folder / CA, authority.certificate.public_bytes(Encoding.PEM))
        write_whole(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM))
        return folder

    def _record(self, certificate: x509.Certificate, role: str) -> None:
        pem = certificate.public_bytes(Encoding.PEM)
        write_whole(self.folder / "issued" / f"{certificate.serial_number:x}.pem", f"# {role}\n".encode() + pem)

    def _authority(self) -> Authority:
        folder = self.folder / "ca"
        try:
            certificate = _load_certificate(folder / CERTIFICATE, (folder / CERTIFICATE).read_bytes())
            return Authority(_load_key(folder / KEY), certificate)
        except FileNotFoundError as exc:
            remedy = f"make one: weiran provision init {self.folder} --host NAME"
            raise ProvisionError(f"{self.folder} holds no authority; {remedy}") from exc

    def _write_access(self) -> None:
        services = [one.name for one in self.services.iterdir()]
        extra = self.folder / "broker" / EXTRA_RIGHTS
        text = mosquitto.access_list(services, extra.read_text().splitlines() if extra.exists() else ())
        write_whole(self.folder / "broker" / mosquitto.ACL, text.encode(), PRIVATE)

    def _write_revoked(self) -> None:
        serials = [int(one.name, 16) for one in (self.folder / "revoked").iterdir()]
        data = revoke(self._authority(), serials, datetime.now(UTC))
        write_whole(self.folder / "broker" / mosquitto.REVOKED, data)

    def _describe(self, file: Path) -> Issued:
        data = file.read_bytes()
        certificate = _load_certificate(file, data)
        key = certificate.public_key()
        assert isinstance(key, Ed25519PublicKey), "the authority signs no other keys"
        return Issued(
            name=str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
            role=data.partition(b"\n")[0].decode().removeprefix("# "),
            serial=certificate.serial_number,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            public_key=base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode(),
            fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
            revoked=(self.folder / "revoked" / f"{certificate.serial_number:x}").exists(),
        )


def _key_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load_certificate(file: Path, data: bytes) -> x509.Certificate:
    """Raises ProvisionError for another kind of file."""
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as exc:
        raise ProvisionError(f"{file} is no certificate; put back the folder's copy") from exc


def _load_key(file: Path) -> Ed25519PrivateKey:
    """Raises ProvisionError for another kind of file."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except ValueError as exc:
        raise ProvisionError(f"{file} is no key; put it away and give out a new one") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise ProvisionError(f"{file} is no Ed25519 key; put it away and give out a new one")
    return key
