"""Serves static files, each in one piece: read bit by bit, a large script waits for a thread at each bit."""

from __future__ import annotations

import os

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

#: Larger than any file of ours, bytes.
WHOLE = 4 * 1024 * 1024


class Files(StaticFiles):
    """A folder whose files are sent whole."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304 when the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        if isinstance(response, FileResponse):
            response.chunk_size = WHOLE
        return response
