"""InfluxDB 1.x over HTTP: lines to ``/write``, which answers 204 once they are in its synced write-ahead log."""

from __future__ import annotations

import httpx

from cloud_gateway.readings.delivery import check_answer
from cloud_gateway.readings.influx import TIMEOUT, InfluxStore
from cloud_gateway.readings.influxql import Queries
from cloud_gateway.readings.series import StoreUnavailable


class WriteEndpoint:
    """The sender for 1.x. It makes the database at `open`, and again should the server have lost it."""

    def __init__(self, client: httpx.Client, queries: Queries, database: str, retention_policy: str) -> None:
        self._client = client
        self._queries = queries
        self._parameters = {"db": database, "rp": retention_policy, "precision": "ns"}

    def open(self) -> None:
        """Make the database. Raises StoreUnavailable."""
        self._queries.create_database()

    def send(self, body: bytes) -> None:
        """Write lines. Raises BodyRefused and StoreUnavailable."""
        try:
            reply = self._client.post("/write", params=self._parameters, content=body)
        except httpx.HTTPError as exc:
            raise StoreUnavailable(f"the series store cannot be reached: {exc!r}") from exc
        if reply.status_code == httpx.codes.NOT_FOUND:
            self._queries.create_database()
        check_answer(reply.status_code, reply.text, reply.headers.get("Retry-After"))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def influx1_store(url: str, database: str, retention_policy: str, user: tuple[str, str] | None) -> InfluxStore:
    """A store on the 1.x server at `url`; `user` is name and password. Proxies of the environment are not used."""
    auth = httpx.BasicAuth(*user) if user else None
    client = httpx.Client(base_url=url, auth=auth, timeout=TIMEOUT, trust_env=False)
    queries = Queries(client, database, retention_policy)
    return InfluxStore(WriteEndpoint(client, queries, database, retention_policy), queries)
