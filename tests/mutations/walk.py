"""The walk: mutated requests one after the other, what is due in between, and what must hold of every answer.

async with World.open(Random(1), folder) as world:
    walk = Walk(world)
    await walk.go(1_000)
    await sweep(walk)
    assert walk.faults == []
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from structlog.testing import capture_logs

from tests.mutations.mutate import Mutant, mutate
from tests.mutations.sending import Reply, send
from tests.mutations.world import OWN, Route, World, ids_in

SLOWEST_S = 1.0
# A longer wait that is documented: a fire waits until its audience is read, for 25 s at most.
KNOWN_SLOW_S = {"POST /event-schedules/{id}/fire-now": 27.0}
TRIES = 3
# The engine and the worker have their turn after so many requests; what the walk needs is put back after so many.
STEP, RENEWED = 50, 200
# How far the clock goes at such a turn, in milliseconds, and how often by comparison.
LEAPS = ((500, 40), (1_000, 30), (30_000, 20), (60_000, 8), (3_600_000, 1))
# How often routes are asked compared with others. What makes things is asked more often than what deletes them, and
# what answers or makes very much is asked seldom.
OFTEN = {
    "GET /audit/export": 0.1, "POST /schedules/{id}/backfill": 0.3, "POST /schedules": 4,
    "PUT /schedules/{id}": 2, "PATCH /schedules/{id}": 2,
    "POST /event-schedules": 3, "POST /create": 3, "POST /delete": 0.5, "POST /{id}/schedules": 3,
    "POST /principals": 2, "POST /keys": 2,
    "POST /workspaces/{workspaceId}/agents/{agentId}/schedules": 6, "POST /targets": 2,
}  # fmt: skip
DELETES = 0.3
# How many of the things that these routes make are sent back as they are shown, and how many of older ones, once all
# that is due has fired: to send back what is due fires it first, as every change does.
SENT_BACK, OLDER_SENT_BACK = 0.5, 0.1
MAKING = {
    "POST /schedules",
    "POST /targets",
    "POST /event-schedules",
    "POST /create",
    "POST /workflows",
    "POST /{id}/schedules",
    "POST /workspaces/{workspaceId}/agents/{agentId}/schedules",
}
# Routes that ask something outside of the server which the request names: a source of an audience, a table of
# somebody's database. Where that does not answer, or not as it should, they say so with 503.
ASKING_OUTSIDE = {
    "POST /audiences/preview",
    "GET /event-schedules/{id}/audience-preview",
    "POST /create",
    "POST /update",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken promise: its kind, the request in words, and what was answered."""

    kind: str
    route: str
    request: str
    answer: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.route}\n    {self.request}\n    {self.answer}"


@dataclass
class Walk:
    """`faults` holds what broke a promise; `counts` the answers by API and status; `slowest` the longest waits."""

    world: World
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    by_route: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    shown: int = 0
    sent_back: int = 0
    repeated: int = 0
    outside: int = 0
    slowest: list[tuple[float, str]] = field(default_factory=list)
    # The figures in words, once the walk is over.
    words: list[str] = field(default_factory=list)
    _logs: list[Any] = field(default_factory=list)

    async def go(self, count: int, ends_at: float = float("inf")) -> int:
        """Send so many mutated requests, or as many as there is time for; how many they were."""
        random, apis = self.world.random, list(self.world.routes)
        weights = [3 if api == OWN else 1 for api in apis]
        often = {api: [_often(route) for route in routes] for api, routes in self.world.routes.items()}
        with self.watching():
            for number in range(count):
                if time.monotonic() > ends_at:
                    return number
                api = random.choices(apis, weights)[0]
                (route,) = random.choices(self.world.routes[api], often[api])
                await self.one(route, mutate(self.world.good(route), random))
                if number % STEP == STEP - 1:
                    await self.turn()
                if number % RENEWED == RENEWED - 1:
                    await self.world.renew()
        return count

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Errors that are logged within are noted as faults."""
        with capture_logs() as logs:
            self._logs = logs
            yield

    async def one(self, route: Route, request: Mutant) -> Reply:
        """Send a request, and hold its answer against what is promised."""
        reply = await self._sent(route, request)
        self.counts[route.api, reply.status] += 1
        self.by_route[route.api, route.name, reply.status < 300] += 1
        self._judge(route, request, reply)
        if reply.status == 404 and not any(done.startswith("{") for done in request.done):
            self.world.stock.forget(request.places.values())
        if reply.status < 300 and request.method != "HEAD":
            self.world.learn(route.api, reply)
            self.world.note_agent(route, request.places, reply)
            if request.method in ("POST", "PUT", "PATCH"):
                await self._shown(route, request, reply)
        return reply

    async def _sent(self, route: Route, request: Mutant) -> Reply:
        headers = [(name.encode(), text.encode("latin-1")) for name, text in request.headers]
        if not any(name == b"authorization" for name, _ in headers):
            headers = [*self.world.headers(route.api), *headers]
        replies = []
        for number in range(TRIES):
            asked = send(self.world.house.api, request.method, request.target, headers, request.body)
            replies.append(await (self._beside_engine(asked) if route.name.endswith("/fire-now") else asked))
            if replies[-1].waited < KNOWN_SLOW_S.get(route.name, SLOWEST_S):
                break
            self.repeated += 1
            await asyncio.sleep(0.3 * number)  # something else on the machine may have taken the time
        first = replies[0]
        first.waited = min(reply.waited for reply in replies)
        self._note_slow(first.waited, route, request)
        return first

    async def _beside_engine(self, asked: Coroutine[Any, Any, Reply]) -> Reply:
        """Await an answer that may wait until an audience is read, while audiences are read."""

        asking = asyncio.create_task(asked)
        while not asking.done():
            await self.world.house.fan_out.step()
            await asyncio.sleep(0)
        return await asking

    def _note_slow(self, waited: float, route: Route, request: Mutant) -> None:
        if waited > 0.1:
            self.slowest = sorted(
                [*self.slowest, (waited, f"{route.api} {request.told()[:300]}")], reverse=True
            )[:10]

    def _judge(self, route: Route, request: Mutant, reply: Reply) -> None:
        for kind in self._broken(route, request, reply):
            self._fault(kind, route, request, reply)
        self._judge_logs(route, request, reply)

    def _judge_logs(self, route: Route | None, request: Mutant | None, reply: Reply | None) -> None:
        errors = [entry for entry in self._logs if entry["log_level"] in ("error", "critical")]
        self._logs.clear()
        for entry in errors:
            self._fault(f"logged {_told(entry)}", route, request, reply)

    def _broken(self, route: Route, request: Mutant, reply: Reply) -> Iterator[str]:
        """What an answer breaks, in words."""
        if reply.broke is not None:
            yield f"raised {reply.broke!r}"
            return
        if reply.status == 503 and route.name in ASKING_OUTSIDE:
            self.outside += 1
        elif reply.status >= 500:
            yield f"status {reply.status}"
        if reply.waited >= KNOWN_SLOW_S.get(route.name, SLOWEST_S):
            yield f"slow: {reply.waited:.1f} s"
        if request.method == "HEAD" or reply.status == 204:
            if reply.body:
                yield "a body where none may be"
            return
        length = reply.headers.get("content-length")
        if length is not None and int(length) != len(reply.body):
            yield f"content-length {length} of {len(reply.body)} bytes"
        if reply.status >= 400:
            try:
                self.world.envelope(route.api, reply)
            except Exception as error:
                yield f"foreign envelope: {error!r}"
        elif reply.media == "application/json":
            try:
                reply.json()
            except orjson.JSONDecodeError as error:
                yield f"no JSON: {error}"
        elif reply.media not in ("application/x-ndjson", "text/html", "text/plain", "") or (
            reply.body and not reply.media
        ):
            yield f"content type {reply.headers.get('content-type')!r}"

    def _fault(self, kind: str, route: Route | None, request: Mutant | None, reply: Reply | None) -> None:
        answer = "" if reply is None else f"{reply.status} {reply.body[:600]!r}"
        name = "" if route is None else f"{route.api} {route.name}"
        self.faults.append(Fault(kind, name, "" if request is None else request.told(), answer))

    def note(self, kind: str, request: Mutant, reply: Reply) -> None:
        """Note a fault that a request of the sweep has shown."""
        self._fault(kind, None, request, reply)
        self._judge_logs(None, request, reply)

    async def _shown(self, route: Route, request: Mutant, reply: Reply) -> None:
        """What a request has made or changed can be shown at once."""
        away = any(word in route.name for word in ("delete", "DELETE", ":archive", "erase", "preview"))
        if away or len(reply.body) > 200_000:
            return
        # Our own API answers 200 where an Idempotency-Key is repeated: what it shows was made before, and may be due.
        is_new = route.name in MAKING and (route.api != OWN or reply.status == 201)
        for kind, found in list(dict.fromkeys(ids_in(route.api, reply)))[:3]:
            for api, method, path, body in shows(route, request, kind, found, self.world.base(route.api)):
                answer = await self.world.ask(api, method, path, body)
                self.shown += 1
                if answer.status not in (200, 404):
                    words = f"cannot be shown at {method} {path}: {answer.status}"
                    self._fault(words, route, request, answer)
                elif answer.status == 200 and is_new and self.world.random.random() < SENT_BACK:
                    await self._sent_back(route, request, (api, method, path, body), answer)
                elif answer.status == 200 and not is_new and self.world.random.random() < OLDER_SENT_BACK:
                    while (await self.world.house.engine.release(0, 1_000)).fires:
                        pass
                    answer = await self.world.ask(api, method, path, body)
                    if answer.status == 200:
                        await self._sent_back(route, request, (api, method, path, body), answer)
        self._judge_logs(route, request, reply)

    async def _sent_back(self, route: Route, request: Mutant, shown_by: Any, shown: Reply) -> None:
        """What was shown is sent back, which is accepted and changes nothing that is shown."""
        order = sent_back(shown_by[0], shown_by[2], shown.json())
        if order is None:
            return
        self.sent_back += 1
        answer = await self.world.ask(shown_by[0], *order)
        again = await self.world.ask(*shown_by)
        if answer.status == 403 and shown_by[0] == "autessa":
            return  # our own API has given the event a target of another kind, which this API may not schedule
        if answer.status != 200:
            self._fault(f"sent back by {order[0]} it is {answer.status}", route, request, answer)
        elif again.json() != shown.json():
            names = [name for name, value in again.json().items() if value != shown.json().get(name)]
            self._fault(f"sent back it has other {', '.join(names)}", route, request, again)

    async def turn(self) -> None:
        """The clock goes on; what is due fires, audiences are read, and some of the runs are executed."""
        house, random = self.world.house, self.world.random
        house.clock.now += random.choices([ms for ms, _ in LEAPS], [often for _, often in LEAPS])[0]
        try:
            await house.engine.release(0, 64)
            for _ in range(10):
                if not await house.fan_out.step():
                    break
            for _ in range(3):
                if not await house.work_once():
                    break
            self.world.hear()
            await house.engine.expire()
            await house.engine.unstick()
            await house.services.audit.link()
        except Exception as error:
            self._fault(f"engine or worker: {error!r}", None, None, None)
        self._judge_logs(None, None, None)

    def figures(self) -> list[str]:
        """The answers in words, a line for each API."""
        lines = []
        for api in self.world.routes:
            found = {status: number for (name, status), number in self.counts.items() if name == api}
            kinds = ", ".join(f"{status}: {number:,}" for status, number in sorted(found.items()))
            lines.append(f"{api:11} {sum(found.values()):7,} requests; {kinds}")
        return lines


def _often(route: Route) -> float:
    return OFTEN.get(route.name, DELETES if route.method == "DELETE" else 1.0)


def _told(entry: Any) -> str:
    error = entry.get("exc_info")
    told = {name: value for name, value in entry.items() if name not in ("exc_info", "request_id", "path")}
    return f"{told} {error!r} at {_where(error)}"


def _where(error: Any) -> str:
    """Where an error was raised, as file and line of the innermost calls."""
    trace = getattr(error, "__traceback__", None)
    places = []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('src/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])


def shows(
    route: Route, request: Mutant, kind: str, found: str, base: str
) -> Iterator[tuple[str, str, str, Any]]:
    """(API, method, path, body) of the requests that show something which an answer of a route has named."""
    if route.api == OWN:
        yield OWN, "GET", f"/{kind}/{found}", None
        if kind == "schedules":
            yield OWN, "GET", f"/schedules/{found}/preview", None
    elif route.api == "trustpager":
        yield "trustpager", "GET", f"/event-schedules/{found}", None
    elif route.api == "autessa":
        yield "autessa", "POST", "/get", {"scheduledEventId": found}
    elif route.api == "m9m":
        yield "m9m", "GET", f"/{kind}/{found}", None
    elif kind == "schedules":  # below the agent that the request named
        path = request.target.partition("?")[0].removeprefix(base).partition("/schedules")[0]
        yield route.api, "GET", f"{path}/schedules/{found}", None
    elif route.api == "cadenya" and kind == "objectives":
        path = request.target.partition("?")[0].removeprefix(base)
        yield route.api, "GET", "/".join(path.split("/")[:3]) + f"/objectives/{found}", None


def sent_back(api: str, path: str, shown: Any) -> tuple[str, str, Any] | None:
    """(method, path, body) of the request that sends back what GET has shown at a path; None where there is none."""
    kind = path.split("/")[1]
    if api == OWN and kind in ("schedules", "targets") and path.count("/") == 2:
        return "PUT", path, shown
    if api == "trustpager":
        return "PATCH", path, shown["data"]
    if api == "autessa":
        event = shown["scheduledEvent"]
        return "POST", "/update", {**event, "scheduledEventId": event["eventId"]}
    if api == "m9m" and kind in ("schedules", "workflows"):
        return "PUT", path, shown
    if api == "uranus":
        return "PUT", path, shown
    return ("PATCH", path, shown) if api == "cadenya" and "/schedules/" in path else None
