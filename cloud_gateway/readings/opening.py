"""Chooses the series store that the settings name."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.readings.influx1 import influx1_store
from cloud_gateway.readings.series import SeriesHome
from cloud_gateway.readings.sqlite import SqliteStore
from cloud_gateway.settings import Series

SQLITE_FILE = "readings.db"


def open_series(settings: Series, data_dir: Path) -> SeriesHome:
    """The store, not yet opened: `await store.open()` comes next. Raises OSError when the secret is unreadable."""
    match settings.store:
        case "sqlite":
            return SqliteStore(data_dir / SQLITE_FILE)
        case "influx1":
            user = (settings.username, _secret(settings)) if settings.username else None
            return influx1_store(settings.url, settings.database, settings.retention_policy, user)
        case "influx2":
            return _influx2(settings)


def _influx2(settings: Series) -> SeriesHome:
    from cloud_gateway.readings.influx2 import influx2_store  # noqa: PLC0415 - its library takes long to import

    return influx2_store(
        settings.url,
        org=settings.org,
        bucket=settings.bucket,
        token=_secret(settings),
        database=settings.database,
        retention_policy=settings.retention_policy,
    )


def _secret(settings: Series) -> str:
    return settings.secret_file.read_text().strip() if settings.secret_file else ""
