"""Sends requests to one API of a world and writes down what it answers; which of its routes it has come to."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from starlette.datastructures import QueryParams

from horarium.api import show
from horarium.domain.audit import LinkedEntry
from horarium.domain.listings import AuditListing
from horarium.engine.fanout import FanoutRunner
from horarium.service.rates import READ, WRITE
from tests.api.said.telling import WIDTH, Teller, Told, wrapped
from tests.console.world import World
from tests.mutations.sending import Reply, send
from tests.mutations.world import OWN, Route

# More than any walk costs.
UNITS = 1e9
# So many entries of the audit log are looked at.
NEWEST = 20
PROBLEM = ["type", "title", "status", "detail", "errors"]
JSON = "application/json"
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: `POST /schedules/{s-nightly}/pause`, where names stand for ids of the world, and what it carries."""

    line: str
    body: Any = None
    headers: Mapping[str, str] | None = None
    key: str | None = ""
    # Content as it is, of this media type, in place of a JSON body.
    raw: bytes | None = None
    media: str = JSON
    # What the key is called, where it is another one than that of the walk.
    called: str = ""


class Walk:
    """`lines` is the page. `key` is the key that requests carry."""

    def __init__(self, world: World, api: str, base: str, routes: list[Route], described: Any) -> None:
        self.world, self.api, self.base = world, api, base
        self.routes, self.described = routes, described
        self.names = Told(world.there)
        self.teller = Teller(self.names)
        self.lines: list[str] = []
        # The kinds of problems that refusals are of: type, title and status.
        self.problems: dict[str, tuple[str, str, int]] = {}
        self.reached: set[str] = set()
        # The parameters of queries that the routes have looked for.
        self.looked_for: set[tuple[str, str]] = set()
        self._route = ""
        self._asked: dict[str, int] = {}
        # What was there before the requests that are to change nothing.
        self._kept: sqlite3.Connection | None = None
        self._changed = False
        self._forms = [
            (
                route.method,
                re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path)),
                route.name,
            )
            for route in sorted(
                routes, key=lambda route: [part.startswith("{") for part in route.path.split("/")]
            )
        ]

    def title(self, text: str) -> None:
        self.lines += ["", f"## {text}"]

    def step(self, text: str) -> None:
        """Begin a chapter, a second later."""
        self.world.house.clock.now += 1_000
        self.title(text)

    async def tell(self, ask: Ask) -> Reply:
        """Send a request, and write down what it is answered, what it costs beyond what is usual, and what the audit
        log says of it."""
        writes = not ask.line.startswith(("GET ", "HEAD "))
        known = {entry.id for entry in await self._newest_entries()} if writes else set()
        before = self._left()
        reply = await self.send(ask)
        if self.api == OWN:
            _check_tag(ask, reply)
        cost = before - self._left()
        entries = await self._newest_entries() if writes and reply.status < 300 else ()
        said = [self.said(reply)] if reply.media == "application/problem+json" else self.teller.answer(reply)
        line = self.names.plain(self._told(ask))
        if cost > (WRITE if writes else READ):
            line += f" for {cost:.6g} units"
        if len(said) == 1 and len(line) + len(said[0]) < WIDTH and not ask.body:
            self.lines.append(f"# {line} -> {said[0]}")
        else:
            told = [] if ask.body is None else wrapped(self.names.plain(_json(ask.body)).split(", "), "    ")
            if ask.raw is not None:
                told = [f"    {each}" for each in ask.raw.decode().splitlines()]
            self.lines += [f"# {line}", *told, *said]
        for entry in reversed(entries):
            if entry.id not in known:
                self._tell_entry(show.audit_entry(entry))
        return reply

    async def _newest_entries(self) -> Sequence[LinkedEntry]:
        house = self.world.house
        who = await house.who()
        return (await house.services.audit.page(who, AuditListing(who.workspace_id, NEWEST))).items

    def _tell_entry(self, entry: dict[str, Any]) -> None:
        """What an entry of the audit log says of what was done, but when, and for which request."""
        said = {
            name: value
            for name, value in entry.items()
            if name not in ("id", "at", "action", "subject", "by")
        }
        by = "" if entry["by"]["principal"] == self.world.there["me"] else f" by {entry['by']['principal']}"
        told = ", ".join(
            f"{name} {_json(_filled(value))}" for name, value in said.items() if value is not None
        )
        line = self.names.plain(
            f"noted {entry['action']} of {entry['subject']}{by}: {told}".removesuffix(": ")
        )
        self.lines += wrapped(line.split(", "), "    ")

    def _left(self) -> float:
        """The units that are left to all keys together, of which each has UNITS in every second."""
        rates = self.world.house.services.rates
        rates.limit = UNITS
        buckets = rates._allowances.values()
        for bucket in buckets:
            bucket.refill(self.world.house.clock.now)
        return sum(bucket.left - UNITS for bucket in buckets)

    def _told(self, ask: Ask) -> str:
        headers = "".join(f" {name}: {text}" for name, text in (ask.headers or {}).items())
        key = f" by the key {ask.called}" if ask.called else ""
        return f"{ask.line}{headers}{key}"

    async def send(self, ask: Ask) -> Reply:
        """Send a request. What is random depends on the request alone, and on how often it was sent."""
        method, _, target = ask.line.partition(" ")
        path = self.path(target)
        self._reach(method, path.partition("?")[0])
        content = ask.raw if ask.raw is not None else None if ask.body is None else _json(ask.body).encode()
        text = f"{ask.line} {content!r}"
        self._asked[text] = self._asked.get(text, 0) + 1
        self.world.steady(f"{text} {self._asked[text]}")
        headers = [(name.lower().encode(), value.encode()) for name, value in (ask.headers or {}).items()]
        key = self.world.house.key if ask.key == "" else ask.key
        if key is not None and not any(name == b"authorization" for name, _ in headers):
            bearer = key if self.api == "autessa" else f"Bearer {key}"
            headers.append((b"authorization", bearer.encode()))
        if content is not None:
            headers.append((b"content-type", ask.media.encode()))
        sent = send(self.world.house.api, method, self.base + path, headers, content)
        reply = await (self._beside_engine(sent) if path.partition("?")[0].endswith("/fire-now") else sent)
        self._changed |= method != "GET" and reply.status < 300
        return reply

    def put_back(self) -> None:
        """Put back what was there when `keeping` began, if a request has changed something."""
        if self._kept is not None and self._changed:
            self._kept.backup(self._database())
            house = self.world.house
            # What it has in hand belongs to what is not there any more.
            house.fan_out = FanoutRunner(house.store, house.clock, house.node, house.services.audiences)
        self._changed = False

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Inside, what requests change can be put back."""
        with closing(sqlite3.connect(":memory:")) as self._kept:
            self._database().backup(self._kept)
            yield
        self._kept = None

    def _database(self) -> sqlite3.Connection:
        database: sqlite3.Connection = self.world.house.store.connection  # type: ignore[attr-defined]
        return database

    async def _beside_engine(self, asked: Any) -> Reply:
        """An answer that may wait until an audience is read, while audiences are read."""
        asking = asyncio.create_task(asked)
        while not asking.done():
            await self.world.house.fan_out.step()
            await asyncio.sleep(0)
        reply: Reply = await asking
        return reply

    def path(self, target: str) -> str:
        """A path in which ids stand for the names of the world."""
        return re.sub(r"\{([^}]+)\}", lambda seen: self.id_of(seen[1]), target)

    def id_of(self, name: str) -> str:
        """An id as a path writes it; of what was not made, a name that nothing has."""
        return quote(self.world.there.get(name, f"no-{name}"), safe="")

    def filled(self, value: Any) -> Any:
        """A body in which ids stand for `{name}`."""
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        named = isinstance(value, str) and value[:1] == "{" and value[1:-1] in self.world.there
        return self.world.there[value[1:-1]] if named else value

    def lines_of(self, items: list[Any]) -> bytes:
        return b"\n".join(_json(item).encode() for item in items)

    def calls(self, name: str, real: str) -> None:
        """From here on something has a name."""
        self.world.there[name] = real
        self.names.calls(real, name)

    def _reach(self, method: str, path: str) -> None:
        name = next((name for of, form, name in self._forms if of == method and form.fullmatch(path)), None)
        self._route = name or ""
        if name is not None:
            self.reached.add(name)

    @contextmanager
    def noting_parameters(self) -> Iterator[None]:
        """In this block it is noted for which parameters of a query each route looks."""

        def noting(find: Any) -> Any:
            def found(given: QueryParams, name: str, *otherwise: Any) -> Any:
                self.looked_for.add((self._route, name))
                return find(given, name, *otherwise)

            return found

        with (
            patch.object(QueryParams, "get", noting(QueryParams.get)),
            patch.object(QueryParams, "getlist", noting(QueryParams.getlist)),
        ):
            yield

    def left_out(self, needed: Callable[[Route], bool]) -> set[str]:
        """The routes of those needed that no request was sent to, and the parameters that they do not look for."""
        routes = [route for route in self.routes if needed(route)]
        unread = {(route.name, name) for route in routes for name in route.query} - self.looked_for
        return {route.name for route in routes} - self.reached | {f"{path}?{name}" for path, name in unread}

    def said(self, reply: Reply) -> str:
        """An answer in one line. A problem document of our own API is told by its problems, where all else follows."""
        if reply.media == "application/problem+json" and reply.body:
            told = self._problem(reply.json(), reply.status)
            if told is not None:
                return self.names.plain(f"{self.teller.head(reply)} {told}")
        return str(reply.status) if reply.status < 300 else self.teller.compact(reply)

    def _problem(self, document: dict[str, Any], status: int) -> str | None:
        """The problems of a document that says what follows from them, and nothing else; None for another one."""
        word = str(document["type"]).rpartition(":")[2]
        kind = (document["type"], document["title"], document["status"])
        named = word in ("invalid", "malformed")
        told = "; ".join(
            f"{each['field']}: {each['message']}" if each["field"] and named else each["message"]
            for each in document["errors"]
        )
        if not named:
            word += "".join(f" at {each['field']}" for each in document["errors"] if each["field"])
        codes = ", ".join(dict.fromkeys(each["code"] for each in document["errors"]))
        usual = self.problems.setdefault(word.partition(" ")[0], kind) == kind and document["detail"] == told
        if not usual or status != document["status"] or list(document) != PROBLEM:
            return None
        return f"({word}{'' if codes == word.partition(' ')[0] else f': {codes}'}) {told}"

    def table(self, title: str, found: Mapping[str, Iterable[str]]) -> None:
        """Answers, and the requests that get them. Where most get the same, these are told by their number."""
        self.title(title)
        told = {answer: list(requests) for answer, requests in found.items()}
        every = sum(len(requests) for requests in told.values())
        for answer, requests in sorted(told.items(), key=lambda each: -len(each[1])):
            most = len(requests) > 20 and len(requests) > every / 2
            self.lines += [answer, *wrapped([f"all others ({len(requests)})"] if most else requests)]


def _check_tag(ask: Ask, reply: Reply) -> None:
    """Whatever has a version says it in its ETag as well, which is what `If-Match` takes; but for what cannot be
    changed, the versions that a schedule has had."""
    if "/versions/" in ask.line:
        return
    shown = reply.json() if reply.status in (200, 201) and reply.media == JSON and reply.body else None
    version = shown.get("version") if isinstance(shown, dict) else None
    if isinstance(version, int) and reply.headers.get("etag") != f'"{version}"':
        raise AssertionError(f"{ask.line} answers version {version} with ETag {reply.headers.get('etag')}")


def _filled(value: Any) -> Any:
    """An object without what is null or empty."""
    return (
        {name: each for name, each in value.items() if each not in (None, {}, [])}
        if isinstance(value, dict)
        else value
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
