"""The station of the tests of ratings."""

from __future__ import annotations

from tests.cloud_gateway.ratings.conftest import bare_hall, fresh_database, hall

__all__ = ["bare_hall", "fresh_database", "hall"]
