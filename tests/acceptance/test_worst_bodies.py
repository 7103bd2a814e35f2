"""The promise: whatever somebody sends, others are answered at once and the server stays as large as it was.

Every route of all six APIs is sent four megabytes of the worst that each of its fields can hold, while another client
asks GET /healthz without a pause: it waits less than 200 ms, and the server's memory grows by less than 100 MB. The
short form tries one kind of value for each field, as many as there is time for (15 s, and a minute in `make faults`),
and of a wait counts only the time in which the server computed. The long form (`-m long`) tries all values, and counts
the whole wait but for the time in which the server or the other client was ready to go on and the machine ran something
else instead, as Linux tells it for each thread. So both forms can be run beside other work. `make worst` runs the long
form in pieces of some minutes each.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute

from horarium.api.app import BASE, own_api
from horarium.api.kit import registry
from horarium.api.unknown import BY_KEY
from horarium.domain.ids import from_prefixed
from tests.acceptance import worst_bodies
from tests.api.dialects.speakers import SPEAKERS, Autessa, Cadenya, M9m, Speaker
from tests.support.house import House, Tenant
from tests.support.postgres import drop_database, fresh_database

SIZE = 4 * 1024 * 1024 - 64 * 1024
HEAD = 50_000
WAIT_S, GROWTH = 0.2, 100 * 1024 * 1024
# A busy machine makes everybody wait: what an idle server makes its clients wait at most is allowed so many times.
IDLE_FACTOR, IDLE_S = 4, 3.0
# A turn that was too slow is tried again, after a pause that grows by this: something else may have run meanwhile.
TRIES, PAUSE_S = 6, 0.3
# How many cases the long form sends at once.
AT_ONCE = 4
# The processor time of a process is counted in ticks.
TICKS, TICK_S = 2, 1 / os.sysconf("SC_CLK_TCK")
SHORT_S, LONG_S = float(os.environ.get("WORST_SECONDS", "15")), 7200.0
SECRET_KEY = base64.b64encode(bytes(32)).decode()
# Which of a field's values the short form tries.
TURN = int(os.environ.get("WORST_TURN", "0"))
# Which part of all cases the long form tries, and of how many parts: each has cases of every route.
PIECE, PIECES = (int(number) for number in os.environ.get("WORST_PIECE", "1/1").split("/"))
# Stands for the status of a request that was not answered within ANSWER_S seconds.
NO_ANSWER, ANSWER_S = 599, 300.0
# What is answered to a request that is refused for what it says.
REFUSED = (400, 404, 405, 413, 415)
# A file with the names of requests that were not refused. The long form on SQLite adds them to it. On PostgreSQL it
# tries only these, if the file is named: what is refused is refused before the database has anything to do with it.
ACCEPTED = os.environ.get("WORST_ACCEPTED")

# Asks /healthz without a pause, and writes for each answer when it was asked for, how long it took, how long of that
# the server's event loop or this process was ready and had no processor, how many ticks of processor time the server
# used meanwhile, and its resident memory.
PROBE = """
import socket, sys, time
port, pid = int(sys.argv[1]), sys.argv[2]
request = b"GET /healthz HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n"
stat, statm = (open(f"/proc/{pid}/{name}", "rb", buffering=0) for name in ("stat", "statm"))
try:
    queues = [open(f"/proc/{found}/schedstat", "rb", buffering=0) for found in (pid, "self")]
except OSError:
    queues = []

def delayed():
    nanoseconds = 0
    for queue in queues:
        queue.seek(0)
        nanoseconds += int(queue.read().split()[1])
    return nanoseconds / 1e9

def ticks():
    stat.seek(0)
    fields = stat.read().rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])

while True:
    connection = socket.create_connection(("127.0.0.1", port))
    try:
        while True:
            used, late, begun = ticks(), delayed(), time.monotonic()
            connection.sendall(request)
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200 "):
                break
            taken = time.monotonic() - begun
            late = min(delayed() - late, taken)
            statm.seek(0)
            resident = int(statm.read().split()[1]) * 4096
            sys.stdout.write(f"{begun} {taken} {late} {ticks() - used} {resident}\\n")
            sys.stdout.flush()
            time.sleep(0.001)
    except OSError:
        pass
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """Where a schedule of an API holds its input, and the routes that make schedules and that list them. The text
    that is the input stands between `begin` and `end`."""

    field: tuple[str, ...]
    make: str
    ask: str
    begin: bytes = b""
    end: bytes = b""
    size: int = SIZE


# How many schedules with the largest inputs are made by each API before they are listed.
LISTED = 20
SCHEDULES = "/workspaces/{workspaceId}/agents/cadenya-agent/schedules"
HOLDING: dict[type[Speaker], Holding] = {
    Autessa: Holding(("agentConfig", "agentExecutionRequest", "input"), "/create", "/all", size=1_000_000),
    M9m: Holding(("inputData",), "/schedules", "/schedules", b'[{"json":{"a":', b"}}]"),
    Cadenya: Holding(("spec", "data"), SCHEDULES, f"{SCHEDULES}?limit=50", b'{"a":', b"}"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A request. `content` makes its body when it is sent."""

    name: str
    method: str
    url: str
    key: str
    content: Callable[[], bytes]
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request cost others: the longest wait in seconds without what the machine added to it, and the growth of
    memory in bytes.

    `held` is the longest part of a wait in which the server computed. It is shorter than the wait where the server
    waited for something else, as for its database or its disk.
    """

    wait: float
    held: float
    growth: int

    def within(self, allowed: float, strict: bool) -> bool:
        return (self.wait if strict else self.held) <= allowed and self.growth <= GROWTH


@contextmanager
def _server(data: Path, database: str | None = None) -> Iterator[tuple[str, int]]:
    """A real server on this database, or on a SQLite file in its data folder; its address and its process id."""
    command = [
        sys.executable,
        "-m",
        "horarium",
        "serve",
        "--data",
        str(data),
        "--port",
        "0",
        "--allow-loopback",
        *(() if database is None else ("--database", database)),
    ]
    # The promise must not depend on the rate limit of a key: without one, every request is really tried.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "HORARIUM_RATE_LIMIT": "0", "HORARIUM_SECRET_KEY": SECRET_KEY},
    )
    try:
        yield next(line.split()[-1] for line in process.stdout or () if " listens at " in line), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=60)


class _Answered(NamedTuple):
    """An answer to the other client: when it was asked for and came (seconds), how long of that it was waited for and
    the server computed, and the server's memory then (bytes)."""

    asked: float
    at: float
    wait: float
    held: float
    resident: int


class Probe:
    """Another client, in a process of its own."""

    def __init__(self, url: str, pid: int) -> None:
        port = str(httpx.URL(url).port)
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROBE, port, str(pid)], stdout=subprocess.PIPE, text=True
        )
        self._answers: list[_Answered] = []

    async def cost(self, begun: float, ended: float) -> Cost:
        """What was seen between two instants, by answers that were waited for in between."""
        while not self._answers or self._answers[-1].asked < ended:
            line = await asyncio.to_thread(self._process.stdout.readline)  # type: ignore[union-attr]
            asked, taken, late, ticks, resident = line.split()
            wait = float(taken) - float(late)
            held = min(wait, (int(ticks) + TICKS) * TICK_S)
            self._answers.append(
                _Answered(float(asked), float(asked) + float(taken), wait, held, int(resident))
            )
        seen = [answer for answer in self._answers if answer.at >= begun and answer.asked <= ended]
        before = [answer for answer in self._answers if answer.at < begun][-1:] or seen[:1]
        self._answers = self._answers[-50:]
        return Cost(
            max((answer.wait for answer in seen), default=0.0),
            max((answer.held for answer in seen), default=0.0),
            max((answer.resident for answer in seen), default=0) - before[0].resident if before else 0,
        )

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Directory:
    """The part of the services that speakers fill the directory with, over HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def put(self, workspace_id: bytes, kind: str, items: AsyncIterator[tuple[int, Any]]) -> Any:
        answer = await self._client.put(f"{BASE}/directory/{kind}", json=[item async for _, item in items])
        assert answer.status_code == 200, answer.text
        return SimpleNamespace(refused=[])


class Remote:
    """As much of a house as speakers need, of a server in another process."""

    def __init__(self, url: str, key: str, client: httpx.AsyncClient, workspace_id: bytes) -> None:
        self.url, self.key, self.client, self.api = url, key, client, None
        self.first = Tenant(workspace_id, key, client)
        self.services = SimpleNamespace(directory=_Directory(client))
        self._tenants: list[Tenant] = []

    async def target(
        self, kind: str, url: str = "http://127.0.0.1:1/", tenant: Any = None, **given: Any
    ) -> Any:
        body = {"kind": kind, "name": kind.capitalize(), "executor": {"type": "http", "url": url}} | given
        answer = await self.client.post(f"{BASE}/targets", json=body)
        assert answer.status_code == 201, answer.text
        return SimpleNamespace(**answer.json())

    async def work(self) -> None:
        """Wait until nothing is under way."""
        for _ in range(200):
            runs = (await self.client.get(f"{BASE}/runs?limit=100")).json()["items"]
            if all(run["attempts"] for run in runs):
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _remote(url: str, data: Path) -> AsyncIterator[Remote]:
    key = (data / "admin.key").read_text().strip()
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=ANSWER_S
    ) as client:
        me = (await client.get(f"{BASE}/me")).json()
        yield Remote(url, key, client, from_prefixed("ws", me["workspace"]["id"]) or b"")


NONE: dict[str, Any] = {}
# How the summary of a route by key ends that does the same as the one by id.
BY_ITS_KEY = ", by its key"


async def _cases(remote: Remote) -> list[list[Case]]:
    """All cases: for each field, or parameter, or body as a whole, the list of those that try it."""
    found = await _own_cases(remote)
    for kind in SPEAKERS:
        speaker = kind(remote, remote.first)  # type: ignore[arg-type]
        target = await remote.target(kind.kind, key=f"{kind.dialect}-{kind.kind}")
        speaker.number = target.number
        await speaker.prepare()
        alone = kind is Autessa
        key = remote.key if alone else f"Bearer {remote.key}"
        speaker.client = httpx.AsyncClient(base_url=remote.url, headers={"Authorization": key}, timeout=60)
        await speaker.create()
        page = (await speaker.client.get(f"{speaker.base}/openapi.json")).json()
        await speaker.client.aclose()
        for method, path in _routes(page):
            url, body = speaker.filled(path), speaker.bodies.get(f"{method} {path}", NONE)
            found += _of_route(page, kind.dialect, method, path, url, body, key)
    return found


async def _own_cases(remote: Remote) -> list[list[Case]]:
    client = remote.client
    await remote.target("workflow", key="t")
    schema = {"allOf": [{"uniqueItems": True}] * 150, "properties": {"a": {"pattern": "(a?){999}a{999}"}}}
    await remote.target("workflow", key="checked", input_schema=schema)
    order = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}
    made = (await client.post(f"{BASE}/schedules", json=order | {"key": "mine"})).json()
    fire = (await client.post(f"{BASE}/schedules/{made['id']}/fire-now")).json()
    await remote.work()
    run = (await client.get(f"{BASE}/runs?fire={fire['id']}")).json()["items"][0]["id"]
    # Routes of keys and principals are tried on others than our own, which must go on working.
    key_made = (await client.post(f"{BASE}/keys", json={"name": "k", "scopes": ["runs:read"]})).json()
    principal = (await client.post(f"{BASE}/principals", json={"name": "p"})).json()
    executor = {"type": "http", "url": "http://127.0.0.1:1/"}
    target = {"kind": "workflow", "name": "T", "executor": executor}
    source = {"type": "http", "config": {"url": "http://127.0.0.1:1/"}}
    places = {
        "schedules": made["id"],
        "runs": run,
        "fires": fire["id"],
        "targets": made["target"],
        "workspaces": "current",
        "keys": key_made["id"],
        "principals": principal["id"],
    }
    bodies: dict[str, Any] = {
        "POST /schedules": order,
        "PUT /schedules/by-key/{key}": order,
        "PUT /schedules/{id}": order,
        "PATCH /schedules/{id}": {},
        "POST /schedules/preview": {"recurrence": "0 9 * * *"},
        "POST /schedules/{id}/backfill": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
        "POST /targets": target,
        "PUT /targets/by-key/{key}": target,
        "PUT /targets/{id}": target,
        "PUT /audiences/{name}": source,
        "POST /audiences/preview": {"audience": {"type": "users"}},
        "POST /keys": {"name": "k", "scopes": ["runs:read"]},
        "POST /principals": {"name": "p"},
        "POST /principals/{id}/grants": {"targets": []},
        "POST /workspaces": {"name": "w"},
        "POST /tables": {"database": "d", "table": "t", "columns": [{"name": "a", "type": "text"}]},
    }
    page = (await client.get(f"{BASE}/openapi.json")).json()
    found: list[list[Case]] = []
    key = f"Bearer {remote.key}"
    twins = _twins(page)
    for method, path in _routes(page):
        place = places.get(path.split("/")[1], "x")
        url = BASE + path.replace("{key}", "mine").replace("{id}", place).replace("{kind}", "users").replace(
            "{ref}", "t"
        )
        url = (
            url.replace("{name}", "crm")
            .replace("{ref}", "t")
            .replace("{database}", "d")
            .replace("{table}", "t")
            .replace("{target}", "*")
        )
        of_route = _of_route(page, "own", method, path, url, bodies.get(f"{method} {path}", NONE), key)
        # Of two routes with the same handler, one is sent what is worst in bodies and parameters, and both what is
        # worst in places of a path, which is all that they differ in.
        found += [
            each for each in of_route if (method, path) not in twins or " with an id of " in each[0].name
        ]
    checked = order | {"target": "checked"}
    found.append(
        [
            Case(f"own POST /schedules input for a schema: {name}", "POST", f"{BASE}/schedules", key,
                 lambda made=made: worst_bodies.with_value(checked, ("input",), _made(made, SIZE)))
            for name, made in worst_bodies.ANY.items()
        ]
    )  # fmt: skip
    for content_type in ("text/csv", "application/x-ndjson", "application/json"):
        found.append(
            [
                Case(f"own PUT /directory/users as {content_type}: {name}", "PUT", f"{BASE}/directory/users", key,
                     lambda made=made: _made(made, SIZE), content_type)
                for name, made in worst_bodies.RAW.items()
            ]
        )  # fmt: skip
    lines = (json.dumps(order).encode() + b"\n") * 2_000
    found.append([Case("own bulk of good lines", "POST", f"{BASE}/schedules/bulk", key, lambda: lines)])
    return found


def _twins(page: Any) -> set[tuple[str, str]]:
    """The routes of our own API by the key of a thing that have the handler of the route by its id."""
    return {
        (method, path)
        for method, path in _routes(page)
        if _described(page, method, path)["summary"].endswith(BY_ITS_KEY)
    }


def _described(page: Any, method: str, path: str) -> Any:
    return page["paths"][path][method.lower()]


def _routes(page: Any) -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, methods in page["paths"].items() for method in methods]


def _of_route(page: Any, api: str, method: str, path: str, url: str, good: Any, key: str) -> list[list[Case]]:
    """The cases of one route."""
    described = _described(page, method, path)
    name, sent = f"{api} {method} {path}", json.dumps(good).encode()
    found: list[list[Case]] = []
    for parameter in described.get("parameters", []):
        if parameter["in"] == "query":
            joint = "&" if "?" in url else "?"
            asked = f"{url}{joint}{parameter['name']}="
            found.append(
                [
                    Case(
                        f"{name} ?{parameter['name']}: {kind}", method, asked + made(HEAD), key, lambda: sent
                    )
                    for kind, made in worst_bodies.IN_ADDRESSES.items()
                ]
            )
    if "{" in path:
        begin = url.rsplit("/", 1)[0]
        found.append(
            [
                Case(
                    f"{name} with an id of {kind}",
                    method,
                    f"{begin}/{made(HEAD)}",
                    key,
                    lambda: sent,
                )
                for kind, made in worst_bodies.IN_ADDRESSES.items()
            ]
        )
    if method != "DELETE":  # it would, and what comes after it would find nothing
        found.append(
            [
                Case(f"{name} as a whole: {kind}", method, url, key, lambda made=made: _made(made, SIZE))
                for kind, made in worst_bodies.RAW.items()
            ]
        )
    content = described.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is not None:
        places = [*worst_bodies.fields_of(page, schema), (("unknown",), "any")]
        for where, kind in places:
            found.append(
                [
                    Case(f"{name} {'.'.join(where)}: {what}", method, url, key,
                         lambda where=where, made=made: worst_bodies.with_value(good, where, _made(made, SIZE)))
                    for what, made in worst_bodies.BY_TYPE[kind].items()
                ]
            )  # fmt: skip
    return found


# The larger values take longer to make than to send.
_made = lru_cache(maxsize=100)(lambda made, size: made(size))


async def _sent(client: httpx.AsyncClient, case: Case) -> int:
    """Send a case and take its answer; the status, NO_ANSWER where none came in time."""
    headers = {"Authorization": case.key, "Content-Type": case.content_type}
    try:
        async with client.stream(case.method, case.url, content=case.content(), headers=headers) as answer:
            async for _ in answer.aiter_raw():
                pass
    except httpx.TimeoutException:
        print(f"  no answer: {case.name}", flush=True)
        return NO_ANSWER
    return answer.status_code


async def _tried(client: httpx.AsyncClient, probe: Probe, *cases: Case) -> tuple[Cost, list[int]]:
    """What some cases cost that are sent at once, and their statuses."""
    begun = time.monotonic()
    statuses = await asyncio.gather(*(_sent(client, case) for case in cases))
    return await probe.cost(begun, time.monotonic()), statuses


def _turn(groups: list[list[Case]], turn: int) -> list[Case]:
    """One case for each field, each with another kind of value than the field before."""
    return [cases[(number + turn) % len(cases)] for number, cases in enumerate(groups) if turn < len(cases)]


async def _worst_of(
    client: httpx.AsyncClient, probe: Probe, case: Case, allowed: float, strict: bool
) -> tuple[Cost, int]:
    """The least that the case cost in several tries, and the status of the last one.

    What the case itself costs is there at each try. What something else on the machine costs is not.
    """
    cost, (status,) = await _tried(client, probe, case)
    for number in range(1, TRIES):
        if cost.within(allowed, strict):
            break
        await asyncio.sleep(PAUSE_S * number)
        again, (status,) = await _tried(client, probe, case)
        cost = Cost(min(cost.wait, again.wait), min(cost.held, again.held), min(cost.growth, again.growth))
    return cost, status


async def _judged(
    client: httpx.AsyncClient, probe: Probe, cases: Sequence[Case], allowed: float, strict: bool
) -> list[tuple[Case, Cost, int]]:
    """Each case with what it cost and its status.

    They are sent at once, which costs at least as much as the worst of them alone. Only where that is too much is
    each tried by itself.
    """
    if strict:
        cost, statuses = await _tried(client, probe, *cases)
        if cost.within(allowed, strict) and max(statuses) < 500:
            return [(case, cost, status) for case, status in zip(cases, statuses, strict=True)]
    return [(case, *await _worst_of(client, probe, case, allowed, strict)) for case in cases]


async def _walk(
    tmp_path: Path, turns: Sequence[int], most_s: float, strict: bool = False, database: str | None = None
) -> list[str]:
    """Try the cases of these turns, for so many seconds; what broke the promise, in words.

    Unless `strict`, a wait counts only as far as the server computed meanwhile.
    """
    broken: list[str] = []
    statuses: Counter[int] = Counter()
    slowest: list[tuple[float, float, float, str]] = []
    data = tmp_path / "data"
    with _server(data, database) as (url, pid):
        async with _remote(url, data) as remote:
            groups = await _cases(remote)
            probe = Probe(url, pid)
            try:
                await probe.cost(0, time.monotonic())
                begun = time.monotonic()
                await asyncio.sleep(IDLE_S)
                idle = await probe.cost(begun, time.monotonic())
                allowed = WAIT_S + IDLE_FACTOR * idle.wait
                chosen = list(itertools.chain.from_iterable(_turn(groups, turn) for turn in turns))
                if strict:
                    chosen = chosen[PIECE - 1 :: PIECES]
                if strict and database is not None and ACCEPTED:
                    accepted = set(Path(ACCEPTED).read_text().splitlines())
                    chosen = [case for case in chosen if case.name in accepted]
                ends = time.monotonic() + most_s
                step, ordered = AT_ONCE if strict else 1, _spread(chosen)
                for cases in (ordered[start : start + step] for start in range(0, len(ordered), step)):
                    if time.monotonic() > ends:
                        break
                    for case, cost, status in await _judged(remote.client, probe, cases, allowed, strict):
                        statuses[status] += 1
                        if strict and database is None and ACCEPTED and status not in REFUSED:
                            with Path(ACCEPTED).open("a") as file:
                                file.write(f"{case.name}\n")
                        said = f"{cost.wait * 1000:.0f} ms ({cost.held * 1000:.0f} computing)"
                        slowest.append((cost.held, cost.wait, cost.growth / 1e6, case.name))
                        if status >= 500 or not cost.within(allowed, strict):
                            broken.append(f"{case.name}: {status}, {said}, {cost.growth / 1e6:.0f} MB")
                            print(f"  broken: {broken[-1]}", flush=True)
            finally:
                probe.end()
    done = statuses.total()
    print(
        f"{done} of {len(chosen)} requests; idle {idle.wait * 1000:.1f} ms, allowed {allowed * 1000:.0f} ms"
    )
    print(f"  answers: {dict(sorted(statuses.items()))}")
    for held, wait, growth, name in sorted(slowest, reverse=True)[:15]:
        print(f"  {held * 1000:6.0f} of {wait * 1000:6.0f} ms {growth:6.1f} MB  {name}")
    refused = statuses[401] + statuses[403] + statuses[429]
    assert refused < done / 50, "keys or rate limits refused requests, so these tried nothing"
    if strict and done < len(chosen):
        broken.append(f"only {done} of {len(chosen)} requests were tried in {most_s:.0f} s")
    return broken


def _spread(cases: list[Case]) -> list[Case]:
    """In an order that reaches every API early, whatever the time allows."""
    step = 37
    return [case for start in range(step) for case in cases[start::step]]


async def test_nobody_waits_for_the_worst_body_of_another(tmp_path: Path) -> None:
    assert await _walk(tmp_path, [TURN], SHORT_S) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nobody_waits_for_any_of_the_worst_bodies_of_another(tmp_path: Path, kind: str) -> None:
    turns = range(len(worst_bodies.ANY))
    with ExitStack() as stack:
        database = None
        if kind == "postgres":
            database = fresh_database("worst_bodies")
            stack.callback(drop_database, database)
        assert await _walk(tmp_path, turns, LONG_S, strict=True, database=database) == []


@pytest.mark.long
async def test_nobody_waits_for_a_list_of_the_largest_inputs(tmp_path: Path) -> None:
    """Every API that lists schedules with their inputs, with hundreds of megabytes of them."""
    data, broken = tmp_path / "data", []
    with _server(data) as (url, _):
        async with _remote(url, data) as remote:
            cases = await _large_lists(remote)
    # Started anew, because what the requests above left free in the server's memory would hide what lists take.
    with _server(data) as (url, pid):
        async with _remote(url, data) as remote:
            probe = Probe(url, pid)
            try:
                await probe.cost(0, time.monotonic())
                await remote.client.get(f"{BASE}/schedules?limit=1")  # what the first request sets up stays
                for case in cases:
                    # What a list takes of memory is seen at the first try only: later ones find it free.
                    first, _ = await _tried(remote.client, probe, case)
                    cost, status = await _worst_of(remote.client, probe, case, WAIT_S, strict=False)
                    cost = Cost(min(first.wait, cost.wait), min(first.held, cost.held), first.growth)
                    said = f"{case.name}: {status}, {cost.held * 1000:.0f} ms, {cost.growth / 1e6:.0f} MB"
                    print(f"  {said}", flush=True)
                    if status != 200 or not cost.within(WAIT_S, strict=False):
                        broken.append(said)
            finally:
                probe.end()
    assert broken == []


async def _large_lists(remote: Remote) -> list[Case]:
    """Lists of schedules, once there are LISTED schedules of each API with inputs as large as they may be."""
    texts = [worst_bodies.TEXTS["letters"], worst_bodies.TEXTS["emoji"]]
    found = []
    for kind, where in HOLDING.items():
        speaker = kind(remote, remote.first)  # type: ignore[arg-type]
        speaker.number = (await remote.target(kind.kind, key=f"{kind.dialect}-{kind.kind}")).number
        key = remote.key if kind is Autessa else f"Bearer {remote.key}"
        headers = {"Authorization": key, "Content-Type": "application/json"}
        for number in range(LISTED):
            # Each is a little smaller, because m9m refuses to make the same schedule twice.
            text = where.begin + texts[number % 2](where.size - 4 * number) + where.end
            body = worst_bodies.with_value(speaker.order, where.field, text)
            answer = await remote.client.post(speaker.filled(where.make), content=body, headers=headers)
            assert answer.status_code in (200, 201), answer.text[:1_000]
        method, url = "POST" if kind is Autessa else "GET", speaker.filled(where.ask)
        found.append(Case(f"{kind.dialect} {method} {where.ask}", method, url, key, bytes))
    found.append(Case("own /schedules", "GET", f"{BASE}/schedules?limit=1000", f"Bearer {remote.key}", bytes))
    return found


async def test_the_walk_knows_every_route_of_every_api() -> None:
    """It reads the routes off the OpenAPI pages, so these must name all that the applications answer."""
    async with House.open("2026-03-01T12:00:00Z") as house:
        dialects = registry.load()
        for app in (
            own_api(house.services, {}),
            *(one.application(house.services) for one in dialects.values()),
        ):
            answered = {
                (method, route.path_format)
                for route in app.routes
                if isinstance(route, APIRoute) and route.include_in_schema
                for method in route.methods or ()
            }
            assert answered == set(_routes(app.openapi()))


async def test_the_walk_leaves_out_only_what_another_route_answers_by_the_same_handler() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house:
        app = own_api(house.services, {})
        handlers = {
            (method, route.path_format): route.endpoint.__wrapped__
            for route in app.routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
            if hasattr(route.endpoint, "__wrapped__")
        }
        twins = _twins(app.openapi())
        assert len(twins) > 15
        under_key = {by_key: under_id for under_id, by_key in BY_KEY.items()}
        for method, path in twins:
            by_key = next(place for place in under_key if path.startswith(place))
            under_id = path.replace(by_key, under_key[by_key])
            assert handlers[method, path] == handlers[method, under_id]
