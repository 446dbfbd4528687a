"""With what the gateway proves to the broker who it is, and the broker to it."""

from __future__ import annotations

import time

from cloud_gateway.settings import Broker
from edge_agent.wire.tls import CertificateTime, ClientContext, client_context


def broker_context(broker: Broker) -> ClientContext | None:
    """How to connect; None for a broker on this machine that is spoken to in the clear. Raises CredentialError.

    A gateway is a server with a clock that is looked after: it is trusted.
    """
    if broker.ca_file is None or broker.certificate_file is None or broker.key_file is None:
        return None
    return client_context(broker.ca_file, broker.certificate_file, broker.key_file, _now)


def _now() -> CertificateTime:
    return CertificateTime(time.time_ns() // 1_000_000, 0, trusted=True)
