"""Documents made to exhaust a reader; run as a program, it reads them all and prints what each cost as JSON."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cloud_gateway.warnings.cap import parse_cap
from cloud_gateway.warnings.feeds import is_feed, parse_feed
from cloud_gateway.warnings.model import Refused
from cloud_gateway.warnings.xml import read_xml
from tests.cloud_gateway.warnings.cap_samples import area, cap, info, pair

_ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"{}>{}</feed>'
_MANY = 7_500_000  # characters, which keeps within the size that is taken


def _polygon(text: str) -> str:
    return cap(info(areas=area(f"<polygon>{text}</polygon>")))


def _rings(count: int) -> str:
    return "".join(f"<polygon>1,2 3,{n % 80} 5,1.{n} 1,2</polygon>" for n in range(count))


CASES: Mapping[str, Callable[[], str]] = {
    "two million points": lambda: _polygon("1,2 3,4 5,1 " * 620_000),
    "sixty thousand polygons": lambda: cap(info(areas=area(_rings(60_000)))),
    "words for points": lambda: _polygon("x " * (_MANY // 2)),
    "commas for points": lambda: _polygon(", " * (_MANY // 2)),
    "white space for points": lambda: _polygon(" " * _MANY),
    "one number without end": lambda: _polygon("1" * _MANY + ",2 3,4 5,6"),
    "geocodes": lambda: cap(info(areas=area(pair("geocode", "a", "1") * 40_000))),
    "geocodes in one value": lambda: cap(info(areas=area(pair("geocode", "a", "1 " * (_MANY // 2))))),
    "geocodes in many values": lambda: cap(info(areas=area(pair("geocode", "a", "1 " * 900) * 4000))),
    "areas of many infos": lambda: cap(info(areas="<area/>" * 10_000) * 23),
    "parameters": lambda: cap(info(pair("parameter", "VTEC", "/O.CON.KOAX.TO.W.0076.000000T0000Z-/") * 40_000)),
    "references": lambda: cap(inside=f"<references>{'s,X,2026-07-20T08:00:00Z ' * 300_000}</references>"),
    "quotes": lambda: cap(inside="<incidents>" + '" ' * (_MANY // 2) + "</incidents>"),
    "event without end": lambda: cap(info(event="a" * _MANY)),
    "markup in a text": lambda: cap(info("<description>" + "a<b/>" * 240_000 + "</description>")),
    "tags and texts": lambda: cap(info("<a/>x" * 240_000)),
    "attributes": lambda: cap(info("<a " + " ".join(f'b{n}="{n}"' for n in range(99_000)) + "/>")),
    "namespaces": lambda: cap(info("<a " + " ".join(f'xmlns:a{n}="u{n}"' for n in range(99_000)) + "/>")),
    "nesting": lambda: "<a>" * 240_000,
    "two million tags": lambda: "<a/>" * 2_000_000,
    "identifier without end": lambda: cap(identifier="x" * _MANY),
    "feed of empty entries": lambda: _ATOM.format("", "<entry/>" * 240_000),
    "entry of links": lambda: _ATOM.format("", "<entry>" + '<link href="file:///x"/>' * 99_000 + "</entry>"),
    "base without end": lambda: _ATOM.format(
        f' xml:base="http://x/{"a/" * 100_000}"', '<entry><link href="x"/></entry>' * 9000
    ),
    "entry of alerts": lambda: _ATOM.format("", f"<entry>{cap('') * 13_000}</entry>"),
    "feed of polygons": lambda: _ATOM.format("", f"<entry>{_polygon('1,2 3,4 5,1 ' * 15_000)}</entry>" * 40),
    "feed of escaped infos": lambda: _ATOM.format(
        "", f"<entry><content>{html.escape(cap('<info/>' * 1000))}</content></entry>" * 500
    ),
}  # fmt: skip


def read(raw: bytes) -> list[str]:
    """The codes of what was refused and found in a document."""
    try:
        root = read_xml(raw)
        if not is_feed(root):
            return [finding.code for finding in parse_cap(root).findings]
        return sorted({reason.code for entry in parse_feed(root) for reason in entry.refused})
    except Refused as exc:
        return [exc.code]


def main() -> None:
    """Read every case; one JSON object per line: name, codes, CPU seconds, the most memory so far in MB."""
    for name, build in CASES.items():
        raw = build().encode()
        began = time.process_time()
        codes = read(raw)
        cost = {"cpu_s": time.process_time() - began, "mb": peak_mb()}
        print(json.dumps({"name": name, "codes": codes, **cost}), flush=True)  # noqa: T201 # its output


def peak_mb() -> float:
    """The most memory that this program has held; getrusage() also counts what its starter held before exec."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
