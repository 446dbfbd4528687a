"""Codes of events in the schemes of the sources, and the hazard that each one means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: The last two digits of the national warning centre's 11Bxx; QWeather's 10xx count alike. Names as the signals have
#: them, so that a code without a name can still be shown.
SIGNAL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "01": "台风", "02": "龙卷风", "03": "暴雨", "04": "暴雪", "05": "寒潮", "06": "大风", "07": "沙尘暴",
        "08": "低温冻害", "09": "高温", "10": "热浪", "11": "干热风", "12": "下击暴流", "13": "雪崩",
        "14": "雷电", "15": "冰雹", "16": "霜冻", "17": "大雾", "18": "低空风切变", "19": "霾",
        "20": "雷雨大风", "21": "道路结冰", "22": "干旱", "23": "海上大风", "24": "高温中暑", "25": "森林火险",
        "26": "草原火险", "27": "冰冻", "28": "空间天气", "29": "重污染", "30": "低温雨雪冰冻", "31": "强对流",
        "32": "臭氧", "33": "大雪", "34": "寒冷", "35": "连阴雨", "36": "渍涝风险", "37": "地质灾害气象风险",
        "38": "强降雨", "39": "强降温", "40": "雪灾", "41": "森林(草原)火险", "42": "医疗气象", "43": "雷暴",
        "44": "停课", "45": "停工", "46": "海上风险", "47": "春季沙尘", "48": "降温", "49": "台风暴雨",
        "50": "严寒", "51": "沙尘", "52": "海上雷雨大风", "53": "海上大雾", "54": "海上雷电", "55": "海上台风",
        "56": "低温", "57": "道路冰雪",
    }
)  # fmt: skip
_SIGNALS = {
    "01": "typhoon", "02": "tornado", "03": "rainstorm", "04": "snowstorm", "05": "cold-wave", "06": "gale",
    "07": "sandstorm", "08": "frost", "09": "heat", "10": "heat", "11": "heat", "12": "thunderstorm",
    "13": "avalanche", "14": "lightning", "15": "hail", "16": "frost", "17": "fog", "18": "gale", "19": "haze",
    "20": "thunderstorm", "21": "ice", "22": "drought", "23": "marine-gale", "24": "heat", "25": "wildfire",
    "26": "wildfire", "27": "ice", "28": "space-weather", "29": "air-quality", "30": "ice", "31": "thunderstorm",
    "32": "air-quality", "33": "snowstorm", "34": "cold-wave", "35": "rainstorm", "36": "waterlogging",
    "37": "landslide", "38": "rainstorm", "39": "cold-wave", "40": "snowstorm", "41": "wildfire",
    "43": "thunderstorm", "46": "marine", "47": "sandstorm", "48": "cold-wave", "49": "typhoon", "50": "cold-wave",
    "51": "sandstorm", "52": "marine-gale", "53": "marine", "54": "marine", "55": "marine-gale", "56": "cold-wave",
    "57": "ice",
}  # fmt: skip
NATIONAL = {f"11B{digits}": hazard for digits, hazard in _SIGNALS.items()} | {
    "11A01": "flood", "11A52": "drought", "11D00": "landslide",
}  # fmt: skip
_QWEATHER = {f"10{digits}": hazard for digits, hazard in _SIGNALS.items()}
#: NMC's pictures p0002003: four digits of kind, three of level.
NMC_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "0001": "台风", "0002": "暴雨", "0003": "高温", "0004": "寒潮", "0005": "大雾", "0006": "暴雪", "0007": "大风",
        "0008": "沙尘暴", "0009": "冰雹", "0010": "干旱", "0011": "道路结冰", "0012": "雷电", "0013": "霜冻",
        "0014": "霾", "0015": "雷雨大风",
    }
)  # fmt: skip
#: The first two digits of weather.com.cn's and caiyun's four.
TWO_DIGIT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "01": "台风", "02": "暴雨", "03": "暴雪", "04": "寒潮", "05": "大风", "06": "沙尘暴", "07": "高温",
        "08": "干旱", "09": "雷电", "10": "冰雹", "11": "霜冻", "12": "大雾", "13": "霾", "14": "道路结冰",
        "16": "雷雨大风",
    }
)  # fmt: skip
_BY_NAME = {name: _SIGNALS[digits] for digits, name in SIGNAL_NAMES.items() if digits in _SIGNALS}
_NMC = {kind: _BY_NAME[name] for kind, name in NMC_NAMES.items()}
_TWO_DIGITS = {kind: _BY_NAME[name] for kind, name in TWO_DIGIT_NAMES.items()}
#: MeteoAlarm's awareness_type "5; high-temperature": its number.
_AWARENESS = {
    "1": "gale", "2": "snowstorm", "3": "thunderstorm", "4": "fog", "5": "heat", "6": "cold-wave",
    "7": "coastal-flood", "8": "wildfire", "9": "avalanche", "10": "rainstorm", "11": "flood", "12": "flood",
    "13": "flood",
}  # fmt: skip
_GDACS = {
    "EQ": "earthquake", "TC": "typhoon", "FL": "flood", "VO": "volcano", "WF": "wildfire", "DR": "drought",
    "TS": "tsunami",
}  # fmt: skip
#: Phenomena of VTEC (NWS directive 10-1703), the two letters before the significance.
_VTEC = {
    "AF": "volcano", "AS": "air-quality", "BH": "surf", "BW": "marine-gale", "BZ": "snowstorm",
    "CF": "coastal-flood", "CW": "cold-wave", "DS": "sandstorm", "DU": "sandstorm", "EC": "cold-wave", "EH": "heat",
    "EW": "gale", "FA": "flood", "FF": "flash-flood", "FG": "fog", "FL": "flood", "FR": "frost", "FW": "wildfire",
    "FZ": "frost", "GL": "marine-gale", "HF": "marine-gale", "HT": "heat", "HU": "typhoon", "HW": "gale",
    "HY": "flood", "HZ": "frost", "IS": "ice", "LE": "snowstorm", "LO": "marine", "LS": "coastal-flood",
    "LW": "gale", "MA": "marine", "MF": "marine", "MH": "volcano", "MS": "marine", "RB": "marine", "RP": "surf",
    "SC": "marine", "SE": "marine", "SI": "marine", "SM": "air-quality", "SQ": "snowstorm", "SR": "marine-gale",
    "SS": "storm-surge", "SU": "surf", "SV": "thunderstorm", "SW": "marine", "TO": "tornado", "TR": "typhoon",
    "TS": "tsunami", "TY": "typhoon", "UP": "marine", "WC": "cold-wave", "WI": "gale", "WS": "snowstorm",
    "WW": "snowstorm", "XH": "heat", "ZF": "fog", "ZR": "ice", "ZY": "marine",
}  # fmt: skip
#: Event codes of the Emergency Alert System (47 CFR 11.31) that name a hazard; the general ones are left to the words.
_SAME = {
    "AVA": "avalanche", "AVW": "avalanche", "BZW": "snowstorm", "CFA": "coastal-flood", "CFW": "coastal-flood",
    "DSW": "sandstorm", "EQW": "earthquake", "EWW": "gale", "FFA": "flash-flood", "FFS": "flash-flood",
    "FFW": "flash-flood", "FLA": "flood", "FLS": "flood", "FLW": "flood", "FRW": "fire", "HUA": "typhoon",
    "HUW": "typhoon", "HLS": "typhoon", "HWA": "gale", "HWW": "gale", "SMW": "marine", "SQW": "snowstorm",
    "SSA": "storm-surge", "SSW": "storm-surge", "SVA": "thunderstorm", "SVR": "thunderstorm",
    "SVS": "thunderstorm", "TOA": "tornado", "TOR": "tornado", "TRA": "typhoon", "TRW": "typhoon",
    "TSA": "tsunami", "TSW": "tsunami", "VOW": "volcano", "WSA": "snowstorm", "WSW": "snowstorm",
}  # fmt: skip

#: By scheme in small letters, then by code in capitals.
HAZARD_OF_CODE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "12379": NATIONAL,
        "nmc": _NMC,
        "qweather": _QWEATHER,
        "two-digit": _TWO_DIGITS,
        "awareness_type": _AWARENESS,
        "gdacs": _GDACS,
        "eventtype": _GDACS,
        "vtec": _VTEC,
        "same": _SAME,
    }
)
