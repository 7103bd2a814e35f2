"""Routes that say whether the server is alive and ready, and its metrics. They need no key, so they show nothing of
tenants."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request

from horarium import __version__
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.errors import Unavailable
from horarium.service.services import Services
from horarium.store.verbs.tenancy import any_workspace
from horarium.times import TZDATA_VERSION


class HealthRoutes:
    def __init__(self, services: Services) -> None:
        self.services = services

    async def healthz(self, request: Request) -> Answer:
        return json_answer(200, {"status": "ok", "version": __version__, "tzdata": TZDATA_VERSION})

    async def readyz(self, request: Request) -> Answer:
        """A server is ready if it can read its database."""
        try:
            founded = await self.services.store.read(any_workspace)
        except Unavailable as error:
            return json_answer(503, {"status": "unavailable", "detail": str(error)})
        return json_answer(200 if founded else 503, {"status": "ready" if founded else "starting"})

    async def metrics(self, request: Request) -> Answer:
        return Answer(200, generate_latest(), CONTENT_TYPE_LATEST.encode())


def add_routes(api: Api, services: Services) -> None:
    routes, tag = HealthRoutes(services), "health"
    api.add("GET", "/healthz", routes.healthz, "Whether the server lives, with its versions", tag=tag)
    api.add("GET", "/readyz", routes.readyz, "Whether the server can work", tag=tag)
    api.add("GET", "/metrics", routes.metrics, "Figures for Prometheus", tag=tag)
