"""A small scenario in a folder of its own, for tests to spoil."""

from __future__ import annotations

from pathlib import Path

LEVELS = "at,level,forecast\n2026-01-01T00:00:00Z,1.0,1.0\n2026-01-01T01:00:00Z,2.0,1.2\n"
TABLE = "at,value\n2026-01-01T00:00:00Z,1.0\n2026-01-01T01:00:00Z,1.2\n"
RAIN = "at,rain\n2026-01-01T00:10:00Z,60\n2026-01-01T00:30:00Z,0\n"
STORY = """\
name = "small"
title = "Small"
title_zh = "小"
simulated = "SIMULATED: all of it."
simulated_zh = "模拟"
start = 2026-01-01T00:00:00Z
end = 2026-01-01T01:00:00Z

[[site]]
code = "quay"
name = "Quay"
name_zh = "码头"
latitude = 30.0
longitude = 121.0
zone = "Asia/Shanghai"
area = "330203"

[[catchment]]
name = "yard"
rain = { file = "rain.csv", column = "rain" }

[[device]]
id = "gauge-1"
site = "quay"

[[device.sensor]]
stream = "level"
kind = "analog"
unit = "m"
channel = 0
low = 0
high = 4

[[device.sensor]]
stream = "forecast"
kind = "table"
unit = "m"
file = "table.csv"
predicts = "level"

[[device.sensor]]
stream = "door"
kind = "contact"
unit = ""
pin = 17

[[device.sensor]]
stream = "rain"
kind = "pulse"
unit = "mm"
pin = 18
per_pulse = 0.2

[[device.rule]]
name = "high"
type = "threshold"
stream = "level"
above = 1.5
clear = 1.0

[device.panel]
siren_pin = 22

[device.wiring]
level = { source = "series", file = "levels.csv", column = "level" }
door = { source = "schedule", active = [{ begin = 2026-01-01T00:20:00Z, end = 2026-01-01T00:40:00Z }] }
rain = { source = "rain", catchment = "yard" }

[[faults.sensors]]
name = "stuck"
kind = "stuck"
target = "gauge-1/door"
at = 2026-01-01T00:10:00Z
for_s = 60
closed = true
"""


def write_story(folder: Path, story: str = STORY, levels: str = LEVELS, table: str = TABLE, rain: str = RAIN) -> Path:
    """Write the scenario into `folder` and return its TOML file."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"scenario.toml": story, "levels.csv": levels, "table.csv": table, "rain.csv": rain}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "scenario.toml"
