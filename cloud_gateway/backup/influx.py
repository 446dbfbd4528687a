"""Asks an InfluxDB 1.x server for a copy of its database, by the program that comes with the server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cloud_gateway.settings import Series

FOLDER = "influx"
LIMIT_S = 6 * 3600


class InfluxNotCopied(Exception):
    """The server's readings are not in the backup; the text says what the operator does instead."""


def copy_influx(settings: Series, folder: Path) -> str:
    """Put a portable backup of the database beside the other copies; the name of its folder. Raises InfluxNotCopied."""
    if settings.store != "influx1":
        raise InfluxNotCopied("the readings are in InfluxDB 2.x: back its bucket up with `influx backup`")
    if not settings.backup_host:
        raise InfluxNotCopied(
            "the readings are in InfluxDB and not in this backup: set series.backup_host,"
            f" or run `influxd backup -portable -database {settings.database} -host HOST:8088 FOLDER` after each backup"
        )
    if (program := shutil.which("influxd")) is None:
        raise InfluxNotCopied("the readings are not in this backup: the program influxd is not on this machine")
    command = [program, "backup", "-portable", "-database", settings.database, "-host", settings.backup_host]
    _run([*command, str(folder / FOLDER)])
    return FOLDER


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as exc:
        raise InfluxNotCopied(f"the readings are not in this backup: influxd took over {LIMIT_S} s") from exc
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["it did not say why"]
        raise InfluxNotCopied(f"the readings are not in this backup: influxd backup failed: {said[0]}")
