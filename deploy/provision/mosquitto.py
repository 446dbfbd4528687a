"""Mosquitto's configuration and access list, as text: TLS with a certificate for everybody, topics by direction.

The user name of a connection is its certificate's CN, and so is its client id whatever it asked for: nobody can throw
another off (mosquitto 2.0 would let one certificate take any client id). An access list cannot tell a retained
message from another; receivers refuse what the wire does not retain.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_agent.wire.messages import MAX_FRAME_BYTES
from edge_agent.wire.rights import RIGHTS, Way
from edge_agent.wire.tls import CA, CERTIFICATE, KEY
from edge_agent.wire.topics import ROOT, Topic

#: What the broker lets through above a frame, so that one a little too large is named by the gateway.
BROKER_SLACK_BYTES = 32 * 1024
QUEUED_MESSAGES = 100_000
QUEUED_BYTES = 512 * 1024 * 1024
#: Services whose name begins so have the gateway's rights.
GATEWAY = "gateway."
REVOKED, ACL = "revoked.pem", "acl"


def configuration(folder: Path, port: int, address: str | None, *, as_root: bool = False) -> str:
    """The text of mosquitto.conf for a broker whose files stand in `folder`; all addresses with None."""
    limit = MAX_FRAME_BYTES + BROKER_SLACK_BYTES
    lines = [
        "per_listener_settings false",
        f"listener {port} {address or ''}".rstrip(),
        "allow_anonymous false",
        f"cafile {folder / CA}",
        f"certfile {folder / CERTIFICATE}",
        f"keyfile {folder / KEY}",
        f"crlfile {folder / REVOKED}",
        "tls_version tlsv1.2",  # at least
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        f"acl_file {folder / ACL}",
        "persistence false",  # the broker is a pipe; what must last is in the outbox
        "max_inflight_messages 0",  # the receiver's Receive Maximum bounds it
        f"max_queued_messages {QUEUED_MESSAGES}",
        f"max_queued_bytes {QUEUED_BYTES}",
        f"message_size_limit {limit}",
        f"max_packet_size {limit + 1024}",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "connection_messages false",
    ]
    if as_root:  # changing user would clear the signal that ends a child with its starter
        lines.append("user root")
    return "\n".join(lines) + "\n"


def access_list(services: Iterable[str], extra: Iterable[str] = ()) -> str:
    """The text of the access list. `extra` lines give rights beyond the wire's."""
    lines = []
    for service in sorted(services):
        lines += [f"user {service}", f"topic deny {ROOT}/{service}/#"]  # the patterns below would give it these
        lines += _rights("topic", "+", _GATEWAY_WAYS) if service.startswith(GATEWAY) else []
    lines += [*extra, *_rights("pattern", "%u", _DEVICE_WAYS)]
    return "\n".join(lines) + "\n"


_DEVICE_WAYS = {Way.UP: "write", Way.DOWN: "read"}
_GATEWAY_WAYS = {Way.UP: "read", Way.DOWN: "write"}


def _rights(word: str, device: str, ways: dict[Way, str]) -> list[str]:
    return [f"{word} {ways[right.way]} {Topic(device, right.part)}" for right in RIGHTS]
