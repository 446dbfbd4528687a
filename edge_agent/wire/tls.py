"""TLS towards the broker: the context that devices and gateway connect with, and what a wrong clock may decide.

The broker's certificate must come from our own authority and name the host. OpenSSL takes the time of that check
from the machine, whose clock may stand in 1970; so it is told to leave the time out, and `certificate_fault` judges it.
"""

from __future__ import annotations

import ipaddress
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL (X509_VERIFY_PARAM_set_flags(3)); the ssl module has no name for it.
NO_CHECK_TIME = 0x200000


#: What stands in a folder that `weiran provision` made.
KEY, CERTIFICATE, CA = "key.pem", "certificate.pem", "ca.pem"


class CredentialError(Exception):
    """A key or certificate cannot be used; the text names the file and the remedy."""


class CertificateTime(NamedTuple):
    """What is known of the time: `now_ms` by a clock that is `trusted` or not; `floor_ms` is past for certain."""

    now_ms: int
    floor_ms: int
    trusted: bool


class _DatedSocket(ssl.SSLSocket):
    """Ends a handshake whose certificate is not valid now."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            self._check_time()
        except OSError:
            self.close()  # paho lets go of it without
            raise

    def _check_time(self) -> None:
        context, certificate = self.context, self.getpeercert()
        assert isinstance(context, ClientContext)
        assert certificate, "the context asks for one"
        begin, end = (ssl.cert_time_to_seconds(str(certificate[key])) for key in ("notBefore", "notAfter"))
        fault = certificate_fault(begin * 1000, end * 1000, context.time())
        if fault:
            raise ssl.SSLCertVerificationError(f"the broker's certificate {fault}")


class ClientContext(ssl.SSLContext):
    """A client's context that asks `time` whether the broker's certificate is valid."""

    time: Callable[[], CertificateTime]
    sslsocket_class = _DatedSocket


def folder_context(folder: Path, time: Callable[[], CertificateTime]) -> ClientContext:
    """The context of the identity in a folder that `weiran provision` made. Raises CredentialError."""
    return client_context(folder / CA, folder / CERTIFICATE, folder / KEY, time)


def client_context(
    ca_file: Path, certificate_file: Path, key_file: Path, time: Callable[[], CertificateTime]
) -> ClientContext:
    """The context of one identity. Raises CredentialError."""
    check_private(key_file)
    context = ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    context.time = time
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.verify_flags |= NO_CHECK_TIME
        context.load_verify_locations(cafile=ca_file)
        context.load_cert_chain(certificate_file, key_file, password="")  # never asks at a terminal
    except OSError as exc:  # ssl.SSLError is one
        remedy = "copy the folder that `weiran provision` made once more"
        raise CredentialError(f"{ca_file.parent}: {exc.strerror or exc}; {remedy}") from exc
    return context


def check_private(file: Path) -> None:
    """Raise CredentialError for a key that is not there or that others than its owner may read."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as exc:
        raise CredentialError(f"{file}: {exc.strerror}; make it with `weiran provision`") from exc
    if mode & 0o077:
        raise CredentialError(f"{file} may be read by others (mode {mode:04o}); run: chmod 600 {file}")


def needs_tls(host: str) -> bool:
    """Whether a host is another machine, to which nothing goes in the clear."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def certificate_fault(begins_ms: int, ends_ms: int, time: CertificateTime) -> str:
    """What is wrong with a certificate of this time, or nothing.

    A trusted clock decides both ends, never below the floor. A clock that may be wrong decides neither: that the
    authority has signed a certificate which begins later than we think says that we think wrongly. What ended
    before the floor has ended for certain.
    """
    now_ms = max(time.now_ms, time.floor_ms) if time.trusted else time.floor_ms
    if ends_ms < now_ms:
        return "has expired"
    if time.trusted and begins_ms > now_ms:
        return "is not valid yet; is this machine's clock right?"
    return ""
