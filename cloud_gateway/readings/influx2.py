"""InfluxDB 2.x: raw lines by influxdb-client's synchronous writer, InfluxQL on ``/query`` with the same token.

Reading needs a DBRP mapping from `database` and `retention_policy` to the bucket (`influx v1 dbrp create`).
"""

from __future__ import annotations

from typing import cast

import httpx
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from cloud_gateway.readings.delivery import check_answer
from cloud_gateway.readings.influx import TIMEOUT, InfluxStore
from cloud_gateway.readings.influxql import Queries
from cloud_gateway.readings.series import StoreUnavailable

TIMEOUT_MS = 15_000
NANOSECONDS = cast(WritePrecision, WritePrecision.NS)  # the library's constants are plain text


class BucketWriter:
    """The sender for 2.x. Never the batching writer: that one loses points with a log line only."""

    def __init__(self, url: str, org: str, bucket: str, token: str) -> None:
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=TIMEOUT_MS)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket = bucket

    def open(self) -> None:
        """Ask for life. Raises StoreUnavailable. The bucket must be there: making it is the operator's."""
        if not self._client.ping():
            raise StoreUnavailable("the series store does not answer /ping")

    def send(self, body: bytes) -> None:
        """Write lines. Raises BodyRefused and StoreUnavailable."""
        try:
            self._writer.write(self._bucket, record=body, write_precision=NANOSECONDS)
        except ApiException as exc:
            retry_after = exc.headers.get("Retry-After") if exc.headers else None
            check_answer(int(exc.status or 0), str(exc.body or exc.reason), retry_after)
        except HTTPError as exc:
            raise StoreUnavailable(f"the series store cannot be reached: {exc!r}") from exc

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()  # type: ignore[no-untyped-call]  # the library has no annotation here


def influx2_store(url: str, *, org: str, bucket: str, token: str, database: str, retention_policy: str) -> InfluxStore:
    """A store on the 2.x server at `url`. Proxies of the environment are not used."""
    headers = {"Authorization": f"Token {token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)
    return InfluxStore(BucketWriter(url, org, bucket, token), Queries(client, database, retention_policy))
