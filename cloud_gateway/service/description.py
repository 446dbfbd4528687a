"""The API's own description (OpenAPI 3.1), with its errors as they are sent: problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from edge_agent.web.problems import MEDIA_TYPE, ProblemDocument

_MODEL = f"#/components/schemas/{ProblemDocument.__name__}"
Json = dict[str, Any]


def describe_api(app: FastAPI) -> Json:
    """The document, made once for each application."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"] = {k: _as_sent(v) for k, v in operation["responses"].items()}
        app.openapi_schema = document
    return app.openapi_schema


def _as_sent(response: Json) -> Json:
    """An answer whose body is a problem says so in its media type; the library knows one type for all answers."""
    content = {_media_type(name, body): body for name, body in response.get("content", {}).items()}
    return response | {"content": content} if content else response


def _media_type(name: str, body: Json) -> str:
    return MEDIA_TYPE if body.get("schema", {}).get("$ref") == _MODEL else name
