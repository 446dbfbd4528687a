"""Polygons and circles as CAP writes them: mended where that is certain and always bounded, judged elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice

from cloud_gateway.warnings.model import Circle, Finding

Point = tuple[float, float]
Ring = tuple[Point, ...]

MAX_RING_POINTS = 50_000
MAX_POINTS = 100_000  # of all rings of one message
MAX_RINGS = 10_000
_LEAST_POINTS = 8  # a ring is never thinned below this
_LONGEST_POINT = 80  # characters
_PIECE = 1 << 20
_LARGEST_RADIUS_KM = 20_038.0  # half the way around the Earth


def read_rings(field: str, texts: Sequence[str]) -> tuple[tuple[Ring, ...], tuple[Finding, ...]]:
    """The closed rings, ((latitude, longitude), ...), of all polygons of a message; one for each text, () for none.

    Longitudes may pass 180 at the date line. Too many points are thinned evenly. A polygon that can only be longitude
    first is turned round, and with it all others of the message that can be: one publisher writes them all alike.
    """
    stride = _stride(texts)
    findings = _too_many(field, texts, stride)
    rings: list[Ring] = [()] * len(texts)
    for place, text in enumerate(texts[:MAX_RINGS]):
        rings[place], found = _ring(field, text, stride) if text else ((), [])
        findings += found
    turned = _turned(rings)
    if turned is not None:
        findings.append(Finding("longitude_first", field, "The polygon has longitude before latitude", "repaired"))
    return _those_on_earth(field, turned or rings, findings)


def read_circle(field: str, text: str) -> tuple[Circle | None, tuple[Finding, ...]]:
    """A circle `latitude,longitude radius_km`; None for an empty text and for what is none."""
    words = text[:200].replace(", ", ",").replace(" ,", ",").split()
    point = _point(words[0]) if len(words) == 2 else None
    radius_km = _number(words[1]) if point else None
    if not text:
        return None, ()
    if point is None or radius_km is None or not 0 <= radius_km <= _LARGEST_RADIUS_KM:
        return None, (Finding("bad_circle", field, f"This is no circle: {text[:80]!r}", "doubtful"),)
    turned = _turned([(point,)])
    latitude, longitude = turned[0][0] if turned else point
    if not _on_earth((latitude, longitude)):
        return None, (Finding("bad_circle", field, f"This is no place on Earth: {text[:80]!r}", "doubtful"),)
    findings = [Finding("longitude_first", field, "The circle has longitude before latitude", "repaired")] * bool(
        turned
    )
    if radius_km == 0:
        findings.append(Finding("point_only", field, "A circle without radius marks a point, no area", "doubtful"))
    return Circle(latitude, longitude, radius_km * 1000), tuple(findings)


def _those_on_earth(
    field: str, rings: list[Ring], findings: list[Finding]
) -> tuple[tuple[Ring, ...], tuple[Finding, ...]]:
    sound = tuple(ring if all(map(_on_earth, ring)) else () for ring in rings)
    if sound != tuple(rings):
        findings.append(Finding("bad_polygon", field, "The polygon has points that are not on Earth", "doubtful"))
    return sound, tuple(findings)


def _stride(texts: Sequence[str]) -> int:
    """Every how many points one is kept, so that no ring and not all rings together have too many."""
    commas = [text.count(",") for text in texts]
    return max(1, -(-max(commas, default=0) // MAX_RING_POINTS), -(-sum(commas) // MAX_POINTS))


def _too_many(field: str, texts: Sequence[str], stride: int) -> list[Finding]:
    findings = []
    if stride > 1:
        text = f"More points than {MAX_RING_POINTS} in a ring or {MAX_POINTS} in all; one of {stride} is kept"
        findings.append(Finding("too_many_points", field, text, "doubtful"))
    if len(texts) > MAX_RINGS:
        text = f"{len(texts)} polygons; those after the first {MAX_RINGS} are left out"
        findings.append(Finding("too_many_polygons", field, text, "doubtful"))
    return findings


def _ring(field: str, text: str, stride: int) -> tuple[Ring, list[Finding]]:
    """One closed ring of at least three corners, else ()."""
    words = list(islice(_words(text, stride), 2 * MAX_RING_POINTS))
    points = _sound_points(words)
    findings: list[Finding] = []
    if points is None:
        points, findings = _points_with_faults(field, words)
    if len(set(points)) < 3:
        return (), [*findings, Finding("bad_polygon", field, f"This is no polygon: {text[:80]!r}", "doubtful")]
    if points[0] != points[-1]:
        points.append(points[0])
        grade = "note" if stride > 1 else "repaired"
        findings.append(Finding("unclosed_ring", field, "The polygon did not end where it began; closed", grade))
    return tuple(points), findings


def _words(text: str, stride: int) -> Iterator[str]:
    """The points as written, one of `stride` kept; a long text is never split at once."""
    kept = stride if text.count(",") > _LEAST_POINTS * stride else 1
    return islice((word for piece in _pieces(text) for word in _joined(piece).split()), 0, None, kept)


def _joined(text: str) -> str:
    """`34.6, 113.5` as `34.6,113.5`."""
    spaced = any(gap in text for gap in (", ", " ,", ",\n", ",\t"))
    return " ".join(text.split()).replace(" ,", ",").replace(", ", ",") if spaced else text


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(start + _PIECE, len(text))
        space = max(text.rfind(" ", start, end), text.rfind("\n", start, end)) if end < len(text) else end
        end = space if space > start else end
        yield text[start:end]
        start = end


def _sound_points(words: list[str]) -> list[Point] | None:
    """The points where all are well written, the usual case and many; None where one is not."""
    if max(map(len, words), default=0) > _LONGEST_POINT:
        return None
    try:
        points = [(float(a), float(b)) for a, _, b in (word.partition(",") for word in words)]
    except ValueError:
        return None
    return points if math.isfinite(sum(a + b for a, b in points)) else None


def _points_with_faults(field: str, words: list[str]) -> tuple[list[Point], list[Finding]]:
    """Those points that are some; `1,2,3,4` is two of them."""
    read = [(word, _points_in(word)) for word in words]
    lost = [word for word, points in read if not points]
    text = f"{len(lost)} of {len(words)} points are none, such as {lost[0][:40]!r}" if lost else ""
    findings = [Finding("bad_points", field, text, "doubtful")] if lost else []
    return [point for _, points in read for point in points], findings


def _points_in(word: str) -> list[Point]:
    numbers = [_number(text) for text in word[: 100 * _LONGEST_POINT].strip(",").split(",")]
    sound = [number for number in numbers if number is not None]
    whole = len(sound) == len(numbers) and len(sound) % 2 == 0
    return list(zip(sound[::2], sound[1::2], strict=True)) if whole else []


def _point(word: str) -> Point | None:
    points = _points_in(word)
    return points[0] if len(points) == 1 else None


def _number(text: str) -> float | None:
    try:
        number = float(text) if len(text) <= _LONGEST_POINT else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= 1e6 else None


def _on_earth(point: Point) -> bool:
    return abs(point[0]) <= 90 and abs(point[1]) <= 360


def _turned(rings: list[Ring]) -> list[Ring] | None:
    """The rings with latitude first where at least one is longitude first for certain; None where none is."""
    return (
        None if not any(map(_longitude_first, rings)) else [_turn(ring) if _can_turn(ring) else ring for ring in rings]
    )


def _longitude_first(ring: Ring) -> bool:
    return any(abs(first) > 90 for first, _ in ring) and _can_turn(ring)


def _can_turn(ring: Ring) -> bool:
    return all(_on_earth((second, first)) for first, second in ring)


def _turn(ring: Ring) -> Ring:
    return tuple((second, first) for first, second in ring)
