"""Chooses the series store that the settings name."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.readings.rolled import RolledStore, Values
from cloud_gateway.readings.sqlite import SqliteStore
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE
from cloud_gateway.settings import Series

SQLITE_FILE = "readings.db"


def open_series(settings: Series, data_dir: Path) -> RolledStore:
    """The store, not yet opened: `await store.open()` comes next. Raises OSError when the secret is unreadable."""
    return RolledStore(_open_values(settings, data_dir), data_dir / ROLLUPS_FILE)


def _open_values(settings: Series, data_dir: Path) -> Values:
    match settings.store:
        case "sqlite":
            return SqliteStore(data_dir / SQLITE_FILE)
        case "influx1":
            from cloud_gateway.readings.influx1 import influx1_store  # noqa: PLC0415 - its library takes long to import

            user = (settings.username, _secret(settings)) if settings.username else None
            return influx1_store(settings.url, settings.database, settings.retention_policy, user)
        case "influx2":
            return _influx2(settings)


def _influx2(settings: Series) -> Values:
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
