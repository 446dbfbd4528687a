"""The hazards that warnings are about: one name for each, whatever code or word a source uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from cloud_gateway.warnings.hazard_codes import HAZARD_OF_CODE, NATIONAL
from cloud_gateway.warnings.hazard_words import WORDS


class Hazard(NamedTuple):
    """A hazard as people read it; `family` groups those that threaten an insured site alike."""

    name_en: str
    name_zh: str
    family: str


OTHER = "other"
_LONGEST_EVENT = 500  # characters that are looked at: a hostile name of megabytes costs half a minute

#: The keys are ours and stable: they stand in tables, plans and rules. An event that no table knows is `other`.
HAZARDS: Mapping[str, Hazard] = MappingProxyType(
    {
        "typhoon": Hazard("Typhoon", "台风", "wind"),
        "tornado": Hazard("Tornado", "龙卷风", "wind"),
        "gale": Hazard("Gale", "大风", "wind"),
        "marine-gale": Hazard("Gale at sea", "海上大风", "sea"),
        "thunderstorm": Hazard("Thunderstorm", "雷雨大风", "convection"),
        "lightning": Hazard("Lightning", "雷电", "convection"),
        "hail": Hazard("Hail", "冰雹", "convection"),
        "rainstorm": Hazard("Heavy rain", "暴雨", "water"),
        "flood": Hazard("Flood", "洪水", "water"),
        "flash-flood": Hazard("Flash flood", "山洪", "water"),
        "waterlogging": Hazard("Waterlogging", "内涝", "water"),
        "storm-surge": Hazard("Storm surge", "风暴潮", "water"),
        "coastal-flood": Hazard("Coastal flood", "沿海洪水", "water"),
        "tsunami": Hazard("Tsunami", "海啸", "water"),
        "dam-failure": Hazard("Dam or dyke in danger", "水库堤防险情", "water"),
        "landslide": Hazard("Landslide", "地质灾害", "ground"),
        "earthquake": Hazard("Earthquake", "地震", "ground"),
        "volcano": Hazard("Volcano", "火山", "ground"),
        "avalanche": Hazard("Avalanche", "雪崩", "winter"),
        "snowstorm": Hazard("Snowstorm", "暴雪", "winter"),
        "cold-wave": Hazard("Cold wave", "寒潮", "winter"),
        "frost": Hazard("Frost", "霜冻", "winter"),
        "ice": Hazard("Ice on roads and lines", "冰冻", "winter"),
        "heat": Hazard("Heat", "高温", "dry"),
        "drought": Hazard("Drought", "干旱", "dry"),
        "wildfire": Hazard("Wildfire danger", "森林草原火险", "dry"),
        "fire": Hazard("Fire", "火灾", "fire"),
        "fog": Hazard("Fog", "大雾", "air"),
        "haze": Hazard("Haze", "霾", "air"),
        "sandstorm": Hazard("Sandstorm", "沙尘暴", "air"),
        "air-quality": Hazard("Air quality", "空气污染", "air"),
        "surf": Hazard("High surf and rip currents", "海浪离岸流", "sea"),
        "marine": Hazard("Danger at sea", "海上风险", "sea"),
        "space-weather": Hazard("Space weather", "空间天气", "other"),
        OTHER: Hazard("Other", "其他", "other"),
    }
)
WATER = frozenset(key for key, hazard in HAZARDS.items() if hazard.family == "water")


def hazard_of_event(event: str, event_codes: Iterable[tuple[str, str]] = ()) -> str:
    """The hazard of an event: by a known code, else by the words of its name, else `other`.

    `event_codes` are (scheme, code): CAP's eventCode, and parameters such as MeteoAlarm's `awareness_type`, whose
    value "5; high-temperature" begins with its code. Codes 11Bxx are known in any scheme; what is unknown is passed
    over.
    """
    for scheme, code in event_codes:
        known = HAZARD_OF_CODE.get(scheme.strip().lower(), NATIONAL).get(code.split(";")[0].strip().upper())
        if known:
            return known
    return _hazard_by_words(event)


def _hazard_by_words(event: str) -> str:
    text = " ".join(event[:_LONGEST_EVENT].casefold().split())
    return next((hazard for words, hazard in _PATTERNS if words.search(text)), OTHER)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile("|".join(_alternative(word.casefold()) for word in words.split("|")))


def _alternative(word: str) -> str:
    """Chinese words and those with a leading `*` stand anywhere, all others at the start of a word."""
    anywhere = word.startswith("*") or word[0] > "\u2e80"
    return re.escape(word.removeprefix("*")) if anywhere else rf"\b{re.escape(word)}"


_PATTERNS = tuple((_pattern(words), hazard) for words, hazard in WORDS)
