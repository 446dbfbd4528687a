"""How tests connect to a broker of theirs: each name with a certificate of its own."""

from __future__ import annotations

from deploy.servers import Server, tls_of
from edge_agent.wire.session import LinkOptions

#: Services of tests that hear and say everything under the wire's root, as a gateway and as any device.
EARS = tuple(f"ear.tests-{number:x}" for number in range(16))
#: Rights for tests of the link itself, which is not bound to the wire's topics, and the ears'.
FREE_TOPICS = (
    "pattern readwrite test/#",
    *(line for ear in EARS for line in (f"user {ear}", "topic readwrite weiran/#")),
)


def ear_of(device: str) -> str:
    """One of the ears, for a test whose devices end in different hexadecimal digits."""
    return EARS[int(device[-1], 16)]


def secured(broker: Server, name: str) -> LinkOptions:
    """As the device or service of this name."""
    return LinkOptions(broker.host, broker.port, name, tls=tls_of(broker, name))
