"""The same promises for every dialect: the life of a schedule, the envelope of every failure, and who sees what.

The routes are those that the applications have, so that a new one is covered by itself; one that needs a body
to be accepted needs an entry in its speaker's `bodies`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from horarium.api.kit import registry
from horarium.domain.errors import RateLimited, Unavailable
from tests.api.dialects.speakers import SPEAKERS, Autessa, Speaker, Trustpager, uuid_of
from tests.support.house import House, Tenant, client_of
from tests.support.postgres import drop_database, migrated_database
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"
BODY_LIMIT = 20_000
EVERY = pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path, body_limit=BODY_LIMIT) as made:
        yield made


@pytest.fixture
async def on_postgres(tmp_path: Path) -> AsyncIterator[House]:
    url = await migrated_database("matrix")
    async with House.open(NOW, postgres=url, data=tmp_path) as made:
        yield made
    drop_database(url)


def test_the_matrix_knows_every_dialect() -> None:
    assert {speaker.dialect for speaker in SPEAKERS} == set(registry.load())


@EVERY
async def test_the_life_of_a_schedule(house: House, receiver: Receiver, kind: type[Speaker]) -> None:
    speaker = await kind.open(house, house.first, receiver)
    made, on, due = speaker.seen(await speaker.create())
    assert on
    assert due is not None
    assert due.startswith("2026-11-23T09:00:00")
    assert await speaker.listed() == [made]

    assert _good(await speaker.change(made))
    assert speaker.seen((await speaker.read(made)).json())[2].startswith("2026-11-23T10:00:00")  # type: ignore[union-attr]

    assert _good(await speaker.pause(made))
    assert not speaker.seen((await speaker.read(made)).json())[1]
    before = len(receiver.requests)
    assert await house.move("2026-11-23T11:00:00Z") == 0

    assert _good(await speaker.resume(made))
    assert speaker.seen((await speaker.read(made)).json())[1]
    assert await house.move("2026-11-24T09:59:59Z") == 0
    assert await house.move("2026-11-24T10:00:00Z") == 1
    assert len(receiver.requests) == before + 1
    assert await speaker.history(made) == ["success"]
    assert speaker.seen((await speaker.read(made)).json())[2].startswith("2026-11-25T10:00:00")  # type: ignore[union-attr]

    assert _good(await speaker.delete(made))
    assert await speaker.listed() == []
    for gone in (await speaker.read(made), await speaker.change(made), await speaker.delete(made)):
        assert gone.status_code == 404
        assert "not found" in speaker.envelope(gone)
    assert await house.move("2026-11-26T12:00:00Z") == 0


@EVERY
async def test_it_is_made_listed_and_fired_on_postgresql(
    on_postgres: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(on_postgres, on_postgres.first, receiver)
    made = speaker.seen(await speaker.create())[0]
    assert await speaker.listed() == [made]
    assert _good(await speaker.change(made))
    before = len(receiver.requests)
    assert await on_postgres.move("2026-11-23T10:00:00Z") == 1
    assert len(receiver.requests) == before + 1
    assert await speaker.history(made) == ["success"]
    assert _good(await speaker.delete(made))
    assert await speaker.listed() == []


@EVERY
@pytest.mark.parametrize("verb", ["pause", "delete"])
async def test_a_change_keeps_what_somebody_else_has_done_since_the_schedule_was_read(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, kind: type[Speaker], verb: str
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    made, *_ = speaker.seen(await speaker.create())
    own = f"/horarium/v1/schedules/{speaker.core_id(made)}"
    service = type(house.services.schedules)
    read = service.get

    async def read_and_be_late(*given: Any) -> Any:
        found = await read(*given)
        monkeypatch.setattr(service, "get", read)
        if verb == "pause":
            assert _good(await house.client.post(f"{own}/pause"))
        else:
            assert _good(await house.client.delete(own))
        return found

    monkeypatch.setattr(service, "get", read_and_be_late)
    answer = await speaker.change(made)
    if verb == "delete":
        assert answer.status_code == 404
        speaker.envelope(answer)
        return
    assert _good(answer)
    found = (await house.client.get(own)).json()
    assert (found["state"], "10" in str(found["recurrence"])) == ("paused", True)
    assert not speaker.seen((await speaker.read(made)).json())[1]


async def test_each_lists_its_own_and_the_projects_own_api_lists_all(
    house: House, receiver: Receiver
) -> None:
    other = await house.workspace("other")
    speakers = [await kind.open(house, house.first, receiver) for kind in SPEAKERS]
    strangers = [await kind.open(house, other, receiver) for kind in SPEAKERS]
    made = [speaker.seen(await speaker.create())[0] for speaker in speakers]
    for speaker, an_id in zip(speakers, made, strict=True):
        assert await speaker.listed() == [an_id]
    for stranger, an_id in zip(strangers, made, strict=True):
        assert await stranger.listed() == []
        assert (await stranger.read(an_id)).status_code == (403 if isinstance(stranger, Autessa) else 404)
    assert await _own(house.first) == {
        speaker.core_id(an_id) for speaker, an_id in zip(speakers, made, strict=True)
    }
    assert await _own(other) == set()


@EVERY
async def test_what_another_dialect_made_is_not_found(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    own = speaker.seen(await speaker.create())[0]
    for one in (other for other in SPEAKERS if other is not kind):
        another = await one.open(house, house.first, receiver)
        theirs = another.core_id(another.seen(await another.create())[0])
        ulid, prefix = theirs.removeprefix("sch_"), own.removesuffix(speaker.core_id(own)[4:])
        for spelling in (f"{prefix}{ulid}", theirs, uuid_of(another, theirs)):
            for asked in (speaker.read, speaker.change, speaker.pause, speaker.resume, speaker.delete):
                answer = await asked(spelling)
                assert answer.status_code == 404, (asked, spelling, answer.text)
                speaker.envelope(answer)
        assert another.seen((await another.read(another.schedule)).json())[1]


# Every route of every dialect


@EVERY
async def test_every_route_answers_without_a_key_or_with_an_unknown_one(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    unknown = house.key[:-4] + "0000"
    for headers in ({}, {"Authorization": f"Bearer {unknown}"}, {"Authorization": "Basic abc"}):
        async with client_of(house.api, headers=headers) as client:
            for method, path, _ in _routes(house, kind):
                answer = await client.request(method, speaker.filled(path), content=b"{")
                _is(speaker, answer, 401)


@EVERY
async def test_every_route_ignores_keys_that_it_does_not_know(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    for method, path, takes_body in _routes(house, kind):
        if not takes_body:
            continue
        async with _fresh(receiver, kind) as speaker:
            body = speaker.bodies.get(f"{method} {path}", {}) | {"surprise": {"a": [1]}, "x-y": None}
            answer = await _ask(speaker, method, path, body)
            assert answer.status_code in (200, 201, 204), (method, path, answer.text)


@EVERY
async def test_every_route_ignores_queries_and_headers_that_it_does_not_know(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    for method, path, _ in _routes(house, kind):
        if method == "GET":
            answer = await speaker.client.get(
                speaker.filled(path), params={"surprise": "1"}, headers={"X-Surprise": "1"}
            )
            assert answer.status_code == 200, (path, answer.text)


@EVERY
async def test_every_route_with_an_id_finds_nothing_of_another_workspace(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    other = await kind.open(house, await house.workspace("other"), receiver)
    for method, path, _ in _routes(house, kind):
        body = speaker.bodies.get(f"{method} {path}", {})
        if "{" in path or "scheduledEventId" in body:
            answer = await other.client.request(method, speaker.filled(path), json=body)
            if path.endswith("/{id}/schedules"):  # of uranus: both have an agent of that key
                continue
            if kind.dialect == "m9m" and "/workflows/" in path:  # both have a workflow of that key
                continue
            if kind.dialect == "uranus" or "{" in path:
                _is(speaker, answer, 404)
            else:
                assert _is(speaker, answer, 403) == "Scheduled event does not belong to your company"
    assert speaker.seen((await speaker.read(speaker.schedule)).json())[1]


@EVERY
@pytest.mark.parametrize(
    "strange", ["none", "9" * 30, "0", "-1", "%00", "%2e%2e", "ä€😀", "a" * 5_000, "a%2Fb"]
)
async def test_every_route_with_an_id_finds_nothing_by_a_strange_one(
    house: House, receiver: Receiver, kind: type[Speaker], strange: str
) -> None:
    speaker = await _ready(house, receiver, kind)
    for method, path, _ in _routes(house, kind):
        for name in (part for part in ("{id}", "{scheduleId}", "{agentId}", "{workspaceId}") if part in path):
            asked = speaker.filled(path.replace(name, strange))
            body = speaker.bodies.get(f"{method} {path}", {})
            _is(speaker, await speaker.client.request(method, asked, json=body), 404)


@EVERY
async def test_every_route_refuses_what_is_no_json_object(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    for method, path, takes_body in _routes(house, kind):
        if takes_body:
            for content in (b'{"a": ', b"\xff\xfe", b'"text"', b"5", b"{'a': 1}", b"[" * 5_000, b"{}{}"):
                answer = await speaker.client.request(method, speaker.filled(path), content=content)
                _is(speaker, answer, 400, content[:9])


@EVERY
async def test_every_route_reads_json_whatever_its_content_type_says(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    for sent in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        for method, path, takes_body in _routes(house, kind):
            if takes_body:
                async with _fresh(receiver, kind) as speaker:
                    content = orjson.dumps(speaker.bodies.get(f"{method} {path}", {}))
                    answer = await speaker.client.request(
                        method, speaker.filled(path), content=content, headers=sent
                    )
                    assert answer.status_code in (200, 201, 204), (method, path, sent, answer.text)


@EVERY
async def test_every_route_refuses_each_field_of_a_wrong_type(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    page = (await speaker.client.get(f"{speaker.base}/openapi.json")).json()
    for method, path, takes_body in _routes(house, kind):
        if not takes_body:
            continue
        good = speaker.bodies.get(f"{method} {path}", {})
        for where, wrong in _wrong_fields(page, method, path):
            if where[0] in speaker.unread:
                continue
            answer = await _ask(speaker, method, path, _put(good, where, wrong))
            _is(speaker, answer, 400, where)


@EVERY
async def test_every_route_that_is_read_answers_head_without_a_body(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    for method, path, _ in _routes(house, kind):
        if method == "GET":
            answer = await speaker.client.head(speaker.filled(path))
            assert (answer.status_code, answer.content) == (200, b""), path


@EVERY
async def test_every_route_answers_a_wrong_method_with_those_that_are_right(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    right: dict[str, set[str]] = {}
    for method, path, _ in _routes(house, kind):
        right.setdefault(path, set()).add(method)
    for path, methods in right.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            if "{id}:" in path or path.endswith("/preview-cron"):
                continue  # with another method it is a schedule of that name, which there is not
            answer = await speaker.client.request(method, speaker.filled(path), json={})
            _is(speaker, answer, 405)
            assert methods <= set(answer.headers["allow"].split(", ")), path


@EVERY
async def test_every_route_refuses_a_body_that_is_too_large(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 1_000 + 1):
            yield b" " * 1_000

    for method, path, takes_body in _routes(house, kind):
        if takes_body:
            body = orjson.dumps({"surprise": "x" * BODY_LIMIT})
            _is(speaker, await speaker.client.request(method, speaker.filled(path), content=body), 413)
            unannounced = await speaker.client.request(method, speaker.filled(path), content=chunks())
            _is(speaker, unannounced, 413)


@EVERY
async def test_what_lies_below_the_base_without_being_a_route_is_not_found(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    paths = {speaker.filled(path) for _, path, _ in _routes(house, kind)}
    below = {f"{speaker.base}/", f"{speaker.base}/nothing", f"{speaker.base}/a/b/c/d/e/f/g"}
    for path in sorted(below | {f"{one}/x/y" for one in paths} | {f"{one}/" for one in paths}):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            _is(speaker, await speaker.client.request(method, path, json={}), 404)


@EVERY
async def test_who_has_no_grant_neither_changes_nor_starts_what_a_schedule_does(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    made = speaker.seen(await speaker.create())[0]
    await house.work()  # what some speakers have run before
    requests = len(receiver.requests)
    admin = await house.who()
    principal = await house.services.tenancy.create_principal(admin, "without grants")
    issued = await house.services.tenancy.create_key(admin, "without grants", ["*"], principal.id)
    granted = speaker.client
    async with client_of(house.api, issued.text) as speaker.client:
        before = (await speaker.read(made)).json()
        _is(speaker, await speaker.change(made), 403)
        own = f"/horarium/v1/schedules/{speaker.core_id(made)}"
        for method, path, body in (
            ("PATCH", own, {"policies": {"max_fires": 1_000}}),
            ("POST", f"{own}/fire-now", None),
            ("POST", f"{own}/backfill", {"from": "2026-11-20T08:00:00Z", "to": "2026-11-22T08:00:00Z"}),
        ):
            assert (await speaker.client.request(method, path, json=body)).status_code == 403
        if isinstance(speaker, Trustpager):
            _is(speaker, await speaker.fire_now(made), 403)
        assert (await speaker.read(made)).json() == before
        assert _good(await speaker.pause(made))
        _is(speaker, await speaker.resume(made), 403)
    speaker.client = granted
    assert await house.work() == 0
    assert len(receiver.requests) == requests
    assert _good(await speaker.resume(made))


@EVERY
async def test_a_key_without_the_scope_is_forbidden(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await _ready(house, receiver, kind)
    key = await house.key_with("directory:read")
    async with client_of(house.api, key) as client:
        for method, path, _ in _routes(house, kind):
            answer = await client.request(method, speaker.filled(path), json={})
            if path in ("/whoami", "/account", "/workspaces"):
                assert answer.status_code == 200
            else:
                _is(speaker, answer, 403)


@EVERY
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (RuntimeError("the inside"), 500),
        (RateLimited("too fast", 1_500), 429),
        (Unavailable("the disk is full"), 503),
    ],
    ids=["fault", "rate", "unavailable"],
)
async def test_every_route_tells_of_what_is_not_the_callers_fault(
    house: House,
    receiver: Receiver,
    kind: type[Speaker],
    fault: Exception,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaker = await _ready(house, receiver, kind)

    async def failing(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(type(house.services.identities), "resolve", failing)
    for method, path, _ in _routes(house, kind):
        with capture_logs():
            answer = await speaker.client.request(method, speaker.filled(path), json={})
        assert "the inside" not in _is(speaker, answer, status)
        assert answer.headers.get("retry-after") == {429: "2", 503: "1"}.get(status)


# How


def _good(answer: httpx.Response) -> bool:
    assert answer.status_code in (200, 201, 204), answer.text
    return True


def _is(speaker: Speaker, answer: httpx.Response, status: int, about: Any = None) -> str:
    """The message of a failure of this status, in the dialect's envelope."""
    asked = (answer.request.method, answer.request.url.path[:100], about)
    assert answer.status_code == status, (asked, answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/json", asked
    message = speaker.envelope(answer)
    assert "Traceback" not in message
    return message


async def _own(tenant: Tenant) -> set[str]:
    """The ids of all schedules of a workspace, by the project's own API."""
    return {one["id"] for one in (await tenant.client.get("/horarium/v1/schedules")).json()["items"]}


async def _ready(house: House, receiver: Receiver, kind: type[Speaker]) -> Speaker:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    return speaker


class _fresh:
    """A speaker in a house of its own, with its schedule: for what changes things."""

    def __init__(self, receiver: Receiver, kind: type[Speaker]) -> None:
        self.receiver, self.kind = receiver, kind
        self.opened = House.open(NOW)

    async def __aenter__(self) -> Speaker:
        return await _ready(await self.opened.__aenter__(), self.receiver, self.kind)

    async def __aexit__(self, *raised: Any) -> None:
        await self.opened.__aexit__(*raised)


async def _ask(speaker: Speaker, method: str, path: str, body: Any) -> httpx.Response:
    return await speaker.client.request(method, speaker.filled(path), json=body)


def _routes(house: House, kind: type[Speaker]) -> list[tuple[str, str, bool]]:
    """(method, path, whether it reads a body) of every route of a dialect."""
    app = registry.load()[kind.dialect].application(house.services)
    paths = app.openapi()["paths"]
    found = [
        (method, route.path, "requestBody" in paths[route.path][method.lower()])
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    ]
    assert len(found) >= 5
    return found


def _wrong_fields(page: Any, method: str, path: str) -> Iterator[tuple[list[str], Any]]:
    """(where, a value of a wrong type) for each field that a route's page describes, objects in them included."""
    body = page["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    yield from _wrong_in(page, body, [])


def _wrong_in(page: Any, schema: Any, where: list[str]) -> Iterator[tuple[list[str], Any]]:
    schema = _resolved(page, schema)
    for name, described in schema.get("properties", {}).items():
        one = _resolved(page, described)
        types = one.get("type", "string" if "enum" in one else [])
        types = [types] if isinstance(types, str) else types
        if types:
            yield [*where, name], _of_no(types)
        if "object" in types and len(where) < 2:
            yield from _wrong_in(page, one, [*where, name])


def _resolved(page: Any, schema: Any) -> Any:
    if "$ref" in schema:
        return page["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema["anyOf"][1] if "anyOf" in schema else schema


def _of_no(types: list[str]) -> Any:
    """A value of none of these JSON types."""
    values = {"array": [1], "object": {"a": 1}, "boolean": True, "string": "\x01 text", "number": 1.5}
    return next(value for name, value in values.items() if name not in types)


def _put(body: Any, where: list[str], value: Any) -> Any:
    """A copy of a body with one field set, at a path of names."""
    name, *rest = where
    inner = body.get(name)
    if not rest:
        return body | {name: value}
    return body | {name: _put(inner if isinstance(inner, dict) else {}, rest, value)}
