"""What the title of a Chinese signal says: office, kind of hazard, colour, and whether it lifts or changes a signal."""

from __future__ import annotations

import re
from typing import NamedTuple

from cloud_gateway.warnings.hazard_codes import SIGNAL_NAMES
from cloud_gateway.warnings.model import Color
from cloud_gateway.warnings.signals import read_color

_VERB = re.compile(r"继续发布|发布|变更|更新|升级|降级|解除|取消|撤销|确认|维持")
_LIFTS = re.compile(r"(?:解除|取消|撤销)(?!.*(?:发布|更新|变更|升级|降级))")
_CHANGES = re.compile(r"继续发布|变更|更新|升级|降级|确认|维持")
_COLOR = re.compile(r"([白蓝黄橙红])色")
_KIND = re.compile(r"为?(?P<kind>[^为白蓝黄橙红].*?)(?:[白蓝黄橙红]色)?预警")
#: 将 after an office's name opens the signal that is changed; it also stands in names of places.
_CHANGED = re.compile(r"(?<=[台局站心府厅部])将")
_NAMES = tuple(SIGNAL_NAMES.values())


class Title(NamedTuple):
    """`office` and `kind` are "" and `color` None where the title does not say."""

    office: str
    kind: str
    color: Color | None
    lifts: bool
    changes: bool


def read_title(text: str) -> Title:
    """Read e.g. 上海中心气象台发布台风蓝色预警信号; of several colours the last is the new one."""
    title = "".join(text.split())[:200]
    verb = _VERB.search(title)
    before, after = ("", title) if verb is None else (title[: verb.start()], title[verb.end() :])
    office, _, changed = _CHANGED.sub("\n", before, count=1).partition("\n")
    colors = _COLOR.findall(after)
    return Title(
        office=office,
        kind=_kind(after) or _kind(changed),
        color=read_color(colors[-1]) if colors else None,
        lifts=bool(_LIFTS.search(title)),
        changes=bool(_CHANGES.search(title)),
    )


def _kind(said: str) -> str:
    """The known name that comes first, of those the longest (海上大风 before 大风); else what stands before 预警."""
    known = [(said.index(name), -len(name), name) for name in _NAMES if name in said]
    match = _KIND.match(said)
    return min(known)[2] if known else ("" if match is None else match["kind"])
