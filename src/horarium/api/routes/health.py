"""Routes that say whether the server is alive and ready, and its metrics. They need no key, so they show nothing of
tenants."""

from __future__ import annotations

from starlette.requests import Request

from horarium import __version__
from horarium.api.kit.keys import authenticate
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id, from_prefixed
from horarium.domain.tenancy import SERVER_SCOPE
from horarium.service.readiness import STARTING
from horarium.service.services import Services
from horarium.times import TZDATA_VERSION

# Stands for all workspaces.
EVERY_WORKSPACE = "*"


class HealthRoutes:
    def __init__(self, services: Services) -> None:
        self.services = services

    async def healthz(self, request: Request) -> Answer:
        return json_answer(200, {"status": "ok", "version": __version__, "tzdata": TZDATA_VERSION})

    async def readyz(self, request: Request) -> Answer:
        """A server is ready if it can commit, holds its lease, knows the time, and its database has the schema that it
        needs and no later entries than now. `detail` says what is wrong."""
        reasons = await self.services.readiness.reasons()
        if not reasons:
            return json_answer(200, {"status": "ready"})
        status = "starting" if reasons == [STARTING] else "unavailable"
        return json_answer(503, {"status": status, "detail": "; ".join(reasons)})

    async def metrics(self, request: Request) -> Answer:
        """The figures that show nothing of tenants, or with `workspace` those by lane."""
        metrics, wanted = self.services.metrics, request.query_params.get("workspace")
        if wanted is None:
            return Answer(200, await metrics.text(), metrics.content_type.encode())
        who = await authenticate(request, self.services, ("bearer", "x-api-key"), SERVER_SCOPE)
        workspace_id = None if wanted == EVERY_WORKSPACE else _workspace(wanted)
        found = await metrics.text_by_lane(who, workspace_id)
        return Answer(200, found, metrics.content_type.encode())


def _workspace(text: str) -> Id:
    """The workspace that a parameter names. Raises Invalid."""
    found = from_prefixed("ws", text)
    if found is None:
        raise Invalid(Problem("workspace", f"{text[:60]!r} is neither * nor an id such as ws_01J..."))
    return found


def add_routes(api: Api, services: Services) -> None:
    routes, tag = HealthRoutes(services), "health"
    api.add("GET", "/healthz", routes.healthz, "Whether the server lives, with its versions", tag=tag)
    api.add("GET", "/readyz", routes.readyz, "Whether the server can work", tag=tag)
    by_lane = (
        "the id of a workspace, or *: its figures by target instead, which need a key of the whole server"
    )
    api.add(
        "GET",
        "/metrics",
        routes.metrics,
        "Figures for Prometheus",
        tag=tag,
        query={"workspace": by_lane},
    )
