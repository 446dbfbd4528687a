"""Which sites a warning touches at one time, and for each what holds there and what is to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.exposures.index import SiteIndex
from cloud_gateway.exposures.model import REASONS, SURENESS, Exposure, SiteTouch, Sure
from cloud_gateway.warnings.course import Course
from cloud_gateway.warnings.model import Alert, AlertKey, Area, Info, Level, MsgType
from cloud_gateway.warnings.windows import read_windows


class Reach(NamedTuple):
    """All sites touched, and when time alone may next change it (ms UTC); None: never."""

    touches: tuple[SiteTouch, ...]
    next_at: int | None


class _Window(NamedTuple):
    """What infos of one message share, so that their areas are matched once."""

    hazard: str
    level: Level
    start: int
    stop: int | None
    holds: bool


def reach_of(course: Course, alerts: Mapping[AlertKey, Alert], index: SiteIndex, now: int) -> Reach:
    """The sites that the messages standing in a course touch. `alerts` are all of its messages that are known.

    A message that draws nothing, where an earlier one of the course did, is taken to mean that drawing too, as possible
    only: to name less is not to lift. Courses that are over, or not for the public, touch nothing.
    """
    best: dict[tuple[str, str], SiteTouch] = {}
    moments: set[int] = set()
    for key in course.standing:
        alert = alerts[key]
        for window, infos in _windows(course, alert, now).items():
            moments |= {at for at in (window.start, window.stop) if at is not None and at > now}
            for exposure in _exposures(alert, infos, _drawn_before(alert, alerts), index):
                touch = _make_touch(exposure, window)
                place = (exposure.site, window.hazard)
                best[place] = _merge(best[place], touch) if place in best else touch
    return Reach(tuple(best[place] for place in sorted(best)), min(moments, default=None))


def _windows(course: Course, alert: Alert, now: int) -> dict[_Window, list[Info]]:
    """The infos that hold or are to come, by hazard and time; those of several languages share a window."""
    hazards = _hazards(course, alert)
    found: dict[_Window, list[Info]] = defaultdict(list)
    for info in alert.infos:
        for window in read_windows(msgspec.structs.replace(alert, infos=(info,)))[0]:
            is_closed = window.stop is None and course.ends is not None  # a duty engineer has closed what had no end
            if is_closed or (window.stop is not None and window.stop <= now):
                continue
            holds = window.start <= max(alert.sent, now)
            found[_Window(hazards[info.language, info.hazard], window.level, window.start, window.stop, holds)] += [
                info
            ]
    return found


def _hazards(course: Course, alert: Alert) -> dict[tuple[str, str], str]:
    """The hazard that each info counts as: its own, unless its translations are read as other hazards."""
    of_language: dict[str, set[str]] = defaultdict(set)
    for info in alert.infos:
        of_language[info.language].add(info.hazard)
    is_one = len(set(map(frozenset, of_language.values()))) == 1
    return {(info.language, info.hazard): info.hazard if is_one else course.hazard for info in alert.infos}


def _exposures(alert: Alert, infos: Sequence[Info], before: tuple[Area, ...], index: SiteIndex) -> Iterator[Exposure]:
    yield from index.touched_by(msgspec.structs.replace(alert, infos=tuple(infos)))
    if before:
        redrawn = tuple(msgspec.structs.replace(info, areas=before) for info in infos)
        for exposure in index.touched_by(msgspec.structs.replace(alert, infos=redrawn)):
            yield msgspec.structs.replace(exposure, sure=Sure.POSSIBLE)


def _drawn_before(alert: Alert, alerts: Mapping[AlertKey, Alert]) -> tuple[Area, ...]:
    """The areas of the newest earlier message that drew any, where this one draws none."""
    if any(map(_draws, _areas(alert))):
        return ()
    earlier = [a for a in alerts.values() if a.sent < alert.sent and a.msg_type is not MsgType.CANCEL]
    drawing = [a for a in earlier if any(map(_draws, _areas(a)))]
    newest = max(drawing, key=lambda a: (a.sent, a.key), default=None)
    return () if newest is None else tuple(dict.fromkeys(filter(_draws, _areas(newest))))


def _areas(alert: Alert) -> Iterable[Area]:
    return (area for info in alert.infos for area in info.areas)


def _draws(area: Area) -> bool:
    return bool(area.polygons or area.circles)


def _make_touch(exposure: Exposure, window: _Window) -> SiteTouch:
    exposed = msgspec.structs.replace(exposure, level=window.level)
    return SiteTouch(exposed, window.hazard, window.level if window.holds else Level.NONE, window.start, window.stop)


def _merge(one: SiteTouch, other: SiteTouch) -> SiteTouch:
    """Of two reasons the better, of two levels the graver."""
    graver = max(one, other, key=lambda touch: (touch.exposure.level, touch.holds, -touch.onset))
    surer = min(one.exposure, other.exposure, key=_rank)
    return SiteTouch(
        exposure=msgspec.structs.replace(surer, level=graver.exposure.level),
        hazard=one.hazard,
        holds=max(one.holds, other.holds),
        onset=graver.onset,
        ends=None if one.ends is None or other.ends is None else max(one.ends, other.ends),
    )


def _rank(exposure: Exposure) -> tuple[int, int, float, str]:
    return SURENESS.index(exposure.sure), REASONS.index(exposure.why), exposure.distance_m, exposure.detail
