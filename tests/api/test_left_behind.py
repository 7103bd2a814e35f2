"""What a request has brought is freed with its answer: no cycle of objects keeps it until Python looks for garbage.

A server looks seldom, and a refused body of four megabytes may have become fifty in memory.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from horarium.api.app import BASE
from horarium.api.kit import registry
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
SCHEDULE = {"name": "s", "recurrence": "0 9 1 1 *", "target": "unknown"}
REFUSED = {
    "a field that is wrong": ("POST", "/schedules", SCHEDULE | {"labels": {f"l{n}": "x" for n in range(60)}}),
    "a field that is unknown": ("POST", "/schedules", SCHEDULE | {"unknown": [1]}),
    "a target that is not there": ("POST", "/schedules", SCHEDULE),
    "a target that cannot be": (
        "PUT",
        "/targets/by-key/t",
        {"kind": "workflow", "name": "T", "executor": {"type": "x"}},
    ),
    "a key with unknown scopes": ("POST", "/keys", {"name": "k", "scopes": ["unknown"]}),
    "what is not there": ("PATCH", "/schedules/sch_01J0000000000000000000000A", {"name": "x"}),
    "a path that is not there": ("POST", "/nowhere", {}),
    "a method that is not there": ("PUT", "/schedules", {}),
    "no object": ("POST", "/schedules", [1]),
}


@contextmanager
def only_counting() -> Iterator[list[str]]:
    """In this block garbage is not collected. At its end the list holds the exceptions that only a collection frees.

    What was there before the block is left out, and stays so: looking through all that a process with many tests holds
    takes a second.
    """
    found: list[str] = []
    gc.disable()
    gc.freeze()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += [repr(one) for one in gc.garbage if isinstance(one, BaseException)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_request_leaves_nothing_behind(name: str) -> None:
    method, path, body = REFUSED[name]
    async with House.open(NOW) as house:
        await house.client.request(method, f"{BASE}{path}", json=body)  # what is made once is made now
        with only_counting() as left:
            answer = await house.client.request(method, f"{BASE}{path}", json=body)
            assert answer.status_code >= 400
    assert left == []


@pytest.mark.parametrize("dialect", registry.load())
async def test_a_refused_request_of_a_dialect_leaves_nothing_behind(dialect: str) -> None:
    async with House.open(NOW) as house:
        for base in registry.load()[dialect].bases:
            for content in ("{}", '{"name": 1, "unknown": [1]}', "[1", "\x00"):
                for path in ("/schedules", "/create", "/nowhere"):
                    await house.client.post(f"{base}{path}", content=content)
                    with only_counting() as left:
                        answer = await house.client.post(f"{base}{path}", content=content)
                        assert answer.status_code >= 400
                    assert left == [], (path, content)


@pytest.mark.parametrize("mode", ["", "?mode=upsert"])
async def test_refused_lines_leave_nothing_behind(mode: str) -> None:
    line = json.dumps(SCHEDULE | {"key": "k"})
    headers = {"content-type": "application/x-ndjson"}
    async with House.open(NOW) as house:
        for _ in range(2):
            with only_counting() as left:
                answer = await house.client.post(
                    f"{BASE}/schedules/bulk{mode}", content=f"{line}\nx\n", headers=headers
                )
                assert '"status":201' not in answer.text
    assert left == []


@pytest.mark.parametrize("field", ["timezone", "recurrence"])
async def test_of_texts_that_are_refused_a_bounded_number_of_bytes_is_kept(field: str) -> None:
    async with House.open(NOW) as house:
        tracemalloc.start()
        try:
            for number in range(24):
                body = {"recurrence": "@daily", field: f"{number}/" + "x" * 1_000_000}
                assert (await house.client.post(f"{BASE}/schedules/preview", json=body)).status_code == 400
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < 16_000_000
        finally:
            tracemalloc.stop()


class Served:
    """A request in a server that, as uvicorn does, keeps the scope and has the method that sends."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope, self.status = scope, 0

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/schedules", 200), ("POST", "/schedules", 400), ("GET", "/nowhere", 404), ("GET", "/me", 401)],
)
async def test_a_request_is_gone_once_it_is_answered(method: str, path: str, status: int) -> None:
    async with House.open(NOW) as house:
        key = house.client.headers["authorization"] if status != 401 else "Bearer hor_wrong"
        served = Served(
            {
                "type": "http",
                "method": method,
                "path": f"{BASE}{path}",
                "raw_path": f"{BASE}{path}".encode(),
                "query_string": b"",
                "root_path": "",
                "headers": [(b"authorization", key.encode()), (b"content-type", b"application/json")],
                "client": ("127.0.0.1", 4000),
                "server": ("127.0.0.1", 80),
                "scheme": "http",
                "http_version": "1.1",
            }
        )
        gc.disable()
        try:
            await house.api(served.scope, served.receive, served.send)
            assert served.status == status
            gone = weakref.ref(served)
            del served
            assert gone() is None
        finally:
            gc.enable()
