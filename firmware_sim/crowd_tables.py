"""The tables of an invented fleet's scenario, as text with places for what differs from device to device."""
# ruff: noqa: E501 - an inline table of TOML stands on one line

from __future__ import annotations

HEAD = """\
name = "fleet"
title = "A fleet of invented devices"
title_zh = "虚构设备群"
simulated = "SIMULATED: places, devices, weather and people are invented."
simulated_zh = "模拟：地点、设备、天气和人员均为虚构。"
seed = {seed}
start = {start}
end = {end}
"""
SITE = """
[[site]]
code = "fleet-{number:03}"
name = "Invented works {number}"
name_zh = "虚构厂区{number}"
latitude = {latitude}
longitude = {longitude}
zone = "Asia/Shanghai"
area = "330203"
insured = {insured}

[[catchment]]
name = "yard-{number:03}"
rain = {{ file = "weather.csv", column = "rain_{rain}" }}
area_m2 = {area}
curve_number = 98
delay_s = 300
sump_m2 = 20
sump_depth_m = 1.2
outfall_m2 = {outfall}
"""
STATION = """
[[station]]
code = "fleet-hall"
name = "Fleet service station (invented)"
name_zh = "设备群服务站（虚构）"
"""
CLERK = """
[[station.clerk]]
number = "{number}"
name = "Clerk {number} (invented)"
card = "SIM-CARD-{number}"
"""
DRAIN = """
[[device]]
id = "{id}"
site = "fleet-{site:03}"
panel = {{ siren_pin = 5, lamp_pin = 6 }}
sensor = [
  {{ stream = "rain", kind = "pulse", unit = "mm", label = "Rain", label_zh = "雨量", pin = 17, per_pulse = 0.2, interval_s = {seldom}, deadband = 0.2 }},
  {{ stream = "drain_level", kind = "analog", unit = "m", label = "Water in the drain", label_zh = "排水井水位", channel = 3, low = 0, high = 3, interval_s = {every}, deadband = 0.01 }},
  {{ stream = "drain_float", kind = "contact", unit = "", label = "Float switch", label_zh = "浮球开关", pin = 23, interval_s = {every}, deadband = 1 }},
]
rule = [
  {{ name = "drain_high", type = "threshold", stream = "drain_level", above = 0.8, clear = 0.4, hold_s = 5, label = "Drain filling", label_zh = "排水井水位偏高" }},
  {{ name = "drain_full", type = "contact", stream = "drain_float", label = "Drain full", label_zh = "排水井满" }},
]
[device.wiring]
rain = {{ source = "rain", catchment = "yard-{site:03}" }}
drain_level = {{ source = "level", catchment = "yard-{site:03}" }}
drain_float = {{ source = "float", catchment = "yard-{site:03}", closes_m = 1.0, opens_m = 0.8 }}
"""
TIDE = """
[[device]]
id = "{id}"
site = "fleet-{site:03}"
panel = {{ siren_pin = 5, lamp_pin = 6 }}
sensor = [
  {{ stream = "sea_level", kind = "analog", unit = "m", label = "Sea level", label_zh = "潮位", channel = 0, low = -1, high = 7, interval_s = {every}, deadband = 0.008 }},
]
rule = [
  {{ name = "sea_high", type = "threshold", stream = "sea_level", above = 4.6, clear = 4.2, label = "Sea high", label_zh = "潮位偏高" }},
]
[device.wiring]
sea_level = {{ source = "series", file = "weather.csv", column = "sea_{weather}" }}
"""
STORE = """
[[device]]
id = "{id}"
site = "fleet-{site:03}"
panel = {{ siren_pin = 5, lamp_pin = 6 }}
sensor = [
  {{ stream = "air", kind = "analog", unit = "Cel", label = "Temperature", label_zh = "气温", channel = 1, low = -20, high = 60, interval_s = {every}, deadband = 0.1 }},
  {{ stream = "door", kind = "contact", unit = "", label = "Gate open", label_zh = "库门开启", pin = 24, interval_s = {every}, deadband = 1 }},
  {{ stream = "smoke", kind = "contact", unit = "", label = "Smoke", label_zh = "烟雾", pin = 25, interval_s = {every}, deadband = 1 }},
]
rule = [
  {{ name = "smoke_seen", type = "contact", stream = "smoke", label = "Smoke", label_zh = "烟雾" }},
]
[device.wiring]
air = {{ source = "series", file = "weather.csv", column = "air_{weather}" }}
door = {{ source = "schedule", active = [] }}
smoke = {{ source = "schedule", active = [] }}
"""
CABINET = """
[[device]]
id = "{id}"
site = "fleet-{site:03}"
role = "ROLE"
sensor = [
  {{ stream = "cabinet", kind = "analog", unit = "Cel", label = "Temperature in the cabinet", label_zh = "柜内温度", channel = 1, low = -20, high = 80, interval_s = {every}, deadband = 0.1 }},
  {{ stream = "opened", kind = "contact", unit = "", label = "Cabinet open", label_zh = "柜门开启", pin = 24, interval_s = {every}, deadband = 1 }},
]
rule = [
  {{ name = "cabinet_opened", type = "contact", stream = "opened", severity = "attention", siren = false, label = "Cabinet open", label_zh = "柜门开启" }},
]
[device.wiring]
cabinet = {{ source = "series", file = "weather.csv", column = "air_{weather}" }}
opened = {{ source = "schedule", active = [] }}
"""
TERMINAL = """
[[device]]
id = "{id}"
site = "fleet-{site:03}"
role = "rating-terminal"
[device.rating]
station = "fleet-hall"
counter = "{counter}"
button_pins = [5, 6, 13]
lamp_pins = [20, 21, 26]
buzzer_pin = 12
signal_pin = 17
presence_pin = 27
badge_reader = "simulated"
printer = "simulated"
card = [{{ at = {card}, clerk = "{clerk}" }}]
"""
DEVICES = {
    "drain": DRAIN,
    "tide": TIDE,
    "store": STORE,
    "kiosk": CABINET.replace("ROLE", "kiosk"),
    "camera": CABINET.replace("ROLE", "camera"),
    "terminal": TERMINAL,
}
