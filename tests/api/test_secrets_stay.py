"""Secrets stay where they were given: planted in every place that takes one, they appear nowhere else.

A receiver sends back whatever it was sent, in good answers and in bad ones, so that everything that could carry a
secret home is tried. Then the database, all log lines at every level and the answers of all routes are searched.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from aiohttp import web
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from horarium.api.app import BASE, own_api
from horarium.api.kit import registry
from horarium.executors.secrecy import Scrubber
from tests.api.asking import NOW, ask
from tests.api.dialects.speakers import SPEAKERS, Autessa
from tests.support.house import House
from tests.support.receiver import Receiver, Step

# The planted secrets, by where they are planted.
SECRETS = {
    place: f"planted-{number}-{place}-8f3c1d"
    for number, place in enumerate(
        ("authorization", "api-key-header", "named", "llm-key", "llm-named", "dsn", "audience-header",
         "audience-dsn", "python-named", "command-environment", "schedule-environment", "refused")
    )
}  # fmt: skip
SIGNING = "whsec_" + base64.b64encode(b"planted-signing-secret-of-32-byt").decode()
OUTGOING = {
    "sql_hosts": ("127.0.0.1",),
    "sql_allow_loopback": True,
    "python_functions": ("tests.executors.functions_for_tests:*",),
    "commands": ("/usr/bin/env?env=DEPLOY_TOKEN",),
}


class Echo:
    """Sends back all that came: the URL, the headers and the body, as JSON and as text."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def give(self, request: web.Request) -> web.StreamResponse:
        sent = {"url": str(request.url), "headers": dict(request.headers), "body": await request.text()}
        sent["again"] = json.dumps(sent)
        message = f"no access with {request.headers.get('Authorization')}"
        answer = {"sent": sent, "error": {"message": message, "type": "auth", "code": "401"}}
        return web.json_response(answer, status=self.status)


class Watch:
    """Everything that answered: the route and the text of each answer, headers included."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []

    async def note(self, answer: httpx.Response) -> None:
        await answer.aread()
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        request = answer.request
        self.answers.append((f"{request.method} {request.url.path}", f"{headers}\n{answer.text}"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        for status in (200, 202, 401, 500):
            for path in (f"/{status}", f"/{status}/chat/completions"):
                step: Step = Echo(status)  # type: ignore[assignment]
                made.script(path, step)
        yield made


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path, outgoing=OUTGOING) as made:
        yield made


def executors(receiver: Receiver) -> dict[str, dict[str, Any]]:
    """The bodies of targets with secrets in every place that takes one, by key."""
    called = {
        "type": "http",
        "headers": {
            "Authorization": f"Bearer {SECRETS['authorization']}",
            "X-Api-Key": SECRETS["api-key-header"],
            "X-Plain": "{{ secrets.NAMED }}",
        },
        "secrets": {"NAMED": SECRETS["named"]},
        "signing_secret": SIGNING,
        "body": {"leak": "{{ secrets.NAMED }}", "and": "a {{ secrets.NAMED }} b"},
    }
    model = {
        "type": "llm",
        "model": "m",
        "api_key": SECRETS["llm-key"],
        "secrets": {"WORD": SECRETS["llm-named"]},
        "instructions": "Say {{ secrets.WORD }}",
        "prompt": "Hello {{ secrets.WORD }}",
    }
    function = {
        "type": "python",
        "secrets": {"WORD": SECRETS["python-named"]},
        "arguments": {"message": "failed with {{ secrets.WORD }}"},
    }
    dsn = f"postgresql://u:{SECRETS['dsn']}@127.0.0.1:1/crm"
    return {
        **{
            f"http-{status}": called | {"url": receiver.url(f"/{status}?token={{{{ secrets.NAMED }}}}")}
            for status in (200, 202, 401, 500)
        },
        "http-closed": called | {"url": "http://127.0.0.1:1/?token={{ secrets.NAMED }}"},
        **{f"llm-{status}": model | {"base_url": receiver.url(f"/{status}")} for status in (200, 401, 500)},
        "sql": {"type": "sql", "connection": dsn, "table": "people"},
        "python-fails": function | {"function": "tests.executors.functions_for_tests:fail"},
        "python-fails-async": function | {"function": "tests.executors.functions_for_tests:fail_async"},
        "command": {
            "type": "command",
            "argv": ["/usr/bin/env"],
            "environment": {"DEPLOY_TOKEN": SECRETS["command-environment"]},
        },
    }


# Bodies that are refused, with a secret in the part that is wrong.
WORD = SECRETS["refused"]
REFUSED: list[dict[str, Any]] = [
    {"type": "http", "url": f"https://user:{WORD}@example.com/"},
    {"type": "http", "url": "https://example.com/", "headers": {"Authorization": f"{WORD}\n"}},
    {"type": "http", "url": "https://example.com/", "headers": {"Authorization": [WORD]}},
    {"type": "http", "url": "https://example.com/", "signing_secret": WORD},
    {"type": "http", "url": "https://example.com/", "signing_secret": [WORD] * 3},
    {"type": "http", "url": "https://example.com/", "secrets": {"A": [WORD]}},
    {"type": "http", "url": "https://example.com/", "secrets": WORD},
    {"type": "llm", "model": "openai:m", "api_key": [WORD]},
    {"type": "llm", "model": "openai:m", "api_key": f"{WORD}\u00e9"},
    {"type": "llm", "model": "m", "base_url": f"https://u:{WORD}@models.example.com", "api_key": WORD},
    {"type": "sql", "connection": f"postgresql://u:{WORD}@elsewhere.example/crm", "table": "t"},
    {"type": "sql", "connection": f"postgresql://u:{WORD}@127.0.0.1/crm?nonsense=1", "table": "t"},
    {"type": "sql", "connection": f"postgresql://u:{WORD}@a,b/crm", "table": "t"},
    {"type": "sql", "connection": f"mongodb://u:{WORD}@127.0.0.1/crm", "table": "t"},
    {"type": "sql", "connection": [WORD], "table": "t"},
    {"type": "command", "argv": ["/usr/bin/env"], "environment": {"LD_TOKEN": WORD}},
    {"type": "command", "argv": ["/usr/bin/env"], "environment": {"DEPLOY_TOKEN": [WORD]}},
]


def spellings(secret: str) -> Iterator[str]:
    """How a secret may be written where it leaks."""
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    yield secret.encode().hex()


def found_in(text: str, secrets: dict[str, str]) -> set[str]:
    return {name for name, secret in secrets.items() if any(spelt in text for spelt in spellings(secret))}


def database(house: House) -> str:
    """All that is stored, as one text."""
    connection: Any = house.store.connection  # type: ignore[attr-defined]
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert len(tables) > 15
    return "\n".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for table in tables
        for row in connection.execute(f'SELECT * FROM "{table}"')
        for value in row
    )


async def plant(house: House, receiver: Receiver) -> tuple[list[str], dict[str, str]]:
    """Make targets, sources and schedules with secrets, run them, and answer callbacks. Returns the targets' ids, and
    the secrets that the server has made meanwhile."""
    made: dict[str, str] = {}
    ids = []
    for key, executor in executors(receiver).items():
        body = {"kind": "tool", "name": key, "executor": executor}
        if key == "http-202":
            body["completion"] = "callback"
        target = await ask(house, "PUT", f"/targets/by-key/{key}", body, 201)
        ids.append(target["id"])
        again = {"name": f"{key} again", "executor": target["executor"]}
        assert (await ask(house, "PATCH", f"/targets/{target['id']}", again))["name"] == f"{key} again"
        operation = {"operation": "INSERT", "values": {"name": "Ada"}} if key == "sql" else {"text": "Hello"}
        order = {"name": key, "key": key, "recurrence": "0 9 * * *", "target": key, "input": operation}
        answer = await house.client.post(f"{BASE}/schedules", json=order)
        if answer.status_code == 503 and key == "sql":  # the table is out of reach, and the answer says why
            continue
        assert answer.status_code == 201, answer.text
        for _ in range(2):
            await ask(house, "POST", f"/schedules/{answer.json()['id']}/fire-now", status=201)
            await house.work()
    calls = [request for request in receiver.requests if request.path == "/202"]
    for number, request in enumerate(calls):
        token, run = request.headers["Horarium-Callback-Token"], request.headers["webhook-id"]
        made[f"callback token {number}"] = token
        told = f"{token} {SECRETS['named']} {SECRETS['authorization']} {SIGNING}"
        how = (
            ("complete", {"output": {"told": told, "list": [told]}}) if number else ("fail", {"error": told})
        )
        headers = {"Authorization": f"Bearer {token}"}
        assert (await house.client.post(f"{BASE}/runs/{run}/heartbeat", headers=headers)).status_code == 200
        answer = await house.client.post(f"{BASE}/runs/{run}/{how[0]}", json=how[1], headers=headers)
        assert answer.status_code == 200, answer.text
        late = await house.client.post(f"{BASE}/runs/{run}/{how[0]}", json=how[1], headers=headers)
        assert late.status_code >= 200
    assert len(calls) == 2
    for name, config in (
        ("crm", {"url": receiver.url("/500"), "headers": {"Authorization": SECRETS["audience-header"]}}),
        ("crm-ok", {"url": receiver.url("/200"), "headers": {"X-Auth-Token": SECRETS["audience-header"]}}),
        ("db", {"connection": f"postgresql://u:{SECRETS['audience-dsn']}@127.0.0.1:1/crm", "query": "SELECT 1 AS id",
                "key": "id"}),
    ):  # fmt: skip
        kind = "sql" if name == "db" else "http"
        await ask(house, "PUT", f"/audiences/{name}", {"type": kind, "config": config})
        await ask(house, "POST", "/audiences/preview", {"audience": {"type": name}}, 503)
        order = {"name": name, "recurrence": "0 9 * * *", "target": "http-200", "audience": {"type": name}}
        schedule = await ask(house, "POST", "/schedules", order, 201)
        await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
        await house.resolve()
    return ids, made


async def leaks(
    house: House, receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> tuple[set[tuple[str, str]], str]:
    """Plant the secrets, provoke leaks, and search. Returns where which secret was found, and a line with counts."""
    watch = Watch()
    house.client.event_hooks["response"].append(watch.note)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        ids, made = await plant(house, receiver)
        for number, executor in enumerate(REFUSED):
            body = {"kind": "tool", "name": "r", "executor": executor}
            answer = await house.client.put(f"{BASE}/targets/by-key/refused-{number}", json=body)
            assert answer.status_code == 400, (executor, answer.text)
        made["key"] = (await ask(house, "POST", "/keys", {"name": "k", "scopes": ["runs:read"]}, 201))["key"]
        rotated = await ask(house, "POST", f"/targets/{ids[0]}/rotate-secret")
        made["rotated signing secret"] = rotated["signing_secret"]
        asymmetric = {"algorithm": "ed25519", "keep_previous": False}
        assert (await ask(house, "POST", f"/targets/{ids[1]}/rotate-secret", asymmetric))["verification_key"]
        known = house.services.targets
        target = await known.resolve((await house.who()).workspace_id, ids[1])
        made["private signing key"] = str(known.secrets_of(target)["signing_secret"]).strip("[]'")
        assert made["private signing key"].startswith("whsk_")
        shown_once = len(watch.answers)
        asked = await walk(house, receiver, ids, watch)
    assert asked >= 100
    secrets = {**SECRETS, "signing": SIGNING, **made, "the workspace's key": house.key}
    received = str([(request.raw_path, dict(request.headers), request.body) for request in receiver.requests])
    sent = {"authorization", "api-key-header", "named", "llm-key", "llm-named", "audience-header"}
    assert sent <= found_in(received, secrets)

    stored, log = database(house), "\n".join([*map(str, logs), caplog.text, *capsys.readouterr()])
    found = {("database", name) for name in found_in(stored, secrets)}
    found |= {("log", name) for name in found_in(log, secrets)}
    found |= {
        (route, name)
        for number, (route, text) in enumerate(watch.answers)
        for name in found_in(text, secrets)
        if number >= shown_once or not may_show(route, name)
    }
    told = (
        f"{len(secrets)} planted or made, {asked} reading routes asked; searched: {len(watch.answers)} answers, "
        f"{len(log)} characters of log, {len(stored)} of database"
    )
    return found, told


async def test_planted_secrets_are_stored_sealed_and_neither_logged_nor_answered(
    house: House, receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    found, told = await leaks(house, receiver, caplog, capsys)
    assert found == set()
    with capsys.disabled():
        print(f"\nsecrets: {told}")


async def test_the_search_finds_what_an_output_would_carry_home(
    house: House,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Scrubber, "text", lambda _self, text: text)
    found, _ = await leaks(house, receiver, caplog, capsys)
    stored = {name for where, name in found if where == "database"}
    carried = {
        "authorization",
        "named",
        "llm-key",
        "python-named",
        "command-environment",
        "schedule-environment",
    }
    assert carried <= stored
    answered = {name for where, name in found if where.startswith("GET")}
    assert carried - {"schedule-environment"} <= answered


def may_show(route: str, name: str) -> bool:
    """Whether an answer shows this secret for the only time: to whoever makes a key or a signing secret."""
    shown = {
        "key": f"POST {BASE}/keys",
        "rotated signing secret": rf"POST {BASE}/targets/[^/]+/rotate-secret",
        "signing": rf"PUT {BASE}/targets/by-key/http-\w+",
    }
    return name in shown and re.fullmatch(shown[name], route) is not None


async def walk(house: House, receiver: Receiver, ids: list[str], watch: Watch) -> int:
    """Ask every reading route of all APIs, each with everything that its places can stand for. Returns how many."""
    names: dict[str, list[str]] = {"targets": ids}
    for kind in ("schedules", "runs", "fires", "keys", "principals", "workspaces"):
        if kind != "fires":
            names[kind] = [item["id"] for item in (await ask(house, "GET", f"/{kind}?limit=200"))["items"]]
    names["fires"] = [
        fire["id"]
        for schedule in names["schedules"]
        for fire in (await ask(house, "GET", f"/schedules/{schedule}/fires"))["items"]
    ]
    names["audiences"] = ["crm", "crm-ok", "db"]
    asked = 0
    for path in _reading(own_api(house.services, {})):
        kind = path.split("/")[1]
        for name in names.get(kind, ["x"]) if "{" in path else [""]:
            asked += (await house.client.get(BASE + re.sub(r"\{[^}]+\}", name, path))).status_code == 200
    for speaker_class in SPEAKERS:
        speaker = await speaker_class.open(house, house.first, receiver)
        if speaker.client is not house.client:
            speaker.client.event_hooks["response"].append(watch.note)
        await speaker.create()
        if isinstance(speaker, Autessa):
            await _environment(house, speaker)
        for path in _reading(registry.load()[speaker.dialect].application(house.services)):
            asked += (await speaker.client.get(speaker.filled(path))).status_code == 200
        for found in await speaker.listed():
            asked += (await speaker.read(found)).status_code == 200
    return asked


async def _environment(house: House, speaker: Autessa) -> None:
    """Give a schedule an environment variable, and read it back by the routes of its dialect."""
    target = await ask(house, "GET", "/targets/command")
    action = {
        "actionType": "INVOKE_TOOL",
        "toolConfig": {
            "toolExecutionRequest": {
                "toolId": target["number"],
                "environmentVariables": {"DEPLOY_TOKEN": SECRETS["schedule-environment"]},
            }
        },
    }
    order = {key: value for key, value in speaker.order.items() if key != "agentConfig"} | action
    answer = await speaker.call("create", **order)
    assert answer.status_code == 200, answer.text
    core = speaker.core_id(answer.json()["eventId"])
    await ask(house, "POST", f"/schedules/{core}/fire-now", status=201)
    await house.work()
    for run in (await ask(house, "GET", f"/runs?schedule={core}"))["items"]:
        shown = await ask(house, "GET", f"/runs/{run['id']}")
        assert shown["state"] == "succeeded"


def _reading(app: Any) -> list[str]:
    return [
        route.path_format
        for route in app.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]
