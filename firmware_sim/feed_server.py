"""A real HTTP server for a story's modelled warnings: what is published grows as story time passes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from firmware_sim.feed import index_path, write_documents
from firmware_sim.forms import Story


class FeedServer:
    """Serves one story on a free port of this machine, in threads of its own, until `stop`.

    `now` is story time, ms UTC, and is called in those threads. Answers carry an ETag, and 304 where it is known.
    """

    def __init__(self, story: Story, now: Callable[[], int]) -> None:
        self._path = index_path(story)

        class Handler(_Handler):
            documents = staticmethod(lambda: write_documents(story, now()))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="feed of warnings", daemon=True)

    @property
    def url(self) -> str:
        """Where the feed begins."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; a server that was never started is only closed."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    documents: Callable[[], object]
    timeout = 30

    def do_GET(self) -> None:
        """Answer one request."""
        documents = self.documents()
        assert isinstance(documents, dict)
        found = documents.get(urlsplit(self.path).path)
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        media_type, body = found
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        known = tag in self.headers.get("If-None-Match", "")
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", "0" if known else str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Every poll would be a line."""
