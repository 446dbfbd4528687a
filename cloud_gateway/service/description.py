"""The API's own description (OpenAPI 3.1), with its errors as they are sent: problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi

from edge_agent.web.problems import MEDIA_TYPE, ProblemDocument

Json = dict[str, Any]
_NAME = ProblemDocument.__name__
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_NAME}"}}}
#: What every route of the API may answer. By name: a model would be worked out anew for each route and status.
FAILURES: dict[int | str, Json] = {
    status: {"description": text, "content": _CONTENT}
    for status, text in (
        (401, "Not signed in"),
        (404, "Not found"),
        (422, "A value cannot be used"),
        ("default", "Refused: `code` says why"),
    )
}
router = APIRouter()


@router.get("/openapi.json", include_in_schema=False)
async def describe(request: Request) -> Json:
    """The API's own description."""
    app = request.app
    assert isinstance(app, FastAPI)
    return app.openapi()


def describe_api(app: FastAPI) -> Json:
    """The document, made once for each application."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document["components"]["schemas"] | {_NAME: ProblemDocument.model_json_schema()}
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema
