"""Plays the part of a Kubernetes API server that Jobs need, as its documents show it: it runs no pods.

`finish` and `fail` let a Job end, as the controller would write it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

TOKEN = "open-sesame-token"


def status(code: int, reason: str, message: str) -> web.Response:
    """The object `Status` with which the server refuses."""
    content = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return web.json_response(content, status=code)


class EmulatedKubernetes:
    """Jobs and pods of one namespace. `asked` are the requests that came, `refusal` answers the next one. Lists of
    Jobs wait for `listing`."""

    def __init__(self, namespace: str = "jobs") -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.created = 0
        self.refusal: web.Response | None = None
        self.listing: asyncio.Event | None = None
        self.app = web.Application()
        jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.app.add_routes(
            [
                web.post(jobs, self._create),
                web.get(jobs, self._list),
                web.get(f"{jobs}/{{name}}", self._show),
                web.delete(f"{jobs}/{{name}}", self._delete),
                web.get(f"/api/v1/namespaces/{namespace}/pods", self._list_pods),
            ]
        )
        self.app.middlewares.append(self._admit)

    @web.middleware
    async def _admit(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return status(401, "Unauthorized", "Unauthorized")
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            return refusal
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _create(self, request: web.Request) -> web.Response:
        job = await request.json()
        name = job["metadata"]["name"]
        if name in self.jobs:
            return status(409, "AlreadyExists", f'jobs.batch "{name}" already exists')
        self.created += 1
        self.jobs[name] = job | {"status": {"active": 1}}
        return web.json_response(self.jobs[name], status=201)

    async def _list(self, request: web.Request) -> web.Response:
        if self.listing is not None:
            await self.listing.wait()
        label, _, value = request.query["labelSelector"].partition("=")
        assert request.query["fieldSelector"] == "status.successful=0"
        found = [
            job
            for job in self.jobs.values()
            if job["metadata"]["labels"].get(label) == value and not job["status"].get("succeeded")
        ]
        start, limit = int(request.query.get("continue", 0)), int(request.query["limit"])
        more = str(start + limit) if len(found) > start + limit else ""
        items = found[start : start + limit]
        return web.json_response({"kind": "JobList", "metadata": {"continue": more}, "items": items})

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.jobs:
            return status(404, "NotFound", f'jobs.batch "{name}" not found')
        return web.json_response(self.jobs[name])

    async def _delete(self, request: web.Request) -> web.Response:
        assert (await request.json())["propagationPolicy"] == "Background"
        if self.jobs.pop(request.match_info["name"], None) is None:
            return status(404, "NotFound", "not found")
        return web.json_response({"kind": "Status", "status": "Success"})

    async def _list_pods(self, request: web.Request) -> web.Response:
        _, _, name = request.query["labelSelector"].partition("=")
        found = [
            pod for pod in self.pods if pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == name
        ]
        return web.json_response({"kind": "PodList", "items": found})

    def finish(self, name: str, message: str | None = None) -> None:
        """A Job's pod has ended well, with this termination message."""
        self._pod(name, message)
        self.jobs[name]["status"] = {
            "succeeded": 1,
            "conditions": [
                {"type": "SuccessCriteriaMet", "status": "True"},
                {"type": "Complete", "status": "True"},
            ],
        }

    def fail(self, name: str, message: str | None = None) -> None:
        """A Job has failed as often as it may."""
        self._pod(name, message)
        words = "Job has reached the specified backoff limit"
        condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": words}
        self.jobs[name]["status"] = {"failed": 3, "conditions": [condition]}

    def _pod(self, name: str, message: str | None) -> None:
        state = {"terminated": {"exitCode": 0, "message": message} if message else {"exitCode": 0}}
        self.pods.append(
            {
                "metadata": {"labels": {"batch.kubernetes.io/job-name": name}},
                "status": {
                    "startTime": f"2026-03-08T13:00:{len(self.pods):02}Z",
                    "containerStatuses": [{"state": state}],
                },
            }
        )
