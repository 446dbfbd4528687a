"""Messages that no gateway may take, with the code under which each is set aside."""

from __future__ import annotations

from edge_agent.wire.messages import MAX_FRAME_BYTES, MAX_FRAME_RECORDS
from tests.cloud_gateway.ingest.pieces import birth, frame, pack, presence, record

BAD_FRAMES = {
    "nothing": (b"", "malformed_frame"),
    "a zero byte": (b"\0", "malformed_frame"),
    "no JSON": (b"level=1.25", "malformed_frame"),
    "cut off": (frame(record())[:-3], "malformed_frame"),
    "something behind it": (frame(record()) + b"x", "malformed_frame"),
    "a list": (b"[]", "malformed_frame"),
    "UTF-16": (frame(record()).decode().encode("utf-16"), "malformed_frame"),
    "a byte order mark": (b"\xef\xbb\xbf" + frame(record()), "malformed_frame"),
    "bytes that are no UTF-8": (frame(record(), boot="Q").replace(b"Q", b"\xff"), "malformed_frame"),
    "deep": (b"[" * 100_000, "malformed_frame"),
    "deep where nobody looks": (frame(record(), extra=f',"x":{"[" * 50_000 + "]" * 50_000}'), "malformed_frame"),
    "deep body": (frame(record(1, "[" * 50_000 + "]" * 50_000)), "malformed_frame"),
    "NaN": (frame(record(1, pack("NaN"))), "malformed_frame"),
    "Infinity": (frame(record(1, pack("-Infinity"))), "malformed_frame"),
    "lone surrogate": (frame(record(1, '[{"n":"level","vs":"\\ud800"}]')), "malformed_frame"),
    "a million digits": (frame(record(mono="1" + "0" * 1_000_000)), "frame_too_large"),
    "too large": (frame(record(), extra=f',"x":"{"x" * MAX_FRAME_BYTES}"'), "frame_too_large"),
    "no records": (frame(), "malformed_frame"),
    "too many records": (frame(*(record(n, "1") for n in range(1, MAX_FRAME_RECORDS + 2))), "malformed_frame"),
    "seq 0": (frame(record(0)), "malformed_frame"),
    "seq below 0": (frame(record(-1)), "malformed_frame"),
    "seq of 64 bits": (frame(record(2**63)), "malformed_frame"),
    "seq as text": (frame(record('"1"')), "malformed_frame"),
    "seq with a fraction": (frame(record("1.5")), "malformed_frame"),
    "seq twice": (frame(record(7), record(7)), "seq_order"),
    "seq falling": (frame(record(7), record(6)), "seq_order"),
    "unknown lane": (frame(record(), lane="gossip"), "malformed_frame"),
    "lane of another topic": (frame(record(), lane="alarm"), "lane_mismatch"),
    "another version": (frame(record(), v=2), "unknown_version"),
    "another version, another shape": (b'{"v":7,"stuff":[]}', "unknown_version"),
    "a version as text": (frame(record(), v='"1"'), "unknown_version"),
    "no version": (b'{"lane":"reading"}', "malformed_frame"),
    "epoch in capitals": (frame(record(), epoch="0123456789ABCDEF"), "malformed_frame"),
    "epoch and a newline": (frame(record(), epoch="0123456789abcdef\\n"), "malformed_frame"),
    "epoch with a quote": (frame(record(), epoch='0123456789abcde\\"'), "malformed_frame"),
    "boot too long": (frame(record(), boot="b" * 65), "malformed_frame"),
}

BAD_STATUS = {
    "birth that is no JSON": ("birth", b"hello", "malformed_message"),
    "birth of an unknown role": ("birth", birth().replace(b"sensor-node", b"toaster"), "malformed_message"),
    "birth of another version": ("birth", birth(extra=',"v":2'), "unknown_version"),
    "birth with a stream's name and a newline": (
        "birth",
        birth(streams='[{"name":"level\\n","unit":"m","interval_s":1}]'),
        "malformed_message",
    ),
    "birth with a stream of negative interval": (
        "birth",
        birth(streams='[{"name":"level","unit":"m","interval_s":-1}]'),
        "malformed_message",
    ),
    "birth with 257 streams": ("birth", birth(streams=f"[{','.join(['{}'] * 257)}]"), "malformed_message"),
    "birth with an endless limit": (
        "birth",
        birth(rules='[{"name":"surge","stream":"tide","type":"threshold","limit":1e999,"unit":"m"}]'),
        "malformed_message",
    ),
    "birth with a label that is too long": (
        "birth",
        birth(streams=f'[{{"name":"level","unit":"m","interval_s":1,"label":"{"x" * 201}"}}]'),
        "malformed_message",
    ),
    "birth above 128 KiB": ("birth", birth(extra=f',"x":"{"x" * MAX_FRAME_BYTES}"'), "message_too_large"),
    "presence above 4 KiB": ("presence", presence("online", 1, extra=f',"x":"{"x" * 4096}"'), "message_too_large"),
    "deep birth": ("birth", b'{"role":' + b"[" * 100_000, "malformed_message"),
    "presence that is no UTF-8": ("presence", presence("online", 1).replace(b"online", b"\xff"), "malformed_message"),
    "presence of an unknown state": ("presence", presence("asleep", 1), "malformed_message"),
    "presence of another version": ("presence", presence("online", 1, extra=',"v":2'), "unknown_version"),
    "presence of connection 0": ("presence", presence("online", 0), "malformed_message"),
    "presence of a connection of 64 bits": ("presence", presence("online", 2**63), "malformed_message"),
}
