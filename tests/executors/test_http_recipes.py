"""The recipes of docs/engines/http.md, against emulated engines: the answers are those that their documents show."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from horarium.domain.execution import Verdict, Watched, WatchedTarget
from horarium.domain.ids import prefixed, uuid_text
from horarium.executors.http import make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import RUN_ID, stored_call

PAGE = Path(__file__).parents[2] / "docs" / "engines" / "http.md"
RECIPES = {
    recipe["name"]: recipe["executor"]
    for recipe in map(orjson.loads, re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
}
RUN = prefixed("run", RUN_ID)
LABEL = RUN.lower().replace("_", "-")
UUID = uuid_text(RUN_ID)


class EmulatedEngine:
    """Keeps jobs by the id that a request gives them, as the recipe's engine does. `state` is what it shows. `refuses`
    is the status of a second request for a job; None: it is answered as the first was."""

    def __init__(
        self,
        key: Callable[[Any, web.Request], str],
        path: str,
        refuses: int | None,
        shown: Callable[[str], Any],
    ) -> None:
        self.key, self.path, self.refuses, self.shown = key, path, refuses, shown
        self.jobs: dict[str, Any] = {}
        self.state = ""

    async def handle(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Bearer ")
        if request.method == "GET":
            assert request.path == self.path, request.path
            shown = self.shown(self.state)
            return shown if isinstance(shown, web.Response) else web.json_response(shown)
        body = await request.json()
        key = self.key(body, request)
        if key in self.jobs and self.refuses is not None:
            return web.json_response({"detail": "exists already"}, status=self.refuses)
        self.jobs[key] = body
        return web.json_response({"id": "abc123", "invocationId": "inv_1"}, status=201)


def conditions(state: str) -> Any:
    found = [{"type": state, "status": "True"}] if state else []
    return {"kind": "Job", "status": {"active": 1, "conditions": found} if found else {"active": 1}}


def not_ready() -> web.Response:
    """How Restate answers while an invocation goes on."""
    return web.json_response({"message": "not ready"}, status=470)


ENGINES = {
    "Airflow": (
        lambda body, _: body["dag_run_id"],
        f"/api/v2/dags/report/dagRuns/{RUN}",
        409,
        lambda state: {"dag_run_id": RUN, "state": state, "conf": {"rows": 3}},
        ("queued", "running", "success"),
        {"rows": 3},
    ),
    "Kubernetes": (
        lambda body, _: body["metadata"]["name"],
        f"/apis/batch/v1/namespaces/jobs/jobs/{LABEL}",
        409,
        conditions,
        ("", "Suspended", "Complete"),
        {"active": 1, "conditions": [{"type": "Complete", "status": "True"}]},
    ),
    "Prefect": (
        lambda body, _: body["idempotency_key"],
        "/api/flow_runs/abc123",
        None,
        lambda state: {"id": "abc123", "state": {"type": state, "message": "All good"}},
        ("SCHEDULED", "RUNNING", "COMPLETED"),
        "All good",
    ),
    "Restate": (
        lambda _, request: request.headers["idempotency-key"],
        "/restate/invocation/inv_1/output",
        None,
        lambda state: {"state": state, "result": {"rows": 3}} if state else not_ready(),
        ("", "done"),
        {"rows": 3},
    ),
    "Step Functions": (
        lambda body, _: body["name"],
        f"/production/executions/{RUN}",
        409,
        lambda state: {"name": RUN, "status": state, "output": '{"rows": 3}'},
        ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED"),
        '{"rows": 3}',
    ),
    "Windmill": (
        lambda _, request: request.query["job_id"],
        f"/api/w/reports/jobs_u/completed/get_result_maybe/{UUID}",
        400,
        lambda state: (
            {"completed": True, "success": True, "result": 3}
            if state
            else {"completed": False, "result": None}
        ),
        ("", "ended"),
        3,
    ),
    "Trigger.dev": (
        lambda body, _: body["options"]["idempotencyKey"],
        "/api/v3/runs/abc123",
        None,
        lambda state: {"id": "abc123", "status": state, "output": {"rows": 3}},
        ("QUEUED", "EXECUTING", "COMPLETED"),
        {"rows": 3},
    ),
}


def test_every_recipe_of_the_page_is_tried() -> None:
    assert RECIPES.keys() == ENGINES.keys()


@pytest.mark.parametrize("name", ENGINES)
async def test_a_recipe_gives_a_run_once_and_follows_it_to_its_end_at_an_emulated_engine(name: str) -> None:
    key, path, refuses, shown, states, output = ENGINES[name]
    engine = EmulatedEngine(key, path, refuses, shown)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", engine.handle)
    executor = make(ExecutorOptions(allow_loopback=True))
    async with TestServer(app) as server:
        here = str(server.make_url("")).rstrip("/")
        text = re.sub(r"https://[a-z.]+\.example\.com", here, orjson.dumps(RECIPES[name]).decode())
        config = orjson.loads(text)
        call = stored_call(executor, config, input={"image": "report:1"}, watched=True)
        assert executor.watchable(call.config)
        for attempt in (1, 2):
            outcome = await executor.execute(call)
            assert outcome.verdict is Verdict.ACCEPTED, (attempt, outcome.error)
        assert len(engine.jobs) == 1
        target = WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)
        run = Watched(RUN_ID, outcome.handle or "")
        for engine.state in states[:-1]:
            assert await executor.watch(target, [run]) == {}
        engine.state = states[-1]
        (found,) = (await executor.watch(target, [run])).values()
        assert (found.verdict, found.output) == (Verdict.SUCCEEDED, output)
    await executor.close()
