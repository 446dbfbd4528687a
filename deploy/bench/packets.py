"""The few MQTT 5 packets that the bench's generator speaks, as bytes: it must cost less than what it measures."""

from __future__ import annotations

from collections.abc import Iterator

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9


def connect_packet(client_id: str) -> bytes:
    """CONNECT: MQTT 5, clean start, no keep-alive, Receive Maximum 65535 by default."""
    return _packet(0x10, _text("MQTT") + bytes([5, 0x02]) + b"\0\0" + b"\0" + _text(client_id))


def subscribe_packet(packet_id: int, topic_filter: str) -> bytes:
    """SUBSCRIBE with QoS 0."""
    return _packet(0x82, packet_id.to_bytes(2, "big") + b"\0" + _text(topic_filter) + b"\0")


def publish_packet(packet_id: int, topic: str, payload: bytes) -> bytes:
    """PUBLISH with QoS 1."""
    return _packet(0x32, _text(topic) + packet_id.to_bytes(2, "big") + b"\0" + payload)


def split_packets(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole packets off the buffer: (type, rest of the first byte's packet without its header)."""
    position = 0
    while len(buffer) - position >= 2:
        length, header = _remaining(buffer, position + 1)
        if header == 0 or len(buffer) - position < 1 + header + length:
            break
        start = position + 1 + header
        yield buffer[position] >> 4, bytes(buffer[start : start + length])
        position = start + length
    del buffer[:position]


def published(packet: bytes) -> tuple[str, bytes]:
    """Topic and payload of a QoS 0 PUBLISH."""
    size = int.from_bytes(packet[:2], "big")
    properties, header = _remaining(packet, 2 + size)
    return packet[2 : 2 + size].decode(), packet[2 + size + header + properties :]


def _remaining(buffer: bytes | bytearray, position: int) -> tuple[int, int]:
    """A variable byte integer and its own length; length 0 when it is not all there."""
    value = 0
    for size in range(1, 5):
        if position + size > len(buffer):
            return 0, 0
        byte = buffer[position + size - 1]
        value |= (byte & 127) << (7 * (size - 1))
        if byte < 128:
            return value, size
    return 0, 0


def _packet(first: int, rest: bytes) -> bytes:
    length, size = bytearray(), len(rest)
    while True:
        size, byte = divmod(size, 128)
        length.append(byte | (128 if size else 0))
        if not size:
            return bytes([first]) + bytes(length) + rest


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()
