"""`/healthz`, `/readyz` and `/metrics` of the web process."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.service.answers import answer_health, answer_metrics, answer_readiness
from cloud_gateway.service.field import read_field
from cloud_gateway.service.figures import WebFigures
from cloud_gateway.service.readiness import Check, database_check, evidence_check, look, series_check

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def show_health() -> JSONResponse:
    """The process lives."""
    return answer_health()


@router.get("/readyz")
async def show_readiness(request: Request) -> JSONResponse:
    """Whether all that the console needs is there, else 503 and what is not."""
    gateway = gateway_of(request)
    checks: dict[str, Check] = {"database": database_check(gateway.engine), "series": series_check(gateway.series)}
    if gateway.settings.evidence.key_file is not None:
        checks["evidence"] = evidence_check(gateway.engine)
    return answer_readiness(await look(checks))


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Figures for Prometheus, for who may read them."""
    gateway = gateway_of(request)
    figures = request.app.state.figures
    assert isinstance(figures, WebFigures)

    async def write() -> bytes:
        return figures.write(await read_field(gateway.engine, gateway.settings, now_ms()))

    return await answer_metrics(request, gateway.settings.service, bool(gateway.settings.web.origin), write)
