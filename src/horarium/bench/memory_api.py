"""The ceiling of the API: the same framework under the same server, answering from memory.

`python -m horarium.bench.memory_api` prints its address. It accepts the requests of the
schedules API, checks nothing, keeps the bodies in a dictionary, and its answers are as long.
"""

from __future__ import annotations

import socket
from typing import Any

import orjson
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response

JSON = "application/json"
SHOWN: dict[str, Any] = {
    "state": "active",
    "target": {"id": "tgt_0000000000000000000000000", "key": "bench", "name": "Bench"},
    "policies": {"overlap": "skip", "catch_up": "latest", "grace": 30, "retry": {"max_attempts": 1}},
    "counts": {"fires": 0, "succeeded": 0, "failed": 0, "skipped": 0},
    "next_fires": ["2030-01-01T00:00:00.000Z"] * 5,
    "created_at": "2030-01-01T00:00:00.000Z",
    "updated_at": "2030-01-01T00:00:00.000Z",
    "version": 1,
}


def memory_api() -> FastAPI:
    """`POST /schedules`, `GET /schedules/{id}`, `POST /schedules/bulk`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    kept: dict[str, dict[str, Any]] = {}

    def keep(text: bytes) -> dict[str, Any]:
        given = orjson.loads(text)
        schedule = {"id": f"sch_{len(kept):026}", **given, **SHOWN}
        kept[schedule["id"]] = schedule
        return schedule

    async def create(request: Request) -> Response:
        return Response(orjson.dumps(keep(await request.body())), 201, media_type=JSON)

    async def get(request: Request) -> Response:
        return Response(orjson.dumps(kept[request.path_params["id"]]), media_type=JSON)

    async def bulk(request: Request) -> Response:
        lines = (await request.body()).splitlines()
        answers = [{"line": n, "status": 201, "id": keep(line)["id"]} for n, line in enumerate(lines, 1)]
        text = b"".join(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE) for answer in answers)
        return Response(text, media_type="application/x-ndjson")

    for prefix in ("", "/horarium/v1"):
        app.add_route(f"{prefix}/schedules/bulk", bulk, ["POST"])
        app.add_route(f"{prefix}/schedules", create, ["POST"])
        app.add_route(f"{prefix}/schedules/{{id}}", get, ["GET"])
    return app


async def _serve() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    config = uvicorn.Config(memory_api(), log_config=None, access_log=False, lifespan="off")
    print(f"http://127.0.0.1:{listening.getsockname()[1]}\n", flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    uvloop.run(_serve())
